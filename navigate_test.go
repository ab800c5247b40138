package drgn_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// family makes struct node { int id; struct node *next; struct { short a, b; }; int v[2]; } at 0x1000, whose next is at
// 0x2000, whose next is null.
func family(m *mock) *types.Type {
	i, short := m.int("int", 4, true), m.int("short", 2, true)
	var node *types.Type
	p := m.ptr
	next := types.Later(func() (types.Slot, error) { return types.Slot{Type: m.PointerTo(node)}, nil })
	node = m.Types().Compound(c.C, types.Struct, "node", 2*p+12, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{
			{Name: "id", Lazy: types.OfType(i)},
			{Name: "next", BitOffset: p * 8, Lazy: next},
			{BitOffset: p * 16, Lazy: types.OfType(m.structure("", 4, field{"a", 0, short, 0}, field{"b", 16, short, 0}))},
			{Name: "v", BitOffset: p*16 + 32, Lazy: types.OfType(m.array(i, 2))},
		}}, nil
	})
	put := func(at, id, next uint64) {
		b := make([]byte, 2*p+12)
		copy(b, m.word(id, 4))
		copy(b[p:], m.word(next, p))
		copy(b[2*p:], m.word(id+1, 2))
		copy(b[2*p+2:], m.word(id+2, 2))
		copy(b[2*p+4:], m.word(id+3, 4))
		copy(b[2*p+8:], m.word(id+4, 4))
		m.put(at, b...)
	}
	put(0x1000, 10, 0x2000)
	put(0x2000, 20, 0)
	return node
}

func TestNavigate(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		node := family(m)
		first := m.ObjectAt(node, 0x1000)
		alias := m.Types().Typedef(c.C, "node_p", m.PointerTo(m.Types().Typedef(c.C, "node_t", node)))
		for _, o := range []drgn.Object{first, first.Read(), first.AddressOf(), first.AddressOf().Deref(), m.ScalarValue(alias, 0x1000), m.BytesValue(node, must(first.Bytes()))} {
			wantInt(t, o.Member("id"), 10)
			wantInt(t, o.Member("a"), 11)
			wantInt(t, o.Member("b"), 12)
			wantInt(t, o.Member("v").Index(1), 14)
			wantInt(t, o.Member("next").Member("id"), 20)
			wantInt(t, o.Member("next").Deref().Member("v").Index(0), 23)
			wantInt(t, o.MemberAny("nothing", "b", "a"), 12)
			if !o.HasMember("a") || o.HasMember("nothing") {
				t.Error("HasMember")
			}
		}
		wantInt(t, first.Subobject("v[1]"), 14)
		wantInt(t, first.Read().Subobject("v[1]"), 14)
		v := first.Member("v")
		if n, err := v.Len(); err != nil || n != 2 {
			t.Error(n, err)
		}
		// Arrays and pointers in memory have no bounds.
		wantInt(t, v.Index(-1).Reinterpret(m.int("short", 2, true)), 11)
		size := must(node.Size())
		elem := first.AddressOf().Index(3)
		if at, ok := elem.Address(); !ok || at != 0x1000+3*size {
			t.Errorf("%#x", at)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAddressesWrap(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		mask := m.Platform().AddressMask()
		u8 := m.int("unsigned char", 1, false)
		big := m.array(u8, 1<<60)
		for _, c := range []struct{ base, want, i uint64 }{
			{0x1000, 0xfff, ^uint64(0)}, {0x1000, 0x1000 + 1<<61, 1 << 61}, {0x1000, 0x1000 + 1<<60, 1 << 60}, {mask, 0, 1}, {mask - 1, 1, 3},
		} {
			for _, o := range []drgn.Object{m.ObjectAt(big, c.base), m.ScalarValue(m.PointerTo(u8), c.base)} {
				at, ok := o.Index(int64(c.i)).Address()
				if !ok || at != c.want&mask {
					t.Errorf("element %#x at %#x: %#x", c.i, c.base, at)
				}
			}
		}
		m.put(0, 0x42)
		s := m.structure("s", 8, field{"x", 32, u8, 0})
		o := m.ObjectAt(s, mask-3)
		wantUint(t, o.Member("x"), 0x42)
		wantUint(t, o.AddressOf().Member("x"), 0x42)
		wantUint(t, m.ScalarValue(m.PointerTo(u8), 0).ContainerOf(s, "x"), mask-3)
		if at, _ := m.ObjectAt(u8, mask+0x11).Address(); at != (mask+0x11)&mask {
			t.Errorf("%#x", at)
		}
	})
}

func TestValueBounds(t *testing.T) {
	m := newMock(t, arch.X86_64)
	i := m.int("int", 4, true)
	v := m.BytesValue(m.array(i, 2), []byte{1, 0, 0, 0, 2, 0, 0, 0})
	wantInt(t, v.Index(1), 2)
	for _, n := range []int64{-1, 2, 1 << 59, 1 << 61, 1 << 62, -1 << 63} {
		wantErr[*drgn.BoundsError](t, v.Index(n).Err(), "out of bounds of value")
	}
	for _, off := range []uint64{33, 64, 1 << 63, ^uint64(0), ^uint64(0) - 31} {
		wantErr[*drgn.BoundsError](t, v.Slice(i, off, 0).Err(), "out of bounds of value")
	}
	wantErr[*drgn.BoundsError](t, v.Slice(i, 62, 3).Err(), "out of bounds of value")
	wantErr[*drgn.BoundsError](t, v.Reinterpret(m.array(i, 3)).Err(), "out of bounds of value")
	wantUint(t, v.Slice(m.int("unsigned int", 4, false), 61, 3), 0)
	wantErr[*drgn.ValueError](t, v.AddressOf().Err(), "cannot take address of value")
}

func TestNavigationErrors(t *testing.T) {
	m := newMock(t, arch.X86_64)
	node := family(m)
	first := m.ObjectAt(node, 0x1000)
	i := first.Member("id")
	open := m.Types().IncompleteCompound(c.C, types.Struct, "open")
	wantErr[*types.MemberError](t, first.Member("x").Err(), "'struct node' has no member 'x'")
	wantErr[*types.MemberError](t, first.AddressOf().Member("x").Err(), "'struct node' has no member 'x'")
	wantErr[*types.MemberError](t, first.MemberAny("x", "y").Err(), "'struct node' has no member 'y'")
	wantErr[*types.MemberError](t, m.ObjectAt(open, 0).Member("x").Err(), "'struct open' has no member 'x'")
	wantErr[*types.NoMembersError](t, i.Member("x").Err(), "'int' is not a structure, union, or class")
	wantErr[*types.NoMembersError](t, i.AddressOf().Member("x").Err(), "'int' is not a structure, union, or class")
	wantErr[*drgn.TypeError](t, i.Deref().Err(), "'int' is not a pointer")
	wantErr[*drgn.TypeError](t, i.Index(0).Err(), "'int' is not an array or pointer")
	wantErr[*drgn.WrongTypeError](t, i.ContainerOf(node, "id").Err(), "ContainerOf needs a pointer, not 'int'")
	wantErr[*types.MemberError](t, i.AddressOf().ContainerOf(node, "x").Err(), "'struct node' has no member 'x'")
	wantErr[*types.SizeError](t, m.ScalarValue(m.PointerTo(open), 0).Index(1).Err(), "cannot get size of incomplete structure type")

}

func TestContainerOf(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		node := family(m)
		first := m.ObjectAt(node, 0x1000)
		for _, member := range []string{"id", "a", "b", "v", "v[1]", "next"} {
			o := first.Subobject(member)
			if o.Err() != nil {
				o = first.Member(member)
			}
			back := o.AddressOf().ContainerOf(node, member)
			wantUint(t, back, 0x1000)
			wantInt(t, back.Member("id"), 10)
			if e := drgn.Entry(o.AddressOf(), node, member); must(e.Uint()) != 0x1000 {
				t.Error(member)
			}
		}
		bits := m.structure("bits", 4, field{"x", 3, m.int("int", 4, true), 2})
		wantErr[*drgn.ValueError](t, first.AddressOf().ContainerOf(bits, "x").Err(), "member is not byte-aligned: 'x'")
	})
}

// TestPaths checks what is said of a fault on the way.
func TestPaths(t *testing.T) {
	m := newMock(t, arch.X86_64)
	node := family(m)
	second := m.ObjectAt(node, 0x2000)
	third := second.Member("next") // null
	for _, c := range []struct {
		o       drgn.Object
		text    string
		address uint64
	}{
		{third.Member("id"), "(*(struct node **)0x2008)->id: could not find memory segment: 0x0", 0},
		{third.Member("v").Index(1), "(*(struct node **)0x2008)->v[1]: could not find memory segment: 0x18", 0x18},
		{third.Deref().Member("id"), "(*(struct node **)0x2008)->id: could not find memory segment: 0x0", 0},
		{third.Member("next").Member("next").Member("v").Index(0), "(*(struct node **)0x2008)->next->next->v[0]: could not find memory segment: 0x8", 8},
		{third.Member("next").Deref().Member("a"), "(*(struct node **)0x2008)->next->a: could not find memory segment: 0x8", 8},
		{third.Index(1).Member("id"), "(*(struct node **)0x2008)[1].id: could not find memory segment: 0x1c", 0x1c},
		{third.Read().Member("id"), "*(int *)0x0: could not find memory segment: 0x0", 0},
		{m.ObjectAt(node, 0x5000).Member("a"), "*(short *)0x5010: could not find memory segment: 0x5010", 0x5010},
		{m.ObjectAt(node, 0x5000).Member("next").Member("v").Index(3), "(*(struct node **)0x5008)->v[3]: could not find memory segment: 0x5008", 0x5008},
	} {
		_, err := c.o.Int()
		var fault *mem.FaultError
		if err == nil || err.Error() != c.text || !errors.As(err, &fault) || fault.Address != c.address {
			t.Errorf("got %v\nwant %s", err, c.text)
		}
		if _, again := c.o.Bytes(); again == nil || again.Error() != c.text {
			t.Errorf("Bytes: %v", again)
		}
		if again := c.o.Read().Err(); again == nil || again.Error() != c.text {
			t.Errorf("Read: %v", again)
		}
	}
	_, err := third.Deref().Bytes()
	wantErr[*drgn.PathError](t, err, "**(struct node **)0x2008: could not find memory segment: 0x0")
}

func TestCString(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		char := m.int("char", 1, true)
		short := m.int("short", 2, true)
		m.put(0x1000, []byte("hello\x00world!no end")...)
		m.put(0x3000, m.word(0x1006, m.ptr)...)
		for _, c := range []struct {
			o    drgn.Object
			want string
		}{
			{m.ObjectAt(m.array(char, 8), 0x1000), "hello"}, {m.ObjectAt(m.array(char, 3), 0x1000), "hel"}, {m.ObjectAt(m.array(char, 0), 0x1000), ""},
			{m.ObjectAt(m.array(char, 8), 0x1000).Read(), "hello"}, {m.ObjectAt(m.array(char, 3), 0x1000).Read(), "hel"},
			{m.ObjectAt(m.array(short, 3), 0x1006), "world!"}, {m.ObjectAt(m.array(short, 3), 0x1006).Read(), "world!"},
			{m.ObjectAt(m.Types().IncompleteArray(lang, char), 0x1000), "hello"}, {m.ScalarValue(m.PointerTo(char), 0x1001), "ello"},
			{m.ObjectAt(m.array(char, 1<<60), 0x1000), "hello"},
		} {
			if got, err := c.o.CString(); err != nil || string(got) != c.want {
				t.Errorf("%s: %q, %v", c.o.Type(), got, err)
			}
		}
		_, err := m.ObjectAt(m.PointerTo(char), 0x3000).CString()
		wantErr[*mem.FaultError](t, err, "*(char *)0x1006: could not find memory segment: 0x1012")
		_, err = m.ObjectAt(char, 0x1000).CString()
		wantErr[*drgn.WrongTypeError](t, err, "CString needs an array or pointer, not 'char'")
	})
}

var lang = c.C

func TestEndlessString(t *testing.T) {
	m := newMock(t, arch.X86_64)
	page := make([]byte, 1<<16)
	for i := range page {
		page[i] = 'x'
	}
	if err := m.Memory().Add(mem.Segment{Max: 1 << 40, Read: func(buf []byte, _, _ uint64, _ bool) error {
		for i := 0; i < len(buf); i += copy(buf[i:], page) {
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	_, err := m.ScalarValue(m.PointerTo(m.int("char", 1, true)), 0x10).CString()
	wantErr[*drgn.ValueError](t, err, "string at 0x10 has no end within 64 MiB")
	_, err = m.ObjectAt(m.array(m.int("char", 1, true), 1<<40), 0x10).Bytes()
	wantErr[*drgn.ValueError](t, err, "object of type 'char [1099511627776]' is too large to read")
}
