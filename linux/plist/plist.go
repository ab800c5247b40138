// Package plist walks the kernel's descending-priority-sorted lists (struct plist_head, include/linux/plist.h).
package plist

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// HeadEmpty reports whether a list has no entries.
//
// head is a struct plist_head *.
//
//drgn:helper plist_head_empty
func HeadEmpty(head drgn.Object) (bool, error) {
	return list.Empty(head.Member("node_list").AddressOf())
}

// NodeEmpty reports whether a node is in no list.
//
// node is a struct plist_node *.
//
//drgn:helper plist_node_empty
func NodeEmpty(node drgn.Object) (bool, error) {
	return list.Empty(node.Member("node_list").AddressOf())
}

// FirstEntry returns the entry of highest priority of a list, which must not be empty, as a pointer to typ.
//
// head is a struct plist_head *; member is the member of typ that is the list's node.
//
//drgn:helper plist_first_entry(head, type, member)
func FirstEntry[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	return list.FirstEntry(head.Member("node_list").AddressOf(), typ, member+".node_list")
}

// LastEntry returns the entry of lowest priority of a list, which must not be empty, as a pointer to typ.
//
// head is a struct plist_head *; member is the member of typ that is the list's node.
//
//drgn:helper plist_last_entry(head, type, member)
func LastEntry[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	return list.LastEntry(head.Member("node_list").AddressOf(), typ, member+".node_list")
}

// ForEach walks the nodes of a list in the order of their priorities, each as a struct plist_node *.
//
// head is a struct plist_head *.
//
//drgn:helper plist_for_each
//drgn:eager
func ForEach(head drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct plist_node", head.Member("node_list").AddressOf(), "node_list")
}

// ForEachEntry walks the entries of a list in the order of their priorities, each as a pointer to typ.
//
// head is a struct plist_head *; member is the member of typ that is the list's node.
//
//drgn:helper plist_for_each_entry(type, head, member)
//drgn:eager
func ForEachEntry[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry(typ, head.Member("node_list").AddressOf(), member+".node_list")
}
