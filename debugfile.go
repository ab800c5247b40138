package drgn

import (
	"fmt"
	"sync"

	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/symtab"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// debugFile is a file whose debugging information belongs to a module, laid where the module lies in memory.
type debugFile struct {
	elf     *elf.File
	bias    uint64
	apart   []span // sections that have addresses of their own, from 0 on: x86-64's per-CPU section before v6.15
	section func(index int) uint64
	symbols *symtab.Table
	dwarf   func() (*dwarf.File, error) // indexes at the first call; nil without debugging information
	frames  frameTables
}

// span is a range of addresses in the file.
type span struct{ start, end uint64 }

// DebugInfo says how a file's debugging information is laid into memory.
type DebugInfo struct {
	File *elf.File
	// Bias is added to the addresses of a linked file to get those in memory.
	Bias uint64
	// Sections gives the addresses in memory of the sections of a relocatable file, by name.
	Sections map[string]uint64
	// CacheDir is where the index of the file is kept, "" nowhere.
	CacheDir string
	// Progress is told how much of the file is indexed; may be nil.
	Progress func(done, total uint64)
}

// AttachDebugInfo gives the module the debugging information of a file. A file of another build than the module's is a
// *MissingDebugInfoError; a module that has some already keeps it.
func (m *Module) AttachDebugInfo(info DebugInfo) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.debug.Load() != nil {
		return nil
	}
	if err := m.checkBuildID(info.File); err != nil {
		return err
	}
	f := info.File
	d := &debugFile{elf: f, bias: info.Bias}
	if f.Type == elf.ET_REL {
		d.section = func(i int) uint64 {
			if i < 0 || i >= len(f.Sections) {
				return 0
			}
			return info.Sections[f.Sections[i].Name]
		}
	}
	if f.Type == elf.ET_EXEC {
		for i := range f.Sections {
			if s := &f.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 && s.Addr == 0 && s.Size != 0 {
				d.apart = append(d.apart, span{0, s.Size})
			}
		}
	}
	syms, err := f.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		return err
	}
	if syms.Len() == 0 {
		if syms, err = f.SymbolTable(elf.SHT_DYNSYM); err != nil {
			return err
		}
	}
	d.symbols = symtab.New(syms, d.symbolAddress)
	if f.Section(".debug_info") != nil {
		d.dwarf = sync.OnceValues(func() (*dwarf.File, error) { return m.openDWARF(d, info) })
	}
	m.debug.Store(d)
	m.prog.modules.locate(m, d)
	m.prog.forget()
	if u := m.prog.unwinder.Load(); u != nil {
		u.Reset()
	}
	return nil
}

// symbolAddress returns the value of a symbol in the program, and what it is.
func (d *debugFile) symbolAddress(s elf.Symbol) (uint64, symtab.Place) {
	if s.Section == elf.SHN_ABS {
		return s.Value, symtab.ByName
	}
	if d.section != nil {
		// The kernel does not say where empty sections of a module are: they are nowhere.
		base := d.section(int(s.Section))
		if base == 0 {
			return 0, symtab.Nowhere
		}
		return base + s.Value, symtab.InMemory
	}
	if int(s.Section) < len(d.elf.Sections) {
		if sec := &d.elf.Sections[s.Section]; sec.Addr == 0 && sec.Flags&elf.SHF_ALLOC != 0 && d.elf.Type == elf.ET_EXEC {
			return s.Value, symtab.ByName
		}
	}
	return s.Value + d.bias, symtab.InMemory
}

// runtime turns an address of the file into one in memory.
func (d *debugFile) runtime(address uint64) uint64 {
	for _, s := range d.apart {
		if address >= s.start && address < s.end {
			return address
		}
	}
	return address + d.bias
}

func (m *Module) openDWARF(d *debugFile, info DebugInfo) (*dwarf.File, error) {
	cfg := dwarf.Config{
		Big: d.elf.Big, AddrSize: 4, Bias: d.bias,
		Set: m.prog.types, C: c.C, CPP: c.CPP,
		CacheDir: info.CacheDir, BuildID: d.elf.BuildID(), Progress: info.Progress,
		Release: d.elf.Release,
	}
	if m.kind != MainModule {
		cfg.Complete = m.prog.completeFromMain
	}
	if d.elf.Is64 {
		cfg.AddrSize = 8
	}
	s := &cfg.Sections
	for name, to := range map[string]*[]byte{
		".debug_info": &s.Info, ".debug_types": &s.Types, ".debug_abbrev": &s.Abbrev, ".debug_str": &s.Str,
		".debug_line_str": &s.LineStr, ".debug_str_offsets": &s.StrOffsets, ".debug_addr": &s.Addr, ".debug_line": &s.Line,
		".debug_ranges": &s.Ranges, ".debug_rnglists": &s.RngLists, ".debug_loc": &s.Loc, ".debug_loclists": &s.LocLists,
		".debug_aranges": &s.ARanges,
	} {
		data, err := d.sectionData(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read debugging information: %w", err)
		}
		*to = data
	}
	f, err := dwarf.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot read debugging information of %s: %w", d.elf.Name, err)
	}
	return f, nil
}

// completeFromMain finds the definition of a type that another module only declares; nil when there is none.
func (p *Program) completeFromMain(kind types.Kind, tag string) (*types.Type, error) {
	main, err := p.MainModule()
	if err != nil {
		return nil, nil
	}
	d := main.debug.Load()
	if d == nil || d.dwarf == nil {
		return nil, nil
	}
	info, err := d.dwarf()
	if err != nil {
		return nil, err
	}
	return info.FindType(types.KindsOf(kind), tag, "")
}

// sectionData returns the contents of a section, relocated; nil when the file has none of that name.
func (d *debugFile) sectionData(name string) ([]byte, error) {
	s := d.elf.Section(name)
	if s == nil || !s.HasData() {
		return nil, nil
	}
	return d.elf.RelocatedData(s, d.section)
}
