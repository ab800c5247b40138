package list

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// HlistEmpty reports whether a hash list has no entries.
//
// head is a struct hlist_head *.
//
//drgn:helper hlist_empty
func HlistEmpty(head drgn.Object) (bool, error) { return head.Member("first").IsNull() }

// HlistForEach walks the nodes of a hash list, each as a struct hlist_node *.
//
// head is a struct hlist_head *.
//
//drgn:helper hlist_for_each
func HlistForEach(head drgn.Object) iter.Seq2[drgn.Object, error] {
	return walk.Nodes("hash list", head.Member("first"), "next")
}

// HlistForEachEntry walks the entries of a hash list, each as a pointer to typ.
//
// head is a struct hlist_head *; member is the member of typ that is the list's node.
//
//drgn:helper hlist_for_each_entry(type, head, member)
func HlistForEachEntry[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(HlistForEach(head), head.Prog(), typ, member)
}
