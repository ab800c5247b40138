package drgn_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func TestDecodeStruct(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		node := family(m)
		first := m.ObjectAt(node, 0x1000)
		type inner struct {
			ID int8 `drgn:"id"`
		}
		type result struct {
			ID     int    `drgn:"id"`
			New    uint8  `drgn:"nothing|b|a"`
			NextID int64  `drgn:"next->id"`
			Dotted uint   `drgn:"next.id"`
			Far    int    `drgn:"next->next->id,optional"`
			None   int    `drgn:"nothing,optional"`
			Lost   int    `drgn:"nothing->at->all|next->nothing,optional"`
			V      []int  `drgn:"v"`
			W      [2]int `drgn:"next->v"`
			Next   inner  `drgn:"next"`
			Plain  string
			Object drgn.Object `drgn:"v"`
		}
		want := result{ID: 10, New: 12, NextID: 20, Dotted: 20, Far: -1, None: -2, Lost: -3, V: []int{13, 14}, W: [2]int{23, 24}, Next: inner{20}, Plain: "as it was"}
		for i, o := range []drgn.Object{first, first.AddressOf(), first, first.AddressOf()} {
			if i == 2 { // all is read at once
				if err := m.Setup(drgn.Setup{Flags: drgn.IsLive}); err != nil {
					t.Fatal(err)
				}
			}
			got := result{Far: -1, None: -2, Lost: -3, Plain: "as it was"}
			if err := o.Decode(&got); err != nil {
				t.Fatal(err)
			}
			// An object keeps its place in memory.
			if at, ok := got.Object.Address(); !ok || at != 0x1000+2*m.ptr+4 {
				t.Errorf("object at %#x, %t", at, ok)
			}
			got.Object = drgn.Object{}
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b drgn.Object) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
		}
		got := result{}
		if err := first.Read().Decode(&got); err != nil || got.ID != 10 || got.NextID != 20 {
			t.Error(got, err)
		}
	})
}

func TestDecodeNested(t *testing.T) {
	m := newMock(t, arch.X86_64)
	i, char := m.int("int", 4, true), m.int("char", 1, true)
	link := m.structure("link", 8, field{"p", 0, m.PointerTo(i), 0})
	s := m.structure("s", 32, field{"link", 64, link, 0}, field{"links", 128, m.array(link, 2), 0}, field{"flex", 256, m.Types().IncompleteArray(lang, char), 0},
		field{"bits", 3, m.int("unsigned int", 4, false), 5}, field{"sbits", 8, i, 3})
	m.put(0x1000, append(append(m.word(0x06f8, 8), make([]byte, 24)...), "text\x00"...)...)
	var got struct {
		Bits  uint8  `drgn:"bits"`
		SBits int8   `drgn:"sbits"`
		Text  string `drgn:"flex"`
		Link  struct {
			P drgn.Object `drgn:"p"`
		} `drgn:"link"`
		Links []drgn.Object `drgn:"links"`
		Many  [2]struct {
			P drgn.Object `drgn:"p"`
			N uintptr     `drgn:"p"`
		} `drgn:"links"`
	}
	if err := m.Setup(drgn.Setup{Flags: drgn.IsLive}); err != nil {
		t.Fatal(err)
	}
	if err := m.ObjectAt(s, 0x1000).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Bits != 0x1f || got.SBits != -2 || got.Text != "text" || len(got.Links) != 2 {
		t.Errorf("%+v", got)
	}
	for at, o := range map[uint64]drgn.Object{0x1008: got.Link.P, 0x1010: got.Links[0], 0x1018: got.Many[1].P} {
		if have, ok := o.Address(); !ok || have != at {
			t.Errorf("at %#x, %t; want %#x", have, ok, at)
		}
	}
}

func TestDecodeScalars(t *testing.T) {
	m := newMock(t, arch.S390X)
	i, u, ll, ull := m.int("int", 4, true), m.int("unsigned int", 4, false), m.int("long long", 8, true), m.int("unsigned long long", 8, false)
	char := m.int("char", 1, true)
	d := m.Types().Float(lang, "double", 8, true)
	m.put(0x1000, []byte("abc\x00\xff")...)
	var (
		i8  int8
		i64 int64
		u8  uint8
		u64 uint64
		b   bool
		f32 float32
		f64 float64
		s   string
		bs  []byte
		is  []int8
		a4  [4]byte
		o   drgn.Object
		ch  chan int
	)
	minus := m.ScalarValue(ll, ^uint64(0))
	text := m.ObjectAt(m.array(char, 5), 0x1000)
	for _, c := range []struct {
		o    drgn.Object
		into any
		want any // or the text of the error
	}{
		{minus, &i8, int8(-1)}, {minus, &i64, int64(-1)}, {minus, &u8, errors.New("-1 does not fit uint8")},
		{minus, &u64, errors.New("-1 does not fit uint64")},
		{m.ScalarValue(ull, math.MaxUint64), &u64, uint64(math.MaxUint64)},
		{m.ScalarValue(ull, math.MaxUint64), &i64, errors.New("18446744073709551615 does not fit int64")},
		{m.ScalarValue(u, 128), &i8, errors.New("128 does not fit int8")}, {m.ScalarValue(u, 255), &u8, uint8(255)},
		{m.ScalarValue(u, 256), &u8, errors.New("256 does not fit uint8")}, {m.ScalarValue(i, 127), &i8, int8(127)},
		{m.ScalarValue(i, 0x80), &b, true}, {m.ScalarValue(m.PointerTo(i), 0xffff888000000000), &u64, uint64(0xffff888000000000)},
		{m.FloatLiteral(1.5), &f32, float32(1.5)}, {m.FloatLiteral(1e300), &f32, errors.New("1e+300 does not fit float32")},
		{m.FloatLiteral(math.Inf(1)), &f32, float32(math.Inf(1))}, {m.ScalarValue(i, 1), &f64, errors.New("'int' is not a floating-point number")},
		{m.FloatLiteral(1), &i64, errors.New("'double' is not an integer or pointer")}, {m.ObjectAt(d, 0), &f64, errors.New("*(double *)0x0: could not find memory segment: 0x0")},
		{text, &s, "abc"}, {text, &bs, []byte("abc\x00\xff")}, {text, &is, []int8{'a', 'b', 'c', 0, -1}},
		{m.ScalarValue(m.PointerTo(char), 0x1001), &s, "bc"}, {m.ScalarValue(m.PointerTo(m.Types().Void(lang)), 0x1001), &s, "bc"},
		{m.ScalarValue(m.PointerTo(i), 0x1000), &s, errors.New("cannot decode 'int *' into string: it is not text")},
		{m.ScalarValue(i, 1), &s, errors.New("cannot decode 'int' into string: it is not text")},
		{m.ObjectAt(m.array(i, 2), 0x1000), &s, errors.New("cannot decode 'int [2]' into string: it is not text")},
		{text, &a4, errors.New("'char [5]' does not fit [4]uint8")}, {m.ScalarValue(i, 1), &bs, errors.New("'int' has no length")},
		{m.ScalarValue(i, 1), &ch, errors.New("cannot decode 'int' into chan int")},
		{m.ScalarValue(i, 1), i8, errors.New("Decode into int8, which does not point to a value")}, {m.ScalarValue(i, 1), nil, errors.New("Decode into <nil>, which does not point to a value")},
		{m.ScalarValue(i, 1), (*int)(nil), errors.New("Decode into *int, which does not point to a value")},
		{m.ObjectAt(m.array(char, 1<<40), 0x1000), &bs, errors.New("array of 1099511627776 elements is too long to decode")},
		{m.ObjectAt(m.array(m.structure("none", 0), 1<<27), 0x1000), &[][16]byte{}, errors.New("array of 134217728 elements is too long to decode")},
		{m.ObjectAt(m.array(char, 6), 0x1000), &a4, errors.New("'char [6]' does not fit [4]uint8")},
	} {
		err := c.o.Decode(c.into)
		switch want := c.want.(type) {
		case error:
			if err == nil || err.Error() != want.Error() {
				t.Errorf("'%s' into %T: %v, want %v", c.o.Type(), c.into, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("'%s' into %T: %v", c.o.Type(), c.into, err)
			continue
		}
		if diff := cmp.Diff(c.want, deref(c.into)); diff != "" {
			t.Error(diff)
		}
	}
	if err := text.Decode(&o); err != nil {
		t.Error(err)
	} else if at, ok := o.Address(); !ok || at != 0x1000 || o.Type() != text.Type() {
		t.Error("object")
	}
	bytes := m.ObjectAt(m.array(m.int("unsigned char", 1, false), 5), 0x1000)
	if err := bytes.Decode(&bs); err != nil || !slices.Equal(bs, []byte("abc\x00\xff")) {
		t.Errorf("%q, %v", bs, err)
	}
	type octet byte
	var named struct {
		S []octet  `drgn:"s"`
		A [5]octet `drgn:"s"`
	}
	if err := m.ObjectAt(m.structure("named", 5, field{"s", 0, text.Type(), 0}), 0x1000).Decode(&named); err != nil || string(named.S) != string(named.A[:]) {
		t.Error(named, err)
	}
	if err := m.ObjectAt(m.array(m.int("unsigned char", 1, false), 6), 0x1000).Decode(&bs); err == nil || err.Error() != "*(unsigned char (*)[6])0x1000: could not find memory segment: 0x1005" {
		t.Error(err)
	}
}

func deref(p any) any {
	switch p := p.(type) {
	case *int8:
		return *p
	case *int64:
		return *p
	case *uint8:
		return *p
	case *uint64:
		return *p
	case *bool:
		return *p
	case *float32:
		return *p
	case *string:
		return *p
	case *[]int8:
		return *p
	case *[]byte:
		return *p
	}
	return nil
}

func TestDecodeErrors(t *testing.T) {
	m := newMock(t, arch.X86_64)
	node := family(m)
	first := m.ObjectAt(node, 0x1000)
	second := m.ObjectAt(node, 0x2000)
	var fieldError *drgn.FieldError

	err := first.Decode(&struct {
		X int `drgn:"x|y"`
	}{})
	wantErr[*types.MemberError](t, err, `field X (drgn:"x|y"): 'struct node' has no member 'y'`)
	if !errors.As(err, &fieldError) || fieldError.Field != "X" {
		t.Error(err)
	}
	wantErr[*drgn.ValueError](t, second.Decode(&struct {
		X int `drgn:"next->id"`
	}{}), `field X (drgn:"next->id"): null pointer on the way`)
	wantErr[*mem.FaultError](t, m.ScalarValue(m.PointerTo(node), 0).Decode(&struct {
		X int `drgn:"id"`
		Y int `drgn:"id,optional"`
	}{}), `field X (drgn:"id"): *(int *)0x0: could not find memory segment: 0x0`)
	// Neither another name nor "optional" hides a fault.
	for _, v := range []any{&struct {
		X int `drgn:"id|a,optional"`
	}{}, &struct {
		X int `drgn:"next->id,optional"`
	}{}} {
		if err := m.ObjectAt(node, 0x9000).Decode(v); !errors.As(err, new(*mem.FaultError)) {
			t.Error(err)
		}
	}
	wantErr[*drgn.ValueError](t, first.Decode(&struct {
		X int8   `drgn:"id"`
		Y []int8 `drgn:"v,maybe"`
	}{}), `field Y of struct { X int8 "drgn:\"id\""; Y []int8 "drgn:\"v,maybe\"" }: unknown option "maybe" in its drgn tag`)
	err = first.Decode(&struct {
		x int `drgn:"id"`
	}{})
	if err == nil || !strings.Contains(err.Error(), "has a drgn tag but is not exported") {
		t.Error(err)
	}
	wantErr[*drgn.ValueError](t, first.Decode(&struct{ X int }{}), "no field of struct { X int } has a drgn tag")
	if err := first.Decode(&struct {
		X int `drgn:"id.x,optional"`
	}{}); err == nil {
		t.Error("member of an int")
	}
	if err := first.Member("id").Decode(&struct {
		X int `drgn:"x,optional"`
	}{}); err == nil {
		t.Error("member of an int")
	}
	// What can't be read is read around.
	m.put(0x7000, first0(m, node)...)
	if err := m.Setup(drgn.Setup{Flags: drgn.IsLive}); err != nil {
		t.Fatal(err)
	}
	var part struct {
		ID int `drgn:"id"`
		A  int `drgn:"a"`
	}
	if err := m.ObjectAt(node, 0x7000).Decode(&part); err != nil || part.ID != 10 || part.A != 11 {
		t.Error(part, err)
	}
}

// first0 returns the first node without its last bytes.
func first0(m *mock, node *types.Type) []byte {
	b := must(m.ObjectAt(node, 0x1000).Bytes())
	return b[:len(b)-4]
}
