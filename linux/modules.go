package linux

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/mem"
	modules "github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// LoadedModules walks the kernel and, where its types are known, if only by its BTF, its modules; an error says why these can't be walked.
// Without types it walks the modules that the kernel lists, if it is the one that drgn runs on.
func (k *Kernel) LoadedModules(p *drgn.Program) drgn.LoadedModuleSeq {
	return func(yield func(drgn.LoadedModule, error) bool) {
		m, isNew, err := p.AddModule(k.MainModule())
		if err != nil {
			yield(drgn.LoadedModule{}, err)
			return
		}
		if isNew && k.idSaid {
			p.Logger().Debug(fmt.Sprintf("found kernel build ID %x in VMCOREINFO", k.info.BuildID()))
		}
		if !yield(drgn.LoadedModule{Module: m, New: isNew}, nil) {
			return
		}
		if !m.HasTypes() && !k.knowsModules(m) {
			k.addListed(yield) // without types no others can be found; loading debugging information reports that it is missing
			return
		}
		yielded := map[*drgn.Module]bool{}
		for try := 1; ; try++ {
			err := k.eachLoaded(yielded, try == maxWalks, yield)
			if errors.Is(err, errStopped) {
				return
			}
			if err == nil {
				break
			}
			if p.Flags()&drgn.IsLive == 0 || try == maxWalks {
				yield(drgn.LoadedModule{}, err)
				return
			}
			p.Logger().Debug(fmt.Sprintf("walking the kernel's modules once more: %v", err))
		}
		p.Logger().Debug("found end of loaded kernel module list")
	}
}

// maxWalks is how often the modules of a running kernel are walked until an error counts: while one is walked past, it may be unloaded.
const maxWalks = 10

var (
	errStopped = errors.New("no more modules are asked for")
	errChanged = errors.New("a module was unloaded while it was looked at")
)

// eachLoaded walks the kernel's list of modules once and yields those that have not been yielded. Of a running kernel, a module that is gone when
// it has been described is an error, as nothing would tell later on that it was unloaded; isLast takes it as it is.
func (k *Kernel) eachLoaded(yielded map[*drgn.Module]bool, isLast bool, yield func(drgn.LoadedModule, error) bool) error {
	p := k.prog
	btf, err := k.btfOfModules()
	if err != nil {
		p.Logger().Debug(fmt.Sprintf("the kernel's list of its modules' types is not of use: %v", err))
	}
	for mod, err := range module.ForEach(p) {
		if err != nil {
			return fmt.Errorf("cannot walk the kernel's modules: %w", err)
		}
		spec, err := k.describe(mod)
		if err != nil {
			return err
		}
		p.Logger().Debug(fmt.Sprintf("found loaded kernel module %s@%#x", spec.Name, spec.ID))
		m, isNew, err := k.addModule(mod, spec)
		if err != nil {
			return err
		}
		if _, known := k.found.Load(m); !known && p.Flags()&drgn.IsLive != 0 && len(spec.Ranges) > 0 && !isLast {
			m.Set().Forget(m)
			return errChanged
		}
		if yielded[m] {
			continue
		}
		yielded[m] = true
		if isNew {
			k.logModule(mod, spec)
		}
		if at, err := mod.Uint(); m.Fallback() == "" && err == nil {
			k.keepModule(m, at, btf)
		}
		if !yield(drgn.LoadedModule{Module: m, New: isNew}, nil) {
			return errStopped
		}
	}
	return nil
}

// logModule says what the kernel's memory says of a module, a struct module *.
func (k *Kernel) logModule(mod drgn.Object, spec drgn.ModuleSpec) {
	log := k.prog.Logger()
	for _, r := range spec.Ranges {
		log.Debug(fmt.Sprintf("module has address range %#x-%#x", r.Min, r.Max+1))
	}
	from := "notes_attrs"
	if mod.HasMember("build_id") {
		from = "build_id"
	}
	if spec.BuildID != nil {
		log.Debug(fmt.Sprintf("found build ID %x in %s", spec.BuildID, from))
	}
}

// knowsModules reports whether the type of modules is known. Before debugging information was loaded, it is that of the kernel's own BTF.
func (k *Kernel) knowsModules(main *drgn.Module) bool {
	if _, err := k.prog.Type("struct module"); !drgn.IsNotFound(err) {
		return true
	}
	if err := main.Set().Keep(main); err != nil {
		k.prog.Logger().Debug(fmt.Sprintf("the kernel's modules are not known by its memory alone: %v", err))
	}
	_, err := k.prog.Type("struct module")
	return !drgn.IsNotFound(err)
}

// MainModule describes the kernel itself.
func (k *Kernel) MainModule() drgn.ModuleSpec {
	return drgn.ModuleSpec{Kind: drgn.MainModule, Name: "kernel", BuildID: k.info.BuildID()}
}

// describe says what the kernel knows of a module: a struct module *.
func (k *Kernel) describe(mod drgn.Object) (drgn.ModuleSpec, error) {
	raw, err := mod.Member("name").CString()
	if err != nil {
		return drgn.ModuleSpec{}, fmt.Errorf("cannot read the name of a module: %w", err)
	}
	spec := drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: string(raw), Data: mod}
	regions, err := module.Regions(mod)
	if err != nil {
		return spec, fmt.Errorf("module %s: %w", spec.Name, err)
	}
	spec.Sections = func() (map[string]uint64, error) {
		sections, err := sectionAddresses(mod, spec.Name, regions)
		if state, e := stateOf(mod); k.prog.Flags()&drgn.IsLive != 0 && (e != nil || err != nil && state != stateLive || state == stateGoing) {
			return nil, errors.Join(modules.ErrGone, err)
		}
		return sections, err
	}
	for _, r := range regions {
		spec.Ranges = append(spec.Ranges, mem.Range{Min: r.Address, Max: r.Address + r.Size - 1})
	}
	if len(spec.Ranges) > 0 {
		spec.ID = spec.Ranges[0].Min
	}
	if spec.BuildID, err = module.BuildID(mod); err != nil {
		return spec, fmt.Errorf("module %s: %w", spec.Name, err)
	}
	return spec, nil
}

// Members of enum module_state in include/linux/module.h: a module's section addresses are kept some time after it is listed, and freed before
// it is listed no more.
const stateLive, stateGoing = 0, 2

// stateOf returns the state of a module, a struct module *; an error if it can't be read.
func stateOf(mod drgn.Object) (uint64, error) {
	if !mod.HasMember("state") {
		return stateLive, nil
	}
	return mod.Member("state").Uint()
}

// sectionAddresses returns where the sections of a module lie.
func sectionAddresses(mod drgn.Object, name string, regions []module.Region) (map[string]uint64, error) {
	log := mod.Prog().Logger()
	log.Debug(name + ": getting section addresses from sect_attrs")
	sections, err := module.Sections(mod)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	leaveOutFreed(sections, regions)
	// Per-CPU variables lie apart from the sections whose addresses the kernel keeps.
	if mod.HasMember("percpu") {
		at, err := mod.Member("percpu").Uint()
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
		log.Debug(fmt.Sprintf("%s: module percpu is %#x", name, at))
		if at != 0 {
			sections[".data..percpu"] = at
		}
	}
	return sections, nil
}

// leaveOutFreed leaves out the sections that do not lie in a module's regions: the kernel frees what is needed only while it
// loads a module but keeps its addresses, at which another module may lie by now.
func leaveOutFreed(sections map[string]uint64, regions []module.Region) {
	maps.DeleteFunc(sections, func(name string, address uint64) bool {
		return !slices.ContainsFunc(regions, func(r module.Region) bool {
			// A section without contents may be said to lie where a region ends, where what was freed may have lain, too.
			return address-r.Address < r.Size || address-r.Address == r.Size && !isFreed(name)
		})
	})
}

// MainBias returns the load bias of the kernel image: the KASLR offset.
func (k *Kernel) MainBias(uint64) (uint64, error) {
	bias := k.KASLROffset()
	if _, err := k.info.Hex("KERNELOFFSET"); err == nil {
		k.prog.Logger().Debug(fmt.Sprintf("got bias %#x from VMCOREINFO", bias))
	}
	return bias, nil
}

// maxNotes bounds the size of the kernel's notes, in bytes: they are a few hundred.
const maxNotes = 64 << 10

// NotesID returns the build ID in the kernel's own notes. VMCOREINFO says it since v5.9, but not where the image lies in memory:
// a wrong KERNELOFFSET leads to something else.
func (k *Kernel) NotesID(address, size uint64) (id []byte, ok bool) {
	if size > maxNotes {
		return nil, true // the kernel has no such notes
	}
	data, err := k.prog.Read(address+k.KASLROffset(), size, false)
	if fault := (*mem.FaultError)(nil); errors.As(err, &fault) && fault.Message == machine.NotMapped {
		return nil, true
	} else if err != nil {
		return nil, false // the dump may have left them out
	}
	id, err = elf.BuildIDIn(elf.Notes("the kernel's notes", data, !k.prog.Platform().IsLittleEndian(), 4))
	if err != nil {
		return nil, true // something else lies there
	}
	return id, true
}

// MappedFiles returns nil: a kernel's modules are copied into memory.
func (k *Kernel) MappedFiles(*drgn.Module) []drgn.MappedFile { return nil }

// Image returns nil: a kernel has no module whose file lies in memory.
func (k *Kernel) Image(*drgn.Module) ([]byte, error) { return nil, nil }

// Module returns the module of a struct module *; unless it is there it is created, or else a *drgn.ModuleNotFoundError.
func Module(p *drgn.Program, mod drgn.Object, create bool) (*drgn.Module, error) {
	t := mod.Type().Underlying()
	if t.Kind() != types.Pointer || t.Elem().Underlying().Tag() != "module" {
		return nil, &drgn.TypeError{Problem: "struct module * is required"}
	}
	k, err := Of(p)
	if err != nil {
		return nil, err
	}
	spec, err := k.describe(mod)
	if err != nil {
		return nil, err
	}
	if !create {
		return p.FindModule(spec.Kind, spec.Name, spec.ID)
	}
	m, _, err := k.addModule(mod, spec)
	return m, err
}

// addModule adds a module that is in memory, a struct module *.
func (k *Kernel) addModule(mod drgn.Object, spec drgn.ModuleSpec) (m *drgn.Module, isNew bool, err error) {
	m, isNew, err = k.prog.AddModule(spec)
	if err != nil || k.prog.Flags()&drgn.IsLive == 0 {
		return m, isNew, err
	}
	if !isNew && m.IsUnloaded() {
		m.Set().Forget(m)
		m, isNew, err = k.prog.AddModule(spec)
	}
	_, wasListed := k.wasListed(m)
	was, known := k.found.Load(m) // not if it was unloaded when it was made
	if err == nil && !isNew && known && !wasListed {
		if at, e := k.moduleAt(spec.ID); e == nil && at != nil && at != was {
			if _, e := at.build(); e == nil { // as long as it is there: what comes later is compared with it
				k.found.Store(m, at)
				m.Set().LoadedAgain()
			}
		}
	}
	if err == nil && (isNew || wasListed || !known) {
		var at *loadedModule
		if at, err = k.moduleAt(spec.ID); err == nil && at != nil {
			if _, err = at.build(); err == nil {
				k.found.Store(m, at)
			} else if isNew {
				m.Set().Forget(m) // it is another's next time
			}
		}
	}
	if err == nil && wasListed {
		err = complete(m, spec)
	}
	return m, isNew, err
}

// complete adds to a module that was listed what the kernel's memory says of it.
func complete(m *drgn.Module, spec drgn.ModuleSpec) error {
	if m.Data() == nil {
		m.SetData(spec.Data)
	}
	if _, known := m.Ranges(); known {
		return nil
	}
	return m.SetRanges(spec.Ranges)
}
