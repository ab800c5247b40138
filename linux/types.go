package linux

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"

	"github.com/godrgn/drgn/linux/internal/constant"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A WrongTypesError says that types are not those of the kernel in memory: VMCOREINFO has another size or offset.
type WrongTypesError struct {
	What      string // "SIZE(page)", "OFFSET(page.flags)"
	Got, Want uint64 // in bytes
}

func (e *WrongTypesError) Error() string {
	return fmt.Sprintf("%s is %d by its types, and %d by the kernel's VMCOREINFO", e.What, e.Got, e.Want)
}

// An OtherBTFError says that BTF is not the kernel's own, which is in its memory.
type OtherBTFError struct{ Address, Size uint64 } // where that is

func (e *OtherBTFError) Error() string {
	return fmt.Sprintf("its BTF differs from the kernel's own, the %d bytes at %#x in memory, which are used when no file is named", e.Size, e.Address)
}

// CheckTypes compares the types that find finds in BTF with the sizes and offsets that VMCOREINFO has, passing over what it does not
// find, or VMCOREINFO names otherwise, and then the BTF with that in the kernel's memory, where that is known. It implements the
// optional part of a loader of modules.
func (k *Kernel) CheckTypes(btf []byte, find func(kinds types.KindSet, name string) (*types.Type, error)) error {
	const kinds = 1<<types.Struct | 1<<types.Union | 1<<types.Typedef
	for line := range strings.Lines(string(k.info.Raw())) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), "=")
		what, name, ok := strings.Cut(strings.TrimSuffix(key, ")"), "(")
		if !ok || what != "SIZE" && what != "OFFSET" {
			continue
		}
		name, member, _ := strings.Cut(name, ".")
		t, err := find(kinds, name)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		var got, want uint64
		if what == "SIZE" {
			if want, err = k.info.Size(name); err == nil {
				got, err = t.Size()
			}
		} else if want, err = k.info.Offset(name + "." + member); err == nil {
			var m types.Found
			m, err = t.FindMember(member)
			got = m.BitOffset / 8
		}
		if err == nil && got != want {
			return &WrongTypesError{key, got, want}
		}
	}
	address, size, err := k.hasBTF()
	if err != nil || size == 0 {
		return nil // the kernel's own is not known
	}
	own, err := constant.Read(k.prog, constant.Part{Address: address, Size: size})
	if err != nil {
		return nil // it may not be in the dump
	}
	defer runtime.KeepAlive(own)
	return mem.Guard(func() error {
		if !bytes.Equal(own.Part(0), btf) {
			return &OtherBTFError{address, size}
		}
		return nil
	})
}
