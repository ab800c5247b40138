// Package c is the language C, and what C++ shares with it: how types are named, declared and defined, how names are
// parsed, how values are computed and printed.
//
// It works on types and plain values. A debugger's object is turned into an [Operand] to be computed with and into a
// [Value] to be printed.
package c

import (
	"github.com/godrgn/drgn/types"
)

// A Language is C or C++. It implements [types.Language]; it is compared by identity.
type Language struct {
	name string
	cpp  bool
}

// The languages of the family.
var (
	C   = &Language{name: "C"}
	CPP = &Language{name: "C++", cpp: true}
)

var _ types.Language = C

// Name returns "C" or "C++".
func (l *Language) Name() string { return l.name }

// Spellings returns the names under which debug info may know the primitive type p, the likeliest first. It returns nil
// for what is not an integer, boolean or floating-point type. The slice must not be changed.
func Spellings(p types.Primitive) []string {
	return p.Spellings()
}

// KindOf returns the kind of types that p is one of: Void, Int, Bool, Float or, for size_t and ptrdiff_t, Typedef.
func KindOf(p types.Primitive) types.Kind {
	switch p {
	case types.CVoid:
		return types.Void
	case types.CBool:
		return types.Bool
	case types.CFloat, types.CDouble, types.CLongDouble:
		return types.Float
	case types.CSizeT, types.CPtrdiffT:
		return types.Typedef
	}
	return types.Int
}

// A Model says how large C's own types are where debug info does not say it.
type Model struct {
	PointerSize uint64 // in bytes: 4 or 8
	BigEndian   bool
}

// Primitive returns the type p of the usual data model for the pointer size: 4-byte int, long as large as a pointer,
// 16-byte long double.
func (m Model) Primitive(set *types.Set, l *Language, p types.Primitive) *types.Type {
	integer := func(size uint64, signed bool) *types.Type { return set.Int(l, p.String(), size, signed, m.BigEndian) }
	switch p {
	case types.CVoid:
		return set.Void(l)
	case types.CChar, types.CSignedChar:
		return integer(1, true)
	case types.CUnsignedChar:
		return integer(1, false)
	case types.CShort:
		return integer(2, true)
	case types.CUnsignedShort:
		return integer(2, false)
	case types.CInt:
		return integer(4, true)
	case types.CUnsignedInt:
		return integer(4, false)
	case types.CLong:
		return integer(m.PointerSize, true)
	case types.CUnsignedLong:
		return integer(m.PointerSize, false)
	case types.CLongLong:
		return integer(8, true)
	case types.CUnsignedLongLong:
		return integer(8, false)
	case types.CBool:
		if l.cpp {
			return set.Bool(l, "bool", 1, m.BigEndian)
		}
		return set.Bool(l, "_Bool", 1, m.BigEndian)
	case types.CFloat:
		return set.Float(l, "float", 4, m.BigEndian)
	case types.CDouble:
		return set.Float(l, "double", 8, m.BigEndian)
	case types.CLongDouble:
		return set.Float(l, "long double", 16, m.BigEndian)
	case types.CSizeT:
		return set.Typedef(l, "size_t", m.word(set, l, types.CUnsignedInt, types.CUnsignedLong))
	case types.CPtrdiffT:
		return set.Typedef(l, "ptrdiff_t", m.word(set, l, types.CInt, types.CLong))
	}
	return nil
}

func (m Model) word(set *types.Set, l *Language, on32, on64 types.Primitive) *types.Type {
	if m.PointerSize < 8 {
		return m.Primitive(set, l, on32)
	}
	return m.Primitive(set, l, on64)
}
