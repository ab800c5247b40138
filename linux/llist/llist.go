// Package llist walks the kernel's lock-less lists (struct llist_head, include/linux/llist.h).
package llist

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// Empty reports whether a list has no entries.
//
// head is a struct llist_head *.
//
//drgn:helper llist_empty
func Empty(head drgn.Object) (bool, error) { return head.Member("first").IsNull() }

// IsSingular reports whether a list has exactly one entry.
//
// head is a struct llist_head *.
//
//drgn:helper llist_is_singular
func IsSingular(head drgn.Object) (bool, error) {
	first := head.Member("first").Read()
	if null, err := first.IsNull(); err != nil || null {
		return false, err
	}
	return first.Member("next").IsNull()
}

// FirstEntry returns the first entry of a list, which must not be empty, as a pointer to typ.
//
// head is a struct llist_head *; member is the member of typ that is the list's node.
//
//drgn:helper llist_first_entry(head, type, member)
func FirstEntry[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	return drgn.Entry(head.Member("first"), typ, member)
}

// FirstEntryOrNull returns the first entry of a list as a pointer to typ; a null pointer if the list is empty.
//
// head is a struct llist_head *; member is the member of typ that is the list's node.
//
//drgn:helper llist_first_entry_or_null(head, type, member)
func FirstEntryOrNull[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	first := head.Member("first").Read()
	if null, err := first.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if null {
		return drgn.Null(head.Prog(), typ)
	}
	return drgn.Entry(first, typ, member)
}

// NextEntry returns the entry after pos, which is a pointer to an entry.
//
//drgn:helper llist_next_entry
func NextEntry(pos drgn.Object, member string) drgn.Object {
	target := pos.Deref()
	node := target.Subobject(member)
	if err := node.Err(); err != nil && target.Err() == nil {
		return drgn.Failed(&types.NamedError{Err: err})
	}
	return node.Member("next").ContainerOf(target.Type(), member)
}

// ForEach walks the nodes from one on, each as a struct llist_node *.
//
// node is a struct llist_node *: the first of the list.
//
//drgn:helper llist_for_each
func ForEach(node drgn.Object) iter.Seq2[drgn.Object, error] {
	return walk.Nodes("lock-less list", node, "next")
}

// ForEachEntry walks the entries from that of a node on, each as a pointer to typ.
//
// node is a struct llist_node *: the first of the list; member is the member of typ that is the list's node.
//
//drgn:helper llist_for_each_entry(type, node, member)
func ForEachEntry[T drgn.TypeLike](typ T, node drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(ForEach(node), node.Prog(), typ, member)
}
