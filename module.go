package drgn

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/symtab"
	"github.com/godrgn/drgn/mem"
)

// A ModuleKind says what a module is to its program.
type ModuleKind uint8

// The kinds of modules.
const (
	MainModule ModuleKind = iota
	SharedLibraryModule
	VdsoModule
	RelocatableModule // a loadable module of the kernel
	ExtraModule
)

// String returns the kind in words: "shared library".
func (k ModuleKind) String() string {
	if k > ExtraModule {
		return fmt.Sprintf("ModuleKind(%d)", uint8(k))
	}
	return [...]string{"main", "shared library", "vdso", "relocatable", "extra"}[k]
}

// A Module is a file that is part of a program: the kernel, a kernel module, an executable, a library.
type Module struct {
	prog    *Program
	kind    ModuleKind
	name    string
	buildID []byte
	ranges  atomic.Pointer[[]mem.Range]
	object  Object

	mu    sync.Mutex // while a file is attached
	debug atomic.Pointer[debugFile]
}

// modules are the modules of a program, the main one first, then in the order of their creation.
type modules struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*Module]
	// byAddress holds the ranges of all modules in order.
	byAddress atomic.Pointer[[]moduleRange]
}

type moduleRange struct {
	mem.Range
	m *Module
}

// A ModuleSpec describes a module that is found in a program.
type ModuleSpec struct {
	Kind    ModuleKind
	Name    string
	BuildID []byte      // nil: not known
	Ranges  []mem.Range // where its parts lie in memory
	Object  Object      // of a kernel module: its struct module *
}

// A LoadedModule is a module that the program has loaded; New says that it was not known before.
type LoadedModule struct {
	*Module
	New bool
}

// LoadedModuleSeq walks loaded modules; an error is the last pair.
type LoadedModuleSeq = iter.Seq2[LoadedModule, error]

// LoadedModules walks the modules that the program has loaded, adding those that are not known yet.
func (p *Program) LoadedModules() LoadedModuleSeq {
	if p.Personality() == nil {
		return func(func(LoadedModule, error) bool) {}
	}
	return p.Personality().LoadedModules(p)
}

// AddModule adds a module, or returns the one of the same kind, name and address that is there; then new is false.
func (p *Program) AddModule(spec ModuleSpec) (m *Module, new bool) {
	p.modules.mu.Lock()
	defer p.modules.mu.Unlock()
	var list []*Module
	if l := p.modules.list.Load(); l != nil {
		list = slices.Clone(*l)
	}
	for _, m := range list {
		if m.kind == spec.Kind && m.name == spec.Name && slices.Equal(m.Ranges(), spec.Ranges) {
			return m, false
		}
	}
	m = &Module{prog: p, kind: spec.Kind, name: spec.Name, buildID: slices.Clone(spec.BuildID), object: spec.Object}
	ranges := slices.Clone(spec.Ranges)
	m.ranges.Store(&ranges)
	if spec.Kind == MainModule {
		list = slices.Insert(list, 0, m)
	} else {
		list = append(list, m)
	}
	p.modules.list.Store(&list)
	p.modules.sort()
	return m, true
}

// sort makes the table of the modules' ranges; ms.mu is held.
func (ms *modules) sort() {
	var rs []moduleRange
	for _, m := range ms.all() {
		for _, r := range m.Ranges() {
			rs = append(rs, moduleRange{r, m})
		}
	}
	slices.SortStableFunc(rs, func(a, b moduleRange) int { return cmp.Compare(a.Min, b.Min) })
	ms.byAddress.Store(&rs)
}

// locate gives a module whose place in memory is not known that of its file's sections.
func (ms *modules) locate(m *Module, d *debugFile) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if len(m.Ranges()) > 0 || d.elf.Type == elf.ET_REL {
		return
	}
	r := mem.Range{Min: ^uint64(0)}
	for i := range d.elf.Sections {
		s := &d.elf.Sections[i]
		if s.Flags&elf.SHF_ALLOC == 0 || s.Size == 0 || s.Addr == 0 {
			continue
		}
		r.Min, r.Max = min(r.Min, s.Addr), max(r.Max, s.Addr+s.Size-1)
	}
	if r.Min > r.Max {
		return
	}
	rs := []mem.Range{{Min: r.Min + d.bias, Max: r.Max + d.bias}}
	m.ranges.Store(&rs)
	ms.sort()
}

// Modules walks the program's modules, the main one first.
func (p *Program) Modules() iter.Seq[*Module] {
	return func(yield func(*Module) bool) {
		for _, m := range p.modules.all() {
			if !yield(m) {
				return
			}
		}
	}
}

func (ms *modules) all() []*Module {
	if l := ms.list.Load(); l != nil {
		return *l
	}
	return nil
}

// at returns the module that an address lies in, or nil.
func (ms *modules) at(address uint64) *Module {
	l := ms.byAddress.Load()
	if l == nil {
		return nil
	}
	rs := *l
	lo, hi := 0, len(rs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rs[mid].Min <= address {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || rs[lo-1].Max < address {
		return nil
	}
	return rs[lo-1].m
}

// MainModule returns the program's main module, or a *LookupError.
func (p *Program) MainModule() (*Module, error) {
	for _, m := range p.modules.all() {
		if m.kind == MainModule {
			return m, nil
		}
	}
	return nil, &LookupError{Kind: "module", Name: "main"}
}

// ModuleAt returns the module that contains an address, or a *LookupError.
func (p *Program) ModuleAt(address uint64) (*Module, error) {
	if m := p.modules.at(address); m != nil {
		return m, nil
	}
	return nil, &LookupError{Kind: "module", Name: fmt.Sprintf("%#x", address), AtAddress: true}
}

// ModuleNamed returns the module of a name, or a *LookupError.
func (p *Program) ModuleNamed(name string) (*Module, error) {
	for _, m := range p.modules.all() {
		if m.name == name {
			return m, nil
		}
	}
	return nil, &LookupError{Kind: "module", Name: name}
}

// Prog returns the program the module is part of.
func (m *Module) Prog() *Program { return m.prog }

// Kind returns what the module is to its program.
func (m *Module) Kind() ModuleKind { return m.kind }

// Name returns the module's name: "kernel", "ext4", "/usr/bin/cat".
func (m *Module) Name() string { return m.name }

// BuildID returns the GNU build ID of the module's file, or nil when it is not known. The slice must not be changed.
func (m *Module) BuildID() []byte { return m.buildID }

// Ranges returns where the module lies in memory. The slice must not be changed.
func (m *Module) Ranges() []mem.Range { return *m.ranges.Load() }

// Object returns the object that describes the module: the struct module * of a kernel module; a failed one otherwise.
func (m *Module) Object() Object { return m.object }

// HasDebugInfo reports whether debugging information of the module is loaded.
func (m *Module) HasDebugInfo() bool { return m.debug.Load() != nil }

// DebugFile returns the path of the file with the module's debugging information, "" when there is none, and what is
// added to the file's addresses to get those in memory.
func (m *Module) DebugFile() (path string, bias uint64) {
	if d := m.debug.Load(); d != nil {
		return d.elf.Name, d.bias
	}
	return "", 0
}

// checkBuildID says whether a file is the one the module was made from.
func (m *Module) checkBuildID(f *elf.File) error {
	got := f.BuildID()
	if m.buildID == nil || got == nil || bytes.Equal(m.buildID, got) {
		return nil
	}
	return &MissingDebugInfoError{fmt.Sprintf("%s is not of this %s: its build ID is %x, not %x; give the file of that build", f.Name, m.describe(), got, m.buildID)}
}

func (m *Module) describe() string {
	switch m.kind {
	case MainModule:
		if m.prog.Flags()&IsLinuxKernel != 0 {
			return "kernel"
		}
		return "program"
	}
	return "module " + m.name
}

// symbolsOf finds symbols in the modules' symbol tables.
func symbolsOf(p *Program, q SymbolQuery) ([]Symbol, error) {
	var out []Symbol
	add := func(s symtab.Symbol) {
		out = append(out, Symbol{s.Name, s.Address, s.Size, bindingOf(s.Bind()), SymbolKind(s.Type())})
	}
	for _, m := range p.modules.all() {
		d := m.debug.Load()
		if d == nil {
			continue
		}
		switch {
		case q.HasName:
			for _, s := range d.symbols.Named(q.Name) {
				if !q.HasAddress || s.Address == q.Address || q.Address-s.Address < s.Size {
					add(s)
				}
			}
			continue // another module may have a better one
		case q.HasAddress && q.One:
			if s, ok := d.symbols.At(q.Address); ok && m.mayHold(q.Address, s.Address) {
				add(s)
			}
		case q.HasAddress:
			for _, s := range d.symbols.AllAt(q.Address) {
				add(s)
			}
		default:
			for _, s := range d.symbols.All() {
				add(s)
			}
		}
		if q.One && len(out) > 0 {
			return out[:1], nil
		}
	}
	if q.One && len(out) > 1 {
		// The first of the best: modules come in their order, the symbols of each with the best first.
		slices.SortStableFunc(out, func(a, b Symbol) int { return cmp.Compare(a.rank(), b.rank()) })
		out = out[:1]
	}
	return out, nil
}

// rank orders symbols of one name, the best first.
func (s Symbol) rank() int {
	switch s.Binding {
	case BindGlobal, BindUnique:
		return 0
	case BindWeak:
		return 1
	}
	return 2
}

// mayHold says whether a symbol can be the one for an address: one without a size ends where its module does.
func (m *Module) mayHold(address, start uint64) bool {
	for _, r := range m.Ranges() {
		if r.Min <= address && address <= r.Max {
			return true
		}
	}
	return address == start || len(m.Ranges()) == 0
}

func bindingOf(stb uint8) SymbolBinding {
	switch stb {
	case elf.STB_LOCAL:
		return BindLocal
	case elf.STB_GLOBAL:
		return BindGlobal
	case elf.STB_WEAK:
		return BindWeak
	case 10: // STB_GNU_UNIQUE
		return BindUnique
	}
	return BindUnknown
}
