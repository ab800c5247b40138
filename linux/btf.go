package linux

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/linux/internal/constant"
	"github.com/godrgn/drgn/linux/list"
	modules "github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
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

// A btfSource is a place that has BTF of the kernel or of a module.
type btfSource struct {
	name string // for messages
	read func() (*constant.Bytes, error)
}

// inMemory is BTF at an address of the kernel's memory.
func (k *Kernel) inMemory(name string, address, size uint64) btfSource {
	return btfSource{name: name, read: func() (*constant.Bytes, error) {
		return constant.Read(k.prog, constant.Part{Address: address, Size: size})
	}}
}

// inSysfs returns the BTF of a name that the running kernel gives in /sys/kernel/btf (since v5.4), if it does: it takes less time than to read it out of
// memory, and needs no symbols. Size is that of it in memory, if that is known, else 0.
func (k *Kernel) inSysfs(name string, size uint64) (s btfSource, ok bool) {
	if k.sys == "" || strings.ContainsRune(name, '/') {
		return s, false
	}
	path := filepath.Join(k.sys, "kernel", "btf", name)
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxBTF || size != 0 && uint64(st.Size()) != size {
		return s, false
	}
	return btfSource{name: path, read: func() (*constant.Bytes, error) {
		data, err := os.ReadFile(path)
		return constant.Of(data, nil), err
	}}, true
}

// kernelBTF returns where the kernel's own BTF may be found, what is quickest first. m is the kernel. An error says why it is not known
// where it lies in memory.
func (k *Kernel) kernelBTF(m *drgn.Module) (all []btfSource, err error) {
	address, size, err := k.hasBTF()
	if s, ok := k.inSysfs("vmlinux", size); ok {
		all = append(all, s)
	}
	if files := m.Files(); files != nil && frombtf.In(files.Debug.ELF) != 0 {
		f := files.Debug
		all = append(all, btfSource{name: "BTF of " + f.ELF.Name, read: func() (*constant.Bytes, error) {
			data, err := f.Data(".BTF")
			return constant.Of(data, f.ELF), err
		}})
	}
	if size != 0 {
		all = append(all, k.inMemory("BTF of the kernel's memory", address, size))
	}
	if path := m.TypesFile(); path != "" {
		all = append(all, k.inFile(m, path))
	}
	return all, err
}

// inFile is the BTF of a file that has no DWARF: a module's file that was found on the way.
func (k *Kernel) inFile(m *drgn.Module, path string) btfSource {
	return btfSource{name: "BTF of " + path, read: func() (*constant.Bytes, error) {
		f, err := m.Set().OpenFile(path, path, nil)
		if err != nil {
			return nil, err
		}
		defer f.Close() // was only read
		s := f.Section(".BTF")
		if s == nil || !bytes.Equal(f.BuildID(), m.BuildID()) {
			return nil, fmt.Errorf("%s is another file by now", path)
		}
		data, err := f.RelocatedData(s, nil)
		return constant.Of(bytes.Clone(data), nil), err
	}}
}

// keepBTF gives the kernel the types that it keeps of itself, which are read when something is first looked for.
func (k *Kernel) keepBTF(m *drgn.Module) error {
	all, err := k.kernelBTF(m)
	if len(all) > 0 {
		k.setBTF(m, all, nil)
	}
	return err
}

// setBTF gives a module the types of the first of several places of BTF that can be read. It is split from that of base unless that is nil.
func (k *Kernel) setBTF(m *drgn.Module, from []btfSource, base func() (*frombtf.Source, error)) {
	m.SetFallback(from[0].name, func() (debugdata.Info, string, error) {
		s, name, err := k.openBTF(from, base)
		if err != nil {
			return nil, "", err
		}
		return s, name, nil
	})
}

// openBTF opens the first of several places of BTF that can be read, and returns its name.
func (k *Kernel) openBTF(from []btfSource, base func() (*frombtf.Source, error)) (*frombtf.Source, string, error) {
	pointer, err := k.prog.AddressSize()
	if err != nil {
		return nil, "", err
	}
	var failed []error
	for _, place := range from {
		data, err := place.read()
		if errors.Is(err, modules.ErrGone) {
			return nil, "", err // what lies at its address in memory is another's
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s can't be read: %w", place.name, err))
			continue
		}
		s, err := frombtf.Open(frombtf.Config{Name: place.name, Data: data.Part(0), Keep: data.Keep(), Set: k.prog.Types(), PointerSize: pointer,
			SignedChar: k.charIsSigned(), Base: base})
		if err == nil {
			data.Save()
			data.Release()
			return s, place.name, nil
		}
		failed = append(failed, err)
	}
	return nil, "", errors.Join(failed...)
}

// baseBTF returns the kernel's own BTF, from which that of its modules is split: what its types come from or, if that is DWARF, its BTF
// besides. Then DWARF's types stand for those that are the same.
func (k *Kernel) baseBTF() (*frombtf.Source, error) {
	main, err := k.prog.MainModule()
	if err != nil {
		return nil, err
	}
	info, err := main.Info()
	if source, ok := info.(*frombtf.Source); ok || err != nil {
		return source, err
	}
	return drgn.Memo(k.prog, baseKey{}, func() (*frombtf.Source, error) {
		all, err := k.kernelBTF(main)
		if err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, errors.New("the kernel's own BTF, from which that of modules is split, is not known")
		}
		s, _, err := k.openBTF(all, nil)
		if err == nil && info != nil {
			s.Prefer(func(kind types.Kind, tag string) (*types.Type, error) {
				return info.FindType(types.KindsOf(kind), tag, "")
			})
		}
		return s, err
	})
}

type baseKey struct{}

// btfOfModules returns where the kernel keeps the BTF of its modules (CONFIG_DEBUG_INFO_BTF_MODULES, since v5.11, commit
// 36e68442d1af), by the address of the struct module. That of modules that were built without the kernel's BTF at hand (.BTF.base,
// since v6.11) was adapted to it when they were loaded: btf_relocate() in tools/lib/bpf/btf_relocate.c.
func (k *Kernel) btfOfModules() (map[uint64]btfData, error) {
	head := k.prog.Variable("btf_modules")
	if drgn.IsNotFound(head.Err()) {
		return nil, nil
	}
	found := map[uint64]btfData{}
	for entry, err := range list.ForEachEntry("struct btf_module", head.AddressOf(), "list") {
		if err != nil {
			return nil, fmt.Errorf("cannot walk the BTF of modules: %w", err)
		}
		mod, btf := entry.Member("module"), entry.Member("btf")
		at, err := mod.Uint()
		if err != nil {
			return nil, err
		}
		var d btfData
		for member, to := range map[string]*uint64{"data": &d.address, "data_size": &d.size} {
			if *to, err = btf.Member(member).Uint(); err != nil {
				return nil, fmt.Errorf("cannot find the BTF of a module: %w", err)
			}
		}
		if d.address != 0 && d.size <= maxBTF {
			found[at] = d
		}
	}
	return found, nil
}

// btfData is BTF in memory; size is in bytes.
type btfData struct{ address, size uint64 }

// keepModule gives a module, at an address, the types that the kernel keeps of it.
func (k *Kernel) keepModule(m *drgn.Module, at uint64, all map[uint64]btfData) {
	d := all[at]
	if d.size == 0 {
		return
	}
	var from []btfSource
	if s, ok := k.inSysfs(m.Name(), d.size); ok {
		from = append(from, btfSource{name: s.name, read: func() (*constant.Bytes, error) {
			data, err := s.read()
			if errors.Is(err, fs.ErrNotExist) { // btf_module_notify() takes it away before the module leaves the kernel's list
				err = fmt.Errorf("%w: %w", modules.ErrGone, err)
			}
			return data, err
		}})
	}
	from = append(from, k.inMemory("BTF of module "+m.Name()+" in the kernel's memory", d.address, d.size))
	k.setBTF(m, from, k.baseBTF)
}

// charIsSigned reports whether a plain char is signed, which BTF does not say: since v6.2, commit 3bc753c06dd0, it is nowhere.
func (k *Kernel) charIsSigned() bool {
	var major, minor int
	_, err := fmt.Sscanf(k.Release(), "%d.%d", &major, &minor)
	return k.machine.CharIsSigned && err == nil && (major < 6 || major == 6 && minor < 2)
}
