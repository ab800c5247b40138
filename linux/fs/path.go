// Package fs looks at the kernel's file systems: paths, mounts, inodes and open files (include/linux/fs.h).
package fs

import (
	"bytes"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// maxPath bounds how long a path may become: what it is made of lies in memory that may be corrupt.
const maxPath = 1 << 20

// pathBuilder collects the components of a path from the last to the first.
type pathBuilder struct {
	names [][]byte
	size  int
	guard walk.Guard
}

// add puts the name of a dentry before what is there.
func (b *pathBuilder) add(dentry drgn.Object) error {
	at, err := dentry.Uint()
	if err != nil {
		return err
	}
	if !b.guard.Visit(at) {
		return &walk.CycleError{What: "path", Address: at}
	}
	name, err := dentry.Member("d_name").Member("name").CString()
	if err != nil {
		return err
	}
	if b.size += len(name) + 1; b.size > maxPath {
		return walk.Corrupt("path", "it is longer than %d bytes at %#x", maxPath, at)
	}
	b.names = append(b.names, name)
	return nil
}

func (b *pathBuilder) bytes() []byte {
	slices.Reverse(b.names)
	return bytes.Join(b.names, []byte("/"))
}

// same reports whether two pointers are equal.
func same(a, b drgn.Object) (bool, error) {
	x, err := a.Uint()
	if err != nil {
		return false, err
	}
	y, err := b.Uint()
	return x == y, err
}

// DentryPath returns the path of a dentry from the root of its file system, without a slash before it: "" is the root.
//
// dentry is a struct dentry *.
//
//drgn:helper dentry_path
func DentryPath(dentry drgn.Object) ([]byte, error) {
	var b pathBuilder
	for dentry = dentry.Read(); ; {
		parent := dentry.Member("d_parent").Read()
		if root, err := same(dentry, parent); err != nil {
			return nil, err
		} else if root {
			return b.bytes(), nil
		}
		if err := b.add(dentry); err != nil {
			return nil, err
		}
		dentry = parent
	}
}

// DPath returns the path of a file as seen from the root of its mount namespace. What has no path, such as a pipe, has
// the name of its file system in brackets: "[pipefs]".
//
// It takes a struct path *, or a struct vfsmount * and a struct dentry *, or only a struct dentry *. The last is looked
// for in a place where its file system is mounted: in the initial mount namespace, if it is mounted there.
//
//drgn:helper d_path(arg1, arg2=None)
func DPath(arg1 drgn.Object, arg2 *drgn.Object) ([]byte, error) {
	if err := arg1.Err(); err != nil {
		return nil, err
	}
	switch {
	case arg2 != nil:
		return pathIn(mountOf(arg1), *arg2)
	case arg1.HasMember("mnt") && arg1.HasMember("dentry"):
		return pathIn(mountOf(arg1.Member("mnt")), arg1.Member("dentry"))
	}
	return anyPath(arg1)
}

// mountOf returns the struct mount * of a struct vfsmount *.
func mountOf(vfsmnt drgn.Object) drgn.Object { return drgn.Entry(vfsmnt, "struct mount", "mnt") }

// pathIn is d_path() of the kernel.
func pathIn(mnt, dentry drgn.Object) ([]byte, error) {
	if _, ok := mnt.Address(); ok && mnt.Type().Underlying().Kind() == types.Struct {
		mnt = mnt.AddressOf()
	}
	mnt, dentry = mnt.Read(), dentry.Read()
	root, err := same(dentry, mnt.Member("mnt").Member("mnt_root"))
	if err != nil {
		return nil, err
	}
	if !root {
		if name, err := specialName(dentry); err != nil || name != nil {
			return name, err
		}
	}
	var b pathBuilder
	for {
		if root, err = same(dentry, mnt.Member("mnt").Member("mnt_root")); err != nil {
			return nil, err
		}
		if root {
			parent := mnt.Member("mnt_parent").Read()
			top, err := same(mnt, parent)
			if err != nil {
				return nil, err
			}
			if top {
				break
			}
			at, err := mnt.Uint()
			if err != nil {
				return nil, err
			}
			if !b.guard.Visit(at) {
				return nil, &walk.CycleError{What: "tree of mounts", Address: at}
			}
			dentry, mnt = mnt.Member("mnt_mountpoint").Read(), parent
			continue
		}
		parent := dentry.Member("d_parent").Read()
		if root, err = same(dentry, parent); err != nil {
			return nil, err
		}
		if root { // not below what is mounted
			break
		}
		if err := b.add(dentry); err != nil {
			return nil, err
		}
		dentry = parent
	}
	return append([]byte("/"), b.bytes()...), nil
}

// specialName returns what stands for the path of a dentry that makes up its own; nil for all others.
func specialName(dentry drgn.Object) ([]byte, error) {
	ops := dentry.Member("d_op").Read()
	if null, err := ops.IsNull(); err != nil || null {
		return nil, err
	}
	if null, err := ops.Member("d_dname").IsNull(); err != nil || null {
		return nil, err
	}
	name, err := dentry.Member("d_sb").Member("s_type").Member("name").CString()
	if err != nil {
		return nil, err
	}
	return append(append([]byte("["), name...), ']'), nil
}

// anyPath returns the path of a dentry in one of the mounts of its file system.
func anyPath(dentry drgn.Object) ([]byte, error) {
	dentry = dentry.Read()
	if name, err := specialName(dentry); err != nil || name != nil {
		return name, err
	}
	initial, err := initialNamespace(dentry.Prog()).Uint()
	if err != nil {
		return nil, err
	}
	var best drgn.Object
	rank := 0
	for mnt, err := range ForEachMountOf(dentry.Member("d_sb")) {
		if err != nil {
			return nil, err
		}
		r, err := mountRank(mnt, dentry, initial)
		if err != nil {
			return nil, err
		}
		if r > rank {
			best, rank = mnt, r
		}
	}
	if rank > 0 {
		return pathIn(best, dentry)
	}
	path, err := DentryPath(dentry)
	return append([]byte("/"), path...), err
}

// mountRank says how good a mount is to tell where a dentry is: 0 when the dentry is not below it.
func mountRank(mnt, dentry drgn.Object, initial uint64) (int, error) {
	below, err := isBelow(dentry, mnt.Member("mnt").Member("mnt_root"))
	if err != nil || !below {
		return 0, err
	}
	ns, err := mnt.Member("mnt_ns").Uint()
	switch {
	case err != nil:
		return 0, err
	case ns == initial:
		return 3, nil
	case ns == 0 || int32(ns) == mntNSInternal:
		return 1, nil
	}
	return 2, nil
}

// mntNSInternal is MNT_NS_INTERNAL, ERR_PTR(-EINVAL): the namespace of mounts that only the kernel uses.
const mntNSInternal = -22

func isBelow(dentry, root drgn.Object) (bool, error) {
	var guard walk.Guard
	for {
		if found, err := same(dentry, root); err != nil || found {
			return found, err
		}
		at, err := dentry.Uint()
		if err != nil {
			return false, err
		}
		if !guard.Visit(at) {
			return false, &walk.CycleError{What: "path", Address: at}
		}
		parent := dentry.Member("d_parent").Read()
		if top, err := same(dentry, parent); err != nil || top {
			return false, err
		}
		dentry = parent
	}
}
