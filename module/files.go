package module

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/internal/symtab"
	"github.com/godrgn/drgn/types"
)

// Files is what can be asked of the files of a module, laid where the module lies in memory. It is replaced when the module
// gets another file.
type Files struct {
	Debug   *placed.File  // the one with debugging information, or else the loaded one
	Loaded  *placed.File  // the loaded one if it is another, or nil
	Symbols *symtab.Table // of the file that has the most

	SymbolFile string // the path of that; "" if there are none

	closed  bool          // the program was closed: nothing can be asked any more
	has     debugdata.Has // what the debugging information can be asked
	code    *opening      // what is asked by addresses alone; nil where has is 0
	opening *opening      // with the index of names
}

// Files returns what can be asked of the module's files, or nil if it has none, or the program was closed: who takes the
// first for granted looks afterwards whether that is so.
func (m *Module) Files() *Files {
	if f := m.files.Load(); f != nil && !f.closed {
		return f
	}
	return nil
}

// IsGo reports whether there is Go's runtime in the files.
func (f *Files) IsGo() bool {
	return slices.ContainsFunc(f.Debug.ELF.Sections, func(s elf.Section) bool {
		return strings.HasSuffix(s.Name, ".gopclntab") // some linkers write ".data.rel.ro" before it
	})
}

// Info returns the debugging information of the module, which is read when first asked for; nil where it has none, or what it had can't be
// read and the module was unloaded meanwhile, and [failure.ErrClosed] when the program was closed.
func (m *Module) Info() (debugdata.Info, error) { return m.read((*Module).opening) }

// CodeInfo is Info for who begins with an address: it does not wait for the index of names.
func (m *Module) CodeInfo() (debugdata.Info, error) { return m.read((*Module).codeOpening) }

func (m *Module) read(opening func(*Module) *opening) (debugdata.Info, error) {
	if f := m.files.Load(); f != nil && f.closed {
		return nil, failure.ErrClosed
	}
	for first := true; ; first = false {
		o := opening(m)
		if o == nil {
			return nil, nil
		}
		info, err := o.get(m.set.blocking())
		if err == nil {
			if !o.looked.Load() && !o.looked.Swap(true) {
				m.warnOfMissing(info)
			}
			return info, nil
		}
		again := m.renewed(o)
		if errors.Is(err, ErrGone) || m.IsUnloaded() { // its BTF, too, has gone with it
			return nil, nil
		}
		if !again || !first {
			return nil, err
		}
	}
}

// warnOfMissing warns of files of split DWARF that are not there or cannot be read, once of each number of them: more may turn out to be damaged.
func (m *Module) warnOfMissing(info debugdata.Info) {
	split, ok := info.(debugdata.Split)
	if !ok {
		return
	}
	n, first := split.Missing()
	if code := m.codeOpening(); n == 0 || code != nil && code.missing.Swap(int64(n)) == int64(n) {
		return
	}
	missing := fmt.Sprintf("%d of its files are missing or damaged (the first is %s)", n, first)
	if n == 1 {
		missing = "one of its files is missing or damaged (" + first + ")"
	}
	m.set.Log().Warn(fmt.Sprintf("debugging information of %s is split, and %s: types, variables and functions described there "+
		"are not known; symbols, source lines and stacks are", m.Name(), missing))
}

// opening returns what reads the debugging information of the module: that of a file, or else the fallback; nil if it has
// none.
func (m *Module) opening() *opening {
	f := m.files.Load()
	switch {
	case f != nil && f.closed:
		return nil
	case f != nil && f.opening != nil:
		return f.opening
	}
	if b := m.keeps.info.Load(); b != nil {
		return b.opening
	}
	return nil
}

// codeOpening is opening for what is asked by addresses alone.
func (m *Module) codeOpening() *opening {
	if f := m.files.Load(); f != nil && !f.closed && f.code != nil {
		return f.code
	}
	return m.opening()
}

// ReadInfo reads the debugging information of the module if there is some and that was not done yet. It ends early, with the
// error of ctx, when ctx is canceled; reading then goes on by itself.
func (m *Module) ReadInfo(ctx context.Context) error {
	o := m.opening()
	if o == nil || o.ready() {
		return nil
	}
	o.start()
	return o.wait(ctx)
}

// filesOf makes what can be asked of files. It reads them, so m.mu must not be held.
func (m *Module) filesOf(loaded, debug *fileState, sup *elf.File, sections map[string]uint64) (*Files, error) {
	old := m.Files()
	f := &Files{}
	if loaded.file != nil {
		f.Loaded = placed.At(loaded.file, loaded.bias, sections)
	}
	if debug.file == nil {
		f.Debug, f.Loaded = f.Loaded, nil
	} else {
		if debug.file == loaded.file {
			f.Debug, f.Loaded = f.Loaded, nil
		} else {
			f.Debug = placed.At(debug.file, debug.bias, sections)
		}
		if old != nil && old.has != 0 {
			f.has, f.code, f.opening = old.has, old.code, old.opening // its types are in use
		} else if f.has = m.set.config.Has(debug.file); f.has != 0 {
			f.code, f.opening = m.openers(f.Debug, sup)
		}
	}
	var err error
	f.Symbols, f.SymbolFile, err = readSymbols(m.set.Log(), f.Debug, f.Loaded)
	return f, err
}

// openers returns what opens the debugging information of a file, and what indexes its names, too.
func (m *Module) openers(f *placed.File, sup *elf.File) (code, all *opening) {
	code = newOpening(nil, func(func(done, total uint64)) (debugdata.Info, error) { return m.set.config.Open(m, f, sup) })
	all = newOpening(m.set.Progress("indexing debugging information"), func(report func(done, total uint64)) (debugdata.Info, error) {
		info, err := code.get(nil)
		if indexed, ok := info.(debugdata.Indexed); ok && err == nil {
			err = indexed.IndexNames(report)
		}
		if err != nil {
			return nil, err
		}
		return info, nil
	})
	return code, all
}

// readSymbols returns the symbols of the first file that has a symbol table, else those for dynamic linking and what is hidden beside
// them, and its path.
func readSymbols(log *slog.Logger, files ...*placed.File) (*symtab.Table, string, error) {
	for _, kind := range []uint32{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		for _, f := range files {
			if f == nil {
				continue
			}
			syms, err := f.ELF.SymbolTable(kind)
			if err != nil {
				return nil, "", err
			}
			if kind == elf.SHT_DYNSYM {
				syms = withMiniDebug(f, syms, log)
			}
			if syms.Len() > 0 {
				return symtab.New(syms, arch.ByMachine(f.ELF.Machine, arch.FlagsOf(f.ELF.Is64, f.ELF.Big)).Arch.CodeBits, func(section uint32) (uint64, symtab.Place) { return symbolBase(f, section) },
					func(s elf.Symbol) uint64 { return sectionEnd(f, s) }), f.ELF.Name, nil
			}
		}
	}
	return symtab.New(&elf.SymbolTable{}, 0, nil, nil), "", nil
}

// symbolBase returns what is added to the values of the symbols of a section, and what they are then.
func symbolBase(d *placed.File, section uint32) (uint64, symtab.Place) {
	if section == elf.SHN_ABS {
		return 0, symtab.ByName
	}
	if d.Relocatable() {
		// The kernel does not say where empty sections of a module are.
		base := d.SectionAddress(int(section))
		if base == 0 {
			return 0, symtab.Nowhere
		}
		return base, symtab.InMemory
	}
	if int(section) < len(d.ELF.Sections) {
		switch sec := &d.ELF.Sections[section]; {
		case section != elf.SHN_UNDEF && sec.Flags&elf.SHF_ALLOC == 0 && sec.Addr == 0 && sec.Size > 0:
			return 0, symtab.Nowhere // GCC's whole programs have symbols of places in .debug_info
		case sec.Addr == 0 && d.ELF.Type == elf.ET_EXEC:
			return 0, symtab.ByName
		}
	}
	return d.Bias, symtab.InMemory
}

// sectionEnd returns where the section of a symbol ends in memory. A symbol without a section has all that follows.
func sectionEnd(d *placed.File, s elf.Symbol) uint64 {
	if int(s.Section) >= len(d.ELF.Sections) {
		return ^uint64(0)
	}
	sec := &d.ELF.Sections[s.Section]
	if d.Relocatable() {
		return d.SectionAddress(int(s.Section)) + sec.Size
	}
	return sec.Addr + d.Bias + sec.Size
}

// MayHold reports whether a symbol that starts at an address and has no size can be the one for another address: it ends
// where its module does.
func (m *Module) MayHold(address, start uint64) bool {
	ranges, _ := m.Ranges()
	for _, r := range ranges {
		if r.Min <= address && address <= r.Max {
			return true
		}
	}
	return address == start || len(ranges) == 0
}

// Start returns where an object of a type begins that debugging information says is at an address: see [Files.FunctionStart].
func (m *Module) Start(t *types.Type, address uint64) uint64 {
	if files := m.Files(); files != nil && t.Kind() == types.Function {
		return files.FunctionStart(address)
	}
	return address
}

// FunctionStart returns where a function begins of which debugging information says that its code does at an address: at that, or at that of
// the symbol of the function. On RISC-V, GCC leaves out what -fpatchable-function-entry puts before the code, which belongs to the
// function: it is what pointers to it hold, and all but a few of the kernel's functions have some for ftrace.
func (f *Files) FunctionStart(address uint64) uint64 {
	if s, ok := f.Symbols.At(address); ok && s.Type() == elf.STT_FUNC && address-s.Address < s.Size {
		return s.Address
	}
	return address
}

// FunctionEntry returns where a function is entered of which debugging information knows only copies, those of candidates that were
// loaded: at the one whose symbol stands for the whole function, else at its only copy unless a symbol says that this is specialized.
// ok is false if it is nowhere.
func (m *Module) FunctionEntry(candidates []uint64, copies int, isWhole func(symbol string) bool) (address uint64, ok bool) {
	f := m.Files()
	if f == nil {
		return 0, false
	}
	for _, at := range candidates {
		at = f.FunctionStart(at)
		if s, ok := f.Symbols.At(at); ok && s.Address == at && isWhole(s.Name) {
			return at, true
		}
	}
	if copies == 1 && len(candidates) == 1 {
		at := f.FunctionStart(candidates[0])
		s, named := f.Symbols.At(at)
		return at, !named || s.Address != at
	}
	return 0, false
}

// SymbolRank returns a function that ranks addresses by the module's symbols of a name, the best as 0: a definition that no
// symbol names, such as a weak function that another one replaced, is not the one that the program uses, and not ok.
func (m *Module) SymbolRank(name string) func(address uint64) (rank int, ok bool) {
	return func(address uint64) (int, bool) {
		f := m.Files()
		if f == nil {
			return 0, false
		}
		start := f.FunctionStart(address)
		for i, s := range f.Symbols.Named(name) {
			if s.Address == address || s.Address == start || s.Address == address|1 && s.Type() == elf.STT_FUNC { // Thumb code of ARM
				return i, true
			}
		}
		return 0, false
	}
}
