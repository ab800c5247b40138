package linux

import (
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/mem"
)

// findsModules reports whether the modules in memory are found by what has a name.
func findsModules(name string) bool { return name == "modules" || name == "init_task" }

// Unloaded implements [modules.Unloader]. What can't be read says nothing.
func (k *Kernel) Unloaded(m *drgn.Module, name string, address uint64) bool {
	if findsModules(name) {
		return false
	}
	if was, ok := k.wasListed(m); ok {
		is, err := k.isListed(was)
		return err == nil && !is
	}
	v, ok := k.found.Load(m)
	if !ok {
		return false
	}
	was := v.(*loadedModule)
	in := func(address uint64) func(module.Region) bool {
		return func(r module.Region) bool { return address-r.Address < r.Size }
	}
	if !slices.ContainsFunc(was.regions, in(address)) { // of no memory: a number, or a per-CPU variable
		address = was.regions[0].Address
	}
	now, err := k.moduleAt(address)
	return err == nil && (now == nil || !now.continues(was))
}

// continues reports whether a module is the one that was there before: it may have freed some of its memory, and others may have come
// and gone.
func (m *loadedModule) continues(was *loadedModule) bool {
	if m == was {
		return true
	}
	if m.address != was.address || slices.ContainsFunc(m.regions, func(r module.Region) bool { return !slices.Contains(was.regions, r) }) {
		return false
	}
	now, err := m.build()
	if err != nil {
		return false
	}
	before, err := was.build()
	return err == nil && now == before
}

// build returns the name and build ID of a module.
func (m *loadedModule) build() (string, error) {
	return m.version.Succeed(func() (string, error) {
		name, err := m.mod.Member("name").CString()
		if err != nil {
			return "", err
		}
		id, err := module.BuildID(m.mod)
		if err == nil && !m.unchanged() {
			err = &drgn.ValueError{Problem: "module " + string(name) + " was unloaded while it was looked at"}
		}
		return string(name) + "\x00" + string(id), err
	})
}

// MayUnload implements [modules.Unloader].
func (k *Kernel) MayUnload(address uint64) bool {
	if k.prog.Flags()&drgn.IsLive == 0 || !k.machine.IsKernelAddress(address) {
		return false
	}
	main, err := k.prog.MainModule()
	if err != nil {
		return true
	}
	ranges, _ := main.Ranges()
	return !slices.ContainsFunc(ranges, func(r mem.Range) bool { return address >= r.Min && address <= r.Max })
}
