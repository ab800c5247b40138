package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/symtab"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// debugFile is what can be asked of the files of a module, laid where the module lies in memory. It is replaced when the
// module gets another file.
type debugFile struct {
	*placedFile               // the one with debugging information, or else the loaded one
	loaded      *placedFile   // if it is another, or nil
	symbols     *symtab.Table // of the file that has the most
	dwarf       func() (*dwarf.File, error)
	frames      frameTables
}

// A placedFile is a file laid where its module lies in memory.
type placedFile struct {
	elf       *elf.File
	bias      uint64
	addresses *addressMap
	section   func(index int) uint64
}

// place lays a file into memory. Sections gives the addresses of those of a relocatable file.
func place(f *elf.File, bias uint64, sections map[string]uint64) *placedFile {
	d := &placedFile{elf: f, bias: bias, addresses: newAddressMap(f, bias, sections)}
	if f.Type == elf.ET_REL {
		d.section = func(i int) uint64 {
			if i < 0 || i >= len(f.Sections) {
				return 0
			}
			return sections[f.Sections[i].Name]
		}
	}
	return d
}

// readSymbols returns the symbols of the first file that has a symbol table, else those for dynamic linking.
func readSymbols(files ...*placedFile) (*symtab.Table, error) {
	for _, kind := range []uint32{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		for _, f := range files {
			if f == nil {
				continue
			}
			syms, err := f.elf.SymbolTable(kind)
			if err != nil {
				return nil, err
			}
			if syms.Len() > 0 {
				return symtab.New(syms, f.symbolAddress), nil
			}
		}
	}
	return symtab.New(&elf.SymbolTable{}, nil), nil
}

// symbolAddress returns the value of a symbol in the program, and what it is.
func (d *placedFile) symbolAddress(s elf.Symbol) (uint64, symtab.Place) {
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

// dwarfOpener returns what indexes a file's debugging information when it is first called; nil without any.
func (m *Module) dwarfOpener(d *placedFile, sup *elf.File) func() (*dwarf.File, error) {
	if !hasDWARF(d.elf) {
		return nil
	}
	return lock.OnceValues(func() (*dwarf.File, error) {
		cfg := m.dwarfConfig(d)
		if sup != nil {
			s := place(sup, 0, nil)
			supCfg := m.dwarfConfig(s)
			supCfg.Complete = nil
			if cfg.Identity != nil { // the index has names of the supplementary file
				cfg.Identity = append(cfg.Identity, supCfg.Identity...)
			}
			if supCfg.Identity == nil {
				cfg.Identity = nil
			}
			var err error
			if cfg.Sup, err = openDWARF(s, supCfg); err != nil {
				return nil, err
			}
		}
		return openDWARF(d, cfg)
	})
}

func (m *Module) dwarfConfig(d *placedFile) dwarf.Config {
	cfg := dwarf.Config{
		Big: d.elf.Big, AddrSize: 4, Addresses: d.addresses, Load: d.debugSections,
		Set: m.prog.types, C: c.C, CPP: c.CPP,
		CacheDir: m.prog.cacheDir(), Identity: d.elf.DebugIdentity(), Progress: m.prog.progress("indexing debugging information"),
		Release: d.elf.Release,
		Argument: func(die dwarf.DIE, t *types.Type) (any, error) {
			return (&debugFile{placedFile: d}).argument(m.prog, die, t)
		},
	}
	if m.kind != MainModule {
		cfg.Complete = m.prog.completeFromMain
	}
	if d.elf.Is64 {
		cfg.AddrSize = 8
	}
	return cfg
}

func openDWARF(d *placedFile, cfg dwarf.Config) (*dwarf.File, error) {
	f, err := dwarf.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot read debugging information of %s: %w", d.elf.Name, err)
	}
	return f, nil
}

// debugSections returns the sections of debugging information; those of a relocatable file are relocated for the
// addresses that depend on the file alone.
func (d *placedFile) debugSections() (s dwarf.Sections, err error) {
	var layout func(int) uint64
	if d.elf.Type == elf.ET_REL {
		addresses := d.elf.Layout()
		layout = func(i int) uint64 { return addresses[i] }
	}
	for name, to := range map[string]*[]byte{
		".debug_info": &s.Info, ".debug_types": &s.Types, ".debug_abbrev": &s.Abbrev, ".debug_str": &s.Str,
		".debug_line_str": &s.LineStr, ".debug_str_offsets": &s.StrOffsets, ".debug_addr": &s.Addr, ".debug_line": &s.Line,
		".debug_ranges": &s.Ranges, ".debug_rnglists": &s.RngLists, ".debug_loc": &s.Loc, ".debug_loclists": &s.LocLists,
		".debug_aranges": &s.ARanges,
	} {
		section := d.elf.Section(name)
		if section == nil || !section.HasData() {
			continue
		}
		if *to, err = d.elf.RelocatedData(section, layout); err != nil {
			return s, fmt.Errorf("cannot read debugging information: %w", err)
		}
	}
	return s, nil
}

// completeFromMain finds the definition of a type that another module only declares; nil when there is none.
func (p *Program) completeFromMain(kind types.Kind, tag string) (*types.Type, error) {
	main, err := p.MainModule()
	if err != nil {
		return nil, nil
	}
	d := main.files.Load()
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
func (d *placedFile) sectionData(name string) ([]byte, error) {
	s := d.elf.Section(name)
	if s == nil || !s.HasData() {
		return nil, nil
	}
	return d.elf.RelocatedData(s, d.section)
}

// fileAddress returns the address of a section in the file, of a relocatable one in memory.
func (d *placedFile) fileAddress(name string) uint64 {
	s := d.elf.Section(name)
	if d.section != nil {
		return d.section(s.Index)
	}
	return s.Addr
}
