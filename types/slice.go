package types

import (
	"slices"
	"strings"
)

// A Slice is a structure of Rust or Go that refers to a number of elements elsewhere. Of Rust: a "&str", a "&[T]", a "Box<[T]>", or what owns
// such and can grow, a "Vec<T>" or a "String". Of Go: a "string" or a "[]T".
type Slice struct {
	Elem   *Type
	Text   bool   // the elements are bytes of UTF-8
	Data   uint64 // where the address of the elements is, in bits from the start of the structure
	Length uint64 // where the number of elements is
	// Bits is the size of the address and of the number, and Big their byte order.
	Bits uint64
	Big  bool
}

// Slice reports whether the type without typedefs is one of Rust's or Go's that refer to elements. They are known by their names, which are
// none of C or C++, and by their members.
func (t *Type) Slice() (s Slice, ok bool, err error) {
	t = t.WithoutTypedefs()
	tag := t.Tag()
	if t.Kind() != Struct || !t.IsComplete() {
		return s, false, nil
	}
	const box, owned = "alloc::boxed::Box<", ", alloc::alloc::Global>"
	switch vec := strings.HasPrefix(tag, "Vec<") && strings.HasSuffix(tag, owned); {
	case tag == "string":
		s, ok, err := t.addressAndLength("str", "len")
		s.Text = true
		return s, ok && s.Elem.Name() == "uint8" && s.Elem.Kind() == Int, err // which is a type of its own in Go alone
	case strings.HasPrefix(tag, "[]"):
		return t.addressAndLength("array", "len", "cap")
	case tag == "String":
		return t.textOfVec()
	case vec:
		return t.vec()
	case strings.HasPrefix(tag, "&"), strings.HasPrefix(tag, "*"), strings.HasPrefix(tag, box) && strings.HasSuffix(tag, owned):
	default:
		return s, false, nil
	}
	tag = strings.TrimSuffix(strings.TrimPrefix(tag, box), owned)
	tag = strings.TrimLeft(tag, "&*")
	tag = strings.TrimPrefix(strings.TrimPrefix(tag, "mut "), "const ")
	text := tag == "str"
	if !text && !strings.HasPrefix(tag, "[") {
		return s, false, nil // of a trait, say
	}
	s, ok, err = t.addressAndLength("data_ptr", "length")
	s.Text = text
	return s, ok, err
}

// addressAndLength is Slice of a structure of members of the given names, which begin with an address and a length.
func (t *Type) addressAndLength(names ...string) (s Slice, ok bool, err error) {
	members, err := t.Members()
	if err != nil || !slices.EqualFunc(members, names, func(m Member, name string) bool { return m.Name == name }) {
		return s, false, err
	}
	data, err := members[0].Slot()
	if err != nil {
		return s, false, err
	}
	length, err := members[1].Slot()
	if err != nil {
		return s, false, err
	}
	s.Elem, s.Bits = data.Type.Elem(), 8*data.Type.OwnSize()
	s.Data, s.Length = members[0].BitOffset, members[1].BitOffset
	ok = s.fits(data.Type, length.Type)
	return s, ok, nil
}

// fits reports whether an address and a length are of the types that they have in Rust.
func (s *Slice) fits(data, length *Type) bool {
	s.Big = data.BigEndian()
	return data.Kind() == Pointer && s.Elem != nil && s.Bits <= 64 && length.UnderlyingKind() == Int && 8*length.WithoutTypedefs().OwnSize() == s.Bits
}

// textOfVec is Slice of a String: a structure of one member, a vector of bytes.
func (t *Type) textOfVec() (s Slice, ok bool, err error) {
	members, err := t.Members()
	if err != nil || len(members) != 1 || members[0].Name != "vec" {
		return s, false, err
	}
	slot, err := members[0].Slot()
	if err != nil || !strings.HasPrefix(slot.Type.Tag(), "Vec<u8, ") {
		return s, false, err
	}
	s, ok, err = slot.Type.Slice()
	s.Text = true
	s.Data += members[0].BitOffset
	s.Length += members[0].BitOffset
	return s, ok, err
}

// vec is Slice of a Vec: its number of elements and, in a buffer whose members differ between versions of the library, one pointer.
func (t *Type) vec() (s Slice, ok bool, err error) {
	members, err := t.Members()
	if err != nil {
		return s, false, err
	}
	parameters, err := t.TemplateParameters()
	if err != nil || len(parameters) == 0 {
		return s, false, err
	}
	of, err := parameters[0].Slot()
	if err != nil {
		return s, false, err
	}
	var data, length *Type
	for i := range members {
		slot, err := members[i].Slot()
		if err != nil {
			return s, false, err
		}
		switch members[i].Name {
		case "buf":
			var n int
			if data, s.Data, n, err = slot.Type.onlyPointer(members[i].BitOffset, 8); err != nil || n != 1 {
				return s, false, err
			}
		case "len":
			length, s.Length = slot.Type, members[i].BitOffset
		}
	}
	if data == nil || length == nil {
		return s, false, nil
	}
	s.Elem, s.Bits = of.Type, 8*data.OwnSize()
	ok = s.fits(data, length)
	return s, ok, nil
}

// onlyPointer looks for pointers in a structure that lies at an offset in bits, and returns the last, where it is and how many there are.
func (t *Type) onlyPointer(off uint64, depth int) (p *Type, at uint64, n int, err error) {
	t = t.WithoutTypedefs()
	switch {
	case t.Kind() == Pointer:
		return t, off, 1, nil
	case t.Kind() != Struct || depth == 0:
		return nil, 0, 0, nil
	}
	members, err := t.Members()
	if err != nil {
		return nil, 0, 0, err
	}
	for i := range members {
		slot, err := members[i].Slot()
		if err != nil {
			return nil, 0, 0, err
		}
		q, there, more, err := slot.Type.onlyPointer(off+members[i].BitOffset, depth-1)
		if err != nil {
			return nil, 0, 0, err
		}
		if n += more; more > 0 {
			p, at = q, there
		}
	}
	return p, at, n, nil
}
