package orc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/cfi"
)

// raw is a struct orc_entry with its address; last is the byte of type and flags.
type raw struct {
	pc     uint64
	sp, bp int16
	regs   byte // bp_reg << 4 | sp_reg
	last   byte
}

const ipAddress = 0xffffffff81aaea9c

func tables(entries ...raw) Tables {
	t := Tables{IPAddress: ipAddress}
	for i, e := range entries {
		t.IP = binary.LittleEndian.AppendUint32(t.IP, uint32(e.pc-(ipAddress+uint64(i)*4)))
		t.Entries = binary.LittleEndian.AppendUint16(t.Entries, uint16(e.sp))
		t.Entries = binary.LittleEndian.AppendUint16(t.Entries, uint16(e.bp))
		t.Entries = append(t.Entries, e.regs, e.last)
	}
	return t
}

func open(t *testing.T, tt Tables) *Table {
	t.Helper()
	table, err := New(tt)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

const text = 0xffffffff81000000

// Numbers of bases before v7.
const (
	regPrevSP     = 1
	regDX         = 2
	regDI         = 3
	regBP         = 4
	regSP         = 5
	regR10        = 6
	regR13        = 7
	regBPIndirect = 8
	regSPIndirect = 9
	regAX         = 10
)

// headerOf returns a header of a format.
func headerOf(f Format) []byte {
	for h, of := range headers {
		if of == f {
			return []byte(h)
		}
	}
	return nil
}

var headerType = headerOf(FormatType)

// TestFormats says the same in the formats of all kernels, with and without the header that tells them apart.
func TestFormats(t *testing.T) {
	// last[format] are the last bytes of: call, registers of an interrupt, registers of a system call, partial
	// registers, end of the stack.
	last := map[Format][5]byte{
		FormatEnd:    {0, 1, 1, 2, 4},
		FormatSignal: {0, 1 | 4, 1, 2 | 4, 8},
		FormatType:   {2, 3 | 8, 3, 4 | 8, 1},
	}
	for format, b := range last {
		for _, header := range [][]byte{nil, headerOf(format), []byte("that of a kernel to come")} {
			tt := tables(
				raw{text, 8, 0, regSP, b[0]}, raw{text + 0x10, 16, -16, regPrevSP<<4 | regBP, b[0]},
				raw{text + 0x20, 24, 8, regBP<<4 | regR10, b[0]}, raw{text + 0x30, 0, 0, regSP, b[1]},
				raw{text + 0x40, 0, 0, regSP, b[2]}, raw{text + 0x50, 8, 0, regSP, b[3]}, raw{text + 0x60, 0, 0, 0, b[4]},
				raw{text + 0x70, 0, 0, 0, 0})
			tt.Header = header
			table := open(t, tt)
			if table.Layout().Format() != format || table.Len() != 8 {
				t.Errorf("format %d, want %d", table.Layout().Format(), format)
			}
			row := func(pc uint64) *cfi.Row {
				t.Helper()
				r, err := table.FindRow(pc)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			if r := row(text - 1); r != nil {
				t.Errorf("before the first entry: %+v", r)
			}
			if r := row(text + 0x70); r != nil {
				t.Errorf("nothing known: %+v", r)
			}
			r := row(text + 0xf)
			if !equal(r.CFA, rule(cfi.RegisterPlus, rsp, 8)) || r.Same != 1<<rbp || len(r.Rules) != 2 || r.Signal ||
				r.Start != text || r.End != text+0x10 {
				t.Errorf("call: %+v", r)
			}
			r = row(text + 0x10)
			if !equal(r.CFA, rule(cfi.RegisterPlus, rbp, 16)) || !has(r, rbp, rule(cfi.CFAPlusAt, 0, -16)) {
				t.Errorf("frame pointer: %+v", r)
			}
			r = row(text + 0x20)
			if !has(r, rbp, rule(cfi.RegisterPlusAt, rbp, 8)) {
				t.Errorf("saved frame pointer by frame pointer: %+v", r)
			}
			r = row(text + 0x30)
			if !r.Signal || len(r.Rules) != len(arch.X86_64.PtRegs) || !has(r, uint8(rip), word(128)) || !has(r, rsp, word(152)) {
				t.Errorf("interrupt: %+v", r)
			}
			if r = row(text + 0x40); r.Signal != (format == FormatEnd) {
				t.Errorf("system call: %+v", r)
			}
			r = row(text + 0x50)
			if !r.Signal || len(r.Rules) != 5 || !has(r, uint8(rip), word(0)) || !has(r, rsp, word(24)) || r.Same != 1<<rbp {
				t.Errorf("partial registers: %+v", r)
			}
			if r = row(text + 0x60); !r.Outermost {
				t.Errorf("end of the stack: %+v", r)
			}
		}
	}
}

// has says whether a row has a rule for a register.
func has(r *cfi.Row, register uint8, want cfi.Rule) bool {
	return slices.ContainsFunc(r.Rules, func(rr cfi.RegisterRule) bool {
		return rr.Register == register && equal(rr.Rule, want)
	})
}

func equal(a, b cfi.Rule) bool {
	return a.Kind == b.Kind && a.Register == b.Register && a.Offset == b.Offset && a.Size == b.Size
}

func rule(kind cfi.Kind, register uint8, offset int64) cfi.Rule {
	return cfi.Rule{Kind: kind, Register: register, Offset: offset}
}

// word is a register saved as 8 bytes at an offset from the base.
func word(offset int64) cfi.Rule { return cfi.Rule{Kind: cfi.CFAPlusAt, Offset: offset, Size: 8} }

func TestBases(t *testing.T) {
	for base, want := range map[byte]cfi.Rule{
		regSP: rule(cfi.RegisterPlus, rsp, 40), regBP: rule(cfi.RegisterPlus, rbp, 40),
		regSPIndirect: rule(cfi.RegisterAt, rsp, 40), regBPIndirect: rule(cfi.RegisterPlusAt, rbp, 40),
		regR10: rule(cfi.RegisterPlus, r10, 0), regR13: rule(cfi.RegisterPlus, r13, 0),
		regDI: rule(cfi.RegisterPlus, rdi, 0), regDX: rule(cfi.RegisterPlus, rdx, 0),
	} {
		tt := tables(raw{text, 40, 0, base, 2})
		tt.Header = headerType
		if r, err := open(t, tt).FindRow(text); err != nil || !equal(r.CFA, want) {
			t.Errorf("base %d: %+v, %v", base, r, err)
		}
	}
	for name, e := range map[string]raw{
		"no base": {text, 0, 0, 0, 2}, "base of the previous stack pointer": {text, 0, 0, regPrevSP, 2},
		"base 15": {text, 0, 0, 15, 2}, "frame pointer base 9": {text, 0, 0, 9<<4 | regSP, 2}, "type 5": {text, 0, 0, regSP, 5},
	} {
		tt := tables(e)
		tt.Header = headerType
		var decode *bin.DecodeError
		if r, err := open(t, tt).FindRow(text); r != nil || !errors.As(err, &decode) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// TestUnsorted looks into tables in the order of a file that nobody sorted, with two entries for one address, and with a
// bias.
func TestUnsorted(t *testing.T) {
	const bias = 0x1bc00000
	tt := tables(
		raw{text + 0x40, 16, 0, regSP, 2}, raw{text + 0x60, 0, 0, 0, 0}, raw{text, 8, 0, regSP, 2},
		raw{text + 0x20, 24, 0, regSP, 2}, raw{text + 0x40, 0, 0, 0, 0})
	tt.Bias = bias
	table := open(t, tt)
	for pc, want := range map[uint64]string{
		text: "8", text + 0x1f: "8", text + 0x20: "24", text + 0x40: "16", text + 0x5f: "16", text + 0x60: "nil", text - 1: "nil",
	} {
		r, err := table.FindRow(pc + bias)
		got := "nil"
		if r != nil {
			got = fmt.Sprint(r.CFA.Offset)
		}
		if err != nil || got != want {
			t.Errorf("%#x: %s, %v; want %s", pc, got, err, want)
		}
	}
}

func TestBadTables(t *testing.T) {
	tt := tables(raw{text, 8, 0, regSP, 2})
	for name, spoiled := range map[string]Tables{
		"half an entry":     {IP: tt.IP, Entries: tt.Entries[:5]},
		"too few addresses": {Entries: tt.Entries},
		"too many":          {IP: append(slices.Clone(tt.IP), 0, 0, 0, 0), Entries: tt.Entries},
	} {
		if table, err := New(spoiled); table != nil || err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if r, err := open(t, Tables{}).FindRow(text); r != nil || err != nil {
		t.Errorf("empty tables: %v, %v", r, err)
	}
}

func FuzzTable(f *testing.F) {
	tt := tables(raw{text, 8, 0, regSP, 2}, raw{text + 0x10, 16, -16, regPrevSP<<4 | regBP, 2}, raw{text + 0x20, 0, 0, 0, 1})
	f.Add(tt.IP, tt.Entries, headerType, uint64(text))
	f.Add(tt.IP, tt.Entries, []byte(nil), uint64(text+0x10))
	f.Fuzz(func(t *testing.T, ip, entries, header []byte, pc uint64) {
		table, err := New(Tables{IP: ip, IPAddress: ipAddress, Entries: entries, Header: header})
		if (table == nil) == (err == nil) {
			t.Fatalf("%v and %v", table, err)
		}
		if err != nil {
			return
		}
		pcs := []uint64{pc}
		for i := range min(table.Len(), 100) {
			pcs = append(pcs, table.at(i))
		}
		for _, pc := range pcs {
			row, err := table.FindRow(pc)
			if row != nil && err != nil {
				t.Fatal("a row and an error")
			}
			if row != nil && (pc < row.Start || row.End < row.Start) {
				t.Fatalf("row %#x-%#x for %#x", row.Start, row.End, pc)
			}
		}
	})
}

// BenchmarkNew opens the tables of a kernel: 60,000 entries.
func BenchmarkNew(b *testing.B) {
	entries := make([]raw, 60000)
	for i := range entries {
		entries[i] = raw{text + uint64(i)*0x20, 8, 0, regSP, 2}
	}
	tt := tables(entries...)
	for b.Loop() {
		if _, err := New(tt); err != nil {
			b.Fatal(err)
		}
	}
}

// dwarfRows is DWARF that has the same row for addresses below a limit.
type dwarfRows struct {
	row   *cfi.Row
	limit uint64
	err   error
}

func (d dwarfRows) FindRow(pc uint64) (*cfi.Row, error) {
	if d.err != nil || pc >= d.limit {
		return nil, d.err
	}
	return d.row, nil
}

func TestCombined(t *testing.T) {
	tt := tables(raw{text, 8, 0, regSP, 2}, raw{text + 0x10, 16, 0, regSPIndirect, 2}, raw{text + 0x20, 0, 0, regR10, 2},
		raw{text + 0x30, 0, 0, regSP, 3}, raw{text + 0x40, 0, 0, 0, 1}, raw{text + 0x50, 24, 0, regSP, 2},
		raw{text + 0x60, 0, 0, 0, 0}, raw{text + 0x70, 0, 0, 15, 2})
	tt.Header = headerType
	rbx := number("rbx")
	dwarf := &cfi.Row{
		Start: text, End: text + 0x50, CFA: rule(cfi.RegisterPlus, rsp, 99), ReturnAddress: rip,
		Rules: []cfi.RegisterRule{at(uint8(rip), cfi.CFAPlusAt, -8), at(rsp, cfi.CFAPlus, 0), at(rbx, cfi.CFAPlusAt, -16)},
	}
	c := Combined{dwarfRows{row: dwarf, limit: text + 0x50}, open(t, tt)}
	for _, test := range []struct {
		pc       uint64
		cfa      cfi.Rule
		hasRBX   bool
		from, to uint64
	}{
		{text, rule(cfi.RegisterPlus, rsp, 8), true, text, text + 0x10},
		{text + 0x10, rule(cfi.RegisterAt, rsp, 16), true, text + 0x10, text + 0x20},
		{text + 0x20, dwarf.CFA, true, text, text + 0x50},
		{text + 0x30, rule(cfi.RegisterPlus, rsp, 0), true, text + 0x30, text + 0x40},
		{text + 0x40, cfi.Rule{}, false, text + 0x40, text + 0x50},
		{text + 0x50, rule(cfi.RegisterPlus, rsp, 24), false, text + 0x50, text + 0x60},
	} {
		r, err := c.FindRow(test.pc)
		if err != nil || !equal(r.CFA, test.cfa) || r.Start != test.from || r.End != test.to {
			t.Errorf("%#x: %+v, %v", test.pc, r, err)
			continue
		}
		if got := slices.ContainsFunc(r.Rules, func(rr cfi.RegisterRule) bool { return rr.Register == rbx }); got != test.hasRBX {
			t.Errorf("%#x: rbx is recovered: %t", test.pc, got)
		}
	}
	if dwarf.CFA.Offset != 99 {
		t.Error("DWARF's row was changed")
	}
	if r, err := c.FindRow(text + 0x60); r != nil || err != nil {
		t.Errorf("nothing known: %v, %v", r, err)
	}
	if r, err := c.FindRow(text + 0x70); r != nil || err == nil {
		t.Errorf("bad entry: %v, %v", r, err)
	}
	failing := errors.New("no")
	c.DWARF = dwarfRows{err: failing}
	if r, err := c.FindRow(text); r == nil || err != nil {
		t.Errorf("bad DWARF, good ORC: %v, %v", r, err)
	}
	if r, err := c.FindRow(text + 0x60); r != nil || !errors.Is(err, failing) {
		t.Errorf("bad DWARF, no ORC: %v, %v", r, err)
	}
}
