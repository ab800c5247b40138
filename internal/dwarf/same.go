package dwarf

import (
	"bytes"

	"github.com/godrgn/drgn/types"
)

// How many DIEs of two definitions are compared, and how deep they hold or point to each other.
const (
	maxSame      = 1 << 20
	maxSameDepth = 200
)

// sameDefinition is [types.SameDefinition] of DIEs: types of one file are made one where they are the same, so they cannot be made to find
// that out, and what they point to would be made, too.
func sameDefinition(a, b DIE) (bool, error) {
	s := sameness{seen: map[samePair]bool{}}
	return s.definitions(a, b, 0)
}

// sameness is a comparison of definitions.
type sameness struct {
	seen  map[samePair]bool // what is compared or was found to be the same: the first difference ends it all
	count int
}

// A samePair is two types that are compared, as what is held or as what is behind a pointer.
type samePair struct {
	a, b   dieKey
	behind bool
}

// A dieKey is where a DIE is.
type dieKey struct {
	file *File
	off  uint64
}

// again reports whether two DIEs need not be compared any more.
func (s *sameness) again(a, b DIE, behind bool, depth int) (bool, error) {
	pair := samePair{dieKey{a.Unit.File, a.Off}, dieKey{b.Unit.File, b.Off}, behind}
	if pair.a == pair.b || s.seen[pair] {
		return true, nil
	}
	if s.count++; s.count > maxSame || depth > maxSameDepth {
		return false, &types.DepthError{Problem: a.Unit.File.errorAt(a.Off, "types of too many parts").Error()}
	}
	s.seen[pair] = true
	return false, nil
}

// definitions compares two compound or enumerated types: their sizes and members, or enumerators.
func (s *sameness) definitions(a, b DIE, depth int) (bool, error) {
	if a.Tag != b.Tag {
		return false, nil
	}
	if again, err := s.again(a, b, false, depth); again || err != nil {
		return again, err
	}
	if same, err := sameUints(a, b, AttrByteSize); err != nil || !same {
		return false, err
	}
	if a.Tag == TagEnumerationType {
		if same, err := s.elems(a, b, false, depth); err != nil || !same {
			return false, err
		}
	}
	wa, wb := a.Walk(), b.Walk()
	for {
		ma, mb := wa.Next(), wb.Next()
		if !ma || !mb {
			return endAlike(&wa, &wb, ma, mb)
		}
		if s.count++; wa.Tag != wb.Tag {
			return false, nil
		}
		same, err := sameAttrs(wa.DIE, wb.DIE)
		if err != nil || !same {
			return false, err
		}
		switch wa.Tag {
		case TagMember, TagInheritance:
			if same, err := s.elems(wa.DIE, wb.DIE, false, depth); err != nil || !same {
				return false, err
			}
		case TagVariantPart, TagVariant:
			continue
		}
		wa.SkipChildren()
		wb.SkipChildren()
	}
}

// elems compares what DW_AT_type of two DIEs refers to.
func (s *sameness) elems(a, b DIE, behind bool, depth int) (bool, error) {
	x, xq, err := a.stripped()
	if err != nil {
		return false, err
	}
	y, yq, err := b.stripped()
	if err != nil {
		return false, err
	}
	if behind && xq != yq {
		return false, nil
	}
	if x.IsZero() || y.IsZero() { // void
		return x.IsZero() && y.IsZero(), nil
	}
	return s.types(x, y, behind, depth+1)
}

// stripped returns what DW_AT_type of a DIE refers to without typedefs and qualifiers, and the qualifiers before the first typedef;
// the zero DIE for void.
func (d DIE) stripped() (to DIE, quals types.Qualifiers, err error) {
	aliased := false
	for range maxTypeDepth {
		v, err := d.Inherited(AttrType)
		if err != nil || !v.Exists() {
			return DIE{}, quals, err
		}
		if d, err = v.DIE(); err != nil {
			return DIE{}, 0, err
		}
		if sig, err := d.Attr(AttrSignature); err != nil {
			return DIE{}, 0, err
		} else if sig.Exists() {
			if d, err = sig.DIE(); err != nil {
				return DIE{}, 0, err
			}
		}
		var q types.Qualifiers
		switch d.Tag {
		case TagTypedef, TagTemplateAlias:
			aliased = true
		case TagConstType, TagImmutableType:
			q = types.Const
		case TagVolatileType:
			q = types.Volatile
		case TagRestrictType:
			q = types.Restrict
		case TagAtomicType:
			q = types.Atomic
		default:
			return d, quals, nil
		}
		if !aliased {
			quals |= q
		}
	}
	return DIE{}, 0, &types.DepthError{Problem: d.Unit.File.errorAt(d.Off, "types refer to each other in a circle").Error()}
}

// types compares two types that are no typedefs and not qualified: as what an object holds or, behind a pointer, what it refers to.
func (s *sameness) types(a, b DIE, behind bool, depth int) (bool, error) {
	if a.Tag != b.Tag {
		return false, nil
	}
	switch a.Tag {
	case TagStructureType, TagUnionType, TagClassType, TagEnumerationType:
		return s.named(a, b, behind, depth)
	case TagBaseType:
		return sameBase(a, b)
	}
	if again, err := s.again(a, b, behind, depth); again || err != nil {
		return again, err
	}
	switch a.Tag {
	case TagArrayType:
		if same, err := sameDimensions(a, b); err != nil || !same {
			return false, err
		}
		return s.elems(a, b, behind, depth)
	case TagPtrToMemberType:
		if same, err := sameClasses(a, b); err != nil || !same {
			return false, err
		}
		fallthrough
	case TagPointerType, TagReferenceType, TagRvalueReferenceType:
		if same, err := sameUints(a, b, AttrByteSize); err != nil || !same || a.Unit.AddrSize != b.Unit.AddrSize {
			return false, err
		}
		return s.elems(a, b, true, depth)
	case TagSubroutineType:
		if same, err := sameUints(a, b, AttrByteSize); err != nil || !same {
			return false, err
		}
		return s.functions(a, b, depth)
	case TagUnspecifiedType:
		return sameNames(a, b)
	}
	return false, nil
}

// named compares two compound or enumerated types.
func (s *sameness) named(a, b DIE, behind bool, depth int) (bool, error) {
	x, err := a.FullName()
	if err != nil {
		return false, err
	}
	y, err := b.FullName()
	if err != nil || x != y {
		return false, err
	}
	declared, err := a.Flag(AttrDeclaration)
	if err != nil {
		return false, err
	}
	other, err := b.Flag(AttrDeclaration)
	if err != nil {
		return false, err
	}
	switch {
	case x == "" || !behind && !declared && !other:
		return s.definitions(a, b, depth)
	case declared != other && !behind:
		return false, nil
	}
	if again, err := s.again(a, b, behind, depth); again || err != nil {
		return again, err
	}
	if x, err = a.qualify(x); err != nil {
		return false, err
	}
	y, err = b.qualify(y)
	return x == y, err
}

// functions compares the types of functions.
func (s *sameness) functions(a, b DIE, depth int) (bool, error) {
	if same, err := s.elems(a, b, true, depth); err != nil || !same {
		return false, err
	}
	wa, wb := a.Walk(), b.Walk()
	for {
		ma, mb := wa.parameter(), wb.parameter()
		if !ma || !mb {
			return endAlike(&wa, &wb, ma, mb)
		}
		if s.count++; wa.Tag != wb.Tag {
			return false, nil
		}
		if same, err := s.elems(wa.DIE, wb.DIE, true, depth); err != nil || !same {
			return false, err
		}
	}
}

// endAlike reports whether two walks, of which one has no more, ended together.
func endAlike(a, b *Walker, moreA, moreB bool) (bool, error) {
	if a.Err() != nil {
		return false, a.Err()
	}
	return moreA == moreB, b.Err()
}

// parameter moves to the next parameter.
func (w *Walker) parameter() bool {
	for w.Next() {
		w.SkipChildren()
		if w.Tag == TagFormalParameter || w.Tag == TagUnspecifiedParameters {
			return true
		}
	}
	return false
}

// sameBase reports whether two base types are read in the same way; their names count only for characters, and floating-point
// numbers, whose names may say the format.
func sameBase(a, b DIE) (bool, error) {
	for _, at := range [...]Attr{AttrEncoding, AttrByteSize, AttrBitSize, AttrEndianity} {
		if same, err := sameUints(a, b, at); err != nil || !same {
			return false, err
		}
	}
	size, _, err := a.Uint(AttrByteSize)
	if err != nil {
		return false, err
	}
	enc, _, err := a.Uint(AttrEncoding)
	if err != nil || enc == encBoolean || size > 1 && enc != encFloat && enc != encComplexFloat && enc != encDecimal {
		return err == nil, err
	}
	return sameNames(a, b)
}

// sameDimensions reports whether two arrays have as many elements; those of which that is known at run time only are not compared.
func sameDimensions(a, b DIE) (bool, error) {
	wa, wb := a.Walk(), b.Walk()
	for {
		ma, mb := wa.Next(), wb.Next()
		if !ma || !mb {
			return endAlike(&wa, &wb, ma, mb)
		}
		wa.SkipChildren()
		wb.SkipChildren()
		x, err := wa.count(nil)
		if err != nil {
			return false, err
		}
		y, err := wb.count(nil)
		if err != nil || wa.Tag != wb.Tag || x != y || x.dynamic {
			return false, err
		}
	}
}

// sameClasses reports whether two pointers are to members of one class.
func sameClasses(a, b DIE) (bool, error) {
	x, ok, err := a.Ref(AttrContainingType)
	if err != nil || !ok {
		return false, err
	}
	y, ok, err := b.Ref(AttrContainingType)
	if err != nil || !ok {
		return false, err
	}
	return sameNames(x, y)
}

// sameUints reports whether two DIEs have the same number, or both none.
func sameUints(a, b DIE, at Attr) (bool, error) {
	x, has, err := a.Uint(at)
	if err != nil {
		return false, err
	}
	y, other, err := b.Uint(at)
	return x == y && has == other, err
}

// sameNames reports whether two DIEs have the same name.
func sameNames(a, b DIE) (bool, error) {
	x, err := a.FullName()
	if err != nil {
		return false, err
	}
	y, err := b.FullName()
	return x == y, err
}

// shape is what tells members and enumerators apart.
type shape struct {
	name                         Value
	place, dataBit, oldBit, bits uint64
	value                        Value
	where                        []byte // place, where an expression says it
}

func (d DIE) shape() (s shape, err error) {
	err = d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrName:
			s.name = v
		case AttrDataMemberLocation:
			s.place = v.u + 1
			if b, ok := v.Block(); ok {
				s.where = b
			}
		case AttrDataBitOffset:
			s.dataBit = v.u + 1
		case AttrBitOffset:
			s.oldBit = v.u + 1
		case AttrBitSize:
			s.bits = v.u + 1
		case AttrConstValue, AttrDiscrValue, AttrDiscrList:
			s.value = v
		}
		return true
	})
	return s, err
}

func sameAttrs(a, b DIE) (bool, error) {
	x, err := a.shape()
	if err != nil {
		return false, err
	}
	y, err := b.shape()
	if err != nil {
		return false, err
	}
	if x.place != y.place || x.dataBit != y.dataBit || x.oldBit != y.oldBit || x.bits != y.bits ||
		x.value.u != y.value.u || !bytes.Equal(x.value.b, y.value.b) || !bytes.Equal(x.where, y.where) {
		return false, nil
	}
	if x.name.Form == FormStrp && y.name.Form == FormStrp && x.name.u == y.name.u && a.Unit.File == b.Unit.File {
		return true, nil
	}
	tx, err := x.name.text()
	if err != nil {
		return false, err
	}
	ty, err := y.name.text()
	return tx == ty, err
}
