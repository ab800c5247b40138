package linux

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/mem"
	modules "github.com/godrgn/drgn/module"
)

// A loadedModule is a module in the kernel's memory. What was found out about it counts as long as the module is unchanged.
type loadedModule struct {
	k       *Kernel
	mod     drgn.Object // struct module *
	address uint64
	seen    []byte // see identity; nil in a core
	regions []module.Region

	index   lock.First[*modules.SymbolIndex] // see symbols
	code    lock.First[moduleCode]           // see table
	version lock.First[string]               // see build
}

// moduleCode says how the code of a module is unwound, and where it lies.
type moduleCode struct {
	table modules.UnwindTable
	text  []module.Region
}

// loadedModules are the modules in the kernel's memory.
type loadedModules struct {
	all   []*loadedModule
	parts []loadedPart // by address
}

// A loadedPart is a part of the memory of a module. The last address is inclusive.
type loadedPart struct {
	first, last uint64
	*loadedModule
}

// at returns the module that an address lies in, or nil.
func (l *loadedModules) at(address uint64) *loadedModule {
	if i := sort.Search(len(l.parts), func(i int) bool { return l.parts[i].first > address }) - 1; i >= 0 && address <= l.parts[i].last {
		return l.parts[i].loadedModule
	}
	return nil
}

// newestIsFirst reports whether no module was loaded since: the kernel puts new ones at the head of its list.
func (l *loadedModules) newestIsFirst() bool {
	if len(l.all) == 0 || !l.all[0].unchanged() {
		return false
	}
	links := l.all[0].mod.Member("list")
	own, err := links.AddressOf().Uint()
	if err != nil {
		return false
	}
	first, err := links.Member("prev").Member("next").Uint()
	return err == nil && first == own
}

type (
	loadedKey   struct{}
	latestKey   struct{}
	identityKey struct{}
)

// loaded returns the modules in the kernel's memory. Those of a running kernel are looked at each time: each one that is unchanged is
// the one that was there before. It is nil if the types of modules are not known.
func (k *Kernel) loaded() (*loadedModules, error) {
	if k.prog.Flags()&drgn.IsLive == 0 {
		return drgn.Memo(k.prog, loadedKey{}, func() (*loadedModules, error) { return k.walkModules(nil) })
	}
	latest, err := k.latest()
	if err != nil {
		return nil, err
	}
	before := latest.Load()
	if before != nil && before.newestIsFirst() && !slices.ContainsFunc(before.all, func(m *loadedModule) bool { return !m.unchanged() }) {
		return before, nil
	}
	now, err := k.walkModules(before)
	if err == nil && now != nil {
		latest.Store(now)
	}
	return now, err
}

// latest holds what a running kernel's modules were when they were last walked.
func (k *Kernel) latest() (*atomic.Pointer[loadedModules], error) {
	return drgn.Memo(k.prog, latestKey{}, func() (*atomic.Pointer[loadedModules], error) { return new(atomic.Pointer[loadedModules]), nil })
}

// moduleAt returns the module that an address lies in, nil if there is none, or the types of modules are not known.
func (k *Kernel) moduleAt(address uint64) (*loadedModule, error) {
	if !k.machine.IsKernelAddress(address) {
		return nil, nil
	}
	if k.prog.Flags()&drgn.IsLive != 0 {
		latest, err := k.latest()
		if err != nil {
			return nil, err
		}
		if l := latest.Load(); l != nil {
			switch m := l.at(address); {
			case m != nil && m.unchanged():
				return m, nil
			case m == nil && l.newestIsFirst():
				return nil, nil
			}
		}
	}
	l, err := k.loaded()
	if l == nil || err != nil {
		return nil, err
	}
	return l.at(address), nil
}

// walkModules walks the kernel's list of modules, that of a running kernel anew where one is unloaded meanwhile; before, which may be nil, has
// modules that may still be the same.
func (k *Kernel) walkModules(before *loadedModules) (l *loadedModules, err error) {
	for try := 1; ; try++ {
		l, err = k.walkOnce(before)
		if err == nil || k.prog.Flags()&drgn.IsLive == 0 || try == maxWalks {
			return l, err
		}
	}
}

func (k *Kernel) walkOnce(before *loadedModules) (*loadedModules, error) {
	now := &loadedModules{}
	for mod, err := range module.ForEach(k.prog) {
		if drgn.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot walk the kernel's modules: %w", err)
		}
		m := &loadedModule{k: k, mod: mod}
		if m.address, err = mod.Uint(); err != nil {
			return nil, err
		}
		if k.prog.Flags()&drgn.IsLive != 0 {
			if m.seen, err = m.identity(); err != nil {
				return nil, err
			}
			if before != nil {
				if i := slices.IndexFunc(before.all, m.is); i >= 0 {
					now.add(before.all[i])
					continue
				}
			}
		}
		if m.regions, err = module.Regions(mod); err != nil {
			return nil, fmt.Errorf("cannot find the memory of a module: %w", err)
		}
		now.add(m)
	}
	slices.SortFunc(now.parts, func(a, b loadedPart) int { return cmp.Compare(a.first, b.first) })
	return now, nil
}

func (l *loadedModules) add(m *loadedModule) {
	l.all = append(l.all, m)
	for _, r := range m.regions {
		l.parts = append(l.parts, loadedPart{r.Address, r.Address + r.Size - 1, m})
	}
}

// is reports whether a module is the same as another one.
func (m *loadedModule) is(other *loadedModule) bool {
	return m.address == other.address && bytes.Equal(m.seen, other.seen)
}

// unchanged reports whether a module of a running kernel still is what it was: it is loaded, by one read.
func (m *loadedModule) unchanged() bool {
	if m.k.prog.Flags()&drgn.IsLive == 0 {
		return true
	}
	now, err := m.identity()
	return err == nil && bytes.Equal(now, m.seen)
}

// identified are the members of struct module that stay the same while a module is loaded, and tell it from another one that is loaded
// at the same address later: its state is another one before its memory is freed. What lies beside it in lists is among them.
var identified = []string{"state", "list", "name", "build_id", "mem", "core_layout", "init_layout", "data_layout", "module_core", "core_size",
	"module_init", "init_size", "kallsyms", "arch", "sect_attrs", "percpu"}

// A layoutOfModule is where in a struct module the members lie that identify it.
type layoutOfModule struct {
	size uint64      // of the structure in bytes
	in   []mem.Range // offsets in bytes
}

// maxStructModule bounds the size of a struct module in bytes: it has some 1,300.
const maxStructModule = 64 << 10

// identity returns what identifies a module.
func (m *loadedModule) identity() ([]byte, error) {
	l, err := drgn.Memo(m.k.prog, identityKey{}, m.k.identityLayout)
	if err != nil {
		return nil, err
	}
	raw, err := m.k.prog.Read(m.address, l.size, false)
	if err != nil {
		return nil, err
	}
	var id []byte
	for _, r := range l.in {
		id = append(id, raw[r.Min:r.Max+1]...)
	}
	return id, nil
}

func (k *Kernel) identityLayout() (l layoutOfModule, err error) {
	t, err := k.prog.Type("struct module")
	if err != nil {
		return l, err
	}
	if l.size, err = t.Size(); err != nil {
		return l, err
	}
	if l.size > maxStructModule {
		return l, fmt.Errorf("struct module has %d bytes", l.size)
	}
	for _, name := range identified {
		f, err := t.FindMember(name)
		if err != nil {
			continue // other kernels have it
		}
		size, err := f.Type.Size()
		if err != nil {
			return l, err
		}
		if first := f.BitOffset / 8; size > 0 && first+size <= l.size {
			l.in = append(l.in, mem.Range{Min: first, Max: first + size - 1})
		}
	}
	return l, nil
}

// symbols returns the symbols that the kernel keeps of a module.
func (m *loadedModule) symbols() (*modules.SymbolIndex, error) {
	return m.index.Succeed(func() (*modules.SymbolIndex, error) {
		symbols, err := kallsyms.Module(m.mod)
		if err == nil && !m.unchanged() {
			err = fmt.Errorf("module at %#x was unloaded while its symbols were read", m.address)
		}
		return modules.NewSymbolIndex(symbols), err
	})
}

// tableAt returns the ORC table of a module, which the kernel has copied with it and sorted; ok is false if it has no code at pc.
func (m *loadedModule) tableAt(pc uint64) (t modules.UnwindTable, ok bool, err error) {
	code, err := m.code.Succeed(m.readCode)
	if err != nil || !slices.ContainsFunc(code.text, func(r module.Region) bool { return pc-r.Address < r.Size }) {
		return t, false, err // data
	}
	return code.table, true, nil
}

func (m *loadedModule) readCode() (code moduleCode, err error) {
	if code.text, err = module.TextRegions(m.mod); err != nil {
		return code, err
	}
	name, err := m.mod.Member("name").CString()
	if err != nil {
		return code, err
	}
	t := &code.table
	t.Name = "module " + string(name)
	tables := m.mod.Member("arch")
	if !m.mod.HasMember("arch") || !tables.HasMember("num_orcs") {
		return code, nil // a kernel without CONFIG_UNWINDER_ORC, or another architecture's
	}
	for member, to := range map[string]*uint64{"num_orcs": &t.Count, "orc_unwind_ip": &t.IP, "orc_unwind": &t.Entries} {
		if *to, err = tables.Member(member).Uint(); err != nil {
			return code, fmt.Errorf("cannot find the unwind tables of %s: %w", t.Name, err)
		}
	}
	if !m.unchanged() {
		err = fmt.Errorf("%s was unloaded while it was looked at", t.Name)
	}
	return code, err
}
