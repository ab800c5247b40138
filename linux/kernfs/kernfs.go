// Package kernfs looks at the kernel's own file systems such as sysfs and cgroup, which are made of kernfs nodes
// (include/linux/kernfs.h).
package kernfs

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/rbtree"
)

const node = "struct kernfs_node"

// The kinds of nodes in kernfs_node.flags (enum kernfs_node_type).
const (
	isDir  = 1
	isLink = 4
)

// Bounds on a walk: what it goes through lies in memory that may be corrupt.
const (
	maxPath     = 1 << 20
	maxSymlinks = 40
)

func hasFlag(kn drgn.Object, flag uint64) (bool, error) {
	flags, err := kn.Member("flags").Uint()
	return flags&flag != 0, err
}

// IsDir reports whether a node is a directory.
//
// kn is a struct kernfs_node *.
func IsDir(kn drgn.Object) (bool, error) { return hasFlag(kn, isDir) }

// Parent returns the directory that a node is in as a struct kernfs_node *; a null pointer for the root.
//
// kn is a struct kernfs_node *.
//
//drgn:helper kernfs_parent
func Parent(kn drgn.Object) drgn.Object {
	// Renamed in v6.15, commit 633488947ef6.
	return kn.MemberAny("__parent", "parent").Read()
}

// Root returns the hierarchy that a node belongs to, as a struct kernfs_root *.
//
// kn is a struct kernfs_node *.
//
//drgn:helper kernfs_root
func Root(kn drgn.Object) drgn.Object {
	parent := Parent(kn)
	top, err := parent.IsNull()
	if err != nil {
		return drgn.Failed(err)
	}
	if !top {
		kn = parent // only directories know
	}
	return kn.Member("dir").Member("root").Read()
}

// none is what the kernel calls a node that is no node.
var none = []byte("(null)")

// Name returns the name of a node; "/" for the root.
//
// kn is a struct kernfs_node *.
//
//drgn:helper kernfs_name
func Name(kn drgn.Object) ([]byte, error) {
	if null, err := kn.IsNull(); err != nil {
		return nil, err
	} else if null {
		return none, nil
	}
	if root, err := Parent(kn).IsNull(); err != nil {
		return nil, err
	} else if root {
		return []byte("/"), nil
	}
	return kn.Member("name").CString()
}

// Path returns the path of a node from the root of its hierarchy.
//
// kn is a struct kernfs_node *.
//
//drgn:helper kernfs_path
func Path(kn drgn.Object) ([]byte, error) {
	if null, err := kn.IsNull(); err != nil {
		return nil, err
	} else if null {
		return none, nil
	}
	var names [][]byte
	var guard walk.Guard
	size := 0
	for kn = kn.Read(); ; {
		parent := Parent(kn)
		if root, err := parent.IsNull(); err != nil {
			return nil, err
		} else if root {
			slices.Reverse(names)
			return append([]byte("/"), bytes.Join(names, []byte("/"))...), nil
		}
		at, err := kn.Uint()
		if err != nil {
			return nil, err
		}
		if !guard.Visit(at) {
			return nil, &walk.CycleError{What: "path of a kernfs node", Address: at}
		}
		name, err := kn.Member("name").CString()
		if err != nil {
			return nil, err
		}
		if size += len(name) + 1; size > maxPath {
			return nil, walk.Corrupt("path of a kernfs node", "it is longer than %d bytes at %#x", maxPath, at)
		}
		names = append(names, name)
		kn = parent
	}
}

// Children walks the nodes in a directory, each as a struct kernfs_node *, in the order of the hashes of their names.
//
// kn is a struct kernfs_node * of a directory; another one is a *drgn.ValueError.
//
//drgn:helper kernfs_children
//drgn:eager faults
func Children(kn drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		dir, err := IsDir(kn)
		if err == nil && !dir {
			err = &drgn.ValueError{Problem: "not a directory"}
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for child, err := range rbtree.InorderForEachEntry(node, kn.Member("dir").Member("children").AddressOf(), "rb") {
			if !yield(child, err) || err != nil {
				return
			}
		}
	}
}

// child returns the node of a name in a directory; a null pointer if there is none. Of nodes that a namespace of the network has
// for itself, such as /sys/class/net/lo, it is that of the initial one.
func child(kn drgn.Object, name string) (drgn.Object, error) {
	if dir, err := IsDir(kn); err != nil || !dir {
		return drgn.Null(kn.Prog(), node), err
	}
	for c, err := range Children(kn) {
		if err != nil {
			return c, err
		}
		if have, err := c.Member("name").CString(); err != nil {
			return c, err
		} else if string(have) != name {
			continue
		}
		if seen, err := isInitial(c); err != nil || seen {
			return c, err
		}
	}
	return drgn.Null(kn.Prog(), node), nil
}

// isInitial reports whether a node is one of the initial namespace of the network, or of all. Its tag is the struct net, in newer
// kernels the struct ns_common in it.
func isInitial(kn drgn.Object) (bool, error) {
	if !kn.HasMember("ns") {
		return true, nil
	}
	tag, err := kn.Member("ns").Uint()
	if err != nil || tag == 0 {
		return true, err
	}
	initial := kn.Prog().Variable("init_net")
	at, err := initial.AddressOf().Uint()
	if err != nil {
		return false, err
	}
	size, err := initial.Type().Size()
	return tag-at < size, err
}

// Lookup returns the node of a path below a node, as a struct kernfs_node *; a null pointer if there is none. Symbolic links
// on the way are followed, one at the end only with followSymlinks.
//
// parent is a struct kernfs_node *.
//
//drgn:helper kernfs_walk(parent, path: Path, follow_symlinks=True)
func Lookup(parent drgn.Object, path string, followSymlinks bool) drgn.Object {
	kn := parent
	names := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i, name := range names {
		var err error
		if kn, err = child(kn, name); err != nil {
			return drgn.Failed(err)
		}
		if missing, err := kn.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if missing {
			return kn
		}
		if followSymlinks || i < len(names)-1 {
			if kn, err = follow(kn); err != nil {
				return drgn.Failed(err)
			}
		}
	}
	return kn
}

// follow returns what a symbolic link leads to, or the node itself if it is not a link.
func follow(kn drgn.Object) (drgn.Object, error) {
	for range maxSymlinks {
		link, err := hasFlag(kn, isLink)
		if err != nil || !link {
			return kn, err
		}
		kn = kn.Member("symlink").Member("target_kn")
	}
	return kn, fmt.Errorf("too many symbolic links")
}
