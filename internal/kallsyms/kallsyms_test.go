package kallsyms

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// tokens returns a table in which each byte stands for itself but for some.
func tokens(t testing.TB, others map[byte]string) *Tokens {
	t.Helper()
	var table []byte
	var index [256]uint16
	for i := range index {
		index[i] = uint16(len(table))
		text, ok := others[byte(i)]
		if !ok && i != 0 {
			text = string([]byte{byte(i)})
		}
		table = append(append(table, text...), 0)
	}
	out, err := NewTokens(table, index)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNames(t *testing.T) {
	tok := tokens(t, map[byte]string{1: "Tsched", 2: "ule", 3: "_x"})
	long := strings.Repeat("n", 300)
	stream := append([]byte{2, 1, 2, 4, 'd', 'a', 3, 3, 0x80 | 301&0x7f, 301 >> 7, 'b'}, long...)
	n := NewNames(tok, bytes.NewReader(stream))
	for _, want := range []struct {
		letter byte
		name   string
	}{{'T', "schedule"}, {'d', "a_x_x"}, {'b', long}} {
		letter, name, err := n.Next()
		if err != nil || letter != want.letter || name != want.name {
			t.Errorf("%c %q, %v; want %c %q", letter, name, err, want.letter, want.name)
		}
	}
	if _, _, err := n.Next(); err == nil {
		t.Error("no error at the end")
	}
}

func TestBadNames(t *testing.T) {
	tok := tokens(t, map[byte]string{1: strings.Repeat("x", 1000)})
	for what, stream := range map[string][]byte{
		"no type":   {0},
		"cut short": {3, 'T'},
		"no length": {0x80},
		"too long":  append([]byte{0xff, 0x7f}, bytes.Repeat([]byte{1}, 1<<14)...),
	} {
		if letter, name, err := NewNames(tok, bytes.NewReader(stream)).Next(); err == nil {
			t.Errorf("%s: %c %q", what, letter, name)
		}
	}
}

func TestBadTokens(t *testing.T) {
	var index [256]uint16
	if _, err := NewTokens(nil, index); err == nil {
		t.Error("an empty table")
	}
	if _, err := NewTokens([]byte("no end"), index); err == nil {
		t.Error("a token without end")
	}
	index[255] = 7
	if _, err := NewTokens([]byte("abc\x00"), index); err == nil {
		t.Error("a token past the end")
	}
}

func TestAddresses(t *testing.T) {
	minus := func(n int32) uint32 { return uint32(-n) }
	for _, c := range []struct {
		words []uint32
		want  []uint64
	}{
		{[]uint32{0, 16, 1 << 30}, []uint64{0xffffffff81000000, 0xffffffff81000010, 0xffffffffc1000000}},
		{[]uint32{0, 16, minus(1), minus(17)}, []uint64{0, 16, 0xffffffff81000000, 0xffffffff81000010}},
		{nil, []uint64{}},
	} {
		if got := Addresses(c.words, 0xffffffff81000000); !slices.Equal(got, c.want) {
			t.Errorf("%x: %x, want %x", c.words, got, c.want)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add([]byte("a\x00b\x00"), []byte{2, 0, 1})
	f.Fuzz(func(t *testing.T, table, stream []byte) {
		var index [256]uint16
		for i := range index {
			index[i] = uint16(i * max(len(table), 1) / 256)
		}
		tok, err := NewTokens(table, index)
		if err != nil {
			return
		}
		n := NewNames(tok, bytes.NewReader(stream))
		for {
			_, name, err := n.Next()
			if err != nil {
				if name != "" {
					t.Fatalf("both %q and %v", name, err)
				}
				return
			}
			if len(name) > maxName {
				t.Fatalf("a name of %d bytes", len(name))
			}
		}
	})
}

func TestPlaceRelative(t *testing.T) {
	got := PlaceRelative([]uint32{0x100, 0xfffffff0, 0x80000000}, 0xffffffff82000000)
	if want := []uint64{0xffffffff82000100, 0xffffffff81fffff4, 0xffffffff02000008}; !slices.Equal(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
}
