package drgn_test

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// sym is an entry of a symbol table.
type sym struct {
	name          string
	info          uint8 // binding << 4 | type
	address, size uint64
}

const (
	local  = elf.STB_LOCAL<<4 | 2 // a function
	global = elf.STB_GLOBAL<<4 | 2
	weak   = elf.STB_WEAK<<4 | 1 // a variable
)

// attachSymbols gives an extra module, which lies where its ranges say, a file with symbols and, if it is not nil, a build ID.
func attachSymbols(t *testing.T, m *drgn.Module, buildID []byte, syms ...sym) error {
	t.Helper()
	f := elftest.File{Is64: true, Type: elf.ET_EXEC, Machine: 62, Segments: []elftest.Segment{{Type: elf.PT_LOAD, Vaddr: 0x100, Data: make([]byte, 0x400)}}}
	names := []byte{0}
	table := f.Sym(nil, 0, 0, 0, 0, 0)
	for _, s := range syms {
		table = f.Sym(table, uint32(len(names)), s.info, 1, s.address, s.size)
		names = append(append(names, s.name...), 0)
	}
	f.Sections = []elftest.Section{
		{Name: ".text", Type: 1, Flags: elf.SHF_ALLOC, Addr: 0x100, Data: make([]byte, 0x400)},
		{Name: ".symtab", Type: elf.SHT_SYMTAB, Link: 3, Info: 1, Entsize: 24, Data: table},
		{Name: ".strtab", Type: 3, Data: names},
	}
	if buildID != nil {
		f.Sections = append(f.Sections, elftest.Section{Name: ".note.gnu.build-id", Type: 7, Flags: elf.SHF_ALLOC, Addr: 0x600, Data: f.Note(nil, "GNU", 3, buildID)})
	}
	file, err := elf.Parse("file of "+m.Name(), f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Try(module.Candidate{Path: file.Name, ELF: file})
	return err
}

func TestSymbolsOfModules(t *testing.T) {
	m := newMock(t, arch.X86_64)
	kernel := m.addModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "kernel", BuildID: []byte{1, 2, 3, 4}, Ranges: []mem.Range{{Min: 0x1100, Max: 0x1613}}})
	ext4 := m.addModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "ext4", Ranges: []mem.Range{{Min: 0x9100, Max: 0x94ff}}})
	if err := attachSymbols(t, kernel, []byte{1, 2, 3, 4}, sym{"init", local, 0x100, 16}, sym{"open", global, 0x110, 16}, sym{"sys_open", weak, 0x110, 16},
		sym{"end", global, 0x120, 0}, sym{"read", weak, 0x200, 8}); err != nil {
		t.Fatal(err)
	}
	if err := attachSymbols(t, ext4, nil, sym{"init", global, 0x100, 16}, sym{"read", weak, 0x120, 16}, sym{"open", local, 0x130, 16}); err != nil {
		t.Fatal(err)
	}
	// The first file is kept.
	if err := attachSymbols(t, ext4, nil); err != nil {
		t.Fatal(err)
	}
	if f := ext4.LoadedFile(); f.Path != "file of ext4" || f.Bias != 0x9000 {
		t.Error(f)
	}
	for name, want := range map[string]drgn.Symbol{
		"init": {Name: "init", Address: 0x9100, Size: 16, Binding: drgn.BindGlobal, Kind: drgn.SymbolFunc}, // better than the local one before it
		"open": {Name: "open", Address: 0x1110, Size: 16, Binding: drgn.BindGlobal, Kind: drgn.SymbolFunc}, "read": {Name: "read", Address: 0x1200, Size: 8, Binding: drgn.BindWeak, Kind: drgn.SymbolObject},
	} {
		if s, err := m.Symbol(name); err != nil || s != want {
			t.Errorf("%+v, %v; want %+v", s, err, want)
		}
	}
	for at, want := range map[uint64]string{0x1100: "init", 0x110f: "init", 0x1110: "open", 0x111f: "open", 0x1120: "end", 0x11ff: "end", 0x1207: "read", 0x9100: "init", 0x9125: "read"} {
		if s, err := m.SymbolAt(at); err != nil || s.Name != want {
			t.Errorf("%#x: %+v, %v", at, s, err)
		}
	}
	for _, at := range []uint64{0, 0x10ff, 0x1208, 0x8000, 0x9110, 0x9fff, ^uint64(0)} {
		if s, err := m.SymbolAt(at); !drgn.IsNotFound(err) {
			t.Errorf("%#x: %+v, %v", at, s, err)
		}
	}
	names := func(q drgn.SymbolQuery) (out []string) {
		t.Helper()
		all, err := m.Symbols(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			out = append(out, s.Name)
		}
		return out
	}
	if got := names(drgn.SymbolQuery{Address: 0x1118, HasAddress: true}); len(got) != 2 {
		t.Error(got)
	}
	if got := names(drgn.SymbolQuery{Name: "sys_open", HasName: true, Address: 0x1118, HasAddress: true}); !slices.Equal(got, []string{"sys_open"}) {
		t.Error(got)
	}
	if got := names(drgn.SymbolQuery{Name: "sys_open", HasName: true, Address: 0x1120, HasAddress: true}); got != nil {
		t.Error(got)
	}
	if got := names(drgn.SymbolQuery{Name: "init", HasName: true}); len(got) != 2 {
		t.Error(got)
	}
	if got := names(drgn.SymbolQuery{}); len(got) != 8 {
		t.Error(got)
	}
	// Faults name variables; pointers are printed with their symbol.
	_, err := m.ObjectAt(m.typ("int"), 0x1200).Int()
	wantErr[*drgn.PathError](t, err, "read: could not find memory segment: 0x1200")
	_, err = m.ObjectAt(m.typ("int"), 0x1204).Int()
	wantErr[*drgn.PathError](t, err, "*(int *)0x1204: could not find memory segment: 0x1204")
}

// A variable of which debugging information knows only the type, as BTF does, lies where the symbol of its name is.
func TestEntityByName(t *testing.T) {
	m := newMock(t, arch.X86_64)
	mod := m.addModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "x"})
	e := debugdata.Entity{Type: m.typ("unsigned int"), Where: debugdata.ByName}
	if o := drgn.EntityObject(m.Program, mod, "jiffies", e); !isAbsent(o) {
		t.Errorf("without a symbol: %v", o)
	}
	if err := m.RegisterSymbolFinder("mock", func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
		if q.Name != "jiffies" {
			return nil, nil
		}
		return []drgn.Symbol{{Name: "jiffies", Address: 0x1000}}, nil
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	m.put(0x1000, 7, 0, 0, 0)
	wantUint(t, drgn.EntityObject(m.Program, mod, "jiffies", e), 7)
}

func isAbsent(o drgn.Object) bool {
	_, absent := o.Absent()
	return absent
}
