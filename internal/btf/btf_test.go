package btf_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/internal/coretest"
)

func open(t testing.TB, data []byte, base *btf.File) *btf.File {
	t.Helper()
	f, err := btf.Open("made up", data, base)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The number of types was counted by a script of its own, with void.
func TestKernels(t *testing.T) {
	for version, want := range map[string]uint32{"5.10": 77780, "6.1": 95266, "6.12": 108448, "7.2": 118488, "7.3": 121185} {
		data := coretest.KernelBTF(t, version)
		if n, err := btf.Size(data[:64]); n != uint64(len(data)) || err != nil {
			t.Errorf("%s: size %d, %v, want %d", version, n, err, len(data))
		}
		f := open(t, data, nil)
		if f.Len() != want {
			t.Errorf("%s: %d types, want %d", version, f.Len(), want)
		}
		if err := f.CheckSplit(); err != nil {
			t.Errorf("%s: %v", version, err) // what split BTF must be, all BTF is
		}
		n, found := 0, 0
		for typ := range f.All(btf.ByName) {
			if name := typ.Name(); name != "" {
				n++
				for other := range f.Find(btf.KindsOf(typ.Kind), name) {
					if other.ID == typ.ID {
						found++
					}
				}
			}
		}
		if n != found || n < 40000 {
			t.Errorf("%s: %d of %d types are found by their names", version, found, n)
		}
		for typ := range f.Find(btf.KindsOf(btf.Struct), "list_head") {
			m, err := typ.Member(1)
			if err != nil || typ.Size != 16 || typ.Count() != 2 || m.Name != "prev" || m.BitOffset != 64 {
				t.Errorf("%s: struct list_head: %+v, %+v, %v", version, typ, m, err)
			}
		}
		if typ, e, ok, err := f.FindEnumerator("PIDTYPE_PGID"); !ok || err != nil || typ.Name() != "pid_type" || e.Value != 2 {
			t.Errorf("%s: PIDTYPE_PGID is %+v of %s, %v, %v", version, e, typ.Name(), ok, err)
		}
	}
}

// A maker makes up BTF.
type maker struct {
	order binary.AppendByteOrder
	types []byte
	text  []byte
	start uint32 // offset of the first string
}

func newMaker(big bool, base *btf.File, baseText int) *maker {
	m := &maker{order: binary.LittleEndian, text: []byte{0}}
	if big {
		m.order = binary.BigEndian
	}
	if base != nil {
		m.text, m.start = nil, uint32(baseText)
	}
	return m
}

// word adds numbers to the types.
func (m *maker) word(all ...uint32) *maker {
	for _, v := range all {
		m.types = m.order.AppendUint32(m.types, v)
	}
	return m
}

// name adds a string and returns its offset.
func (m *maker) name(s string) uint32 {
	off := m.start + uint32(len(m.text))
	m.text = append(append(m.text, s...), 0)
	return off
}

func info(k btf.Kind, n uint32, flag bool) uint32 {
	v := uint32(k)<<24 | n
	if flag {
		v |= 1 << 31
	}
	return v
}

// bytes returns all of it, with layouts of kinds if there are some.
func (m *maker) bytes(layouts ...byte) []byte {
	header := []byte{0x9f, 0xeb, 1, 0}
	if m.order == binary.AppendByteOrder(binary.BigEndian) {
		header = []byte{0xeb, 0x9f, 1, 0}
	}
	size := uint32(24)
	if layouts != nil {
		size = 32
	}
	for _, v := range []uint32{size, 0, uint32(len(m.types)), uint32(len(m.types)), uint32(len(m.text))} {
		header = m.order.AppendUint32(header, v)
	}
	if layouts != nil {
		header = m.order.AppendUint32(header, uint32(len(m.types)+len(m.text)))
		header = m.order.AppendUint32(header, uint32(len(layouts)))
	}
	return append(append(append(header, m.types...), m.text...), layouts...)
}

// small is an int, and a structure of two of them, one a bit-field.
func small(big bool) *maker {
	m := newMaker(big, nil, 0)
	m.word(m.name("int"), info(btf.Int, 0, false), 4, 1<<24|32)
	return m.word(m.name("pair"), info(btf.Struct, 2, true), 8, m.name("a"), 1, 0, m.name("b"), 1, 3<<24|40)
}

func TestSmall(t *testing.T) {
	for _, big := range []bool{false, true} {
		f := open(t, append(small(big).bytes(), 0xff), nil)
		if f.Len() != 3 || f.BigEndian() != big {
			t.Errorf("%d types, big-endian %v", f.Len(), f.BigEndian())
		}
		for typ := range f.Find(btf.KindsOf(btf.Struct), "pair") {
			b, err := typ.Member(1)
			if err != nil || b != (btf.Member{Name: "b", Type: 1, BitOffset: 40, BitSize: 3}) {
				t.Errorf("%+v, %v", b, err)
			}
		}
		for typ := range f.Find(btf.ByName, "pairs") {
			t.Errorf("there is %+v", typ)
		}
	}
}

// A kind that is newer than this package is passed over if the file says how long its types are (struct btf_layout, v7.1).
func TestLayout(t *testing.T) {
	m := small(false)
	m.word(m.name("new"), info(100, 2, false), 7, 1, 2, 3, 4, 5)
	m.word(m.name("last"), info(btf.Typedef, 0, false), 1)
	layouts := make([]byte, 4*101)
	copy(layouts[400:], []byte{4, 8, 0, 0})
	for k, l := range map[btf.Kind][2]byte{btf.Int: {4, 0}, btf.Array: {12, 0}, btf.Struct: {0, 12}, btf.Union: {0, 12}, btf.Enum: {0, 8}, btf.FuncProto: {0, 8}, btf.Var: {4, 0}, btf.Datasec: {0, 12}, btf.DeclTag: {4, 0}, btf.Enum64: {0, 12}} {
		copy(layouts[4*int(k):], l[:])
	}
	f := open(t, m.bytes(layouts...), nil)
	n := 0
	for typ := range f.Find(btf.KindsOf(btf.Typedef), "last") {
		if n++; typ.ID != 4 {
			t.Errorf("last is type %d", typ.ID)
		}
	}
	if n != 1 || f.Len() != 5 {
		t.Errorf("%d of %d types have the name", n, f.Len())
	}
	if typ, err := f.Type(3); err != nil || typ.Kind != 100 {
		t.Errorf("%+v, %v", typ, err)
	}
	_, err := btf.Open("made up", m.bytes(), nil)
	if err == nil || !strings.Contains(err.Error(), "type 3: kind 100 is not known") {
		t.Error(err)
	}
	layouts[4*int(btf.Struct)+1] = 16
	if _, err := btf.Open("made up", m.bytes(layouts...), nil); err == nil || !strings.Contains(err.Error(), "STRUCT of 0 and 16 bytes") {
		t.Error(err)
	}
}

func TestSplit(t *testing.T) {
	m := small(false)
	base := open(t, m.bytes(), nil)
	split := func(edit func(s *maker)) (*btf.File, error) {
		s := newMaker(false, base, len(m.text))
		edit(s)
		return btf.Open("module", s.bytes(), base)
	}
	f, err := split(func(s *maker) {
		s.word(s.name("two"), info(btf.Struct, 2, false), 16, s.name("x"), 2, 0, 1, 2, 64) // the second has the name of the base's type 1
	})
	if err != nil {
		t.Fatal(err)
	}
	typ, err := f.Type(3)
	if err != nil || typ.Name() != "two" || f.First() != 3 || f.Len() != 4 {
		t.Fatalf("%+v, %v", typ, err)
	}
	if b, err := typ.Member(1); err != nil || b.Name != "int" || b.Type != 2 {
		t.Errorf("%+v, %v", b, err)
	}
	if typ, err := f.Type(2); err != nil || typ.Name() != "pair" {
		t.Errorf("%+v, %v", typ, err)
	}
	for _, test := range []struct {
		want string
		edit func(s *maker)
	}{
		{"type 9: is referred to, but the types end at 4", func(s *maker) { s.word(0, info(btf.Ptr, 0, false), 9) }},
		{"type 3: no string begins at offset 0x2", func(s *maker) { s.word(2, info(btf.Struct, 0, false), 0) }},
		{"member 'x' lies past the end of the structure of 12 bytes", func(s *maker) {
			s.word(0, info(btf.Struct, 1, false), 12, s.name("x"), 2, 64)
		}},
		{"a FUNC can't refer to type 1, which is of kind INT", func(s *maker) { s.word(s.name("f"), info(btf.Func, 0, false), 1) }},
	} {
		if _, err := split(test.edit); err == nil || !strings.Contains(err.Error(), test.want) ||
			!strings.HasPrefix(err.Error(), "module is split BTF of another base than made up: ") {
			t.Errorf("got %v, want …%s", err, test.want)
		}
	}
}

func TestHostile(t *testing.T) {
	for want, data := range map[string][]byte{
		"must begin with the magic number":                               []byte("\x7fELF"),
		"BTF header of 8 bytes":                                          append([]byte{0x9f, 0xeb, 1, 0, 8}, make([]byte, 30)...),
		"4 bytes wanted, 2 left":                                         {0x9f, 0xeb, 1, 0, 24, 0},
		"the types end at 0x10000000e, past the end":                     {0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0xf7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0},
		"the first string is not empty":                                  {0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"the last string does not end":                                   (&maker{order: binary.LittleEndian, text: []byte{0, 'a'}}).bytes(),
		"type 1: 4 bytes are left for a type":                            newMaker(false, nil, 0).word(1).bytes(),
		"type 1: kind 77 is not known":                                   newMaker(false, nil, 0).word(0, info(77, 0, false), 0).bytes(),
		"type 1: VOID is not known":                                      newMaker(false, nil, 0).word(0, 0, 0).bytes(),
		"STRUCT of 16777215 elements takes 201326592 bytes, 12 are left": newMaker(false, nil, 0).word(0, info(btf.Struct, 0xffffff, false), 0).bytes(),
		"type 1: name at offset 0x7, past the end of the strings":        newMaker(false, nil, 0).word(7, info(btf.Ptr, 0, false), 0).bytes(),
	} {
		_, err := btf.Open("made up", data, nil)
		if want == "the types end at 0x10000000e, past the end" {
			want = "past the end (0x18)"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s", err, want)
		}
	}
	m := newMaker(false, nil, 0)
	m.word(m.name("t"), info(btf.Typedef, 0, false), 1)
	m.word(0, info(btf.Array, 0, false), 0, 2, 2, 0xffffffff)
	m.word(m.name("s"), info(btf.Struct, 1, false), 4, 99, 98, 0)
	m.word(m.name("e"), info(btf.Enum, 1, false), 4, 99, 0)
	f := open(t, m.bytes(), nil)
	for id, want := range map[btf.ID]string{1: "in a circle", 2: "array of 2^64 bytes or more", 9: "type 9: is referred to"} {
		if _, _, err := f.SizeOf(id, 8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("size of %d: got %v, want …%s", id, err, want)
		}
	}
	typ, err := f.Type(3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typ.Member(0); err == nil || !strings.Contains(err.Error(), "type 3: name at offset 0x63, past the end of the strings (0x7)") {
		t.Error(err)
	}
	if _, _, _, err := f.FindEnumerator("x"); err == nil || !strings.Contains(err.Error(), "enumerator 0 has a name at offset 0x63") {
		t.Error(err)
	}
}

// FuzzOpen looks at all that a file has, and at a split one of it.
func FuzzOpen(f *testing.F) {
	f.Add(small(false).bytes(), small(false).bytes())
	f.Add(small(true).bytes(), small(true).bytes(1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, data, more []byte) {
		file, err := btf.Open("fuzz", data, nil)
		if err != nil {
			return
		}
		visit(t, file)
		if split, err := btf.Open("fuzz split", more, file); err == nil {
			visit(t, split)
		}
	})
}

func visit(t *testing.T, f *btf.File) {
	n := 0
	for typ := range f.All(^btf.KindSet(0)) {
		if n++; n > 100 {
			break
		}
		name := typ.Name()
		_, _, _ = f.SizeOf(typ.ID, 8)
		_, _ = f.Resolve(typ.ID)
		for range f.Find(btf.ByName, name) {
			break
		}
		for i := range min(typ.Count(), 10) {
			switch typ.Kind {
			case btf.Struct, btf.Union:
				_, _ = typ.Member(i)
			case btf.Enum, btf.Enum64:
				if e, err := typ.Enumerator(i); err == nil {
					_, _, _, _ = f.FindEnumerator(e.Name)
				}
			case btf.FuncProto:
				_, _, _ = typ.Parameter(i)
			case btf.Datasec:
				typ.Variable(i)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	data := coretest.KernelBTF(b, "7.2")
	b.ReportAllocs()
	for b.Loop() {
		open(b, data, nil)
	}
}
