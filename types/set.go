package types

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"weak"

	"github.com/godrgn/drgn/internal/lock"
)

// A Set makes the types of one program and keeps each once, as long as somebody refers to it: a script can make types
// without end (a slice of each length is of a type of its own). It may be used by many goroutines.
type Set struct {
	mu   lock.Mutex
	made map[key]weak.Pointer[Type]

	longDouble atomic.Uint32 // a FloatFormat
	declets    atomic.Bool   // of decimal floating-point numbers: they are not read

	definitions func(kinds KindSet, name string) (*Type, error) // see SetDefinitions; nil: there are none
	generation  *atomic.Uint64                                  // of definitions
}

// key identifies the types that are the same when their parts are. It does not keep what they are made of alive.
type key struct {
	kind              Kind
	lang              Language
	name, declared    string
	elem              weak.Pointer[Type]
	size, length      uint64
	big, signed, open bool
}

// NewSet returns an empty set.
func NewSet() *Set {
	return &Set{made: map[key]weak.Pointer[Type]{}}
}

// add makes b's variant; s.mu is held.
func (s *Set) add(b *body, q Qualifiers) *Type {
	t := &Type{body: b, quals: q}
	b.variants[q].Store(t)
	return t
}

func (s *Set) variant(b *body, q Qualifiers) *Type {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := b.variants[q].Load(); v != nil {
		return v
	}
	return s.add(b, q)
}

func (s *Set) unique(b *body) *Type {
	b.set = s
	return s.add(b, 0) // b is not shared yet
}

// shared returns the type that is the same as b, or b's.
func (s *Set) shared(b *body) *Type {
	k := key{b.kind, b.lang, b.name, "", weak.Make(b.elem), b.size, b.length, b.big, b.signed, !b.complete}
	if b.detail != nil && b.detail.declared != nil {
		k.declared = b.detail.declared.name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.made[k].Value(); t != nil {
		return t
	}
	t := s.unique(b)
	s.made[k] = weak.Make(t)
	// The cleanup must not refer to the set, which refers to the types that refer to t.
	runtime.AddCleanup(t, forget, forgotten{weak.Make(s), k})
	return t
}

type forgotten struct {
	set weak.Pointer[Set]
	key key
}

// forget drops a type that is no longer referenced, unless it was made again.
func forget(f forgotten) {
	s := f.set.Value()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.made[f.key]; ok && p.Value() == nil {
		delete(s.made, f.key)
	}
}

// Void returns the void type.
func (s *Set) Void(lang Language) *Type {
	return s.shared(&body{kind: Void, lang: lang, name: "void", prim: CVoid})
}

// Int returns an integer type; size is in bytes.
func (s *Set) Int(lang Language, name string, size uint64, signed, big bool) *Type {
	prim := intPrimitive(name, signed)
	if prim != NotPrimitive {
		name = prim.String() // of its spellings the one that C prefers
	}
	return s.shared(&body{kind: Int, lang: lang, name: name, size: size, signed: signed, big: big, complete: true, prim: prim})
}

// BitInt returns an integer type of which only the lower bits count, at least 1 and fewer than those of size, which is in bytes, in little-endian order: C's _BitInt(N).
func (s *Set) BitInt(lang Language, name string, size, bits uint64, signed bool) *Type {
	return s.shared(&body{kind: Int, lang: lang, name: name, size: size, signed: signed, complete: true, length: bits})
}

// Bool returns a boolean type; size is in bytes.
func (s *Set) Bool(lang Language, name string, size uint64, big bool) *Type {
	b := &body{kind: Bool, lang: lang, name: name, size: size, big: big, complete: true}
	if name == "_Bool" || name == "bool" {
		b.prim = CBool
	}
	return s.shared(b)
}

// Float returns a floating-point type; size is in bytes.
func (s *Set) Float(lang Language, name string, size uint64, big bool) *Type {
	b := &body{kind: Float, lang: lang, name: name, size: size, big: big, complete: true}
	if p := SpelledPrimitive(name); p == CFloat || p == CDouble || p == CLongDouble {
		b.prim, b.name = p, p.String()
	}
	return s.shared(b)
}

// Typedef returns a typedef of aliased.
func (s *Set) Typedef(lang Language, name string, aliased *Type) *Type {
	b := &body{kind: Typedef, lang: lang, name: name, elem: s.own(aliased)}
	switch u := aliased.UnderlyingKind(); {
	case u == Int && name == "size_t":
		b.prim = CSizeT
	case u == Int && name == "ptrdiff_t":
		b.prim = CPtrdiffT
	}
	return s.shared(b)
}

// Pointer returns a pointer type of the given size in bytes.
func (s *Set) Pointer(lang Language, elem *Type, size uint64, big bool) *Type {
	if p := s.own(elem).pointer.Load(); p != nil && elem.quals == 0 && p.size == size && p.big == big && p.lang == lang {
		return p
	}
	p := s.shared(&body{kind: Pointer, lang: lang, elem: elem, size: size, big: big, complete: true})
	if elem.quals == 0 {
		elem.pointer.Store(p)
	}
	return p
}

// Reference returns a pointer type that is a reference of C++.
func (s *Set) Reference(lang Language, elem *Type, size uint64, big bool, ref Reference) *Type {
	return s.shared(&body{kind: Pointer, lang: lang, elem: s.own(elem), size: size, big: big, complete: true, length: uint64(ref)})
}

// Array returns an array type of known length.
func (s *Set) Array(lang Language, elem *Type, length uint64) *Type {
	return s.shared(&body{kind: Array, lang: lang, elem: s.own(elem), length: length, complete: true})
}

// IncompleteArray returns an array type of unknown length.
func (s *Set) IncompleteArray(lang Language, elem *Type) *Type {
	return s.shared(&body{kind: Array, lang: lang, elem: s.own(elem)})
}

// ZeroLength returns t with a length of zero where t is an array, or a typedef of one, whose length is unknown: debugging
// information describes a zero-length array as it does one of unknown length, which only the last member of a structure can be.
func ZeroLength(t *Type) *Type {
	switch t.kind {
	case Array:
		if !t.complete {
			return t.set.Array(t.lang, t.elem, 0).Qualified(t.quals)
		}
	case Typedef:
		if t.UnderlyingKind() == Array {
			if to := ZeroLength(t.elem); to != t.elem {
				return t.set.Typedef(t.lang, t.name, to).Qualified(t.quals)
			}
		}
	}
	return t
}

// Compound returns a new structure, union or class type of size bytes. load is called when something of it is
// first asked for, with nothing locked: perhaps by several goroutines at once, of which the first result counts.
func (s *Set) Compound(lang Language, kind Kind, tag string, size uint64, load func() (Detail, error)) *Type {
	if !kind.IsCompound() {
		panic(fmt.Sprintf("types: Compound of kind %s", kind))
	}
	return s.unique(&body{kind: kind, lang: lang, name: tag, size: size, complete: true, detail: newDetail(load)})
}

// UnsizedCompound is [Set.Compound] of a type that is defined and whose size is not known, as that of a structure of GNU C with members of variable length
// may be.
func (s *Set) UnsizedCompound(lang Language, kind Kind, tag string, load func() (Detail, error)) *Type {
	if !kind.IsCompound() {
		panic(fmt.Sprintf("types: UnsizedCompound of kind %s", kind))
	}
	return s.unique(&body{kind: kind, lang: lang, name: tag, length: 1, complete: true, detail: newDetail(load)})
}

// IncompleteCompound returns a structure, union or class type that has no definition; see [Set.Declared].
func (s *Set) IncompleteCompound(lang Language, kind Kind, tag string) *Type {
	if !kind.IsCompound() {
		panic(fmt.Sprintf("types: IncompleteCompound of kind %s", kind))
	}
	return s.shared(&body{kind: kind, lang: lang, name: tag})
}

// IncompleteTemplate returns a new structure, union or class type that has no definition and whose template parameters load gives.
func (s *Set) IncompleteTemplate(lang Language, kind Kind, tag string, load func() (Detail, error)) *Type {
	if !kind.IsCompound() {
		panic(fmt.Sprintf("types: IncompleteTemplate of kind %s", kind))
	}
	return s.unique(&body{kind: kind, lang: lang, name: tag, detail: newDetail(load)})
}

// Enum returns a new enumerated type whose values are of the compatible integer type.
func (s *Set) Enum(lang Language, tag string, compatible *Type, load func() (Detail, error)) *Type {
	u := s.own(compatible).Underlying()
	return s.unique(&body{kind: Enum, lang: lang, name: tag, elem: compatible, size: u.size, signed: u.signed, big: u.big, complete: true, detail: newDetail(load)})
}

// IncompleteEnum returns an enumerated type that has no definition.
func (s *Set) IncompleteEnum(lang Language, tag string) *Type {
	return s.shared(&body{kind: Enum, lang: lang, name: tag})
}

// Function returns a new function type.
func (s *Set) Function(lang Language, ret *Type, variadic bool, load func() (Detail, error)) *Type {
	return s.unique(&body{kind: Function, lang: lang, elem: s.own(ret), variadic: variadic, complete: true, detail: newDetail(load)})
}

// own panics when a type of another set is mixed in: the caller must check what users hand in.
func (s *Set) own(t *Type) *Type {
	if t.set != s {
		panic("types: type of another program")
	}
	return t
}

// intPrimitive tells C's integer types by any of their spellings.
func intPrimitive(name string, signed bool) Primitive {
	p := SpelledPrimitive(name)
	switch p {
	case CChar:
		return p
	case CSignedChar, CShort, CInt, CLong, CLongLong:
		if signed {
			return p
		}
	case CUnsignedChar, CUnsignedShort, CUnsignedInt, CUnsignedLong, CUnsignedLongLong:
		if !signed {
			return p
		}
	}
	return NotPrimitive
}
