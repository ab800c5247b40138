package kallsyms

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

// A symbol is what goes into a made-up table.
type symbol struct {
	letter  byte
	name    string
	address uint64
}

// image is memory that begins at base.
type image struct {
	base uint64
	data []byte
}

func (m *image) memory() Memory {
	return Memory{Order: binary.LittleEndian, Pointer: 8, Read: func(buf []byte, address uint64) error {
		if off := address - m.base; off <= uint64(len(m.data)) && uint64(len(buf)) <= uint64(len(m.data))-off {
			copy(buf, m.data[off:])
			return nil
		}
		return fmt.Errorf("nothing lies at %#x", address)
	}}
}

// chunks gives the memory in pieces, whose borders lie anywhere.
func (m *image) chunks(size int) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		at := m.base
		for c := range slices.Chunk(m.data, size) {
			if !yield(Chunk{at, c}, nil) {
				return
			}
			at += uint64(len(c))
		}
	}
}

func (m *image) align(n int) uint64 {
	for (m.base+uint64(len(m.data)))%uint64(n) != 0 {
		m.data = append(m.data, 0)
	}
	return m.base + uint64(len(m.data))
}

func (m *image) word(v uint32) { m.data = binary.LittleEndian.AppendUint32(m.data, v) }
func (m *image) quad(v uint64) { m.data = binary.LittleEndian.AppendUint64(m.data, v) }

// multi are tokens of more than one byte; all other bytes stand for themselves.
var multi = map[byte]string{0: "_x", 1: "Tsched", 2: "ule", 3: "ude", 4: "tX"}

// compress compresses a name badly.
func compress(s symbol) (c []byte) {
	text := string(s.letter) + s.name
	for text != "" {
		for b, token := range multi {
			if rest, ok := strings.CutPrefix(text, token); ok {
				c, text = append(c, b), rest
				goto next
			}
		}
		c, text = append(c, text[0]), text[1:]
	next:
	}
	return c
}

// layouts are those of kernels, as scripts/kallsyms.c writes them.
var layouts = []string{"absolute v4.18", "v4.18", "v6.2", "v6.4", "absolute v6.4", "v7.2"}

const relativeBase = 0xffffffff81000000

// build lays a table of symbols out, with other things before and after it.
func build(layout string, symbols []symbol) (m *image, p Places) {
	m = &image{base: 0xffffffff81400000}
	for i := range 3000 {
		m.word(uint32(i * i))
	}
	absolute, late, align := strings.HasPrefix(layout, "absolute"), strings.HasSuffix(layout, "v6.4") || layout == "v7.2", 8
	if layout == "v7.2" {
		align = 4
	}
	addresses := func() {
		at := m.align(align)
		if absolute {
			p.Addresses = at
			for _, s := range symbols {
				m.quad(s.address)
			}
			return
		}
		p.Offsets = at
		for i, s := range symbols {
			switch {
			case layout == "v7.2":
				m.word(uint32(s.address - at - 4*uint64(i)))
			case s.address < relativeBase:
				m.word(uint32(s.address))
			default:
				m.word(uint32(relativeBase - 1 - s.address))
			}
		}
		if layout != "v7.2" {
			p.RelativeBase = m.align(align)
			m.quad(relativeBase)
		}
	}
	if !late {
		addresses()
	}
	p.NumSyms = m.align(align)
	m.word(uint32(len(symbols)))
	p.Names = m.align(align)
	var markers []uint32
	for i, s := range symbols {
		if i%group == 0 {
			markers = append(markers, uint32(m.base+uint64(len(m.data))-p.Names))
		}
		c := compress(s)
		if len(c) < 0x80 {
			m.data = append(m.data, byte(len(c)))
		} else {
			m.data = append(m.data, byte(len(c)|0x80), byte(len(c)>>7))
		}
		m.data = append(m.data, c...)
	}
	m.align(align)
	for _, at := range markers {
		m.word(at)
	}
	if layout == "v6.2" { // kallsyms_seqs_of_names
		m.align(align)
		for i := range symbols {
			n := i * 7919 % len(symbols)
			m.data = append(m.data, byte(n>>16), byte(n>>8), byte(n))
		}
	}
	p.TokenTable = m.align(align)
	var index []uint16
	for b := range 256 {
		index = append(index, uint16(m.base+uint64(len(m.data))-p.TokenTable))
		text, ok := multi[byte(b)]
		if !ok {
			text = string([]byte{byte(b)})
		}
		m.data = append(append(m.data, text...), 0)
	}
	p.TokenIndex = m.align(align)
	for _, at := range index {
		m.data = binary.LittleEndian.AppendUint16(m.data, at)
	}
	if late {
		addresses()
	}
	m.align(8)
	for i := range 3000 {
		m.word(uint32(i * 3))
	}
	return m, p
}

// symbols makes up a table.
func symbols(n int) (all []symbol) {
	all = append(all, symbol{'D', "percpu_x", 0}, symbol{'d', "percpu_end", 0x40})
	for i := range n {
		s := symbol{"TtdDWb"[i%6], fmt.Sprintf("schedule_x%d", i), relativeBase + uint64(i)*16}
		if i%10 == 3 { // aliases, and names that others begin with
			s.address -= 16
		}
		if i == n/2 {
			s.name = strings.Repeat("long", 40)
		}
		all = append(all, s)
	}
	all[2].name = "_stext"
	return append(all, symbol{'t', "twice", relativeBase + 1<<24}, symbol{'T', "twice", relativeBase + 1<<25})
}

// agrees is what the kernel's symbols are known by in tests.
func agrees(t *Table) error {
	if at := t.Named("_stext"); len(at) != 1 || t.Address(at[0]) != relativeBase {
		return errors.New("_stext lies elsewhere")
	}
	return nil
}

func TestTable(t *testing.T) {
	want := symbols(3000)
	for _, layout := range layouts {
		m, p := build(layout, want)
		if layout == "v7.2" { // per-CPU variables have addresses as of v6.15
			m, p = build(layout, want[2:])
		}
		for how, load := range map[string]func() (*Table, error){
			"by places":      func() (*Table, error) { return Load(m.memory(), p) },
			"by search":      func() (*Table, error) { return Search(m.memory(), m.chunks(4096), agrees) },
			"in odd pieces":  func() (*Table, error) { return Search(m.memory(), m.chunks(1001), agrees) },
			"in tiny pieces": func() (*Table, error) { return Search(m.memory(), m.chunks(17), agrees) },
		} {
			got, err := load()
			if err != nil {
				t.Errorf("%s %s: %v", layout, how, err)
				continue
			}
			want := want[len(want)-got.Len():]
			for i, s := range want {
				if got.Letter(i) != s.letter || got.Name(i) != s.name || got.Address(i) != s.address {
					t.Fatalf("%s %s, symbol %d: %c %s %#x, want %c %s %#x", layout, how, i, got.Letter(i), got.Name(i), got.Address(i), s.letter, s.name, s.address)
				}
			}
			use(t, got)
			for range scannedNames { // without the index of names, and with it
				for name, n := range map[string]int{"twice": 2, "schedule_x1": 1, "schedule_x10": 1, "schedule_x": 0, "": 0, "chedule_x1": 0, strings.Repeat("long", 40): 1} {
					found := got.Named(name)
					for _, i := range found {
						if got.Name(i) != name {
							t.Errorf("%s: symbol %d is %s", name, i, got.Name(i))
						}
					}
					if len(found) != n {
						t.Errorf("%s %s: %d symbols are named %s, want %d", layout, how, len(found), name, n)
					}
				}
			}
		}
	}
}

func TestAt(t *testing.T) {
	m, p := build("v6.4", []symbol{{'D', "a", 0}, {'D', "b", 8}, {'T', "_stext", 0x1000 + relativeBase}, {'t', "c", 0x1000 + relativeBase}, {'t', "d", 0x1010 + relativeBase}})
	tab, err := Load(m.memory(), p)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64][2]int{0: {0, 1}, 7: {0, 1}, 8: {1, 2}, relativeBase: {1, 2}, relativeBase + 0x1000: {2, 4}, relativeBase + 0x100f: {2, 4}, 1<<64 - 1: {4, 5}} {
		if first, end := tab.At(address); [2]int{first, end} != want {
			t.Errorf("%#x: %d to %d, want %d", address, first, end, want)
		}
	}
	for i, want := range []uint64{8, relativeBase + 0xff8, 0x10, 0x10, 0} {
		if got := tab.Size(i); got != want {
			t.Errorf("size of symbol %d: %#x, want %#x", i, got, want)
		}
	}
}

// A table that is torn is not taken for another one, wherever it is: an error, or what was there before.
func TestTornTable(t *testing.T) {
	all := symbols(1500)
	for _, layout := range layouts[:4] {
		m, p := build(layout, all)
		for what, at := range map[string]uint64{"count": p.NumSyms, "names": p.Names, "later names": p.Names + 5000, "tokens": p.TokenTable + 3, "token index": p.TokenIndex + 6} {
			torn := &image{m.base, bytes.Clone(m.data)}
			torn.data[at-m.base] ^= 0x5a
			torn.data[at-m.base+1] ^= 0x5a
			for how, load := range map[string]func() (*Table, error){
				"by places": func() (*Table, error) { return Load(torn.memory(), p) },
				"by search": func() (*Table, error) { return Search(torn.memory(), torn.chunks(4096), agrees) },
			} {
				if tab, err := load(); err == nil && (how == "by search" && what != "later names" || tab.Len() != len(all)) {
					t.Errorf("%s, %s torn, %s: %d symbols", layout, what, how, tab.Len())
				}
			}
		}
		if _, err := Search(m.memory(), m.chunks(4096), func(*Table) error { return errors.New("no") }); err == nil || !strings.Contains(err.Error(), "no") {
			t.Errorf("%s: a table that is not right: %v", layout, err)
		}
	}
}

// A count that is not the table's is found out by the markers, whatever else fits: once a table of the first 1792 of 25,100 symbols
// was taken for the kernel's.
func TestWrongCount(t *testing.T) {
	all := symbols(1500)
	for _, layout := range layouts[:5] {
		m, p := build(layout, all)
		for _, count := range []int{1, 2, 255, 256, 257, 512, 1024, 1280, len(all) - 1, len(all) + 1, len(all) + 256} {
			wrong := &image{m.base, bytes.Clone(m.data)}
			binary.LittleEndian.PutUint32(wrong.data[p.NumSyms-m.base:], uint32(count))
			if tab, err := Load(wrong.memory(), p); err == nil {
				t.Errorf("%s: a count of %d gave %d symbols", layout, count, tab.Len())
			}
		}
	}
}

func TestBadNames(t *testing.T) {
	m, p := build("v6.4", symbols(10))
	for what, name := range map[string][]byte{"no type": {0}, "no name": {1, 'T'}, "no letter": {2, '1', 'x'}, "far too long": append([]byte{0xff, 0x7f}, bytes.Repeat([]byte{'T'}, 1<<14)...)} {
		bad := &image{m.base, bytes.Clone(m.data)}
		copy(bad.data[p.Names-m.base:], name)
		if tab, err := Load(bad.memory(), p); err == nil {
			t.Errorf("%s: %d symbols", what, tab.Len())
		}
	}
	for what, spoil := range map[string]func(p *Places){
		"no count": func(p *Places) { p.NumSyms = 0 }, "no names": func(p *Places) { p.Names = 8 }, "no tokens": func(p *Places) { p.TokenTable = 8 },
		"no index": func(p *Places) { p.TokenIndex = 8 }, "no offsets": func(p *Places) { p.Offsets = 8 }, "no base": func(p *Places) { p.RelativeBase = 8 },
		"no addresses": func(p *Places) { p.Addresses = 8 }, "descending": func(p *Places) { p.Addresses = p.TokenTable },
	} {
		q := p
		spoil(&q)
		if tab, err := Load(m.memory(), q); err == nil {
			t.Errorf("%s: %d symbols", what, tab.Len())
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

func TestPlaceRelative(t *testing.T) {
	got := PlaceRelative([]uint32{0x100, 0xfffffff0, 0x80000000}, 0xffffffff82000000)
	if want := []uint64{0xffffffff82000100, 0xffffffff81fffff4, 0xffffffff02000008}; !slices.Equal(got, want) {
		t.Errorf("%#x, want %#x", got, want)
	}
}

// use asks a table all there is to ask.
func use(t *testing.T, tab *Table) {
	for i := range min(tab.Len(), 100) {
		name := tab.Name(i)
		if len(name) > maxName {
			t.Fatalf("a name of %d bytes", len(name))
		}
		if tab.Letter(i); !slices.Contains(tab.Named(name), i) {
			t.Fatalf("symbol %d, %q, is not found by its name", i, name)
		}
		if first, end := tab.At(tab.Address(i)); i < first || i >= end {
			t.Fatalf("symbol %d is not found by its address", i)
		}
	}
	// Names that are looked for together are found as each is by itself.
	names, want := []string{"", "schedule", "no_such_symbol"}, map[string][]int{}
	for i := range min(tab.Len(), 3) {
		names = append(names, tab.Name(i))
	}
	for _, name := range names {
		want[name] = tab.Named(name)
	}
	tab.Prepare(names...)
	for _, name := range names {
		if found := tab.Named(name); !slices.Equal(found, want[name]) {
			t.Fatalf("%q: symbols %d, want %d", name, found, want[name])
		}
	}
}

// FuzzLoad reads tables that lie at places in any memory.
func FuzzLoad(f *testing.F) {
	m, p := build("v6.4", symbols(40))
	low := func(address uint64) uint16 { return uint16(address - m.base) }
	f.Add(m.data[10000:], low(p.NumSyms)-10000, low(p.Names)-10000, low(p.TokenTable)-10000, low(p.TokenIndex)-10000, low(p.Offsets)-10000, low(p.RelativeBase)-10000, uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, count, names, tokens, index, offsets, base, addresses uint16) {
		m := &image{0, data}
		tab, err := Load(m.memory(), Places{NumSyms: uint64(count), Names: uint64(names), TokenTable: uint64(tokens), TokenIndex: uint64(index),
			Offsets: uint64(offsets), RelativeBase: uint64(base), Addresses: uint64(addresses)})
		if err == nil {
			use(t, tab)
		}
	})
}

// FuzzSearch looks for tables in an image of which a part was changed.
func FuzzSearch(f *testing.F) {
	f.Add(uint8(3), uint16(12000), []byte{1, 2, 3, 4})
	f.Add(uint8(1), uint16(60000), []byte("changed"))
	f.Fuzz(func(t *testing.T, layout uint8, at uint16, with []byte) {
		m, _ := build(layouts[int(layout)%len(layouts)], symbols(1200)[2:])
		copy(m.data[int(at)%len(m.data):], with)
		if tab, err := Search(m.memory(), m.chunks(4096), agrees); err == nil {
			use(t, tab)
		}
	})
}
