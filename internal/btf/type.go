package btf

import (
	"bytes"
	"fmt"
	"iter"
)

// A Type is a struct btf_type with what follows it. It belongs to the file that it came from, which may be the base of the one
// that was asked.
type Type struct {
	ID   ID
	Kind Kind
	Flag bool // kind_flag
	// Size is that of an INT, FLOAT, STRUCT, UNION, ENUM, ENUM64 and DATASEC in bytes; Of the type that others refer to.
	Size uint32
	Of   ID

	file  *File
	name  uint32
	n     int
	extra []byte
}

// An IDError says that something refers to a type that is not there, or can't be referred to there.
type IDError struct {
	File    string // whose BTF it is
	ID      ID
	Problem string // "there are only 5 types"
}

func (e *IDError) Error() string { return fmt.Sprintf("%s: type %d: %s", e.File, e.ID, e.Problem) }

// Type returns the type of an ID, of the file or of its base.
func (f *File) Type(id ID) (Type, error) {
	if uint32(id) >= f.Len() {
		return Type{}, &IDError{f.name, id, fmt.Sprintf("is referred to, but the types end at %d", f.Len())}
	}
	for id < f.firstID && f.base != nil {
		f = f.base
	}
	if id == 0 {
		return Type{file: f}, nil
	}
	return f.own(id), nil
}

// own returns a type that is there, and the file's own.
func (f *File) own(id ID) Type {
	b := f.types[f.offsets[id-f.firstID]:]
	info, last := f.order.Uint32(b[4:]), f.order.Uint32(b[8:])
	t := Type{ID: id, Kind: Kind(info >> 24 & 0x7f), Flag: info>>31 != 0, n: int(info & 0xffffff), file: f, name: f.order.Uint32(b)}
	switch t.Kind {
	case Int, Float, Struct, Union, Enum, Enum64, Datasec:
		t.Size = last
	case Ptr, Typedef, Volatile, Const, Restrict, Func, FuncProto, Var, DeclTag, TypeTag:
		t.Of = ID(last)
	}
	if t.Kind < kinds {
		l := layouts[t.Kind]
		if l.each == 0 {
			t.n = 0
		}
		size := typeSize + int(l.some) + t.n*int(l.each)
		t.extra = b[typeSize:size:size]
	}
	return t
}

// Name returns the type's name, "" if it has none.
func (t *Type) Name() string {
	if t.name == 0 {
		return ""
	}
	return string(t.file.bytes(t.name))
}

// NameBytes returns the type's name as it lies in the file, which it may not outlive: nil if it has none.
func (t *Type) NameBytes() []byte {
	if t.name == 0 {
		return nil
	}
	return t.file.bytes(t.name)
}

// Fail says what is wrong with the type.
func (t *Type) Fail(format string, args ...any) error {
	at := 0
	if t.ID != 0 {
		at = int(t.file.offsets[t.ID-t.file.firstID])
	}
	return t.file.bad(t.ID, at, "%s", fmt.Sprintf(format, args...))
}

func (t *Type) u32(i int) uint32 { return t.file.order.Uint32(t.extra[4*i:]) }

// Encodings of an INT. There is one for characters, too, which no compiler uses.
const (
	Signed = 1 << 0
	IsBool = 1 << 2
)

// Int returns the encoding of an INT, and where in its bytes its bits lie: less than all of them in bit-fields until v4.20.
func (t *Type) Int() (encoding, offset, bits uint8) {
	v := t.u32(0)
	return uint8(v >> 24 & 15), uint8(v >> 16), uint8(v)
}

// Array returns the type of an ARRAY's elements and how many there are: 0 also if that is not known.
func (t *Type) Array() (elem ID, n uint32) { return ID(t.u32(0)), t.u32(2) }

// Count returns the number of members, enumerators, parameters or variables of a section.
func (t *Type) Count() int { return t.n }

// A Member is a member of a STRUCT or UNION. BitSize is 0 of what is no bit-field.
type Member struct {
	Name      string
	Type      ID
	BitOffset uint32
	BitSize   uint8
}

// Member returns a member.
func (t *Type) Member(i int) (m Member, err error) {
	m.Name, err = t.string(3 * i)
	m.Type, m.BitOffset = ID(t.u32(3*i+1)), t.u32(3*i+2)
	if t.Flag {
		m.BitOffset, m.BitSize = m.BitOffset&0xffffff, uint8(m.BitOffset>>24)
	}
	return m, err
}

// string returns the string whose offset is a word of extra.
func (t *Type) string(i int) (string, error) {
	off := t.u32(i)
	if off == 0 {
		return "", nil
	}
	if end := t.file.textEnd(); off >= end {
		return "", t.Fail("name at offset %#x, past the end of the strings (%#x)", off, end)
	}
	return string(t.file.bytes(off)), nil
}

// An Enumerator is a value of an ENUM or ENUM64: 64 bits, or 32.
type Enumerator struct {
	Name  string
	Value uint64
}

// Enumerator returns an enumerator.
func (t *Type) Enumerator(i int) (e Enumerator, err error) {
	if t.Kind == Enum64 {
		e.Name, err = t.string(3 * i)
		e.Value = uint64(t.u32(3*i+1)) | uint64(t.u32(3*i+2))<<32
		return e, err
	}
	e.Name, err = t.string(2 * i)
	e.Value = uint64(t.u32(2*i + 1))
	return e, err
}

// Parameter returns a parameter of a FUNC_PROTO. The last of one that takes more arguments has no name and type 0.
func (t *Type) Parameter(i int) (name string, of ID, err error) {
	name, err = t.string(2 * i)
	return name, ID(t.u32(2*i + 1)), err
}

// A Variable is one that a DATASEC has.
type Variable struct {
	Var    ID     // the VAR
	Offset uint32 // in the section, in bytes
	Size   uint32
}

// Variable returns a variable of a DATASEC.
func (t *Type) Variable(i int) Variable {
	return Variable{ID(t.u32(3 * i)), t.u32(3*i + 1), t.u32(3*i + 2)}
}

// Same reports whether two types of a kind define the same: the same size, and members of the same names at the same places, or
// the same enumerators. Deduplication leaves several of a name where what they refer to differs.
func (t *Type) Same(other *Type) bool {
	if t.Kind != other.Kind || t.Flag != other.Flag || t.Size != other.Size || t.n != other.n {
		return false
	}
	step := int(layouts[t.Kind].each) / 4
	for i := range t.n {
		a, b := i*step, i*step
		x, errX := t.string(a)
		y, errY := other.string(b)
		if errX != nil || errY != nil || x != y || t.u32(a+step-1) != other.u32(b+step-1) {
			return false
		}
		if t.Kind == Enum64 && t.u32(a+1) != other.u32(b+1) {
			return false
		}
	}
	return true
}

// Find walks the file's own types of the kinds that have a name, in the order of their IDs: those in [ByName] only.
func (f *File) Find(ks KindSet, name string) iter.Seq[Type] {
	return func(yield func(Type) bool) {
		if name == "" {
			return
		}
		want := []byte(name)
		for i := f.names.first(hashOf(want)); i != 0; i = f.names.next[i-1] {
			b := f.types[f.offsets[i-1]:]
			if !ks.Has(Kind(b[f.kindByte()] & 0x7f)) {
				continue
			}
			if t := f.own(f.firstID + ID(i-1)); bytes.Equal(f.bytes(t.name), want) && !yield(t) {
				return
			}
		}
	}
}

// kindByte returns which byte of a type has its kind.
func (f *File) kindByte() int {
	if f.big {
		return 4
	}
	return 7
}

// All walks the file's own types of the kinds.
func (f *File) All(ks KindSet) iter.Seq[Type] {
	return func(yield func(Type) bool) {
		for i := range f.offsets {
			if t := f.own(f.firstID + ID(i)); ks.Has(t.Kind) && !yield(t) {
				return
			}
		}
	}
}

// An enumIndex finds enumerations by the names of their enumerators.
type enumIndex struct {
	index
	of []ID // by enumerator
}

func (f *File) enumIndex() (*enumIndex, error) {
	return f.enums.Do(func() (*enumIndex, error) {
		ix := &enumIndex{}
		var hashes []uint32
		for t := range f.All(KindsOf(Enum, Enum64)) {
			step := int(layouts[t.Kind].each) / 4
			for i := range t.n {
				off := t.u32(i * step)
				if end := f.textEnd(); off >= end {
					return nil, t.Fail("enumerator %d has a name at offset %#x, past the end of the strings (%#x)", i, off, end)
				}
				hashes, ix.of = append(hashes, hashOf(f.bytes(off))), append(ix.of, t.ID)
			}
		}
		ix.index = newIndex(hashes, len(hashes))
		return ix, nil
	})
}

// FindEnumerator returns the file's own first ENUM or ENUM64 that has an enumerator of a name, and its value.
func (f *File) FindEnumerator(name string) (t Type, e Enumerator, ok bool, err error) {
	ix, err := f.enumIndex()
	if err != nil || name == "" {
		return Type{}, Enumerator{}, false, err
	}
	for i := ix.first(hashOf([]byte(name))); i != 0; i = ix.next[i-1] {
		t := f.own(ix.of[i-1])
		for i := range t.n {
			if e, err = t.Enumerator(i); err != nil || e.Name == name {
				return t, e, err == nil, err
			}
		}
	}
	return Type{}, Enumerator{}, false, nil
}

// maxDepth bounds chains of types that refer to each other: bad files have circles.
const maxDepth = 64

// Resolve passes over qualifiers, tags and typedefs.
func (f *File) Resolve(id ID) (Type, error) {
	t, err := f.Type(id)
	for range maxDepth {
		if err != nil {
			return t, err
		}
		switch t.Kind {
		case Typedef, Volatile, Const, Restrict, TypeTag:
			t, err = f.Type(t.Of)
		default:
			return t, nil
		}
	}
	return t, t.Fail("types refer to each other in a circle")
}

// SizeOf returns the size of a type in bytes; ok is false of one that has none, or none that is known. Pointers have
// pointerSize.
func (f *File) SizeOf(id ID, pointerSize uint64) (size uint64, ok bool, err error) {
	size = 1
	for range maxDepth {
		t, err := f.Resolve(id)
		if err != nil {
			return 0, false, err
		}
		switch t.Kind {
		case Int, Float, Struct, Union, Enum, Enum64:
			if size > 1<<32 {
				return 0, false, t.Fail("array of 2^64 bytes or more")
			}
			return size * uint64(t.Size), true, nil
		case Ptr:
			return size * pointerSize, true, nil
		case Array:
			elem, n := t.Array()
			if size > 1<<32 {
				return 0, false, t.Fail("array of 2^64 bytes or more")
			}
			id, size = elem, size*uint64(n)
		default:
			return 0, false, nil
		}
	}
	return 0, false, &IDError{f.name, id, "arrays in a circle"}
}

// A BaseError says that split BTF is not that of its base: of another kernel.
type BaseError struct {
	File, Base string
	Err        error // what does not fit
}

func (e *BaseError) Error() string {
	return fmt.Sprintf("%s is split BTF of another base than %s: %v", e.File, e.Base, e.Err)
}

func (e *BaseError) Unwrap() error { return e.Err }

// checkSplit checks that split BTF fits its base: names begin where strings do, what is referred to can be, and members lie
// within their structures. With the wrong base, hardly any does.
func (f *File) checkSplit() error {
	for t := range f.All(^KindSet(0)) {
		if err := f.checkType(&t); err != nil {
			return &BaseError{f.name, f.base.name, err}
		}
	}
	return nil
}

// startsString reports whether a string begins at an offset.
func (f *File) startsString(off uint32) bool {
	for off < f.firstText {
		f = f.base
	}
	i := off - f.firstText
	return int(i) < len(f.text) && (i == 0 || f.text[i-1] == 0)
}

func (f *File) checkType(t *Type) error {
	name := func(off uint32) error {
		if !f.startsString(off) {
			return t.Fail("no string begins at offset %#x", off)
		}
		return nil
	}
	refers := func(id ID, to KindSet) error {
		of, err := f.Type(id)
		if err == nil && !to.Has(of.Kind) {
			err = t.Fail("a %s can't refer to type %d, which is of kind %s", t.Kind, id, of.Kind)
		}
		return err
	}
	const values = ^KindSet(1<<Func | 1<<Var | 1<<Datasec | 1<<DeclTag)
	if err := name(t.name); err != nil {
		return err
	}
	var err error
	switch t.Kind {
	case Ptr, Typedef, Volatile, Const, Restrict, TypeTag, Var:
		err = refers(t.Of, values)
	case Func:
		err = refers(t.Of, KindsOf(FuncProto))
	case DeclTag:
		_, err = f.Type(t.Of)
	case Array:
		elem, _ := t.Array()
		err = refers(elem, values&^KindsOf(Void, FuncProto))
	case FuncProto:
		err = refers(t.Of, values)
		for i := 0; i < t.n && err == nil; i++ {
			if err = name(t.u32(2 * i)); err == nil {
				err = refers(ID(t.u32(2*i+1)), values)
			}
		}
	case Enum, Enum64:
		for i := 0; i < t.n && err == nil; i++ {
			err = name(t.u32(i * int(layouts[t.Kind].each) / 4))
		}
	case Datasec:
		for i := 0; i < t.n && err == nil; i++ {
			err = refers(t.Variable(i).Var, KindsOf(Var, Func))
		}
	case Struct, Union:
		for i := 0; i < t.n && err == nil; i++ {
			if err = name(t.u32(3 * i)); err == nil {
				err = refers(ID(t.u32(3*i+1)), values&^KindsOf(Void, FuncProto))
			}
			if err == nil {
				err = f.checkMember(t, i)
			}
		}
	}
	return err
}

// checkMember checks that a member lies within its structure.
func (f *File) checkMember(t *Type, i int) error {
	m, err := t.Member(i)
	if err != nil {
		return err
	}
	bits := uint64(m.BitSize)
	if bits == 0 {
		size, ok, err := f.SizeOf(m.Type, 1) // a pointer may be longer
		if err != nil || !ok {
			return err
		}
		if of, err := f.Resolve(m.Type); err != nil || of.Kind == Int && !t.Flag {
			return err // may be a bit-field
		}
		if bits = size * 8; size > uint64(t.Size) {
			bits = uint64(t.Size)*8 + 1
		}
	}
	if uint64(m.BitOffset)+bits > uint64(t.Size)*8 {
		return t.Fail("member '%s' lies past the end of the structure of %d bytes", m.Name, t.Size)
	}
	return nil
}
