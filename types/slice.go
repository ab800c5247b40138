package types

import (
	"errors"
	"slices"
	"strings"
)

// A Slice is a structure of Rust, Go or C++ that refers to a number of elements elsewhere. Of Rust: a "&str", a "&[T]", a "Box<[T]>", or what owns
// such and can grow, a "Vec<T>" or a "String". Of Go: a "string" or a "[]T". Of C++: a std::string, a std::vector and their like.
type Slice struct {
	Elem   *Type
	Text   bool   // the elements are bytes of UTF-8 or, in C++, of any text
	Data   uint64 // where the address of the elements is, in bits from the start of the structure
	Length uint64 // where the number of elements is; if End is set, the address after the last
	End    bool
	// Bits is the size of the address and of the number, and Big their byte order.
	Bits uint64
	Big  bool
}

// Count returns how many elements there are: data is what the structure has at Data, length what it has at Length. ok is false if that makes no
// sense: an end that is before the start, a number of elements that no memory has room for.
func (s *Slice) Count(data, length uint64) (n uint64, ok bool, err error) {
	size, err := s.Elem.Size()
	if err != nil {
		return 0, false, err
	}
	if s.End {
		if length < data || size == 0 || (length-data)%size != 0 {
			return 0, false, nil
		}
		return (length - data) / size, true, nil
	}
	// Elements without a size are none of memory's: there may be as many as one likes.
	return length, size == 0 || length <= (^uint64(0)>>(64-s.Bits)-data)/size, nil
}

// Slice reports whether the type without typedefs is one of Rust's, Go's or C++'s that refer to elements. They are known by their names and by
// their members, which are none of C or are reserved for C++'s library.
func (t *Type) Slice() (s Slice, ok bool, err error) {
	t = t.WithoutTypedefs()
	tag := t.Tag()
	if t.Kind() != Struct && t.Kind() != Class || !t.IsComplete() {
		return s, false, nil
	}
	if strings.HasSuffix(tag, ">") {
		if s, ok, err := t.container(tag); ok || err != nil {
			return s, ok, err
		}
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

// containers are the classes of C++'s library whose elements lie one after another, as those of GCC (libstdc++) and of LLVM (libc++) have them.
var containers = []struct {
	tag          string
	data, length []string // the way to the address, and to the number of elements or what is after them
	end          bool
}{
	{"vector<", []string{"_M_impl", "_M_start"}, []string{"_M_impl", "_M_finish"}, true},
	{"vector<", []string{"__begin_"}, []string{"__end_"}, true},
	{"basic_string<", []string{"_M_dataplus", "_M_p"}, []string{"_M_string_length"}, false},
	{"basic_string_view<", []string{"_M_str"}, []string{"_M_len"}, false},
	{"basic_string_view<", []string{"__data_"}, []string{"__size_"}, false},
	{"basic_string_view<", []string{"__data"}, []string{"__size"}, false}, // before LLVM 16
	{"span<", []string{"_M_ptr"}, []string{"_M_extent", "_M_extent_value"}, false},
	{"span<", []string{"__data_"}, []string{"__size_"}, false},
	{"span<", []string{"__data"}, []string{"__size"}, false}, // before LLVM 17
	{"initializer_list<", []string{"_M_array"}, []string{"_M_len"}, false},
	{"initializer_list<", []string{"__begin_"}, []string{"__size_"}, false},
}

// container is Slice of a class of C++'s library, of the given tag.
func (t *Type) container(tag string) (s Slice, ok bool, err error) {
	for i := range containers {
		c := &containers[i]
		if !strings.HasPrefix(tag, c.tag) {
			continue
		}
		data, at, ok, err := t.onTheWay(c.data)
		if err != nil {
			return s, false, err
		}
		length, lengthAt, there, err := t.onTheWay(c.length)
		if err != nil {
			return s, false, err
		}
		if !ok || !there {
			continue
		}
		pointer := data.WithoutTypedefs()
		if pointer.Kind() != Pointer {
			return s, false, nil // a vector<bool> has an iterator
		}
		s = Slice{Elem: pointer.Elem(), Data: at, Length: lengthAt, End: c.end, Bits: 8 * pointer.OwnSize(), Big: pointer.BigEndian()}
		if c.end {
			return s, s.Bits <= 64 && length.WithoutTypedefs() == pointer, nil
		}
		char := s.Elem.Underlying()
		s.Text = char.Kind() == Int && char.OwnSize() == 1 && strings.HasPrefix(tag, "basic_string")
		ok = s.fits(pointer, length)
		return s, ok, nil
	}
	return s, false, nil
}

// onTheWay returns the type of what one comes to from member to member, and where it lies in bits. ok is false if there is no such member.
func (t *Type) onTheWay(names []string) (_ *Type, at uint64, ok bool, err error) {
	for _, name := range names {
		f, err := t.FindMember(name)
		var missing *MemberError
		if errors.As(err, &missing) || err == nil && !f.Fixed() {
			return nil, 0, false, nil
		}
		if err != nil {
			return nil, 0, false, err
		}
		t, at = f.Type.WithoutTypedefs(), at+f.BitOffset
	}
	return t, at, true, nil
}
