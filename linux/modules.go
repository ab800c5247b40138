package linux

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/mem"
)

// LoadModules adds the kernel's loaded modules to the program and gives them the debugging information that search finds.
// info says what is the same for all of them. It returns what could not be found or loaded.
func (k *Kernel) LoadModules(search *debuginfo.Search, info drgn.DebugInfo) []error {
	var errs []error
	var paths map[string][]string
	for mod, err := range module.ForEach(k.prog) {
		if err == nil {
			if paths == nil {
				paths = search.Modules(k.Release())
			}
			err = k.loadModule(mod, search, paths, info)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func (k *Kernel) loadModule(mod drgn.Object, search *debuginfo.Search, paths map[string][]string, info drgn.DebugInfo) error {
	raw, err := mod.Member("name").CString()
	if err != nil {
		return fmt.Errorf("cannot read the name of a module: %w", err)
	}
	name := string(raw)
	regions, err := module.Regions(mod)
	if err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	spec := drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: name, Object: mod}
	for _, r := range regions {
		spec.Ranges = append(spec.Ranges, mem.Range{Min: r.Address, Max: r.Address + r.Size - 1})
	}
	if spec.BuildID, err = module.BuildID(mod); err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	m := k.prog.AddModule(spec)
	if m.HasDebugInfo() {
		return nil
	}
	if info.File, err = search.Module(name, paths[name], spec.BuildID); err != nil {
		return &drgn.MissingDebugInfoError{Problem: err.Error()}
	}
	if info.Sections, err = module.Sections(mod); err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	if info.Bias = 0; info.File.Type != elf.ET_REL {
		return fmt.Errorf("module %s: %s is not a relocatable file", name, info.File.Name)
	}
	return m.AttachDebugInfo(info)
}
