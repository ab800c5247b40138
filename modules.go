package drgn

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/mem"
)

// modules are the modules of a program, the main one first, then in the order of their creation.
type modules struct {
	mu    lock.Mutex
	list  atomic.Pointer[[]*Module]
	known map[moduleKey]*Module // under mu
	// byAddress holds the ranges of all modules in order.
	byAddress atomic.Pointer[[]moduleRange]
}

// moduleKey is what a module is known by.
type moduleKey struct {
	kind ModuleKind
	name string
	id   uint64
}

func (s *ModuleSpec) key() moduleKey {
	if s.Kind == MainModule {
		return moduleKey{}
	}
	return moduleKey{s.Kind, s.Name, s.ID}
}

type moduleRange struct {
	mem.Range
	m *Module
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

// CreateLoadedModules adds all modules that the program has loaded and that are not known yet.
func (p *Program) CreateLoadedModules() error {
	for _, err := range p.LoadedModules() {
		if err != nil {
			return err
		}
	}
	return nil
}

// AddModule adds a module, or returns the one of the same kind, name and ID that is there; then isNew is false. There is
// one main module only: a *LookupError says that it has another name.
func (p *Program) AddModule(spec ModuleSpec) (m *Module, isNew bool, err error) {
	if m, isNew, err = p.modules.add(p, &spec); isNew {
		p.log().Debug("created " + m.describe()) // not under the lock: a handler may be written in Python
	}
	return m, isNew, err
}

func (ms *modules) add(p *Program, spec *ModuleSpec) (m *Module, isNew bool, err error) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	key := spec.key()
	if m := ms.known[key]; m != nil {
		if m.name != spec.Name {
			return nil, false, &LookupError{Kind: "module", Text: "main module already exists with different name"}
		}
		return m, false, nil
	}
	m = newModule(p, spec)
	if ms.known == nil {
		ms.known = map[moduleKey]*Module{}
	}
	ms.known[key] = m
	list := slices.Clone(ms.all())
	if spec.Kind == MainModule {
		list = slices.Insert(list, 0, m)
	} else {
		list = append(list, m)
	}
	ms.list.Store(&list)
	ms.sort()
	return m, true, nil
}

// FindModule returns the module of a kind, a name and an ID, or a *LookupError.
func (p *Program) FindModule(kind ModuleKind, name string, id uint64) (*Module, error) {
	spec := ModuleSpec{Kind: kind, Name: name, ID: id}
	p.modules.mu.Lock()
	defer p.modules.mu.Unlock()
	if m := p.modules.known[spec.key()]; m != nil && m.name == name {
		return m, nil
	}
	return nil, moduleNotFound(fmt.Sprintf("there is no such %s module: '%s'", kind, name))
}

func moduleNotFound(why string) error {
	return &LookupError{Kind: "module", Text: "module not found: " + why}
}

// sort makes the table of the modules' ranges; ms.mu is held.
func (ms *modules) sort() {
	var rs []moduleRange
	for _, m := range ms.all() {
		ranges, _ := m.Ranges()
		for _, r := range ranges {
			rs = append(rs, moduleRange{r, m})
		}
	}
	slices.SortStableFunc(rs, func(a, b moduleRange) int { return cmp.Compare(a.Min, b.Min) })
	ms.byAddress.Store(&rs)
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
	return nil, moduleNotFound("the program has no main module")
}

// ModuleAt returns the module that contains an address, or a *LookupError.
func (p *Program) ModuleAt(address uint64) (*Module, error) {
	if m := p.modules.at(address); m != nil {
		return m, nil
	}
	return nil, moduleNotFound(fmt.Sprintf("none contains %#x", address))
}

// ModuleNamed returns the module of a name, or a *LookupError. Of several with that name it is any.
func (p *Program) ModuleNamed(name string) (*Module, error) {
	for _, m := range p.modules.all() {
		if m.name == name {
			return m, nil
		}
	}
	return nil, moduleNotFound(fmt.Sprintf("none is named '%s'", name))
}
