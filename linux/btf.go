package linux

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/linux/list"
)

// maxBTF bounds the size of a kernel's BTF in bytes: those of distributions have 4 to 6 MB.
const maxBTF = 64 << 20

// hasBTF returns where the kernel has its own BTF (include/asm-generic/vmlinux.lds.h); size is 0 if it has none.
func (k *Kernel) hasBTF() (address, size uint64, err error) {
	var bounds [2]uint64
	for i, name := range []string{"__start_BTF", "__stop_BTF"} {
		s, err := k.imageSymbol(name)
		if drgn.IsNotFound(err) {
			return 0, 0, nil
		}
		if err != nil {
			return 0, 0, err
		}
		bounds[i] = s.Address
	}
	if bounds[1] < bounds[0] || bounds[1]-bounds[0] > maxBTF {
		return 0, 0, fmt.Errorf("the kernel's BTF can't lie from %#x to %#x", bounds[0], bounds[1])
	}
	return bounds[0], bounds[1] - bounds[0], nil
}

// keepBTF gives the kernel the types that it keeps of itself, which are read when something is first looked for.
func (k *Kernel) keepBTF(m *drgn.Module) error {
	address, size, err := k.hasBTF()
	if err != nil || size == 0 {
		return err
	}
	k.setBTF(m, "BTF of the kernel's memory", address, size, nil)
	return nil
}

// setBTF gives a module the types of BTF in memory, which is split from that of base unless that is nil.
func (k *Kernel) setBTF(m *drgn.Module, name string, address, size uint64, base *drgn.Module) {
	m.SetFallback(name, func() (debugdata.Info, error) {
		data, err := k.prog.Read(address, size, false)
		if err != nil {
			return nil, fmt.Errorf("%s can't be read: %w", name, err)
		}
		pointer, err := k.prog.AddressSize()
		if err != nil {
			return nil, err
		}
		c := frombtf.Config{Name: name, Data: data, Set: k.prog.Types(), PointerSize: pointer, SignedChar: k.charIsSigned()}
		if base != nil {
			c.Base = func() (*frombtf.Source, error) {
				info, err := base.Info()
				if source, ok := info.(*frombtf.Source); ok || err != nil {
					return source, err
				}
				return nil, fmt.Errorf("%s is split from the kernel's, which is not in use", name)
			}
		}
		return frombtf.Open(c)
	})
}

// keepModules gives modules the types that the kernel keeps of them (CONFIG_DEBUG_INFO_BTF_MODULES, since v5.11, commit
// 36e68442d1af), if it uses its own itself.
func (k *Kernel) keepModules(all []*drgn.Module) error {
	main, err := k.prog.MainModule()
	if err != nil || main.Fallback() == "" || len(all) == 0 {
		return nil
	}
	head := k.prog.Variable("btf_modules")
	if drgn.IsNotFound(head.Err()) {
		return nil
	}
	type data struct{ address, size uint64 }
	found := map[uint64]data{}
	for entry, err := range list.ForEachEntry("struct btf_module", head.AddressOf(), "list") {
		if err != nil {
			return fmt.Errorf("cannot walk the BTF of modules: %w", err)
		}
		mod, btf := entry.Member("module"), entry.Member("btf")
		if mod.HasMember("btf_base_data") { // made without the kernel's BTF at hand, and adapted to it when loaded: since v6.11
			if size, err := mod.Member("btf_base_data_size").Uint(); err != nil || size != 0 {
				continue
			}
		}
		at, err := mod.Uint()
		if err != nil {
			return err
		}
		var d data
		for member, to := range map[string]*uint64{"data": &d.address, "data_size": &d.size} {
			if *to, err = btf.Member(member).Uint(); err != nil {
				return fmt.Errorf("cannot find the BTF of a module: %w", err)
			}
		}
		if d.address != 0 && d.size <= maxBTF {
			found[at] = d
		}
	}
	for _, m := range all {
		if at, err := drgn.ModuleObject(m).Uint(); err == nil && found[at].size != 0 {
			k.setBTF(m, "BTF of module "+m.Name()+" in the kernel's memory", found[at].address, found[at].size, main)
		}
	}
	return nil
}

// charIsSigned reports whether a plain char is signed, which BTF does not say: since v6.2, commit 3bc753c06dd0, it is nowhere.
func (k *Kernel) charIsSigned() bool {
	var major, minor int
	_, err := fmt.Sscanf(k.Release(), "%d.%d", &major, &minor)
	return k.machine.CharIsSigned && err == nil && (major < 6 || major == 6 && minor < 2)
}
