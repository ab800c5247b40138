// Package net looks at the kernel's network: namespaces, devices, sockets and neighbours (include/linux/netdevice.h,
// include/net/net_namespace.h).
package net

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/types"
)

func isPointer(o drgn.Object) bool {
	return o.Err() == nil && o.Type().UnderlyingKind() == types.Pointer
}

// ForEach walks the network namespaces, each as a struct net *.
//
//drgn:helper for_each_net
//drgn:eager
func ForEach(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct net", p.Variable("net_namespace_list").AddressOf(), "list")
}

// NamespaceByInode returns the network namespace that an inode of the nsfs file system (/proc/PID/ns/net) stands for, as
// a struct net *. An inode that is not a network namespace's is a *drgn.ValueError.
//
// inode is a struct inode *.
//
//drgn:helper get_net_ns_by_inode
func NamespaceByInode(inode drgn.Object) drgn.Object {
	if ok, err := points(inode.Member("i_fop"), "ns_file_operations"); err != nil {
		return drgn.Failed(err)
	} else if !ok {
		return drgn.Failed(&drgn.ValueError{Problem: "not a namespace inode"})
	}
	ns := drgn.PointerValue(inode, "struct ns_common", 0)
	if err := ns.Err(); err != nil {
		return ns
	}
	ns = inode.Member("i_private").Cast(ns.Type())
	if ok, err := points(ns.Member("ops"), "netns_operations"); err != nil {
		return drgn.Failed(err)
	} else if !ok {
		return drgn.Failed(&drgn.ValueError{Problem: "not a namespace inode of a network namespace"})
	}
	return drgn.Entry(ns, "struct net", "ns")
}

// points reports whether a pointer points to the variable of a name.
func points(pointer drgn.Object, variable string) (bool, error) {
	at, err := pointer.Uint()
	if err != nil {
		return false, err
	}
	v := pointer.Prog().Variable(variable)
	if err := v.Err(); err != nil {
		return false, err
	}
	want, ok := v.Address()
	return ok && at == want, nil
}

// NamespaceByFD returns the network namespace that a task has open under a number, as a struct net *. A file that is not
// a network namespace is a *drgn.ValueError.
//
// task is a struct task_struct *.
//
//drgn:helper get_net_ns_by_fd(task, fd)
func NamespaceByFD(task drgn.Object, fd int64) drgn.Object {
	file := fs.Get(task, fd)
	if none, err := file.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if none {
		return drgn.Failed(&drgn.ValueError{Problem: "task has no such file open"})
	}
	return NamespaceByInode(file.Member("f_inode").Read())
}

// namespace returns the network namespace that a scope stands for: the object, or the first one of the program.
func namespace(net drgn.Scope) drgn.Object { return drgn.ScopeOr(net, "init_net") }
