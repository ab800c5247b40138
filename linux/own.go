package linux

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/module"
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

// Keep gives the kernel, if there is no file of it, the symbols and types that it keeps of itself, and its place in memory, and
// then its modules the types that it keeps of them: it implements [modules.Keeper].
func (k *Kernel) Keep(all []*drgn.Module) error {
	if len(all) > 0 && all[0].Kind() == drgn.MainModule {
		if err := k.keepImage(all[0]); err != nil {
			return err
		}
		all = all[1:]
	}
	return k.keepModules(all)
}

func (k *Kernel) keepImage(m *drgn.Module) error {
	own, err := k.own()
	if err != nil {
		return err
	}
	m.KeepSymbols(own)
	if _, known := m.Ranges(); !known {
		first, end, ok := own.Image()
		if !ok {
			return errors.New("the kernel's own table of symbols does not say where its image lies")
		}
		if err := m.SetRanges([]mem.Range{{Min: first, Max: end - 1}}); err != nil {
			return err
		}
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
	case q.HasName && (q.Name == "modules" || q.Name == "init_task"):
		return found, nil // by these modules are found
	}
	mods, err := k.modulesWithout(q)
	if err != nil {
		return nil, err
	}
	every := q
	every.One = false
	for _, mod := range mods {
		index, err := k.moduleSymbols(mod, every)
		if err != nil {
			return nil, err
		}
		more, err := index.Find(k.prog, every)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
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

type withoutKey struct{}

// modulesWithout returns the modules, each a struct module *, of which no file has symbols and which may have those of a query.
func (k *Kernel) modulesWithout(q drgn.SymbolQuery) ([]drgn.Object, error) {
	if q.HasAddress {
		if m, err := k.prog.ModuleAt(q.Address); err == nil && (m.Kind() == drgn.MainModule || hasSymbols(m)) {
			return nil, nil
		}
		mod, ok, err := k.moduleAt(q.Address)
		if err != nil || !ok {
			return nil, err
		}
		return []drgn.Object{mod}, nil
	}
	return fixed(k.prog, withoutKey{}, func() (mods []drgn.Object, err error) {
		files := map[uint64]bool{}
		for m := range k.prog.Modules() {
			if at, err := drgn.ModuleObject(m).Uint(); err == nil {
				files[at] = hasSymbols(m)
			}
		}
		for mod, err := range module.ForEach(k.prog) {
			if drgn.IsNotFound(err) {
				return nil, nil
			}
			if err != nil {
				return nil, fmt.Errorf("cannot walk the kernel's modules: %w", err)
			}
			at, err := mod.Uint()
			if err != nil {
				return nil, err
			}
			if !files[at] {
				mods = append(mods, mod)
			}
		}
		return mods, nil
	})
}

// moduleSymbols returns symbols that the kernel keeps of a module, a struct module *: all, or at least those of a query's address.
func (k *Kernel) moduleSymbols(mod drgn.Object, q drgn.SymbolQuery) (*drgn.SymbolIndex, error) {
	at, err := mod.Uint()
	if err != nil {
		return nil, err
	}
	return fixed(k.prog, symbolsKey{at}, func() (*drgn.SymbolIndex, error) {
		symbols, err := kallsyms.Module(mod)
		if q.HasAddress && k.prog.Flags()&drgn.IsLive != 0 { // the index is not kept
			symbols = slices.DeleteFunc(symbols, func(s drgn.Symbol) bool { return !s.Contains(q.Address) })
		}
		return drgn.NewSymbolIndex(symbols), err
	})
}
