package linux

import (
	"cmp"
	"errors"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/mem"
)

// own returns the symbols that the kernel keeps of itself. They never change, so a running kernel's are kept, too.
func (k *Kernel) own() (*kallsyms.Own, error) {
	return k.ownSymbols.Do(func() (*kallsyms.Own, error) { return kallsyms.ReadOwn(k.prog, k.info) })
}

// hasSymbols reports whether a file of a module has symbols.
func hasSymbols(m *drgn.Module) bool {
	f := m.Files()
	return f != nil && f.Symbols.Len() > 0
}

// bare reports whether there is no file with the kernel's symbols. Before it is known that the kernel is a module there may be
// one.
func (k *Kernel) bare() bool {
	main, err := k.prog.MainModule()
	return err == nil && !hasSymbols(main)
}

// Keep gives the kernel, if there is no file of it, the symbols and types that it keeps of itself, and its place in memory: it
// implements [modules.Keeper]. Its modules get what it keeps of them when they are found.
func (k *Kernel) Keep(all []*drgn.Module) error {
	if len(all) > 0 && all[0].Kind() == drgn.MainModule {
		return k.keepImage(all[0])
	}
	return nil
}

func (k *Kernel) keepImage(m *drgn.Module) error {
	own, err := k.own()
	if err != nil {
		if e := k.keepBTF(m); e != nil && !errors.Is(e, err) { // files may have it
			err = errors.Join(err, e)
		}
		return err
	}
	m.KeepSymbols(own)
	first, end, ok := own.Image()
	if !ok {
		return errors.New("the kernel's own table of symbols does not say where its image lies")
	}
	if err := m.KeepRange(mem.Range{Min: first, Max: end - 1}); err != nil {
		return err
	}
	return k.keepBTF(m)
}

// imageSymbol returns the symbol of a name of the kernel's image, by a file or else by what the kernel keeps of itself; a name that
// the image does not have is not looked for in modules.
func (k *Kernel) imageSymbol(name string) (drgn.Symbol, error) {
	if !k.bare() {
		return k.prog.Symbol(name)
	}
	own, err := k.own()
	if err != nil {
		return drgn.Symbol{}, err
	}
	if found := own.Named(name); len(found) > 0 {
		return found[0], nil
	}
	return drgn.Symbol{}, &drgn.SymbolNotFoundError{Name: name}
}

// KeptSymbols adds to the symbols that were found of a query those that the kernel keeps of its modules and that no file has:
// it implements [drgn.KernelCode].
func (k *Kernel) KeptSymbols(q drgn.SymbolQuery, found []drgn.Symbol) ([]drgn.Symbol, error) {
	switch {
	case q.One && len(found) > 0:
		return found, nil // what modules have is not better
	case q.HasName && findsModules(q.Name):
		return found, nil
	}
	mods, err := k.modulesWithout(q)
	if err != nil {
		return nil, err
	}
	every := q
	every.One = false
	for _, m := range mods {
		index, err := m.symbols()
		if err != nil && !m.unchanged() {
			continue // it was unloaded
		}
		if err != nil {
			return nil, err
		}
		found = append(found, index.Find(every)...)
	}
	if q.One && len(found) > 1 {
		return []drgn.Symbol{slices.MinFunc(found, func(a, b drgn.Symbol) int {
			if !q.HasName && a.Address != b.Address {
				return cmp.Compare(b.Address, a.Address) // the one that begins last
			}
			return cmp.Compare(kallsyms.Rank(a), kallsyms.Rank(b))
		})}, nil
	}
	return found, nil
}

// modulesWithout returns the modules of which no file has symbols and which may have those of a query.
func (k *Kernel) modulesWithout(q drgn.SymbolQuery) ([]*loadedModule, error) {
	if q.HasAddress {
		if m, err := k.prog.ModuleAt(q.Address); err == nil && (m.Kind() == drgn.MainModule || hasSymbols(m)) {
			return nil, nil
		}
		m, err := k.moduleAt(q.Address)
		if err != nil || m == nil {
			return nil, err
		}
		return []*loadedModule{m}, nil
	}
	l, err := k.loaded()
	if l == nil || err != nil {
		return nil, err
	}
	files := map[uint64]bool{}
	for m := range k.prog.Modules() {
		if at, err := drgn.ModuleObject(m).Uint(); err == nil && hasSymbols(m) && !m.IsUnloaded() {
			files[at] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(l.all), func(m *loadedModule) bool { return files[m.address] }), nil
}
