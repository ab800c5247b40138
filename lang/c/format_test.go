package c

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/types"
)

func format(t *testing.T, f Format, v Value, mem Memory) string {
	t.Helper()
	s, err := f.String(v, mem)
	if err != nil {
		return "!" + err.Error()
	}
	return s
}

// with returns the default format with some flags changed.
func with(on, off FormatFlags) Format {
	f := DefaultFormat
	f.Flags = f.Flags&^off | on
	return f
}

func TestFormatSymbols(t *testing.T) {
	m := newMock(le64, C)
	mem := &flatMemory{base: 0xffffffff81000000, data: make([]byte, 64), names: map[uint64]string{0xffffffff81000000: "start", 0xffffffff81000020: "text"}}
	copy(mem.data, []byte{1, 0, 0, 0, 2})
	copy(mem.data[0x20:], "hello")
	binary.LittleEndian.PutUint64(mem.data[0x10:], mem.base)
	at := func(typ *types.Type, off uint64) Value {
		return Value{Type: m.ptr(typ), Form: Bits, Bits: mem.base + off}
	}
	foo, i, char := m.named["struct foo"], m.prim(types.CInt), m.prim(types.CChar)
	function := m.function(m.prim(types.CVoid), false)
	for _, c := range []struct {
		f    Format
		v    Value
		want string
	}{
		{DefaultFormat, at(foo, 0), "*(struct foo *)(start+0x0 = 0xffffffff81000000) = {\n\t.x = (int)1,\n\t.y = (int)2,\n}"},
		{with(0, Symbolize), at(foo, 0), "*(struct foo *)0xffffffff81000000 = {\n\t.x = (int)1,\n\t.y = (int)2,\n}"},
		{with(0, Dereference), at(foo, 0), "(struct foo *)start+0x0 = 0xffffffff81000000"},
		{with(0, TypeName), at(i, 4), "*(start+0x4 = 0xffffffff81000004) = 2"},
		{with(0, TypeName), at(i, 0x18), "*0xffffffff81000018 = 0"},
		{DefaultFormat, at(char, 0x21), "(char *)text+0x1 = 0xffffffff81000021 = \"ello\""},
		{with(0, String), at(char, 0x21), "*(char *)(text+0x1 = 0xffffffff81000021) = 101"},
		{DefaultFormat, at(m.prim(types.CVoid), 0), "(void *)start+0x0 = 0xffffffff81000000"},
		{DefaultFormat, at(function, 0), "(void (*)(void))start+0x0 = 0xffffffff81000000"},
		{DefaultFormat, Value{Type: function, Address: mem.base}, "(void (void))0xffffffff81000000"},
		{DefaultFormat, at(m.ptr(i), 0x10), "*(int **)0xffffffff81000010 = start+0x0 = 0xffffffff81000000"},
		{DefaultFormat, Value{Type: m.array(m.ptr(i), 1), Address: mem.base + 0x10}, "(int *[1]){ start+0x0 = 0xffffffff81000000 }"},
		{DefaultFormat, Value{Type: i, Form: Absent, Reason: "optimized out"}, "(int)<optimized out>"},
		{DefaultFormat, Value{Type: m.prim(types.CVoid), Form: Absent}, "(void)<absent>"},
	} {
		if got := format(t, c.f, c.v, mem); got != c.want {
			t.Errorf("%s; want %s", got, c.want)
		}
	}
}

func TestFormatIntegerBase(t *testing.T) {
	m := newMock(le64, C)
	i128 := m.set.Int(C, "__int128", 16, true, false)
	wide := make([]byte, 16)
	for i := range wide {
		wide[i] = 0xff
	}
	for _, c := range []struct {
		base int
		v    Value
		want string
	}{
		{16, Value{Type: m.prim(types.CInt), Form: Bits, Bits: 255}, "(int)0xff"},
		{16, Value{Type: m.prim(types.CInt), Form: Bits, Bits: ^uint64(0)}, "(int)-0x1"},
		{8, Value{Type: m.prim(types.CLong), Form: Bits, Bits: 8}, "(long)010"},
		{8, Value{Type: m.prim(types.CInt), Form: Bits}, "(int)0"},
		{16, Value{Type: m.prim(types.CInt), Form: Bits}, "(int)0x0"},
		{16, Value{Type: m.prim(types.CLong), Form: Bits, Bits: 1 << 63}, "(long)-0x8000000000000000"},
		{16, Value{Type: m.named["enum e"], Form: Bits, Bits: 1}, "(enum e)A"},
		{16, Value{Type: m.named["enum e"], Form: Bits, Bits: 16}, "(enum e)16"},
		{16, Value{Type: i128, Form: Bytes, Data: wide}, "(__int128)-0x1"},
		{8, Value{Type: m.array(m.prim(types.CInt), 2), Form: Bytes, Data: []byte{9, 0, 0, 0, 0, 0, 0, 0}}, "(int [2]){ 011 }"},
		{2, Value{Type: m.prim(types.CInt), Form: Bits}, "!invalid integer base: must be 8, 10, or 16"},
	} {
		f := DefaultFormat
		f.IntegerBase = c.base
		if got := format(t, f, c.v, nil); got != c.want {
			t.Errorf("%s; want %s", got, c.want)
		}
	}
}

func TestFormatByteOrders(t *testing.T) {
	for _, model := range []Model{le64, be64, le32, be32} {
		m := newMock(model, C)
		u := m.prim(types.CUnsignedInt)
		bf := m.compound(types.Struct, "bf", 8, field{"a", 0, u, 3}, field{"b", 3, m.prim(types.CInt), 13}, field{"c", 16, u, 16}, field{"d", 32, m.prim(types.CShort), 0})
		data := []byte{0b101_00000, 0x02, 0xab, 0xcd, 0xff, 0xfe, 0, 0}
		want := "(struct bf){\n\t.a = (unsigned int)5,\n\t.b = (int)2,\n\t.c = (unsigned int)43981,\n\t.d = (short)-2,\n}"
		if !model.BigEndian {
			data = []byte{0b00010_101, 0, 0xcd, 0xab, 0xfe, 0xff, 0, 0}
		}
		if got := format(t, DefaultFormat, Value{Type: bf, Form: Bytes, Data: data}, nil); got != want {
			t.Errorf("%+v: %s", model, got)
		}
		if got := format(t, DefaultFormat, Value{Type: m.prim(types.CInt), Form: Bits, Bits: 0xfffffffe}, nil); got != "(int)-2" {
			t.Error(got)
		}
		if got := format(t, DefaultFormat, Value{Type: u, Form: Bits, Bits: 5, BitFieldSize: 3, BitOffset: 6}, nil); got != "(unsigned int)5" {
			t.Error(got)
		}
		if got := format(t, DefaultFormat, Value{Type: m.prim(types.CInt), Form: Bits, Bits: 0x1e, BitFieldSize: 5}, nil); got != "(int)-2" {
			t.Error(got)
		}
	}
}

// holes is memory of which only some ranges can be read.
type holes struct {
	flatMemory
	bad   [][2]uint64
	reads int
}

func (h *holes) Read(buf []byte, addr uint64) error {
	h.reads++
	for _, r := range h.bad {
		if addr < r[1] && addr+uint64(len(buf)) > r[0] {
			return fmt.Errorf("fault at %#x", max(addr, r[0]))
		}
	}
	return h.flatMemory.Read(buf, addr)
}

func TestFormatFaults(t *testing.T) {
	m := newMock(le64, C)
	h := &holes{flatMemory: flatMemory{base: 0x10000, data: make([]byte, 0x20000)}, bad: [][2]uint64{{0x11000, 0x12000}}}
	for i := range h.data {
		h.data[i] = 1
	}
	foo, i := m.named["struct foo"], m.prim(types.CInt)
	s := m.compound(types.Struct, "s", 0x2010, field{"a", 0, i, 0}, field{"foo", 8 * 0x1000, foo, 0}, field{"p", 8 * 0x1008, m.ptr(i), 0},
		field{"text", 8 * 0x1fff, m.array(m.prim(types.CChar), 4), 0}, field{"z", 8 * 0x2008, i, 0})
	got := format(t, DefaultFormat, Value{Type: s, Address: 0x10000}, h)
	want := "(struct s){\n\t.a = (int)16843009,\n\t.foo = (struct foo)<fault at 0x11000>,\n\t.p = (int *)<fault at 0x11008>,\n\t.text = (char [4])<fault at 0x11fff>,\n\t.z = (int)16843009,\n}"
	if got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got := format(t, DefaultFormat, Value{Type: foo, Address: 0x11000}, h); got != "!fault at 0x11000" {
		t.Error(got)
	}
	if got := format(t, DefaultFormat, Value{Type: i, Address: 0x11000}, h); got != "!fault at 0x11000" {
		t.Error(got)
	}
	if got := format(t, DefaultFormat, Value{Type: m.ptr(foo), Form: Bits, Bits: 0x11000}, h); got != "(struct foo *)0x11000" {
		t.Error(got)
	}
	if got := format(t, DefaultFormat, Value{Type: m.ptr(foo), Address: 0x11000}, h); got != "!fault at 0x11000" {
		t.Error(got)
	}
	// Half of a structure on each side.
	if got := format(t, DefaultFormat, Value{Type: foo, Address: 0x10ffc}, h); got != "(struct foo){\n\t.x = (int)16843009,\n\t.y = (int)<fault at 0x11000>,\n}" {
		t.Error(got)
	}
	// An array that starts before and ends after the hole, longer than a window: no more than a read a page and element.
	h.reads = 0
	got = format(t, DefaultFormat, Value{Type: m.array(i, 0x8000), Address: 0x10000}, h)
	if n := strings.Count(got, "<fault"); n != 1024 || strings.Count(got, "16843009") != 0x8000-1024 {
		t.Errorf("%d elements cannot be read", n)
	}
	if h.reads > 5000 {
		t.Errorf("%d reads", h.reads)
	}
	// Text that ends before the hole, in an array that does not.
	h.data[0xfff] = 0
	if got := format(t, DefaultFormat, Value{Type: m.array(m.prim(types.CChar), 16), Address: 0x10ffd}, h); got != `(char [16])"\x01\x01"` {
		t.Error(got)
	}
}

// broken is memory whose errors say more than that there is none.
type broken struct{ holes }

func (*broken) Missing(error) bool { return false }

func TestFormatBroken(t *testing.T) {
	m := newMock(le64, C)
	b := &broken{holes{flatMemory: flatMemory{base: 0x10000, data: make([]byte, 0x20000)}, bad: [][2]uint64{{0x11000, 0x12000}}}}
	i, text := m.prim(types.CInt), m.ptr(m.prim(types.CChar))
	for _, v := range []Value{
		{Type: m.array(i, 4), Address: 0x10ff8}, {Type: m.array(m.prim(types.CChar), 16), Address: 0x11000}, {Type: m.ptr(i), Form: Bits, Bits: 0x11000},
		{Type: text, Form: Bits, Bits: 0x11004}, {Type: m.array(text, 1), Form: Bytes, Data: []byte{8, 0x10, 1, 0, 0, 0, 0, 0}},
	} {
		if got := format(t, DefaultFormat, v, b); !strings.HasPrefix(got, "!fault at 0x1100") {
			t.Errorf("%s: %s", v.Type, got)
		}
	}
	// What is not shown need not be readable.
	if got := format(t, DefaultFormat, Value{Type: i, Address: 0x10ffc}, b); got != "(int)0" {
		t.Error(got)
	}
}

func TestFormatReadsOnce(t *testing.T) {
	m := newMock(le64, C)
	h := &holes{flatMemory: flatMemory{base: 0x1000, data: make([]byte, 0x3000)}}
	var fields []field
	for i := range uint64(1000) {
		fields = append(fields, field{fmt.Sprint("m", i), i * 64, m.named["struct foo"], 0})
	}
	s := m.compound(types.Struct, "s", 8000, fields...)
	if _, err := DefaultFormat.String(Value{Type: s, Address: 0x1ffc}, h); err != nil || h.reads != 1 {
		t.Errorf("%v, %d reads", err, h.reads)
	}
}

func TestFormatHostile(t *testing.T) {
	m := newMock(le64, C)
	mem := &flatMemory{base: 0, data: make([]byte, 64)}
	empty := m.compound(types.Struct, "empty", 0)
	_, loop := circular(m)
	beyond := m.compound(types.Struct, "beyond", 8, field{"x", math.MaxUint64 - 7, m.prim(types.CInt), 0}, field{"y", 1 << 40, m.prim(types.CInt), 40}, field{"z", 3, m.prim(types.CLong), 0})
	huge := m.compound(types.Struct, "huge", 1<<62, field{"x", 0, m.array(m.prim(types.CChar), 1<<62), 0})
	sameBits := m.prim(types.CInt)
	for _, c := range []struct {
		typ  *types.Type
		f    Format
		want string
	}{
		{m.array(empty, 1<<63), DefaultFormat, "(struct empty [9223372036854775808]){}"},
		{m.array(empty, 1<<63), with(ElementIndices, 0), "(struct empty [9223372036854775808]){}"},
		{m.array(m.prim(types.CInt), 1<<63), DefaultFormat, "!"},
		{m.array(m.prim(types.CInt), 1<<50), DefaultFormat, "!"},
		{m.array(m.prim(types.CInt), 1<<59), with(ImplicitElements, 0), "!"},
		{m.array(empty, 1<<63), with(ImplicitElements, 0), "!object is too large to be printed"},
		{m.array(m.prim(types.CChar), 1<<62), DefaultFormat, "(char [4611686018427387904])\"\""},
		{huge, DefaultFormat, "(struct huge){\n\t.x = (char [4611686018427387904])\"\",\n}"},
		{huge, with(0, ImplicitMembers), "!object is too large to be printed"},
		{loop, DefaultFormat, "!object nests too deeply to be printed"},
		{loop, with(0, ImplicitMembers), "(struct <anonymous>){}"},
		{m.set.Int(C, "wide", 1<<40, false, false), DefaultFormat, "!"},
		{m.set.Float(C, "wide", 1<<40, false), DefaultFormat, "!"},
		{m.set.Int(C, "empty", 0, false, false), DefaultFormat, "(empty)0"},
		{beyond, DefaultFormat, "(struct beyond){\n\t.x = (int)<fault at 0x1fffffffffffffff>,\n\t.y = (int)<fault at 0x2000000000>,\n\t.z = (long)0,\n}"},
		{sameBits, DefaultFormat, "(int)0"},
	} {
		got := format(t, c.f, Value{Type: c.typ}, mem)
		if got != c.want && !(c.want == "!" && got[0] == '!') {
			t.Errorf("%s: %.200s; want %s", c.typ, got, c.want)
		}
	}
	// A value whose bytes do not reach.
	for _, v := range []Value{
		{Type: m.prim(types.CInt), Form: Bytes, Data: []byte{1}}, {Type: m.named["struct foo"], Form: Bytes},
		{Type: m.prim(types.CInt), Form: Bits, BitFieldSize: 65}, {Type: m.named["struct foo"], Form: Bytes, Data: make([]byte, 8), BitOffset: 1 << 63}, {},
	} {
		if got := format(t, DefaultFormat, v, nil); got[0] != '!' {
			t.Errorf("%s", got)
		}
	}
}

// random makes types and bytes out of fuzzed data.
type random struct {
	m     *mock
	data  []byte
	depth int
}

func (r *random) byte() uint64 {
	if len(r.data) == 0 {
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return uint64(b)
}

func (r *random) typ() *types.Type {
	m := r.m
	r.depth++
	defer func() { r.depth-- }()
	k := r.byte() % 20
	if r.depth > 6 {
		k %= 6
	}
	switch k {
	case 0, 1:
		return m.prim(types.Primitive(1 + r.byte()%18))
	case 2:
		return m.set.Int(m.lang, "odd", r.byte()%20, r.byte()%2 == 0, r.byte()%2 == 0)
	case 3:
		return m.enum("", m.prim(types.CInt), "A", 0, "B", 1)
	case 4:
		return m.set.IncompleteCompound(m.lang, types.Struct, "inc")
	case 5:
		return m.set.IncompleteEnum(m.lang, "inc")
	case 6, 7:
		return m.ptr(r.typ())
	case 8, 9:
		return m.array(r.typ(), r.byte()%20)
	case 10:
		return m.open(r.typ())
	case 11:
		return m.array(r.typ(), 1<<(r.byte()%64))
	case 12:
		return m.typedef("t", r.typ())
	case 13:
		return m.function(r.typ(), r.byte()%2 == 0, field{"", 0, r.typ(), 0})
	case 14:
		return r.typ().Qualified(types.Qualifiers(r.byte()))
	}
	var fields []field
	for range r.byte() % 6 {
		f := field{"m", r.byte() * 8, r.typ(), 0}
		switch r.byte() % 4 {
		case 0:
			f.name = ""
		case 1:
			if f.typ.UnderlyingKind() == types.Int {
				f.bits = r.byte() % 70
				f.offset += r.byte() % 64
			}
		}
		fields = append(fields, f)
	}
	return m.compound(types.Struct+types.Kind(r.byte()%3), [2]string{"", "s"}[r.byte()%2], r.byte(), fields...)
}

func FuzzFormat(f *testing.F) {
	// An input that takes a second is one too slow for the fuzzer to end in time.
	defer func(output, scan int) { maxOutput, maxZeroScan = output, scan }(maxOutput, maxZeroScan)
	maxOutput, maxZeroScan = 1<<20, 1<<20
	f.Add([]byte{15, 3, 0, 0, 7, 3, 8, 8, 1, 1, 4, 2, 9, 0, 2, 3, 0, 0, 1}, uint16(DefaultFlags), int16(-1), true)
	f.Add([]byte{6, 8, 0, 2, 5}, uint16(0xffff), int16(20), false)
	f.Fuzz(func(t *testing.T, data []byte, flags uint16, columns int16, big bool) {
		m := newMock(Model{PointerSize: 8, BigEndian: big}, C)
		r := &random{m: m, data: data}
		typ := r.typ()
		mem := &holes{flatMemory: flatMemory{base: 0, data: make([]byte, 8192)}, bad: [][2]uint64{{100, 110}}}
		copy(mem.data[r.byte():], data)
		v := Value{Type: typ, Address: r.byte(), BitOffset: r.byte() % 8}
		if r.byte()%4 == 0 {
			v.Form, v.Data = Bytes, data
		}
		out, err := Format{Columns: int(columns), IntegerBase: 16, Flags: FormatFlags(flags)}.String(v, mem)
		if err != nil && out != "" || err == nil && out == "" {
			t.Fatalf("%q, %v", out, err)
		}
		definition, err := C.Definition(typ)
		if err != nil && definition != "" {
			t.Fatalf("%q, %v", definition, err)
		}
		if strings.Contains(typ.String(), "  ") {
			t.Fatalf("%q", typ)
		}
	})
}

// taskLike is a structure that prints on about 700 lines.
func taskLike(m *mock) (Value, Memory) {
	i, ul, p := m.prim(types.CInt), m.prim(types.CUnsignedLong), m.ptr(m.named["struct foo"])
	head := m.compound(types.Struct, "list_head", 16, field{"next", 0, p, 0}, field{"prev", 64, p, 0})
	inner := m.compound(types.Struct, "sched_entity", 64, field{"load", 0, ul, 0}, field{"node", 64, head, 0}, field{"on_rq", 192, i, 0},
		field{"bits", 224, i, 3}, field{"vruntime", 256, m.named["u64"], 0}, field{"comm", 320, m.array(m.prim(types.CChar), 16), 0})
	var fields []field
	for n := range uint64(60) {
		fields = append(fields, field{fmt.Sprint("member", n), n * 128 * 8, inner, 0}, field{fmt.Sprint("state", n), (n*128 + 64) * 8, m.array(ul, 8), 0})
	}
	s := m.compound(types.Struct, "task", 60*128, fields...)
	mem := &flatMemory{base: 0xffff888000000000, data: make([]byte, 60*128)}
	for n := range mem.data {
		mem.data[n] = byte(n * 7)
	}
	return Value{Type: s, Address: mem.base}, mem
}

func BenchmarkFormat(b *testing.B) {
	m := newMock(le64, C)
	v, mem := taskLike(m)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = DefaultFormat.Append(buf[:0], v, mem); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(strings.Count(string(buf), "\n")), "lines")
}

func BenchmarkFormatInt(b *testing.B) {
	m := newMock(le64, C)
	v := Value{Type: m.prim(types.CInt), Form: Bits, Bits: 5}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = DefaultFormat.Append(buf[:0], v, nil)
	}
}

func TestFormatErrorsKeepBuffer(t *testing.T) {
	m := newMock(le64, C)
	b, err := DefaultFormat.Append([]byte("x = "), Value{Type: m.prim(types.CVoid)}, nil)
	var unprintable *FormatError
	if string(b) != "x = " || !errors.As(err, &unprintable) {
		t.Errorf("%q, %v", b, err)
	}
}

// TestFormatUnknownMember has a structure one of whose members is of a type that debugging information says in a way that is not understood: the others
// are printed. Other failures, such as an interrupt, are those of the whole.
func TestFormatUnknownMember(t *testing.T) {
	m := newMock(le64, C)
	with := func(err error) *types.Type {
		return m.set.Compound(m.lang, types.Struct, "s", 12, func() (types.Detail, error) {
			i := types.OfType(m.prim(types.CInt))
			return types.Detail{Members: []types.Member{{Name: "a", Lazy: i}, {Name: "b", BitOffset: 32, Lazy: types.Later(func() (types.Slot, error) { return types.Slot{}, err })},
				{Name: "c", BitOffset: 64, Lazy: i}}}, nil
		})
	}
	data := &flatMemory{base: 0x1000, data: []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0}}
	unknown := &bin.DecodeError{Section: ".debug_info", Off: 0x10, Problem: "base type 'complex float' is not supported"}
	want := "(struct s){\n\t.a = (int)1,\n\t.b = <.debug_info+0x10: base type 'complex float' is not supported>,\n\t.c = (int)3,\n}"
	if got := format(t, DefaultFormat, Value{Type: with(unknown), Address: 0x1000}, data); got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got := format(t, DefaultFormat, Value{Type: with(context.Canceled), Address: 0x1000}, data); got != `!member "b" of 'struct s': context canceled` {
		t.Error(got)
	}
}

// TestFormatNothingKnown has objects that are absent and could be known in parts, but not one is.
func TestFormatNothingKnown(t *testing.T) {
	m := newMock(le64, C)
	for _, typ := range []*types.Type{m.named["struct foo"], m.array(m.prim(types.CInt), 2), m.array(m.prim(types.CInt), 2*maxFaults)} {
		v := Value{Type: typ, Form: Absent, Reason: "optimized out", Parts: unknown{}}
		want := string(append(AppendTypeName([]byte("("), typ), ")<optimized out>"...))
		if got := format(t, DefaultFormat, v, &flatMemory{}); got != want {
			t.Errorf("%.100s; want %s", got, want)
		}
		if got := format(t, with(0, TypeName), v, &flatMemory{}); got != "<optimized out>" {
			t.Errorf("%.100s", got)
		}
	}
}

// unknown is the parts of an object of which none is known.
type unknown struct{}

func (unknown) Read([]byte, uint64) error { return errors.New("optimized out") }
