package drgn

import (
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/internal/symtab"
	"github.com/godrgn/drgn/types"
)

// debugFile is what can be asked of the files of a module, laid where the module lies in memory. It is replaced when the
// module gets another file.
type debugFile struct {
	*placed.File               // the one with debugging information, or else the loaded one
	loaded       *placed.File  // if it is another, or nil
	symbols      *symtab.Table // of the file that has the most
	has          debugdata.Has // what the debugging information can be asked
	opening      *opening      // nil where has is 0
	frames       frameTables
}

// info returns the debugging information, which is read when first asked for; nil where there is none.
func (d *debugFile) info() (debugdata.Info, error) {
	if d.opening == nil {
		return nil, nil
	}
	return d.opening.get()
}

// readSymbols returns the symbols of the first file that has a symbol table, else those for dynamic linking.
func readSymbols(files ...*placed.File) (*symtab.Table, error) {
	for _, kind := range []uint32{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		for _, f := range files {
			if f == nil {
				continue
			}
			syms, err := f.ELF.SymbolTable(kind)
			if err != nil {
				return nil, err
			}
			if syms.Len() > 0 {
				return symtab.New(syms, func(s elf.Symbol) (uint64, symtab.Place) { return symbolAddress(f, s) }), nil
			}
		}
	}
	return symtab.New(&elf.SymbolTable{}, nil), nil
}

// symbolAddress returns the value of a symbol in the program, and what it is.
func symbolAddress(d *placed.File, s elf.Symbol) (uint64, symtab.Place) {
	if s.Section == elf.SHN_ABS {
		return s.Value, symtab.ByName
	}
	if d.Relocatable() {
		// The kernel does not say where empty sections of a module are.
		base := d.SectionAddress(int(s.Section))
		if base == 0 {
			return 0, symtab.Nowhere
		}
		return base + s.Value, symtab.InMemory
	}
	if int(s.Section) < len(d.ELF.Sections) {
		if sec := &d.ELF.Sections[s.Section]; sec.Addr == 0 && sec.Flags&elf.SHF_ALLOC != 0 && d.ELF.Type == elf.ET_EXEC {
			return s.Value, symtab.ByName
		}
	}
	return s.Value + d.Bias, symtab.InMemory
}

// opener returns what reads a file's debugging information; nil without any.
func (m *Module) opener(f *placed.File, sup *elf.File) *opening {
	if fromdwarf.In(f.ELF) == 0 {
		return nil
	}
	p := m.prog
	return newOpening(p.progress("indexing debugging information"), func(report func(done, total uint64)) (debugdata.Info, error) {
		cfg := fromdwarf.Config{
			File: f, Sup: sup, Set: p.types, CacheDir: p.cacheDir(), Progress: report,
			Read: func(buf []byte, address uint64) error { return p.mem.Read(buf, address, false) },
			Argument: func(e debugdata.Entity) (any, error) {
				o := p.entity(m, "", &e)
				return o, o.Err()
			},
		}
		if m.kind != MainModule {
			cfg.Complete = p.completeFromMain
		}
		return fromdwarf.Open(cfg)
	})
}

// completeFromMain finds the definition of a type that another module only declares; nil when there is none.
func (p *Program) completeFromMain(kind types.Kind, tag string) (*types.Type, error) {
	main, err := p.MainModule()
	if err != nil {
		return nil, nil
	}
	d := main.files.Load()
	if d == nil {
		return nil, nil
	}
	info, err := d.info()
	if info == nil || err != nil {
		return nil, err
	}
	return info.FindType(types.KindsOf(kind), tag, "")
}
