package fs

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/rbtree"
	"github.com/godrgn/drgn/types"
)

const mount = "struct mount"

// initialNamespace returns the initial mount namespace as a struct mnt_namespace *.
func initialNamespace(p *drgn.Program) drgn.Object {
	return p.Variable("init_task").Member("nsproxy").Member("mnt_ns").Read()
}

// MountSource returns what is mounted, as it was named when it was: "/dev/sda1", "proc".
//
// mnt is a struct mount *.
//
//drgn:helper mount_src
func MountSource(mnt drgn.Object) ([]byte, error) {
	name := mnt.Member("mnt_devname").Read()
	if null, err := name.IsNull(); err != nil {
		return nil, err
	} else if null {
		return []byte("none"), nil // as /proc/mounts has it
	}
	return name.CString()
}

// MountPoint returns the path of where a mount is.
//
// mnt is a struct mount *.
//
//drgn:helper mount_dst
func MountPoint(mnt drgn.Object) ([]byte, error) {
	return pathIn(mnt, mnt.Member("mnt").Member("mnt_root"))
}

// MountType returns the type of the file system of a mount: "ext4", "fuse.sshfs".
//
// mnt is a struct mount *.
//
//drgn:helper mount_fstype
func MountType(mnt drgn.Object) ([]byte, error) {
	sb := mnt.Member("mnt").Member("mnt_sb").Read()
	name, err := sb.Member("s_type").Member("name").CString()
	if err != nil {
		return nil, err
	}
	sub := sb.Member("s_subtype").Read()
	if null, err := sub.IsNull(); err != nil || null {
		return name, err
	}
	kind, err := sub.CString()
	if err != nil || len(kind) == 0 {
		return name, err
	}
	return append(append(name, '.'), kind...), nil
}

// A MountFilter says which mounts are wanted: those for which all that is not nil is so.
type MountFilter struct {
	Source *string // what [MountSource] returns
	Point  *string // what [MountPoint] returns
	Type   *string // what [MountType] returns
}

// ForEachMount walks the mounts in a namespace, each as a struct mount *.
//
// ns is a struct mnt_namespace *; a program stands for the initial one. Where src, dst or fstype is given, only mounts of
// this source, at this mount point, or of this type of file system are walked.
//
//drgn:helper for_each_mount(ns, *, src: Optional[Path] = None, dst: Optional[Path] = None, fstype: Optional[Union[str, bytes]] = None)
func ForEachMount(ns drgn.Scope, filter MountFilter) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		p, n, isObject := ns.Scope()
		if !isObject {
			n = initialNamespace(p)
		}
		for mnt, err := range mountsIn(n) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			wanted, err := filter.wants(mnt)
			if err != nil || wanted {
				if !yield(mnt, err) || err != nil {
					return
				}
			}
		}
	}
}

func (f *MountFilter) wants(mnt drgn.Object) (bool, error) {
	for _, part := range []struct {
		want *string
		have func(drgn.Object) ([]byte, error)
	}{{f.Source, MountSource}, {f.Type, MountType}, {f.Point, MountPoint}} {
		if part.want == nil {
			continue
		}
		have, err := part.have(mnt)
		if err != nil || string(have) != *part.want {
			return false, err
		}
	}
	return true, nil
}

// mntCursor is MNT_CURSOR: it marks a place in the list of mounts, not a mount (v5.8 to v6.7).
const mntCursor = 0x10000000

// mountsIn walks the mounts of a struct mnt_namespace *.
func mountsIn(ns drgn.Object) iter.Seq2[drgn.Object, error] {
	// They are in a red-black tree since v6.8, commit 2eea9ce4310d; in a list before.
	if ns.HasMember("mounts") && !ns.HasMember("list") {
		return rbtree.InorderForEachEntry(mount, ns.Member("mounts").AddressOf(), "mnt_node")
	}
	return func(yield func(drgn.Object, error) bool) {
		for mnt, err := range list.ForEachEntry(mount, ns.Member("list").AddressOf(), "mnt_list") {
			if err == nil {
				var flags uint64
				if flags, err = mnt.Member("mnt").Member("mnt_flags").Uint(); err == nil && flags&mntCursor != 0 {
					continue
				}
			}
			if !yield(mnt, err) || err != nil {
				return
			}
		}
	}
}

// ForEachMountOf walks the mounts of a file system, each as a struct mount *.
//
// sb is a struct super_block *.
//
//drgn:helper super_block_for_each_mount(sb)
func ForEachMountOf(sb drgn.Object) iter.Seq2[drgn.Object, error] {
	mounts := sb.Member("s_mounts")
	// The list became one of plain pointers in v6.18.
	if mounts.Err() == nil && mounts.Type().UnderlyingKind() == types.Pointer {
		return walk.Nodes("list of a file system's mounts", mounts, "mnt_next_for_sb")
	}
	return list.ForEachEntry(mount, mounts.AddressOf(), "mnt_instance")
}

// PrintMounts prints the mounts in a namespace, one a line: source, mount point, type of file system, and struct mount *.
//
// The arguments are those of [ForEachMount].
//
//drgn:helper print_mounts(ns, *, src: Optional[Path] = None, dst: Optional[Path] = None, fstype: Optional[Union[str, bytes]] = None)
func PrintMounts(ns drgn.Scope, filter MountFilter) table.Table {
	return table.Of([]string{"source", "point", "type", "mount"}, ForEachMount(ns, filter), func(mnt drgn.Object) ([]table.Cell, error) {
		source, err := MountSource(mnt)
		if err != nil {
			return nil, err
		}
		point, err := MountPoint(mnt)
		if err != nil {
			return nil, err
		}
		kind, err := MountType(mnt)
		if err != nil {
			return nil, err
		}
		pointer, err := table.Pointer(mnt)
		return []table.Cell{table.Path(source), table.Path(point), table.Path(kind), pointer}, err
	})
}
