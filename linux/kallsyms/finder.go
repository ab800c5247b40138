package kallsyms

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/module"
)

// LoadVmlinux returns the symbols that the kernel keeps of itself as an index, whose Find is a symbol finder: see [Vmlinux].
//
//	index, err := kallsyms.LoadVmlinux(prog)
//	if err != nil {
//		return err
//	}
//	err = prog.RegisterSymbolFinder("vmlinux_kallsyms", index.Find, drgn.EnableLast)
//
//drgn:helper _load_vmlinux_kallsyms
//drgn:slow
func LoadVmlinux(p *drgn.Program) (*drgn.SymbolIndex, error) {
	symbols, err := Vmlinux(p)
	if err != nil {
		return nil, err
	}
	return drgn.NewSymbolIndex(symbols), nil
}

// LoadModules returns the symbols that the kernel keeps of its modules as an index, whose Find is a symbol finder: see
// [Module].
//
//drgn:helper _load_module_kallsyms
//drgn:slow
func LoadModules(p *drgn.Program) (*drgn.SymbolIndex, error) {
	var all []drgn.Symbol
	for mod, err := range module.ForEach(p) {
		if err != nil {
			return nil, err
		}
		symbols, err := Module(mod)
		if err != nil {
			return nil, err
		}
		all = append(all, symbols...)
	}
	return drgn.NewSymbolIndex(all), nil
}
