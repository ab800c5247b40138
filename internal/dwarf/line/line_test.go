package line

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"
)

var tiny = sync.OnceValues(func() (*elf.File, error) {
	z, err := os.ReadFile("../../../testdata/tiny-6.12/vmlinux.zst")
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	b, err := d.DecodeAll(z, nil)
	if err != nil {
		return nil, err
	}
	return elf.NewFile(bytes.NewReader(b))
})

func section(tb testing.TB, f *elf.File, name string) []byte {
	s := f.Section(name)
	if s == nil {
		return nil
	}
	b, err := s.Data()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func sectionsOf(tb testing.TB, f *elf.File) *Sections {
	return &Sections{
		Line:       section(tb, f, ".debug_line"),
		LineStr:    section(tb, f, ".debug_line_str"),
		Str:        section(tb, f, ".debug_str"),
		StrOffsets: section(tb, f, ".debug_str_offsets"),
	}
}

// TestKernel compares the tables of every unit of a kernel with those of the standard library.
func TestKernel(t *testing.T) {
	f, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	s := sectionsOf(t, f)
	data, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	units, rows := 0, 0
	for r := data.Reader(); ; r.SkipChildren() {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			break
		}
		if e.Tag != dwarf.TagCompileUnit {
			continue
		}
		off, ok := e.Val(dwarf.AttrStmtList).(int64)
		if !ok {
			continue
		}
		dir, _ := e.Val(dwarf.AttrCompDir).(string)
		table, err := Decode(s, uint64(off), Unit{AddressSize: 8, CompDir: dir})
		if err != nil {
			t.Fatalf("unit at %#x: %v", e.Offset, err)
		}
		units++
		lr, err := data.LineReader(e)
		if err != nil {
			t.Fatal(err)
		}
		var entries []dwarf.LineEntry
		for {
			var le dwarf.LineEntry
			err := lr.Next(&le)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, le)
		}
		for i, le := range entries {
			if le.EndSequence || entries[i+1].Address <= le.Address {
				continue
			}
			for _, pc := range []uint64{le.Address, entries[i+1].Address - 1} {
				p, ok := table.Lookup(pc)
				name := table.File(uint64(p.File))
				if !ok || int(p.Line) != le.Line || int(p.Column) != le.Column || !sameFile(name, le.File.Name) {
					t.Fatalf("unit at %#x: %#x is at %s %+v %t, not at %s:%d:%d", e.Offset, pc, name, p, ok, le.File.Name, le.Line, le.Column)
				}
			}
			rows++
		}
	}
	if units < 400 || rows < 100000 {
		t.Errorf("only %d units with %d rows", units, rows)
	}
	t.Logf("%d units, %d rows", units, rows)
}

// sameFile: the standard library cleans names, and states the compilation's directory in its own cases.
func sameFile(a, b string) bool {
	a, b = path.Clean(a), path.Clean(b)
	return a == b || strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}

// assemble makes a line program.
func assemble(version int, big bool, header, body []byte) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	var rest []byte
	rest = order.AppendUint16(rest, uint16(version))
	if version >= 5 {
		rest = append(rest, 8, 0)
	}
	h := []byte{1} // minimum_instruction_length
	if version >= 4 {
		h = append(h, 1)
	}
	h = append(h, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)
	h = append(h, header...)
	rest = order.AppendUint32(rest, uint32(len(h)))
	rest = append(append(rest, h...), body...)
	return append(order.AppendUint32(nil, uint32(len(rest))), rest...)
}

func setAddress(big bool, a uint64) []byte {
	b := []byte{0, 9, lneSetAddress}
	if big {
		return binary.BigEndian.AppendUint64(b, a)
	}
	return binary.LittleEndian.AppendUint64(b, a)
}

var (
	endSequence = []byte{0, 1, lneEndSequence}
	header4     = []byte("sub\x00/abs\x00\x00a.c\x00\x00\x00\x00b.h\x00\x01\x00\x00c.h\x00\x02\x00\x00/d.h\x00\x01\x00\x00\x00")
	header5     = []byte("\x01\x01\x08\x03/comp\x00sub\x00/abs\x00" +
		"\x03\x01\x08\x02\x0b\x05\x1e\x03a.c\x00\x000123456789abcdefb.h\x00\x010123456789abcdefc.h\x00\x020123456789abcdef")
)

func TestDecode(t *testing.T) {
	for _, version := range []int{2, 3, 4, 5} {
		for _, big := range []bool{false, true} {
			first := byte(1)
			header := header4
			if version >= 5 {
				header, first = header5, 0
			}
			body := slices.Concat(
				setAddress(big, 0x2000), []byte{lnsSetFile, first, lnsAdvanceLine, 9, lnsSetColumn, 3, lnsCopy,
					0x0d + 5 + 14*4, // 4 bytes on, same line
					lnsSetFile, first + 1, 0x0d + 6 + 14*4, lnsNegateStmt, lnsAdvancePC, 8}, endSequence,
				setAddress(big, 0), []byte{lnsCopy, lnsAdvancePC, 8}, endSequence, // discarded
				setAddress(big, 1<<64-2), []byte{lnsCopy, lnsAdvancePC, 1}, endSequence, // discarded
				setAddress(big, 0x1000), []byte{lnsCopy, lnsFixedAdvancePC, 0, 0, lnsAdvanceLine, 1, lnsCopy, lnsConstAddPC}, endSequence,
			)
			s := &Sections{Line: assemble(version, big, header, body), Big: big}
			tab, err := Decode(s, 0, Unit{AddressSize: 8, CompDir: "/comp"})
			if err != nil {
				t.Fatalf("version %d, big %t: %v", version, big, err)
			}
			if tab.Version() != version {
				t.Errorf("version %d, not %d", tab.Version(), version)
			}
			for _, tt := range []struct {
				pc   uint64
				want string
				line uint32
				col  uint32
			}{
				{0xfff, "", 0, 0}, {0x1000, "sub/b.h", 2, 0}, {0x1010, "sub/b.h", 2, 0}, {0x1011, "", 0, 0},
				{0x1fff, "", 0, 0}, {0x2000, "/comp/a.c", 10, 3}, {0x2007, "/comp/a.c", 10, 3},
				{0x2008, "sub/b.h", 11, 3}, {0x200f, "sub/b.h", 11, 3}, {0x2010, "", 0, 0}, {0, "", 0, 0}, {1<<64 - 2, "", 0, 0},
			} {
				if version < 5 && tt.pc < 0x2000 && tt.want != "" {
					tt.want = "/comp/a.c" // file 1 of these is the first
				}
				p, ok := tab.Lookup(tt.pc)
				if ok != (tt.want != "") || ok && (tab.File(uint64(p.File)) != tt.want || p.Line != tt.line || p.Column != tt.col) {
					t.Errorf("version %d, big %t: %#x is at %s %+v %t, not at %s:%d:%d", version, big, tt.pc, tab.File(uint64(p.File)), p, ok, tt.want, tt.line, tt.col)
				}
			}
			if got := tab.File(uint64(first) + 2); got != "/abs/c.h" {
				t.Errorf("version %d: third file is %q", version, got)
			}
			if version < 5 && tab.File(4) != "/d.h" {
				t.Errorf("version %d: fourth file is %q", version, tab.File(4))
			}
			for _, n := range []uint64{5, 1 << 63, 1<<64 - 1} {
				if got := tab.File(n); got != "" {
					t.Errorf("version %d: file %d is %q", version, n, got)
				}
			}
		}
	}
}

func TestVLIW(t *testing.T) {
	b := assemble(4, false, header4, slices.Concat(setAddress(false, 0x1000),
		[]byte{lnsCopy, lnsAdvancePC, 4, lnsAdvanceLine, 1, lnsCopy, lnsAdvancePC, 2, lnsAdvanceLine, 1, lnsCopy, lnsAdvancePC, 3}, endSequence))
	b[10], b[11] = 16, 3 // 16 bytes an instruction, of three operations
	tab, err := Decode(&Sections{Line: b}, 0, Unit{AddressSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	for pc, line := range map[uint64]uint32{0x1000: 1, 0x100f: 1, 0x1010: 2, 0x1020: 3, 0x102f: 3, 0x1030: 0} {
		if p, _ := tab.Lookup(pc); p.Line != line {
			t.Errorf("%#x is on line %d, not %d", pc, p.Line, line)
		}
	}
}

// TestOverlap: remains of discarded code that lie over true code.
func TestOverlap(t *testing.T) {
	run := func(at uint64, file byte, n byte) []byte {
		return slices.Concat(setAddress(false, at), []byte{lnsSetFile, file, lnsCopy, lnsAdvancePC, n}, endSequence)
	}
	tab, err := Decode(&Sections{Line: assemble(4, false, header4, slices.Concat(run(0x1010, 1, 8), run(0x1000, 2, 0x40), run(0x1018, 3, 8), run(0x1018, 4, 4)))}, 0, Unit{AddressSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	for pc, file := range map[uint64]uint32{0x1000: 2, 0x100f: 2, 0x1010: 1, 0x1017: 1, 0x1018: 4, 0x101b: 4, 0x101c: 0} {
		if p, _ := tab.Lookup(pc); p.File != file {
			t.Errorf("%#x is in file %d, not %d", pc, p.File, file)
		}
	}
}

func TestBad(t *testing.T) {
	good := assemble(5, false, header5, slices.Concat(setAddress(false, 0x1000), []byte{lnsCopy, lnsAdvancePC, 8}, endSequence))
	for n := range good {
		b := good[:n]
		if _, err := Decode(&Sections{Line: b}, 0, Unit{}); err == nil {
			t.Errorf("no error for the first %d bytes", n)
		}
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"version", assemble(6, false, header5, nil), "version 6"},
		{"entries", assemble(5, false, []byte("\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), nil), "no format"},
		{"count", assemble(5, false, []byte("\x01\x01\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7fa\x00"), nil), "without an end"},
		{"form", assemble(5, false, []byte("\x01\x01\x19\x01\x00"), nil), "form 0x19"},
		{"strx", assemble(5, false, []byte("\x01\x01\x1a\x01\x05"), nil), "string index 5"},
		{"line_strp", assemble(5, false, []byte("\x01\x01\x1f\x01\xff\xff\x00\x00"), nil), ".debug_line_str"},
		{"backwards", assemble(4, false, header4, slices.Concat(setAddress(false, 0x1000), []byte{lnsCopy}, setAddress(false, 0xfff), []byte{lnsCopy})), "row for 0xfff"},
		{"long", assemble(4, false, header4, slices.Concat(setAddress(false, 0x1000), []byte{lnsCopy}, setAddress(false, 1<<40), endSequence)), "sequence from"},
		{"address", assemble(4, false, header4, []byte{0, 1, lneSetAddress}), "0 bytes"},
	} {
		tab, err := Decode(&Sections{Line: tt.b}, 0, Unit{AddressSize: 8})
		if tab != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestStrx(t *testing.T) {
	s := &Sections{
		Line:       assemble(5, false, []byte("\x01\x01\x1a\x01\x00\x02\x01\x25\x02\x0b\x01\x01\x00"), nil),
		Str:        []byte("/comp\x00a.c\x00"),
		StrOffsets: []byte("\x0c\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00"),
	}
	tab, err := Decode(s, 0, Unit{AddressSize: 8, StrOffsetsBase: 8})
	if err != nil {
		t.Fatal(err)
	}
	if got := tab.File(0); got != "/comp/a.c" {
		t.Errorf("file 0 is %q", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(assemble(5, false, header5, slices.Concat(setAddress(false, 0x1000), []byte{lnsCopy, lnsAdvancePC, 8}, endSequence)), uint64(0x1000), false)
	f.Add(assemble(3, true, header4, slices.Concat(setAddress(true, 0x1000), []byte{lnsCopy, lnsAdvancePC, 8}, endSequence)), uint64(0x1004), true)
	f.Add(assemble(5, false, []byte("\x01\x01\x1a\x01\x00\x02\x01\x25\x02\x0b\x01\x01\x00"), nil), uint64(0), false)
	f.Fuzz(func(t *testing.T, b []byte, pc uint64, big bool) {
		tab, err := Decode(&Sections{Line: b, LineStr: b, Str: b, StrOffsets: b, Big: big}, 0, Unit{AddressSize: 8, CompDir: "/c"})
		if (tab == nil) == (err == nil) {
			t.Fatalf("%v and %v", tab, err)
		}
		if err != nil {
			return
		}
		if len(tab.rows) > len(b) || tab.NumFiles() > len(b) {
			t.Errorf("%d rows and %d files of %d bytes", len(tab.rows), tab.NumFiles(), len(b))
		}
		p, _ := tab.Lookup(pc)
		tab.File(uint64(p.File))
		last := uint64(0)
		tab.Ranges(func(low, high uint64) bool {
			if low < last || high <= low {
				t.Errorf("sequence %#x-%#x after %#x", low, high, last)
			}
			if _, ok := tab.Lookup(low); !ok {
				t.Errorf("no position at the start of a sequence, %#x", low)
			}
			last = high
			return true
		})
	})
}

func BenchmarkDecode(b *testing.B) {
	f, err := tiny()
	if err != nil {
		b.Fatal(err)
	}
	s := sectionsOf(b, f)
	var offs []uint64
	for off := uint64(0); off < uint64(len(s.Line)); {
		offs = append(offs, off)
		off += 4 + uint64(binary.LittleEndian.Uint32(s.Line[off:]))
	}
	b.SetBytes(int64(len(s.Line)))
	b.ReportAllocs()
	for b.Loop() {
		for _, off := range offs {
			if _, err := Decode(s, off, Unit{AddressSize: 8}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(offs)), "µs/unit")
}

func BenchmarkLookup(b *testing.B) {
	f, err := tiny()
	if err != nil {
		b.Fatal(err)
	}
	s := sectionsOf(b, f)
	tab, err := Decode(s, 0, Unit{AddressSize: 8})
	if err != nil {
		b.Fatal(err)
	}
	pc := tab.seqs[len(tab.seqs)/2].low + 4
	for b.Loop() {
		p, _ := tab.Lookup(pc)
		tab.File(uint64(p.File))
	}
}
