package linux

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/module"
)

// loaded is a part of the memory of a module. The last address is inclusive.
type loaded struct {
	first, last uint64
	of          *loadedModule
}

// A loadedModule is a module, a struct module *, and where it lay when the kernel's list of modules was walked.
type loadedModule struct {
	mod     drgn.Object
	regions []module.Region
}

// A moduleMap is where the modules lay when the kernel's list of them was walked.
type moduleMap struct {
	parts  []loaded      // by address
	newest *loadedModule // the head of the list, where the kernel puts new ones; nil if there was none
}

// moduleAt returns the module that an address lies in; ok is false if there is none, or the types of modules are not
// known.
//
// A running kernel loads and unloads modules. What the last walk found of an address is believed if it can be seen to hold, with a
// few reads: each frame of a stack asks.
func (k *Kernel) moduleAt(address uint64) (mod drgn.Object, ok bool, err error) {
	if !k.machine.IsKernelAddress(address) {
		return mod, false, nil
	}
	if k.prog.Flags()&drgn.IsLive == 0 {
		all, err := drgn.Memo(k.prog, loadedKey{}, k.loadedModules)
		if err != nil {
			return mod, false, err
		}
		mod, ok := all.at(address)
		return mod.object(), ok, nil
	}
	last, err := drgn.Memo(k.prog, loadedKey{}, func() (*atomic.Pointer[moduleMap], error) { return new(atomic.Pointer[moduleMap]), nil })
	if err != nil {
		return mod, false, err
	}
	if all := last.Load(); all != nil {
		if found, ok := all.at(address); k.holds(all, found) {
			return found.object(), ok, nil
		}
	}
	all, err := k.loadedModules()
	if err != nil {
		return mod, false, err
	}
	last.Store(all)
	found, ok := all.at(address)
	return found.object(), ok, nil
}

// at returns the module that an address lay in, or nil.
func (m *moduleMap) at(address uint64) (*loadedModule, bool) {
	if i := sort.Search(len(m.parts), func(i int) bool { return m.parts[i].first > address }) - 1; i >= 0 && address <= m.parts[i].last {
		return m.parts[i].of, true
	}
	return nil, false
}

// object returns the struct module *, or the zero Object for none.
func (m *loadedModule) object() drgn.Object {
	if m == nil {
		return drgn.Object{}
	}
	return m.mod
}

// holds reports whether what a walk has found of an address is still so: the module that it found is where it was. Where it found
// none, no other has come since: the newest is still the same one.
func (k *Kernel) holds(all *moduleMap, found *loadedModule) bool {
	if found != nil {
		return found.isThere()
	}
	newest, err := module.Newest(k.prog)
	if err != nil || newest == nil || all.newest == nil {
		return err == nil && newest == nil && all.newest == nil
	}
	was, err := all.newest.mod.Uint()
	if err != nil {
		return false
	}
	is, err := newest.Uint()
	return err == nil && is == was && all.newest.isThere()
}

// isThere reports whether a module is still in the list of modules and has the memory that it had. One that is unloaded is taken
// out of the list before its memory, in which its struct module lies, is freed.
func (m *loadedModule) isThere() bool {
	links := m.mod.Member("list")
	own, err := links.AddressOf().Uint()
	if err != nil {
		return false
	}
	if next, err := links.Member("prev").Member("next").Uint(); err != nil || next != own {
		return false
	}
	regions, err := module.Regions(m.mod)
	return err == nil && slices.Equal(regions, m.regions)
}

// loadedModules walks the modules.
func (k *Kernel) loadedModules() (*moduleMap, error) {
	all := &moduleMap{}
	for mod, err := range module.ForEach(k.prog) {
		if drgn.IsNotFound(err) {
			return &moduleMap{}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot walk the kernel's modules: %w", err)
		}
		regions, err := module.Regions(mod)
		if err != nil {
			return nil, fmt.Errorf("cannot find the memory of a module: %w", err)
		}
		m := &loadedModule{mod, regions}
		if all.newest == nil {
			all.newest = m
		}
		for _, r := range regions {
			all.parts = append(all.parts, loaded{r.Address, r.Address + r.Size - 1, m})
		}
	}
	slices.SortFunc(all.parts, func(a, b loaded) int { return cmp.Compare(a.first, b.first) })
	return all, nil
}
