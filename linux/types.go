package linux

import (
	"fmt"
	"strings"

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

// CheckTypes compares the types that find finds with the sizes and offsets that VMCOREINFO has. What it does not find, or VMCOREINFO
// names otherwise, is passed over. It implements the optional part of a loader of modules.
func (k *Kernel) CheckTypes(find func(kinds types.KindSet, name string) (*types.Type, error)) error {
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
	return nil
}
