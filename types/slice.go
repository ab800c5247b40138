package types

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/failure"
)

// A Slice is a structure of Rust, Go or C++ that refers to a number of elements elsewhere. Of Rust: a "&str", a "&[T]", a "Box<[T]>", or what owns
// such and can grow, a "Vec<T>" or a "String". Of Go: a "string" or a "[]T". Of C++: a std::string, a std::vector and their like.
type Slice struct {
	Elem   *Type
	Text   bool   // the elements are bytes of UTF-8 or, in C++, of any text
	Data   uint64 // where the address of the elements is, in bits from the start of the structure
	Length uint64 // where the number of elements is; if End is set, the address after the last
	Room   uint64 // where the number of elements is that there is room for, or the address after that; if HasRoom is set
	// End says that there are addresses in place of numbers.
	End, HasRoom bool
	// Fixed says that the type tells the number of elements, which is Number then.
	Fixed  bool
	Number uint64
	// Bits is the size of the address and of the numbers, and Big their byte order.
	Bits uint64
	Big  bool
}

// Elements returns the address of the elements that a structure refers to, and how many there are. word reads the integer of Bits bits that lies
// off bits from the start of the structure. It is a *failure.ValueError if what is there makes no sense, as in a structure that was damaged or whose
// constructor has not run yet; what else there is are errors of word and of the size of the elements.
func (s *Slice) Elements(word func(off uint64) (uint64, error)) (address, n uint64, err error) {
	size, err := s.Elem.Size()
	if err != nil {
		return 0, 0, err
	}
	if address, err = word(s.Data); err != nil {
		return 0, 0, err
	}
	if n, err = s.count(word, s.Length, address, size, "elements"); err != nil || !s.HasRoom {
		return address, n, err
	}
	room, err := s.count(word, s.Room, address, size, "room")
	if err == nil && n > room {
		err = &failure.ValueError{Problem: fmt.Sprintf("there is room for %d elements only, not for %d", room, n)}
	}
	return address, n, err
}

// In is [Slice.Elements] of the bytes of a structure.
func (s *Slice) In(data []byte) (address, n uint64, err error) {
	return s.Elements(func(off uint64) (v uint64, err error) {
		size, length := s.Bits/8, uint64(len(data))
		if off%8 != 0 || off/8 > length || size > length-off/8 {
			return 0, &failure.BoundsError{Problem: "out of bounds of value"}
		}
		word := slices.Clone(data[off/8:][:size])
		if !s.Big {
			slices.Reverse(word)
		}
		for _, b := range word {
			v = v<<8 | uint64(b)
		}
		return v, nil
	})
}

// count returns how many elements a word says that there are from an address on.
func (s *Slice) count(word func(off uint64) (uint64, error), off, address, size uint64, what string) (n uint64, err error) {
	if n = s.Number; !s.Fixed {
		if n, err = word(off); err != nil {
			return 0, err
		}
	}
	switch last := ^uint64(0) >> (64 - s.Bits); {
	case s.End && n < address:
		return 0, &failure.ValueError{Problem: fmt.Sprintf("the end of the %s, %#x, is before the start, %#x", what, n, address)}
	case s.End && (size == 0 || (n-address)%size != 0):
		return 0, &failure.ValueError{Problem: fmt.Sprintf("the end of the %s, %#x, is not that of an element of %d bytes from %#x on", what, n, size, address)}
	case s.End:
		return (n - address) / size, nil
	case size > 0 && n > (last-address)/size: // elements without a size are none of memory's: there may be as many as one likes
		return 0, &failure.ValueError{Problem: fmt.Sprintf("%d elements of '%s' at %#x are more than there is memory", n, s.Elem, address)}
	}
	return n, nil
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
	if len(members) == 3 { // of Go
		room, err := members[2].Slot()
		if err != nil {
			return s, false, err
		}
		s.Room, s.HasRoom = members[2].BitOffset, true
		ok = ok && s.fits(data.Type, room.Type)
	}
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
	data, length string // the way to the address, and to the number of elements or, if there is room, to what is after them; "": the tag ends with it
	room         string // the way to what is after what there is room for
}{
	{"vector<", "_M_impl._M_start", "_M_impl._M_finish", "_M_impl._M_end_of_storage"},
	{"vector<", "__begin_", "__end_", "__cap_"},
	{"vector<", "__begin_", "__end_", "__end_cap_.__value_"}, // before LLVM 20
	{"basic_string<", "_M_dataplus._M_p", "_M_string_length", ""},
	{"basic_string_view<", "_M_str", "_M_len", ""},
	{"basic_string_view<", "__data_", "__size_", ""},
	{"basic_string_view<", "__data", "__size", ""}, // before LLVM 16
	{"span<", "_M_ptr", "_M_extent._M_extent_value", ""},
	{"span<", "__data_", "__size_", ""},
	{"span<", "__data", "__size", ""}, // before LLVM 17
	{"span<", "_M_ptr", "", ""},       // of a fixed extent
	{"span<", "__data_", "", ""},
	{"span<", "__data", "", ""},
	{"initializer_list<", "_M_array", "_M_len", ""},
	{"initializer_list<", "__begin_", "__size_", ""},
}

// container is Slice of a class of C++'s library, of the given tag.
func (t *Type) container(tag string) (s Slice, ok bool, err error) {
	for i := range containers {
		c := &containers[i]
		if !strings.HasPrefix(tag, c.tag) {
			continue
		}
		var to [3]*Type
		var at [3]uint64
		there := true
		for i, way := range [...]string{c.data, c.length, c.room} {
			if way == "" {
				continue
			}
			if to[i], at[i], err = t.onTheWay(way); err != nil {
				return s, false, err
			}
			there = there && to[i] != nil
		}
		if !there {
			continue
		}
		pointer := to[0]
		if pointer.Kind() != Pointer {
			return s, false, nil // a vector<bool> has an iterator
		}
		s = Slice{Elem: pointer.Elem(), Data: at[0], Length: at[1], Room: at[2], Bits: 8 * pointer.OwnSize(), Big: pointer.BigEndian()}
		if c.room != "" {
			s.End, s.HasRoom = true, true
			return s, s.Bits <= 64 && to[1] == pointer && to[2] == pointer, nil
		}
		if c.length == "" {
			s.Number, s.Fixed = lastArgument(tag)
			return s, s.Fixed && s.Bits <= 64, nil
		}
		char := s.Elem.Underlying()
		s.Text = char.Kind() == Int && char.OwnSize() == 1 && strings.HasPrefix(tag, "basic_string")
		ok = s.fits(pointer, to[1])
		return s, ok, nil
	}
	return s, false, nil
}

// lastArgument returns the number that is the last argument of a template: "span<int, 2>", of LLVM "span<int, 2UL>".
func lastArgument(tag string) (n uint64, ok bool) {
	arguments := strings.TrimSuffix(tag, ">")
	last := strings.TrimSpace(arguments[strings.LastIndexByte(arguments, ',')+1:])
	n, err := strconv.ParseUint(strings.TrimRight(last, "UL"), 10, 64)
	return n, err == nil
}

// onTheWay returns the type of what one comes to from member to member, without typedefs, and where it lies in bits; nil if there is no such member.
func (t *Type) onTheWay(way string) (_ *Type, at uint64, err error) {
	for name := range strings.SplitSeq(way, ".") {
		f, err := t.FindMember(name)
		var missing *MemberError
		var none *NoMembersError
		if errors.As(err, &missing) || errors.As(err, &none) || err == nil && !f.Fixed() {
			return nil, 0, nil
		}
		if err != nil {
			return nil, 0, err
		}
		t, at = f.Type.WithoutTypedefs(), at+f.BitOffset
	}
	return t, at, nil
}
