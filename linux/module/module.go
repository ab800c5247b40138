// Package module looks at the kernel's loadable modules (include/linux/module.h).
package module

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/linux/list"
)

// ForEach walks the loaded modules, each as a struct module *.
//
//drgn:helper for_each_module
//drgn:eager
func ForEach(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	head, err := listOf(p)
	if err != nil {
		return func(yield func(drgn.Object, error) bool) { yield(drgn.Object{}, err) }
	}
	if head == nil {
		return func(func(drgn.Object, error) bool) {}
	}
	return list.ForEachEntry("struct module", head.AddressOf(), "list")
}

// listOf returns the head of the list of modules, nil for a kernel without CONFIG_MODULES. Types may come from elsewhere than
// DWARF; then a symbol says where the list lies.
func listOf(p *drgn.Program) (*drgn.Object, error) {
	head := p.Variable("modules")
	if !drgn.IsNotFound(head.Err()) {
		return &head, nil
	}
	if s, err := p.Symbol("modules"); err == nil {
		t, err := p.Type("struct list_head")
		if err != nil {
			return nil, err
		}
		head = p.ObjectAt(t, s.Address)
		return &head, nil
	}
	// A kernel without CONFIG_MODULES has no such list, one without types or symbols does not say.
	if _, err := p.Type("struct module"); err != nil {
		return nil, head.Err()
	}
	if drgn.IsNotFound(p.Variable("init_task").Err()) {
		if _, err := p.Symbol("init_task"); err != nil {
			return nil, fmt.Errorf("the kernel's variables and symbols are not known: %w", head.Err())
		}
	}
	return nil, nil
}

// Find returns the module of a name as a struct module *; a null pointer if none is loaded.
//
//drgn:helper find_module(prog, name: Union[str, bytes])
func Find(p *drgn.Program, name string) drgn.Object {
	for mod, err := range ForEach(p) {
		if err != nil {
			return drgn.Failed(err)
		}
		have, err := mod.Member("name").CString()
		if err != nil {
			return drgn.Failed(err)
		}
		if string(have) == name {
			return mod
		}
	}
	return drgn.Null(p, "struct module")
}

// A Region is a range of memory.
//
//drgn:tuple
type Region struct {
	Address uint64
	Size    uint64 // in bytes
}

// Regions returns where a module's code and data lie, without its per-CPU data.
//
// mod is a struct module *.
func Regions(mod drgn.Object) ([]Region, error) {
	all, err := AllRegions(mod)
	return slices.DeleteFunc(all, func(r Region) bool { return r.Size == 0 }), err
}

// layouts returns what says where the kinds of a module's code and data lie; nil before v4.5.
func layouts(mod drgn.Object) ([]drgn.Object, error) {
	if !mod.HasMember("mem") { // since v6.4, commit ac3b43283923
		var out []drgn.Object
		for _, name := range []string{"core_layout", "init_layout", "data_layout"} { // v4.5 to v6.3, commit 7523e4dc5057
			if mod.HasMember(name) {
				out = append(out, mod.Member(name))
			}
		}
		return out, nil
	}
	n, err := mod.Member("mem").Len()
	if err != nil {
		return nil, err
	}
	out := make([]drgn.Object, n)
	for i := range out {
		out[i] = mod.Member("mem").Index(int64(i))
	}
	return out, nil
}

// AllRegions returns where a module's code and data lie, a region for each kind of them: of a kind that it has not, and of what
// was only needed when it was loaded, the size is 0.
//
// mod is a struct module *.
//
//drgn:helper module_address_regions
func AllRegions(mod drgn.Object) ([]Region, error) {
	var out []Region
	add := func(base, size drgn.Object) error {
		a, err := base.Uint()
		if err != nil {
			return err
		}
		n, err := size.Uint()
		out = append(out, Region{a, n})
		return err
	}
	parts, err := layouts(mod)
	if err != nil {
		return nil, err
	}
	for _, m := range parts {
		if err := add(m.Member("base"), m.Member("size")); err != nil {
			return nil, err
		}
	}
	if parts == nil {
		if err := add(mod.Member("module_core"), mod.Member("core_size")); err != nil {
			return nil, err
		}
		if err := add(mod.Member("module_init"), mod.Member("init_size")); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TextRegions returns where a module's code lies, that which is only run while it is loaded included.
//
// mod is a struct module *.
func TextRegions(mod drgn.Object) (out []Region, err error) {
	add := func(base, size drgn.Object) {
		var r Region
		if err == nil {
			r.Address, err = base.Uint()
		}
		if err == nil {
			r.Size, err = size.Uint()
		}
		if err == nil && r.Size != 0 {
			out = append(out, r)
		}
	}
	switch {
	case mod.HasMember("mem"): // since v6.4, commit ac3b43283923
		for _, part := range []string{"MOD_TEXT", "MOD_INIT_TEXT"} {
			i, failed := mod.Prog().Constant(part).Int()
			if failed != nil {
				return nil, failed
			}
			m := mod.Member("mem").Index(i)
			add(m.Member("base"), m.Member("size"))
		}
	case mod.HasMember("core_layout"): // v4.5 to v6.3, commit 7523e4dc5057; the code comes first
		for _, name := range []string{"core_layout", "init_layout"} {
			m := mod.Member(name)
			add(m.Member("base"), m.Member("text_size"))
		}
	default:
		add(mod.Member("module_core"), mod.Member("core_text_size"))
		add(mod.Member("module_init"), mod.Member("init_text_size"))
	}
	return out, err
}

// PerCPURegion returns where a module's per-CPU data lies: the per-CPU address and the size in bytes.
//
// mod is a struct module *.
//
//drgn:helper module_percpu_region
func PerCPURegion(mod drgn.Object) (Region, error) {
	if !mod.HasMember("percpu") {
		return Region{}, mod.Err()
	}
	a, err := mod.Member("percpu").Uint()
	if err != nil {
		return Region{}, err
	}
	n, err := mod.Member("percpu_size").Uint()
	return Region{a, n}, err
}

// AtAddress returns the module whose code or data contains an address, as a struct module *; a null pointer if none
// does.
//
//drgn:helper address_to_module
//drgn:wraps
func AtAddress(p *drgn.Program, addr uint64) drgn.Object {
	for mod, err := range ForEach(p) {
		if err != nil {
			return drgn.Failed(err)
		}
		regions, err := AllRegions(mod)
		if err != nil {
			return drgn.Failed(err)
		}
		for i, r := range regions {
			if addr-r.Address < r.Size {
				return inTree(mod, i)
			}
		}
	}
	return drgn.Null(p, "struct module")
}

// inTree returns the pointer to a module in the kernel's tree of modules (CONFIG_MODULES_TREE_LOOKUP), in the node of its i-th
// region; mod itself where there is no such tree.
func inTree(mod drgn.Object, i int) drgn.Object {
	parts, err := layouts(mod)
	if err != nil || i >= len(parts) || !parts[i].HasMember("mtn") {
		return mod
	}
	there := parts[i].Member("mtn").Member("mod")
	want, err := mod.Uint()
	if at, e := there.Uint(); err != nil || e != nil || at != want {
		return mod
	}
	return there
}

// taintLetters are the letters that the kernel prints for the bits of a module's taints (kernel/panic.c, taint_flags).
const taintLetters = "PFSRMBUDAWCIOELKXTNJ"

// Taints returns the letters for why a module taints the kernel, as /proc/modules shows them.
//
// module is a struct module *.
//
//drgn:helper module_taints(module)
func Taints(mod drgn.Object) (string, error) {
	taints, err := mod.Member("taints").Uint()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, c := range taintLetters {
		if taints>>i&1 != 0 {
			b.WriteRune(c)
		}
	}
	return b.String(), nil
}

// maxSections bounds how many sections a module may have.
const maxSections = 1 << 16

// Sections returns where the sections of a module's file were loaded, by their names.
//
// mod is a struct module *.
func Sections(mod drgn.Object) (map[string]uint64, error) {
	attrs := mod.Member("sect_attrs")
	if null, err := attrs.IsNull(); err != nil {
		return nil, err
	} else if null {
		return nil, fmt.Errorf("the module keeps no section addresses")
	}
	n, err := attributes(attrs, "nsections", "sections")
	if err != nil {
		return nil, err
	}
	out := map[string]uint64{}
	for i := range n {
		name, address := section(attrs.Member("attrs").Index(int64(i)))
		s, err := name.CString()
		if err != nil {
			return nil, err
		}
		a, err := address.Uint()
		if err != nil {
			return nil, err
		}
		out[string(s)] = a
	}
	return out, nil
}

// attributes returns how many elements there are in the array attrs of a struct module_sect_attrs or module_notes_attrs.
// counter is the member that says it on kernels before v6.14; what they are is for messages.
func attributes(attrs drgn.Object, counter, what string) (uint64, error) {
	if attrs.HasMember(counter) {
		n, err := attrs.Member(counter).Uint()
		if err == nil && n > maxSections {
			err = fmt.Errorf("module has %d %s", n, what)
		}
		return n, err
	}
	// Since v6.14 (commit 4b2c11e4aaf7) the array of attributes ends with a null pointer.
	list := attrs.Member("grp").MemberAny("bin_attrs_new", "bin_attrs")
	for i := range uint64(maxSections) {
		end, err := list.Index(int64(i)).IsNull()
		if err != nil || end {
			return i, err
		}
	}
	return 0, fmt.Errorf("module has more than %d %s", maxSections, what)
}

// section returns the name and address in an element of module_sect_attrs.attrs.
func section(attr drgn.Object) (name, address drgn.Object) {
	switch {
	case attr.HasMember("battr"): // since v5.8, commit ed66f991bb19
		return attr.Member("battr").Member("attr").Member("name"), attr.Member("address")
	case attr.HasMember("address"):
		return attr.Member("name"), attr.Member("address")
	}
	return attr.Member("attr").Member("name"), attr.Member("private")
}

// BuildID returns the GNU build ID of a module's file, or nil when the kernel does not keep it.
//
// mod is a struct module *.
func BuildID(mod drgn.Object) ([]byte, error) {
	// With CONFIG_STACKTRACE_BUILD_ID, since v5.14, commit 9294523e3768.
	if mod.HasMember("build_id") {
		return mod.Member("build_id").Bytes()
	}
	attrs := mod.Member("notes_attrs")
	if null, err := attrs.IsNull(); err != nil || null {
		return nil, err
	}
	n, err := attributes(attrs, "notes", "notes")
	if err != nil {
		return nil, err
	}
	p := mod.Prog()
	for i := range n {
		a := attrs.Member("attrs").Index(int64(i))
		at, err := a.Member("private").Uint()
		if err != nil {
			return nil, err
		}
		size, err := a.Member("size").Uint()
		if err != nil {
			return nil, err
		}
		if size > 1<<16 {
			return nil, fmt.Errorf("notes of %d bytes", size)
		}
		data, err := p.Read(at, size, false)
		if err != nil {
			return nil, err
		}
		id, err := elf.BuildIDIn(elf.Notes("module notes", data, !p.Platform().IsLittleEndian(), 4))
		if err != nil || id != nil {
			return id, err
		}
	}
	return nil, nil
}
