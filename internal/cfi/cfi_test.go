package cfi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
)

func platform(t testing.TB, a *arch.Arch) arch.Platform {
	t.Helper()
	p, err := arch.NewPlatform(a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// writer writes a section of call frame information.
type writer struct {
	p    arch.Platform
	eh   bool
	wide bool // 64-bit DWARF
	b    []byte
}

func (w *writer) uint(v uint64, size int) {
	b := make([]byte, 8)
	if w.p.IsLittleEndian() {
		binary.LittleEndian.PutUint64(b, v)
		w.b = append(w.b, b[:size]...)
	} else {
		binary.BigEndian.PutUint64(b, v)
		w.b = append(w.b, b[8-size:]...)
	}
}

// entry writes an entry: id is the CIE pointer.
func (w *writer) entry(id uint64, body func()) (off uint64) {
	off = uint64(len(w.b))
	size := 4
	if w.wide {
		w.uint(0xffffffff, 4)
		size = 8
	}
	at := len(w.b)
	w.uint(0, size)
	start := len(w.b)
	if w.eh {
		w.uint(id, 4)
	} else {
		w.uint(id, size)
	}
	body()
	length := uint64(len(w.b) - start)
	saved := w.b
	w.b = nil
	w.uint(length, size)
	copy(saved[at:], w.b)
	w.b = saved
	return off
}

// cie writes a CIE; head is what follows the augmentation string.
func (w *writer) cie(version byte, augmentation string, rest ...byte) (off uint64) {
	id := uint64(1<<64 - 1)
	if w.eh {
		id = 0
	}
	return w.entry(id, func() {
		w.b = append(w.b, version)
		w.b = append(append(w.b, augmentation...), 0)
		w.b = append(w.b, rest...)
	})
}

// fde writes an FDE with addresses of the given size.
func (w *writer) fde(cie, start, length uint64, size int, rest ...byte) {
	id := cie
	if w.eh {
		id = uint64(len(w.b)) + 4 - cie
		if w.wide {
			id += 8
		}
	}
	w.entry(id, func() {
		w.uint(start, size)
		w.uint(length, size)
		w.b = append(w.b, rest...)
	})
}

func (w *writer) table(t testing.TB) *Table {
	t.Helper()
	table, err := New(Section{Platform: w.p, Name: "test", Data: w.b, EH: w.eh, Address: 0x5000})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// describe renders what is interesting of a row.
func describe(p arch.Platform, r *Row) string {
	if r == nil {
		return "nil"
	}
	name := func(n uint8) string { return p.Arch.Registers[n].Names[0] }
	rule := func(r Rule) string {
		switch r.Kind {
		case RegisterPlus:
			return fmt.Sprintf("%s%+d", name(r.Register), r.Offset)
		case CFAPlus:
			return fmt.Sprintf("cfa%+d", r.Offset)
		case CFAPlusAt:
			return fmt.Sprintf("[cfa%+d]", r.Offset)
		case Expression:
			return fmt.Sprintf("expr(%x)", r.Expr)
		case ExpressionAt:
			return fmt.Sprintf("[expr(%x)]", r.Expr)
		}
		return fmt.Sprintf("kind %d", r.Kind)
	}
	rules := map[string]string{}
	for i, reg := range p.Arch.Registers {
		initial := reg.Initial
		found := "undefined"
		if r.Same>>i&1 != 0 {
			found = "same"
		}
		for _, rr := range r.Rules {
			if int(rr.Register) == i {
				found = rule(rr.Rule)
			}
		}
		byDefault := map[arch.InitialRule]string{arch.Undefined: "undefined", arch.SameValue: "same", arch.CFA: "cfa+0"}
		if found != byDefault[initial] {
			rules[reg.Names[0]] = found
		}
	}
	parts := []string{fmt.Sprintf("%#x-%#x cfa=%s", r.Start, r.End, rule(r.CFA))}
	for _, n := range slices.Sorted(maps.Keys(rules)) {
		parts = append(parts, n+"="+rules[n])
	}
	if r.Signal {
		parts = append(parts, "signal")
	}
	if r.Outermost {
		parts = append(parts, "outermost")
	}
	return strings.Join(parts, " ")
}

// x86CIE is what gcc writes: code alignment 1, data alignment -8, return address in column 16; the CFA is rsp+8.
var x86CIE = []byte{1, 0x78, 16, 0x0c, 7, 8, 0x80 | 16, 1}

func TestInstructions(t *testing.T) {
	for _, test := range []struct {
		name    string
		program []byte
		at      uint64
		want    string
	}{
		{"none", nil, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"nop", []byte{0, 0, 0}, 0x10ff, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"push rbp, before", []byte{0x41, 0x0e, 16, 0x86, 2}, 0x1000, "0x1000-0x1001 cfa=rsp+8 rip=[cfa-8]"},
		{"push rbp", []byte{0x41, 0x0e, 16, 0x86, 2}, 0x1001, "0x1001-0x1100 cfa=rsp+16 rbp=[cfa-16] rip=[cfa-8]"},
		{"def_cfa_register", []byte{0x0d, 6}, 0x1000, "0x1000-0x1100 cfa=rbp+8 rip=[cfa-8]"},
		{"def_cfa_sf", []byte{0x12, 6, 0x7e}, 0x1000, "0x1000-0x1100 cfa=rbp+16 rip=[cfa-8]"},
		{"def_cfa_offset_sf", []byte{0x13, 0x7d}, 0x1000, "0x1000-0x1100 cfa=rsp+24 rip=[cfa-8]"},
		{"def_cfa_expression", []byte{0x0f, 3, 0x77, 8, 6}, 0x1000, "0x1000-0x1100 cfa=expr(770806) rip=[cfa-8]"},
		{"expression", []byte{0x10, 3, 2, 0x76, 8}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=[expr(7608)] rip=[cfa-8]"},
		{"val_expression", []byte{0x16, 3, 2, 0x76, 8}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=expr(7608) rip=[cfa-8]"},
		{"set_loc", []byte{0x01, 0x10, 0x10, 0, 0, 0, 0, 0, 0, 0x0e, 16}, 0x1010, "0x1010-0x1100 cfa=rsp+16 rip=[cfa-8]"},
		{"advance_loc1", []byte{0x02, 0x80, 0x0e, 16}, 0x1080, "0x1080-0x1100 cfa=rsp+16 rip=[cfa-8]"},
		{"advance_loc2", []byte{0x03, 0x80, 0, 0x0e, 16}, 0x1080, "0x1080-0x1100 cfa=rsp+16 rip=[cfa-8]"},
		{"advance_loc4", []byte{0x04, 0x80, 0, 0, 0, 0x0e, 16}, 0x1080, "0x1080-0x1100 cfa=rsp+16 rip=[cfa-8]"},
		{"MIPS_advance_loc8", []byte{0x1d, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x0e, 16}, 0x1080, "0x1080-0x1100 cfa=rsp+16 rip=[cfa-8]"},
		{"offset_extended", []byte{0x05, 3, 4}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=[cfa-32] rip=[cfa-8]"},
		{"offset_extended_sf", []byte{0x11, 3, 0x7f}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=[cfa+8] rip=[cfa-8]"},
		{"GNU_negative_offset_extended", []byte{0x2f, 3, 1}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=[cfa+8] rip=[cfa-8]"},
		{"val_offset", []byte{0x14, 3, 2}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=cfa-16 rip=[cfa-8]"},
		{"val_offset_sf", []byte{0x15, 3, 0x7e}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=cfa+16 rip=[cfa-8]"},
		{"restore", []byte{0x83, 2, 0x90, 2, 0xc3, 0xd0}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"restore_extended", []byte{0x83, 2, 0x06, 3}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"undefined", []byte{0x07, 3}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=undefined rip=[cfa-8]"},
		{"same_value", []byte{0x08, 0, 0x08, 7}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rax=same rip=[cfa-8] rsp=same"},
		{"register", []byte{0x09, 3, 12}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rbx=r12+0 rip=[cfa-8]"},
		{"remember_state", []byte{0x0a, 0x0e, 32, 0x83, 2, 0x41, 0x0b}, 0x1000, "0x1000-0x1001 cfa=rsp+32 rbx=[cfa-16] rip=[cfa-8]"},
		{"restore_state", []byte{0x0a, 0x0e, 32, 0x83, 2, 0x41, 0x0b}, 0x1001, "0x1001-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"GNU_args_size", []byte{0x2e, 0x80, 1}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"AARCH64_negate_ra_state", []byte{0x2d, 0x2c}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"outermost", []byte{0x07, 16}, 0x1000, "0x1000-0x1100 cfa=rsp+8 outermost"},
		{"vector register", []byte{0x05, 17, 4}, 0x1000, "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"},
		{"outside", nil, 0x1100, "nil"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := writer{p: platform(t, arch.X86_64)}
			w.fde(w.cie(1, "", x86CIE...), 0x1000, 0x100, 8, test.program...)
			row, err := w.table(t).FindRow(test.at)
			if got := describe(w.p, row); err != nil || got != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

// TestRISCV reads what gas for RISC-V writes: a CIE that defines only the register of the canonical frame address.
func TestRISCV(t *testing.T) {
	w := writer{p: platform(t, arch.RISCV64)}
	w.fde(w.cie(3, "", 1, 0x7c, 1, 0x0d, 2), 0x1000, 0x100, 8, 0x42, 0x0e, 16, 0x81, 2)
	for pc, want := range map[uint64]string{
		0x1000: "0x1000-0x1002 cfa=sp+0", 0x1002: "0x1002-0x1100 cfa=sp+16 ra=[cfa-8]",
	} {
		row, err := w.table(t).FindRow(pc)
		if got := describe(w.p, row); err != nil || got != want {
			t.Errorf("%#x: %s, %v; want %s", pc, got, err, want)
		}
	}
}

func TestBadInstructions(t *testing.T) {
	for name, program := range map[string][]byte{
		"unknown":                       {0x3f},
		"truncated":                     {0x0c, 7},
		"expression past the end":       {0x0f, 100, 1},
		"restore_state without a state": {0x0b},
		"remembered too deep":           slices.Repeat([]byte{0x0a}, 1000),
		"offset of an expression":       {0x0f, 1, 0x30, 0x0e, 8},
	} {
		t.Run(name, func(t *testing.T) {
			w := writer{p: platform(t, arch.X86_64)}
			w.fde(w.cie(1, "", x86CIE...), 0x1000, 0x100, 8, program...)
			row, err := w.table(t).FindRow(0x1000)
			var decode *bin.DecodeError
			if row != nil || !errors.As(err, &decode) || decode.Section != "test" || decode.Off == 0 {
				t.Errorf("%v, %v", row, err)
			}
		})
	}
}

// TestFormats reads the same information in all forms of sections, word sizes and byte orders.
func TestFormats(t *testing.T) {
	for _, p := range []arch.Platform{
		{Arch: arch.X86_64, Flags: arch.Is64Bit | arch.IsLittleEndian}, {Arch: arch.X86_64, Flags: arch.Is64Bit},
		{Arch: arch.X86_64, Flags: arch.IsLittleEndian}, {Arch: arch.X86_64},
	} {
		for _, wide := range []bool{false, true} {
			size := p.AddressSize()
			const want = "0x1000-0x1100 cfa=rsp+8 rip=[cfa-8]"
			check := func(name string, w *writer, want string) {
				t.Helper()
				row, err := w.table(t).FindRow(0x1000)
				if got := describe(p, row); err != nil || got != want {
					t.Errorf("%s of %s, 64-bit DWARF %t: %s, %v", name, p, wide, got, err)
				}
			}
			for version, cie := range map[byte][]byte{1: x86CIE, 3: x86CIE, 4: append([]byte{byte(size), 0}, x86CIE...)} {
				w := &writer{p: p, wide: wide}
				w.fde(w.cie(version, "", cie...), 0x1000, 0x100, size)
				check(fmt.Sprintf("version %d", version), w, want)
			}
			w := &writer{p: p, wide: wide}
			w.fde(w.cie(1, "S", x86CIE...), 0x1000, 0x100, size)
			check("signal frame", w, want+" signal")

			// .eh_frame as gcc writes it: zPLR, addresses of 4 bytes relative to their place, with an LSDA.
			w = &writer{p: p, wide: wide, eh: true}
			cie := w.cie(1, "zPLRS", append([]byte{1, 0x78, 16, 7, 0x9b, 1, 2, 3, 4, 0x1b, 0x1b}, x86CIE[3:]...)...)
			header := uint64(8)
			if wide {
				header = 16
			}
			place := 0x5000 + uint64(len(w.b)) + header
			w.fde(cie, 0x1000-place, 0x100, 4, 4, 9, 9, 9, 9, 0)
			w.uint(0, 4) // terminator
			check(".eh_frame", w, want+" signal")
		}
	}
}

func TestPointers(t *testing.T) {
	table := &Table{name: "test", address: 0x5000, textBase: 0x100, dataBase: 0x200, platform: platform(t, arch.X86_64)}
	for _, test := range []struct {
		encoding byte
		bytes    []byte
		want     uint64
	}{
		{0x00, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 0x0807060504030201}, {0x08, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 0x0807060504030201},
		{0x01, []byte{0x80, 1}, 0x80}, {0x02, []byte{1, 0x80}, 0x8001}, {0x03, []byte{1, 0, 0, 0x80}, 0x80000001},
		{0x04, []byte{1, 0, 0, 0, 0, 0, 0, 0}, 1}, {0x09, []byte{0x7f}, ^uint64(0)}, {0x0a, []byte{0xff, 0xff}, ^uint64(0)},
		{0x0b, []byte{0xfe, 0xff, 0xff, 0xff}, ^uint64(0) - 1}, {0x0c, []byte{1, 0, 0, 0, 0, 0, 0, 0}, 1},
		{0x1b, []byte{0xf0, 0xff, 0xff, 0xff}, 0x4ff1}, {0x2a, []byte{1, 0}, 0x101}, {0x3a, []byte{1, 0}, 0x201},
		{0x4a, []byte{1, 0}, 0x301}, {0x50, []byte{9, 9, 9, 9, 9, 9, 9, 7, 0, 0, 0, 0, 0, 0, 0}, 7},
	} {
		c := bin.New("test", append([]byte{0}, test.bytes...), false)
		c.U8()
		if got := table.pointer(&c, test.encoding, 8, 0x300); got != test.want || c.Err() != nil || c.Len() != 0 {
			t.Errorf("encoding %#x: %#x, %v, %d bytes left; want %#x", test.encoding, got, c.Err(), c.Len(), test.want)
		}
	}
	for _, encoding := range []byte{0x05, 0x0d, 0x60, 0x80, peOmit} {
		c := bin.New("test", make([]byte, 16), false)
		if table.pointer(&c, encoding, 8, 0); c.Err() == nil {
			t.Errorf("encoding %#x was taken", encoding)
		}
	}
}

func TestBadSections(t *testing.T) {
	good := func() *writer {
		w := &writer{p: platform(t, arch.X86_64)}
		w.fde(w.cie(1, "", x86CIE...), 0x1000, 0x100, 8)
		return w
	}
	for name, spoil := range map[string]func(w *writer){
		"truncated":           func(w *writer) { w.b = w.b[:len(w.b)-1] },
		"length past the end": func(w *writer) { w.uint(1000, 4) },
		"huge length":         func(w *writer) { w.uint(0xffffffff, 4); w.uint(1<<63, 8) },
		"CIE past the end":    func(w *writer) { w.fde(1<<31, 0x2000, 1, 8) },
		"CIE is an FDE":       func(w *writer) { w.fde(uint64(len(w.b)), 0x2000, 1, 8) },
		"CIE of version 9":    func(w *writer) { w.fde(w.cie(9, "", x86CIE...), 0x2000, 1, 8) },
		"address of 3 bytes":  func(w *writer) { w.fde(w.cie(4, "", append([]byte{3, 0}, x86CIE...)...), 0x2000, 1, 8) },
		"augmentation data":   func(w *writer) { w.fde(w.cie(1, "zR", 1, 0x78, 16, 100, 0), 0x2000, 1, 8) },
		"short FDE":           func(w *writer) { w.entry(0, func() { w.uint(0x2000, 8) }) },
		"empty entry":         func(w *writer) { w.uint(2, 4); w.uint(0, 2) },
	} {
		w := good()
		spoil(w)
		table, err := New(Section{Platform: w.p, Name: "test", Data: w.b})
		var decode *bin.DecodeError
		if table != nil || !errors.As(err, &decode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w := good()
	w.fde(w.cie(1, "armcc+", x86CIE...), 0x2000, 0x100, 8)
	w.fde(0, 0, 0x100, 8) // a function that the linker dropped
	if n := w.table(t).Len(); n != 1 {
		t.Errorf("unknown augmentation: %d functions", n)
	}
	if _, err := New(Section{Name: "test", Data: w.b}); err == nil {
		t.Error("a section of no platform was taken")
	}
}

// TestOrder looks for functions whose entries aren't in the order of their addresses, with a bias.
func TestOrder(t *testing.T) {
	w := writer{p: platform(t, arch.X86_64)}
	cie := w.cie(1, "", x86CIE...)
	for i := range uint64(100) {
		start := 0x1000 + i*37%100*0x10
		w.fde(cie, start, 0x10, 8, 0x0e, byte(start>>4)&0x7f)
	}
	const bias = 0xffffffff12300000
	table, err := New(Section{Platform: w.p, Name: "test", Data: w.b, Bias: bias})
	if err != nil {
		t.Fatal(err)
	}
	for a := uint64(0x1000); a < 0x1000+100*0x10; a++ {
		row, err := table.FindRow(a + bias)
		if err != nil || row == nil || row.CFA.Offset != int64(a>>4&0x7f) || row.Start != a&^0xf+bias || row.End != row.Start+0x10 {
			t.Fatalf("%#x: %+v, %v", a, row, err)
		}
	}
	for _, a := range []uint64{0, 0xfff, 0x1000 + 100*0x10, ^uint64(0)} {
		if row, err := table.FindRow(a + bias); row != nil || err != nil {
			t.Errorf("%#x: %v, %v", a, row, err)
		}
	}
}

// memory maps addresses to words.
type memory map[uint64]uint64

func (m memory) Uint(address uint64, size int) (uint64, error) {
	v, ok := m[address]
	if !ok {
		return 0, fmt.Errorf("fault at %#x", address)
	}
	return v << (64 - 8*size) >> (64 - 8*size), nil
}

func TestEvaluate(t *testing.T) {
	p := platform(t, arch.X86_64)
	var regs arch.Registers
	regs.Set(arch.X86_64.SP, 0x1000)
	regs.Set(arch.X86_64.PC, 0x40100b)
	mem := memory{0x1008: 0x1122334455667788}
	for _, test := range []struct {
		name string
		expr []byte
		want uint64
	}{
		// What linkers write for the PLT: the frame grows by 8 in the second half of a stub.
		{"plt", []byte{0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}, 0x1010},
		{"lit", []byte{0x30, 0x4f, 0x22}, 31},
		{"addr", []byte{0x03, 1, 0, 0, 0, 0, 0, 0, 0}, 0x701},
		{"constants", []byte{0x08, 0xff, 0x09, 0xff, 0x22, 0x0a, 2, 0, 0x22, 0x0b, 0xfe, 0xff, 0x22, 0x0c, 3, 0, 0, 0, 0x22, 0x0d, 0xfd, 0xff, 0xff, 0xff, 0x22}, 254},
		{"const8", []byte{0x0e, 1, 0, 0, 0, 0, 0, 0, 0, 0x0f, 2, 0, 0, 0, 0, 0, 0, 0, 0x22}, 3},
		{"leb", []byte{0x10, 0x80, 1, 0x11, 0x7f, 0x22, 0x23, 5}, 132},
		{"deref", []byte{0x77, 8, 0x06}, 0x1122334455667788}, {"deref_size", []byte{0x77, 8, 0x94, 2}, 0x7788},
		{"bregx", []byte{0x92, 7, 0x78}, 0xff8},
		{"stack", []byte{0x31, 0x32, 0x33, 0x12, 0x13, 0x14, 0x13, 0x15, 2, 0x13, 0x17, 0x16, 0x1c}, 1}, // 1 2 3 → 3 1 2 → 3 2 1
		{"abs", []byte{0x09, 0xfb, 0x19}, 5}, {"neg", []byte{0x35, 0x1f}, ^uint64(4)}, {"not", []byte{0x30, 0x20}, ^uint64(0)},
		{"div", []byte{0x09, 0xf8, 0x32, 0x1b}, ^uint64(3)}, {"mod", []byte{0x38, 0x33, 0x1d}, 2},
		{"div least", []byte{0x31, 0x08, 63, 0x24, 0x09, 0xff, 0x1b}, 1 << 63},
		{"mul", []byte{0x35, 0x36, 0x1e}, 30}, {"or", []byte{0x35, 0x32, 0x21}, 7}, {"xor", []byte{0x35, 0x31, 0x27}, 4},
		{"shr", []byte{0x09, 0xff, 0x08, 60, 0x25}, 15}, {"shra", []byte{0x09, 0xf0, 0x32, 0x26}, ^uint64(3)},
		{"shl far", []byte{0x31, 0x08, 200, 0x24}, 0},
		{"compare", []byte{0x09, 0xff, 0x31, 0x2d, 0x31, 0x30, 0x2b, 0x1a, 0x31, 0x31, 0x29, 0x1a, 0x31, 0x32, 0x2c, 0x1a}, 1},
		{"skip", []byte{0x31, 0x2f, 1, 0, 0x32}, 1}, {"bra", []byte{0x31, 0x30, 0x28, 1, 0, 0x32}, 2},
		{"loop", []byte{0x3a, 0x31, 0x1c, 0x12, 0x28, 0xfa, 0xff, 0x37}, 7},
		{"nop", []byte{0x96, 0x31}, 1},
	} {
		if got, err := Evaluate(p, test.expr, &regs, mem, 0x700); err != nil || got != test.want {
			t.Errorf("%s: %#x, %v; want %#x", test.name, got, err, test.want)
		}
	}
	if got, err := Evaluate(p, []byte{0x38, 0x1c}, &regs, mem, 0, 0x2000); err != nil || got != 0x1ff8 {
		t.Errorf("initial value: %#x, %v", got, err)
	}
	for name, expr := range map[string][]byte{
		"empty": nil, "underflow": {0x22}, "endless": {0x2f, 0xfd, 0xff}, "overflow": {0x31, 0x2f, 0xfc, 0xff},
		"division by zero": {0x31, 0x30, 0x1b}, "skip out": {0x2f, 0, 0x70},
		"deref_size 3": {0x31, 0x94, 3}, "truncated": {0x03, 1}, "pick": {0x31, 0x15, 4},
	} {
		var decode *bin.DecodeError
		if v, err := Evaluate(p, expr, &regs, mem, 0); !errors.As(err, &decode) {
			t.Errorf("%s: %#x, %v", name, v, err)
		}
	}
	var unknown *UnknownRegisterError
	if _, err := Evaluate(p, []byte{0x70, 0}, &regs, mem, 0); !errors.As(err, &unknown) || unknown.Register != 0 {
		t.Errorf("unknown register: %v", err)
	}
	if _, err := Evaluate(p, []byte{0x50}, &regs, mem, 0); !errors.As(err, &unknown) || unknown.Register != 0 {
		t.Errorf("location operation: %v", err)
	}
	if _, err := Evaluate(p, []byte{0x92, 99, 0}, &regs, mem, 0); !errors.As(err, &unknown) || unknown.Register != -1 {
		t.Errorf("untracked register: %v", err)
	}
	if _, err := Evaluate(p, []byte{0x30, 0x06}, &regs, mem, 0); err == nil || !strings.Contains(err.Error(), "fault") {
		t.Errorf("fault: %v", err)
	}
}

func FuzzTable(f *testing.F) {
	for _, wide := range []bool{false, true} {
		for _, eh := range []bool{false, true} {
			w := writer{p: platform(f, arch.X86_64), wide: wide, eh: eh}
			w.fde(w.cie(1, "", x86CIE...), 0x1000, 0x100, 8, 0x41, 0x0e, 16, 0x86, 2, 0x0a, 0x0f, 2, 0x77, 8, 0x0b)
			f.Add(w.b, eh, uint64(0x1001), uint16(62), byte(2), byte(1))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, eh bool, pc uint64, machine uint16, class, order byte) {
		p := arch.PlatformOf(machine, class, order)
		table, err := New(Section{Platform: p, Name: "fuzz", Data: data, EH: eh})
		if (table == nil) == (err == nil) {
			t.Fatalf("%v and %v", table, err)
		}
		if err != nil {
			return
		}
		pcs := []uint64{pc}
		for i := range min(len(table.starts), 16) {
			pcs = append(pcs, table.starts[i], table.fdes[i].end-1)
		}
		var regs arch.Registers
		for i := range p.Arch.Slots() {
			regs.Set(i, uint64(i)<<12)
		}
		for _, pc := range pcs {
			row, err := table.FindRow(pc)
			if row != nil && err != nil {
				t.Fatal("a row and an error")
			}
			if row == nil {
				continue
			}
			for _, r := range append(row.Rules, RegisterRule{Rule: row.CFA}) {
				if r.Rule.Kind == Expression || r.Rule.Kind == ExpressionAt {
					if v, err := Evaluate(p, r.Rule.Expr, &regs, memory{}, 0, 1); err != nil && v != 0 {
						t.Fatal("a value and an error")
					}
				}
			}
		}
	})
}

// BenchmarkNew reads the headers of 10,000 functions.
func BenchmarkNew(b *testing.B) {
	w := writer{p: platform(b, arch.X86_64)}
	cie := w.cie(1, "", x86CIE...)
	for i := range uint64(10000) {
		w.fde(cie, 0xffffffff81000000+i*0x40, 0x40, 8, 0x41, 0x0e, 16, 0x86, 2, 0x4d, 0x0e, 8, 0xc6, 0, 0, 0)
	}
	b.SetBytes(int64(len(w.b)))
	for b.Loop() {
		w.table(b)
	}
}
