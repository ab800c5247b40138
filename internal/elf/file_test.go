package elf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/godrgn/drgn/internal/elf/elftest"
)

// eachClass runs a test for 32 and 64 bits and both byte orders.
func eachClass(t *testing.T, test func(t *testing.T, is64, big bool)) {
	for _, is64 := range []bool{false, true} {
		for _, big := range []bool{false, true} {
			t.Run(fmt.Sprintf("64=%v big=%v", is64, big), func(t *testing.T) { test(t, is64, big) })
		}
	}
}

func parse(t testing.TB, f *elftest.File) *File {
	t.Helper()
	p, err := Parse("test", f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func zlibbed(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

// chdr puts the compression header before packed.
func chdr(f *elftest.File, kind uint32, size int, packed []byte) []byte {
	b := f.Order().AppendUint32(nil, kind)
	if f.Is64 {
		b = f.Order().AppendUint32(b, 0)
	}
	b = f.Word(b, uint64(size))
	b = f.Word(b, 1)
	return append(b, packed...)
}

func TestSections(t *testing.T) {
	text := bytes.Repeat([]byte("some debug information "), 500)
	eachClass(t, func(t *testing.T, is64, big bool) {
		for _, extended := range []bool{false, true} {
			f := &elftest.File{Is64: is64, Big: big, Type: ET_EXEC, Machine: 99, Extended: extended}
			old := append(binary.BigEndian.AppendUint64([]byte("ZLIB"), uint64(len(text))), zlibbed(t, text)...)
			f.Sections = []elftest.Section{
				{Name: ".text", Type: SHT_PROGBITS, Addr: 0x1000, Data: text},
				{Name: ".debug_a", Type: SHT_PROGBITS, Flags: SHF_COMPRESSED, Data: chdr(f, 1, len(text), zlibbed(t, text))},
				{Name: ".debug_b", Type: SHT_PROGBITS, Flags: SHF_COMPRESSED, Data: chdr(f, 2, len(text), zstded(t, text))},
				{Name: ".zdebug_c", Type: SHT_PROGBITS, Data: old},
				{Name: ".bss", Type: SHT_NOBITS},
				{Name: ".note.gnu.build-id", Type: SHT_NOTE, Data: f.Note(f.Note(nil, "Other", 3, []byte{9}), "GNU", 3, []byte{1, 2, 3, 4, 5})},
				{Name: ".gnu_debuglink", Type: SHT_PROGBITS, Data: f.Order().AppendUint32([]byte("file.debug\x00\x00"), 0x12345678)},
				{Name: ".gnu_debugaltlink", Type: SHT_PROGBITS, Data: []byte("dwz\x00\x0a\x0b")},
			}
			f.Segments = []elftest.Segment{{Type: PT_LOAD, Flags: PF_R, Vaddr: 0x1000, Paddr: 0x2000, Memsz: 0x5000, Align: 16, Data: text}}
			p := parse(t, f)
			if p.Is64 != is64 || p.Big != big || p.Machine != 99 || len(p.Sections) != 10 || len(p.Segments) != 1 {
				t.Fatalf("%+v", p)
			}
			s := p.Segments[0]
			if s.Type != PT_LOAD || s.Flags != PF_R || s.Vaddr != 0x1000 || s.Paddr != 0x2000 || s.Memsz != 0x5000 || s.Align != 16 {
				t.Errorf("%+v", s)
			}
			if b, err := p.SegmentData(&s); err != nil || !bytes.Equal(b, text) {
				t.Error(err)
			}
			for _, name := range []string{".text", ".debug_a", ".debug_b", ".debug_c", ".zdebug_c"} {
				if b, err := p.Section(name).Data(); err != nil || !bytes.Equal(b, text) {
					t.Errorf("%s: %d bytes, %v", name, len(b), err)
				}
			}
			if _, err := p.Section(".bss").Data(); err == nil {
				t.Error("contents of .bss")
			}
			if id := p.BuildID(); !bytes.Equal(id, []byte{1, 2, 3, 4, 5}) {
				t.Error(id)
			}
			if name, crc, err := p.DebugLink(); name != "file.debug" || crc != 0x12345678 || err != nil {
				t.Error(name, crc, err)
			}
			if name, id, err := p.DebugAltLink(); name != "dwz" || !bytes.Equal(id, []byte{10, 11}) || err != nil {
				t.Error(name, id, err)
			}
		}
	})
}

func TestBadCompression(t *testing.T) {
	text := bytes.Repeat([]byte("x"), 5000)
	f := &elftest.File{Is64: true, Type: ET_EXEC}
	broken := zlibbed(t, text)
	broken[len(broken)-1]++ // the checksum
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut header":    {[]byte{1, 0, 0, 0}, "wanted"},
		"kind":          {chdr(f, 3, 5, nil), "compression type 3 is unknown"},
		"too large":     {chdr(f, 1, 1<<40, zlibbed(t, text)), "too large"},
		"bomb":          {chdr(f, 1, 1<<30, zlibbed(t, text)), "size is not what its header says"},
		"zstd bomb":     {chdr(f, 2, 15<<30, zstded(t, text)), "size is not what its header says"},
		"longer":        {chdr(f, 1, 5001, zlibbed(t, text)), "EOF"},
		"shorter":       {chdr(f, 1, 4999, zlibbed(t, text)), "size is not what its header says"},
		"zstd longer":   {chdr(f, 2, 5001, zstded(t, text)), "size is not what its header says"},
		"zstd shorter":  {chdr(f, 2, 4999, zstded(t, text)), "decompressed"},
		"zlib garbage":  {chdr(f, 1, 50, []byte("garbage")), "decompressed"},
		"zlib checksum": {chdr(f, 1, 5000, broken), "checksum"},
	} {
		f.Sections = []elftest.Section{{Name: ".debug_info", Type: SHT_PROGBITS, Flags: SHF_COMPRESSED, Data: c.data}}
		b, err := parse(t, f).Section(".debug_info").Data()
		if err == nil || b != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "test .debug_info+0x") {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}

func TestSymbols(t *testing.T) {
	eachClass(t, func(t *testing.T, is64, big bool) {
		f := &elftest.File{Is64: is64, Big: big, Type: ET_EXEC}
		entsize := uint64(16)
		if is64 {
			entsize = 24
		}
		syms := f.Sym(nil, 0, 0, 0, 0, 0)
		syms = f.Sym(syms, 1, STB_GLOBAL<<4|STT_FUNC, 1, 0x1234, 16)
		syms = f.Sym(syms, 5, STT_OBJECT, 0xfff1, 5, 0)
		syms = f.Sym(syms, 900, 0, 0xffff, 0, 0)
		shndx := slices.Repeat([]byte{0}, 12)
		f.Sections = []elftest.Section{
			{Name: ".symtab", Type: SHT_SYMTAB, Link: 2, Entsize: entsize, Data: syms},
			{Name: ".strtab", Type: SHT_STRTAB, Data: []byte("\x00foo\x00bar\x00")},
			{Name: ".symtab_shndx", Type: SHT_SYMTAB_SHNDX, Link: 1, Data: f.Order().AppendUint32(shndx, 0x12345)},
		}
		p := parse(t, f)
		table, err := p.SymbolTable(SHT_SYMTAB)
		if err != nil {
			t.Fatal(err)
		}
		want := []Symbol{
			{NameOffset: 1, Info: 0x12, Section: 1, Value: 0x1234, Size: 16},
			{NameOffset: 5, Info: 1, Section: SHN_ABS, Value: 5},
			{NameOffset: 900, Section: 0x12345},
		}
		var got []Symbol
		var names []string
		for _, s := range table.All() {
			got = append(got, s)
			names = append(names, string(table.Name(s)))
		}
		if !slices.Equal(got, want) || !slices.Equal(names, []string{"foo", "bar", ""}) || table.Len() != 4 {
			t.Errorf("%+v %q", got, names)
		}
		if table, err := p.SymbolTable(SHT_DYNSYM); err != nil || table.Len() != 0 {
			t.Error(err)
		}
		f.Sections[0].Link = 77
		if _, err := parse(t, f).SymbolTable(SHT_SYMTAB); err == nil {
			t.Error("names in a section that is not there")
		}
		f.Sections[0].Link, f.Sections[0].Entsize = 2, 1
		if _, err := parse(t, f).SymbolTable(SHT_SYMTAB); err == nil {
			t.Error("symbols of one byte")
		}
	})
}

// rel appends a relocation.
func rel(f *elftest.File, b []byte, off uint64, sym, typ uint32, addend int64, rela bool) []byte {
	b = f.Word(b, off)
	if f.Is64 {
		b = f.Word(b, uint64(sym)<<32|uint64(typ))
	} else {
		b = f.Word(b, uint64(sym)<<8|uint64(typ))
	}
	if rela {
		b = f.Word(b, uint64(addend))
	}
	return b
}

func TestRelocations(t *testing.T) {
	type r struct {
		off    uint64
		typ    uint32
		addend int64
	}
	// Symbol 1 is 0x20 into section 1, which lies at 0x1000: S is 0x1020. The section relocated lies at 0x5000.
	for name, c := range map[string]struct {
		machine   uint16
		is64, big bool
		data      []byte
		rels      []r
		want      []byte
		rel       bool
	}{
		"x86-64": {62, true, false, make([]byte, 24), []r{{0, 1, 8}, {8, 10, -1}, {12, 2, 4}, {16, 24, 0}},
			[]byte{0x28, 0x10, 0, 0, 0, 0, 0, 0, 0x1f, 0x10, 0, 0, 0x18, 0xc0, 0xff, 0xff, 0x10, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, false},
		"i386":    {3, false, false, []byte{4, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff}, []r{{0, 1, 0}, {4, 2, 0}}, []byte{0x24, 0x10, 0, 0, 0x18, 0xc0, 0xff, 0xff}, true},
		"s390x":   {22, true, true, make([]byte, 12), []r{{0, 22, 0}, {8, 5, 0}}, []byte{0, 0, 0, 0, 0, 0, 0x10, 0x20, 0xff, 0xff, 0xc0, 0x18}, false},
		"aarch64": {183, true, false, make([]byte, 4), []r{{0, 261, 0}}, []byte{0x20, 0xc0, 0xff, 0xff}, false},
		"arm":     {40, false, false, []byte{1, 0, 0, 0}, []r{{0, 2, 0}}, []byte{0x21, 0x10, 0, 0}, true},
		"riscv": {243, true, false, []byte{1, 0, 0, 0, 0x30, 0x20, 0xc5, 0x80, 0x80, 0x00}, []r{{0, 35, 0}, {4, 38, 0}, {6, 52, -0x1020 + 3}, {7, 60, 0}},
			[]byte{0x21, 0x10, 0, 0, 0x10, 0x10, 0xc2, 0xa0, 0xa0, 0x00}, false},
		"loongarch": {258, true, false, []byte{1, 0, 0x80, 0x80, 0x01}, []r{{0, 48, 0}, {2, 107, 0}}, []byte{0x21, 0x10, 0xa0, 0xa0, 0x01}, false},
		"ppc64":     {21, true, true, make([]byte, 8), []r{{0, 38, 1}}, []byte{0, 0, 0, 0, 0, 0, 0x10, 0x21}, false},
	} {
		f := &elftest.File{Is64: c.is64, Big: c.big, Type: ET_REL, Machine: c.machine}
		var rels []byte
		for _, x := range c.rels {
			rels = rel(f, rels, x.off, 1, x.typ, x.addend, !c.rel)
		}
		typ, entsize := uint32(SHT_RELA), uint64(16)
		if c.is64 {
			entsize = 24
		}
		if c.rel {
			typ = SHT_REL
		}
		f.Sections = []elftest.Section{
			{Name: ".text", Type: SHT_PROGBITS, Addr: 0x1000},
			{Name: ".debug_info", Type: SHT_PROGBITS, Addr: 0x5000, Data: c.data},
			{Name: ".rela.debug_info", Type: typ, Link: 4, Info: 2, Data: rels},
			{Name: ".symtab", Type: SHT_SYMTAB, Link: 5, Entsize: entsize, Data: f.Sym(f.Sym(f.Sym(nil, 0, 0, 0, 0, 0), 0, STT_SECTION, 1, 0x20, 0), 0, STB_GLOBAL<<4, 0, 0, 0)},
			{Name: ".strtab", Type: SHT_STRTAB, Data: []byte{0}},
		}
		p := parse(t, f)
		got, err := p.RelocatedData(p.Section(".debug_info"), nil)
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: % x, want % x: %v", name, got, c.want, err)
		}
		if raw, err := p.Section(".debug_info").Data(); err != nil || !bytes.Equal(raw, c.data) {
			t.Errorf("%s: the file was changed", name)
		}
		if name != "x86-64" {
			continue
		}
		moved, err := p.RelocatedData(p.Section(".debug_info"), func(i int) uint64 { return uint64(i) << 32 })
		if err != nil || binary.LittleEndian.Uint64(moved) != 1<<32+0x28 {
			t.Errorf("% x, %v", moved, err)
		}
		for _, bad := range []struct {
			rels []byte
			want string
		}{
			{rel(f, nil, 17, 1, 1, 0, true), "lies outside of .debug_info"}, {rel(f, nil, 1<<63, 1, 1, 0, true), "lies outside"},
			{rel(f, nil, 0, 1, 250, 0, true), "type 250"}, {rel(f, nil, 0, 3, 1, 0, true), "symbol 3 of 3"}, {rel(f, nil, 0, 2, 1, 0, true), "not defined"},
		} {
			f.Sections[2].Data = bad.rels
			p := parse(t, f)
			if _, err := p.RelocatedData(p.Section(".debug_info"), nil); err == nil || !strings.Contains(err.Error(), bad.want) {
				t.Errorf("%v, want %s", err, bad.want)
			}
		}
	}
}

func TestNotes(t *testing.T) {
	f := &elftest.File{}
	data := f.Note(f.Note(f.Note(nil, "CORE", 1, []byte("abcde")), "VMCOREINFO", 0, nil), "LINUX", 0x202, []byte("xyz"))
	data = append(data, make([]byte, 40)...)
	var got []string
	for n, err := range Notes("n", data, false, 4) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %d %s", n.Name, n.Type, n.Desc))
	}
	if want := []string{"CORE 1 abcde", "VMCOREINFO 0 ", "LINUX 514 xyz"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// Aligned to 8 bytes, and without padding at the end; the name without its NUL.
	data = []byte{3, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 'G', 'N', 'U', 0, 1, 2, 3, 4, 5}
	for n, err := range Notes("n", data, false, 8) {
		if err != nil || n.Name != "GNU" || n.Type != 7 || !bytes.Equal(n.Desc, []byte{1, 2, 3, 4, 5}) {
			t.Errorf("%+v, %v", n, err)
		}
	}
	data[4] = 6
	for n, err := range Notes("n", data, false, 8) {
		if err == nil {
			t.Errorf("%+v", n)
		}
	}
}

func TestBadHeaders(t *testing.T) {
	f := &elftest.File{Is64: true, Type: ET_EXEC, Sections: []elftest.Section{{Name: ".text", Type: SHT_PROGBITS}}, Segments: []elftest.Segment{{Type: PT_LOAD}}}
	good := f.Bytes()
	for n := range good {
		if _, err := Parse("cut", good[:n]); err == nil && n < 64+56+3*64 {
			t.Errorf("%d bytes are enough", n)
		} else if err != nil && !strings.HasPrefix(err.Error(), "cut") {
			t.Error(err)
		}
	}
	for off, values := range map[int][]byte{4: {0, 3}, 5: {0, 3}, 20: {0, 2}, 39: {0xff}, 47: {0xff}, 54: {1}, 58: {1}, 62: {9}} {
		for _, v := range values {
			bad := slices.Clone(good)
			bad[off] = v
			if _, err := Parse("bad", bad); err == nil {
				t.Errorf("byte %d as %d", off, v)
			}
		}
	}
	// A cut core keeps its program headers; its section headers don't matter.
	f.Type = ET_CORE
	core := f.Bytes()[:64+56]
	if p, err := Parse("core", core); err != nil || len(p.Segments) != 1 {
		t.Error(err)
	}
}

func FuzzELF(f *testing.F) {
	for _, is64 := range []bool{false, true} {
		e := &elftest.File{Is64: is64, Big: !is64, Type: ET_REL, Machine: 62}
		entsize := uint64(16)
		if is64 {
			entsize = 24
		}
		text := bytes.Repeat([]byte("t"), 100)
		e.Sections = []elftest.Section{
			{Name: ".debug_info", Type: SHT_PROGBITS, Flags: SHF_COMPRESSED, Data: chdr(e, 1, len(text), zlibbed(f, text))},
			{Name: ".debug_line", Type: SHT_PROGBITS, Flags: SHF_COMPRESSED, Data: chdr(e, 2, len(text), zstded(f, text))},
			{Name: ".rela.debug_info", Type: SHT_RELA, Link: 4, Info: 1, Data: rel(e, nil, 1, 1, 1, 5, true)},
			{Name: ".symtab", Type: SHT_SYMTAB, Link: 5, Entsize: entsize, Data: e.Sym(e.Sym(nil, 0, 0, 0, 0, 0), 1, 1, 1, 5, 0)},
			{Name: ".strtab", Type: SHT_STRTAB, Data: []byte("\x00foo\x00")},
			{Name: ".note", Type: SHT_NOTE, Data: e.Note(nil, "GNU", 3, []byte("abc"))},
			{Name: ".gnu_debuglink", Type: SHT_PROGBITS, Data: []byte("foo\x00\x01\x02\x03\x04")},
		}
		e.Segments = []elftest.Segment{{Type: PT_NOTE, Data: e.Note(nil, "CORE", 1, []byte("abc"))}}
		f.Add(e.Bytes())
		e.Extended = true
		f.Add(e.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz", data)
		if (err == nil) != (p != nil) {
			t.Fatal(p, err)
		}
		if err != nil {
			return
		}
		for i := range p.Sections {
			s := &p.Sections[i]
			// Honest headers of a few bytes may stand for gigabytes: leave those out.
			if s.Flags&SHF_COMPRESSED != 0 && s.Size > 24 && len(data) > 1<<12 {
				continue
			}
			b, err := p.RelocatedData(s, nil)
			if err != nil && b != nil {
				t.Fatal(len(b), err)
			}
		}
		for i := range p.Segments {
			p.SegmentData(&p.Segments[i])
		}
		for _, typ := range []uint32{SHT_SYMTAB, SHT_DYNSYM} {
			table, err := p.SymbolTable(typ)
			if err != nil {
				continue
			}
			for _, s := range table.All() {
				table.Name(s)
			}
		}
		p.BuildID()
		p.DebugLink()
		p.DebugAltLink()
	})
}
