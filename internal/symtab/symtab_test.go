package symtab

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
)

const (
	local  = elf.STB_LOCAL << 4
	global = elf.STB_GLOBAL << 4
	weak   = elf.STB_WEAK << 4
	fn     = elf.STT_FUNC
	object = elf.STT_OBJECT
)

// table makes a table of symbols in sections 1 (in memory, moved by 0x100000), 2 (found by name) and 3 (not loaded).
func table(t testing.TB) *Table {
	t.Helper()
	type sym struct {
		name        string
		info        uint8
		section     uint16
		value, size uint64
	}
	f := &elftest.File{Is64: true, Type: elf.ET_EXEC, Machine: 62}
	names := []byte{0}
	syms := f.Sym(nil, 0, 0, 0, 0, 0)
	for _, s := range []sym{
		{"outer", global | fn, 1, 0x1000, 0x100},
		{"inner", local | fn, 1, 0x1040, 0x10},
		{"label", global, 1, 0x1080, 0},
		{"alias_local", local | fn, 1, 0x2000, 0x20},
		{"alias_weak", weak | fn, 1, 0x2000, 0x20},
		{"alias", global | fn, 1, 0x2000, 0x20},
		{"alias_second", global | fn, 1, 0x2000, 0x20},
		{"twice", local | object, 1, 0x3000, 8},
		{"twice", global | object, 1, 0x3008, 8},
		{"new@@V2", global | object, 1, 0x3010, 8},
		{"new@V1", global | object, 1, 0x3018, 8},
		{"both@@V1", global | object, 1, 0x3020, 8},
		{"both", local | object, 1, 0x3028, 8},
		{"open", local, 1, 0x4000, 0},
		{"percpu", global | object, 2, 0x40, 8},
		{"absolute", global, 0xfff1, 0x1050, 0},
		{"undefined", global, 0, 0, 0},
		{"unloaded", local | object, 3, 0x10, 8},
		{"file.c", local | elf.STT_FILE, 0xfff1, 0, 0},
		{"$d", local, 1, 0x4800, 0}, // mapping symbols of Arm and RISC-V
		{"$a.7", local, 1, 0x4900, 0},
		{"$xrv64i2p1_m2p0", local, 1, 0x4980, 0},
		{"$xyz", local, 1, 0x4a00, 0}, // and what only begins like one
		{"$d", global, 1, 0x4b00, 0},
		{"wraps", global | object, 1, ^uint64(0) - 0x100000 - 3, 100},
	} {
		syms = f.Sym(syms, uint32(len(names)), s.info, s.section, s.value, s.size)
		names = append(append(names, s.name...), 0)
	}
	f.Sections = []elftest.Section{
		{Name: ".text", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Addr: 0x1000, Data: []byte{0}},
		{Name: ".data..percpu", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: []byte{0}},
		{Name: ".init.data", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: []byte{0}},
		{Name: ".symtab", Type: elf.SHT_SYMTAB, Link: 5, Entsize: 24, Data: syms},
		{Name: ".strtab", Type: elf.SHT_STRTAB, Data: names},
	}
	file, err := elf.Parse("test", f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	st, err := file.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		t.Fatal(err)
	}
	return New(st, 0, func(section uint32) (uint64, Place) {
		switch section {
		case 1:
			return 0x100000, InMemory
		case 2, elf.SHN_ABS:
			return 0, ByName
		}
		return 0, Nowhere
	}, func(s elf.Symbol) uint64 {
		if s.Section == 1 {
			return 0x105000
		}
		return 0
	})
}

func TestAt(t *testing.T) {
	tab := table(t)
	for address, want := range map[uint64]string{
		0x100fff:           "",        // before all
		0x101000:           "outer+0", // exactly
		0x101041:           "inner+1", // the one that starts last
		0x101050:           "outer+50",
		0x101081:           "outer+81", // one with a size is better than a label
		0x101100:           "",         // after the last byte: the label before lies in it
		0x102000:           "alias+0",  // global, the first of them
		0x10201f:           "alias+1f",
		0x102020:           "",
		0x103009:           "twice+1",
		0x104000:           "open+0",
		0x1049ff:           "open+9ff", // its size is not known
		0x104a01:           "$xyz+1",
		0x104fff:           "$d+4ff",
		0x40:               "", // per-CPU offsets are no addresses
		^uint64(0) - 1:     "wraps+2",
		0x105000:           "", // of another section
		^uint64(0) - 0x100: "",
	} {
		got := ""
		if s, ok := tab.At(address); ok {
			got = fmt.Sprintf("%s+%x", s.Name, address-s.Address)
		}
		if got != want {
			t.Errorf("At(%#x) = %q, want %q", address, got, want)
		}
	}
}

func TestAllAt(t *testing.T) {
	got := map[string]bool{}
	for _, s := range table(t).AllAt(0x101045) {
		got[s.Name] = true
	}
	if len(got) != 2 || !got["outer"] || !got["inner"] {
		t.Errorf("AllAt: %v", got)
	}
	if got := table(t).AllAt(0x102000); len(got) != 4 {
		t.Errorf("AllAt of aliases: %v", got)
	}
}

func TestNamed(t *testing.T) {
	tab := table(t)
	for name, want := range map[string]string{
		"uter": "[]", "oute": "[]", "outer2": "[]",
		"outer": "[101000]", "twice": "[103008 103000]", "new": "[103010]", "new@@V2": "[103010]", "new@V1": "[103018]", "both": "[103028]",
		"new@": "[]", "new@@": "[]", "new@@V": "[]", "percpu": "[40]", "absolute": "[1050]",
		"undefined": "[]", "unloaded": "[]", "file.c": "[0]", "$d": "[104b00 104800]", "none": "[]", "": "[]",
	} {
		fresh := table(t)
		for range scannedNames + 1 { // without the index of names, and with it
			var got []uint64
			for _, s := range fresh.Named(name) {
				got = append(got, s.Address)
			}
			if fmt.Sprintf("%x", got) != want {
				t.Errorf("Named(%q) = %x, want %s", name, got, want)
			}
		}
	}
	all := map[string]int{}
	for s := range tab.All() {
		name, _, _ := bytes.Cut(tab.Strings()[s.NameOffset:], []byte{0})
		all[string(name)]++
	}
	if all["unloaded"] != 0 || all["undefined"] != 0 || all["twice"] != 2 || all["percpu"] != 1 {
		t.Errorf("All: %v", all)
	}
}
