package mm

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
)

// VMAName returns what /proc/PID/maps shows for an area of an address space: the path of the file that is mapped, or a name
// in brackets such as "[heap]"; "" for memory without a name.
//
// vma is a struct vm_area_struct *.
//
//drgn:helper vma_name
func VMAName(vma drgn.Object) ([]byte, error) {
	given, err := givenName(vma)
	if err != nil {
		return nil, err
	}
	file := vma.Member("vm_file").Read()
	if null, err := file.IsNull(); err != nil {
		return nil, err
	} else if !null {
		if given != nil {
			return bracket("anon_shmem:", given), nil
		}
		path, err := userPath(file)
		if err != nil {
			return nil, err
		}
		return fs.DPath(path, nil)
	}
	if name, err := specialName(vma); err != nil || name != nil {
		return name, err
	}
	mm := vma.Member("vm_mm").Read()
	if null, err := mm.IsNull(); err != nil {
		return nil, err
	} else if null {
		return []byte("[vdso]"), nil
	}
	var area struct {
		Start uint64 `drgn:"vm_start"`
		End   uint64 `drgn:"vm_end"`
	}
	if err := vma.Decode(&area); err != nil {
		return nil, err
	}
	var space struct {
		StartBrk uint64 `drgn:"start_brk"`
		Brk      uint64 `drgn:"brk"`
		Stack    uint64 `drgn:"start_stack"`
	}
	if err := mm.Decode(&space); err != nil {
		return nil, err
	}
	switch {
	case area.Start < space.Brk && area.End > space.StartBrk:
		return []byte("[heap]"), nil
	case area.Start <= space.Stack && area.End >= space.Stack:
		return []byte("[stack]"), nil
	case given != nil:
		return bracket("anon:", given), nil
	}
	return []byte{}, nil
}

// fmodeNoAccount is FMODE_NOACCOUNT: a file that the kernel opened for its own ends. Files that stand for those of another
// file system are among them; FMODE_BACKING, which only they have, has not been the same bit in all kernels.
const fmodeNoAccount = 1 << 29

// userPath returns the path under which a program has opened a file, as a struct path *. It is not where the file lies when
// a file system such as overlayfs shows those of others.
func userPath(file drgn.Object) (drgn.Object, error) {
	path := file.Member("f_path").AddressOf()
	mode, err := file.Member("f_mode").Uint()
	if err != nil || mode&fmodeNoAccount == 0 {
		return path, err
	}
	t, err := file.Prog().Type("struct backing_file")
	if drgn.IsNotFound(err) {
		return path, nil
	}
	if err != nil {
		return path, err
	}
	// user_path since v6.7, commit def3ae83da02.
	user := file.ContainerOf(t, "file").Member("user_path")
	if !user.HasMember("dentry") {
		return path, nil
	}
	return user.AddressOf(), nil
}

func bracket(kind string, name []byte) []byte {
	return append(append([]byte("["+kind), name...), ']')
}

// givenName returns the name that a program gave to memory by prctl(PR_SET_VMA_ANON_NAME), or nil.
func givenName(vma drgn.Object) ([]byte, error) {
	if !vma.HasMember("anon_name") { // since v5.17, with CONFIG_ANON_VMA_NAME
		return nil, vma.Err()
	}
	// Before v6.2, commit d09e8ca6cb93, it shares its place with what an area of a file needs.
	shares, err := sameOffset(vma, "anon_name", "shared")
	if err != nil {
		return nil, err
	}
	if shares {
		if anonymous, err := vma.Member("vm_file").IsNull(); err != nil || !anonymous {
			return nil, err
		}
	}
	name := vma.Member("anon_name").Read()
	if null, err := name.IsNull(); err != nil || null {
		return nil, err
	}
	return name.Member("name").AddressOf().CString()
}

// sameOffset reports whether two members of what a pointer points to lie at the same address: of a union.
func sameOffset(o drgn.Object, a, b string) (bool, error) {
	if !o.HasMember(a) || !o.HasMember(b) {
		return false, o.Err()
	}
	at, err := o.Member(a).AddressOf().Uint()
	if err != nil {
		return false, err
	}
	other, err := o.Member(b).AddressOf().Uint()
	return at == other, err
}

// specialName returns the name of memory that the kernel has mapped for its own ends, such as "[vdso]", or nil.
func specialName(vma drgn.Object) ([]byte, error) {
	ops := vma.Member("vm_ops").Read()
	if null, err := ops.IsNull(); err != nil || null {
		return nil, err
	}
	at, err := ops.Member("name").Uint()
	if err != nil || at == 0 {
		return nil, err
	}
	p := vma.Prog()
	symbol, err := p.SymbolAt(at)
	if drgn.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch symbol.Name {
	case "special_mapping_name":
		t, err := p.Type("struct vm_special_mapping *")
		if err != nil {
			return nil, err
		}
		return vma.Member("vm_private_data").Cast(t).Member("name").CString()
	case "gate_vma_name":
		return []byte("[vsyscall]"), nil
	}
	return nil, nil
}
