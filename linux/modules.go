package linux

import (
	"errors"
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// LoadedModules walks the kernel and its modules.
func (k *Kernel) LoadedModules(p *drgn.Program) drgn.LoadedModuleSeq {
	return func(yield func(drgn.LoadedModule, error) bool) {
		m, isNew, err := p.AddModule(k.MainModule())
		if err != nil {
			yield(drgn.LoadedModule{}, err)
			return
		}
		if !yield(drgn.LoadedModule{Module: m, New: isNew}, nil) || !m.HasDebugInfo() {
			return // without debugging information the modules can't be found
		}
		for mod, err := range module.ForEach(p) {
			var spec drgn.ModuleSpec
			if err != nil {
				err = fmt.Errorf("cannot walk the kernel's modules: %w", err)
			} else {
				spec, err = k.describe(mod)
			}
			if err != nil {
				yield(drgn.LoadedModule{}, err)
				return
			}
			m, isNew, err := p.AddModule(spec)
			if err != nil {
				yield(drgn.LoadedModule{}, err)
				return
			}
			if !yield(drgn.LoadedModule{Module: m, New: isNew}, nil) {
				return
			}
		}
	}
}

// MainModule describes the kernel itself.
func (k *Kernel) MainModule() drgn.ModuleSpec {
	return drgn.ModuleSpec{Kind: drgn.MainModule, Name: "kernel", BuildID: k.info.BuildID(), NoLoadedFile: true}
}

// describe says what the kernel knows of a module: a struct module *.
func (k *Kernel) describe(mod drgn.Object) (drgn.ModuleSpec, error) {
	raw, err := mod.Member("name").CString()
	if err != nil {
		return drgn.ModuleSpec{}, fmt.Errorf("cannot read the name of a module: %w", err)
	}
	spec := drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: string(raw), Object: mod, NoLoadedFile: true}
	spec.Sections = func() (map[string]uint64, error) { return sectionAddresses(mod, spec.Name) }
	regions, err := module.Regions(mod)
	if err != nil {
		return spec, fmt.Errorf("module %s: %w", spec.Name, err)
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

// LoadModules adds the kernel's loaded modules to the program and gives them the debugging information that search finds. It returns what could not be found or loaded.
func (k *Kernel) LoadModules(search *debuginfo.Search) []error {
	var errs []error
	var paths map[string][]string
	var missing missingModules
	for mod, err := range module.ForEach(k.prog) {
		if err != nil {
			err = fmt.Errorf("cannot walk the kernel's modules: %w", err)
		} else {
			if paths == nil {
				paths = search.Modules(k.Release())
			}
			err = k.loadModule(mod, search, paths)
		}
		if err != nil && !missing.add(err) {
			errs = append(errs, err)
		}
	}
	if len(missing.names) > 0 {
		errs = append(errs, &drgn.MissingDebugInfoError{Problem: missing.String()})
	}
	return errs
}

// missingModules gathers the modules without debugging information, of which there may be hundreds, for one message.
type missingModules struct {
	names []string
	tried *debuginfo.Tried // the first file of the name of one of them, which was not good
}

// add takes the error of a module whose file was not found; false for another error.
func (m *missingModules) add(err error) bool {
	var missing *missingModule
	if !errors.As(err, &missing) {
		return false
	}
	m.names = append(m.names, missing.name)
	if m.tried == nil && len(missing.files) > 0 {
		m.tried = &missing.files[0]
	}
	return true
}

const shownModules = 8 // in a message

func (m *missingModules) String() string {
	var b strings.Builder
	b.WriteString("missing debugging symbols for ")
	if len(m.names) == 1 {
		b.WriteString("kernel module " + m.names[0])
	} else {
		fmt.Fprintf(&b, "%d kernel modules: %s", len(m.names), strings.Join(m.names[:min(len(m.names), shownModules)], ", "))
		if len(m.names) > shownModules {
			b.WriteString(", ...")
		}
	}
	b.WriteString(" (name their directory with -s)")
	if m.tried != nil {
		fmt.Fprintf(&b, "\n  %s: %v", m.tried.Path, m.tried.Err)
	}
	return b.String()
}

// A missingModule says that no file with a module's debugging information was found.
type missingModule struct {
	name  string
	files []debuginfo.Tried
}

func (e *missingModule) Error() string {
	return "missing debugging symbols for kernel module " + e.name
}

func (k *Kernel) loadModule(mod drgn.Object, search *debuginfo.Search, paths map[string][]string) error {
	spec, err := k.describe(mod)
	if err != nil {
		return err
	}
	name := spec.Name
	m, _, err := k.prog.AddModule(spec)
	if err != nil || m.HasDebugInfo() {
		return err
	}
	f, err := search.Module(name, paths[name], spec.BuildID)
	if err != nil {
		var none *debuginfo.NotFoundError
		if errors.As(err, &none) {
			return &missingModule{name, none.Tried}
		}
		return fmt.Errorf("module %s: %w", name, err)
	}
	return m.TryFile(f.Name)
}

// sectionAddresses returns where the sections of a module lie.
func sectionAddresses(mod drgn.Object, name string) (map[string]uint64, error) {
	sections, err := module.Sections(mod)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	// Per-CPU variables lie apart from the sections whose addresses the kernel keeps.
	if mod.HasMember("percpu") {
		if sections[".data..percpu"], err = mod.Member("percpu").Uint(); err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
	}
	return sections, nil
}

// MainBias returns by how much the kernel image was moved.
func (k *Kernel) MainBias(uint64) (uint64, error) { return k.KASLROffset(), nil }

// Module returns the module of a struct module *; unless it is there it is created, or else a *drgn.LookupError.
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
	m, _, err := p.AddModule(spec)
	return m, err
}
