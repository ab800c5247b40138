// Package listnulls walks the kernel's hash lists that end with a mark instead of a null pointer (struct
// hlist_nulls_head, include/linux/list_nulls.h).
//
//drgn:module drgn.helpers.linux.list_nulls
package listnulls

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// IsNulls reports whether a pointer is the mark at the end of a list.
//
// pos is a struct hlist_nulls_node *.
//
//drgn:helper is_a_nulls(pos)
func IsNulls(pos drgn.Object) (bool, error) {
	at, err := pos.Uint()
	return at&1 != 0, err
}

// Empty reports whether a list has no entries.
//
// head is a struct hlist_nulls_head *.
//
//drgn:helper hlist_nulls_empty
func Empty(head drgn.Object) (bool, error) { return IsNulls(head.Member("first")) }

// ForEachEntry walks the entries of a list, each as a pointer to typ.
//
// head is a struct hlist_nulls_head *; member is the member of typ that is the list's node.
//
//drgn:helper hlist_nulls_for_each_entry(type, head, member)
func ForEachEntry[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(nodes(head), head.Prog(), typ, member)
}

func nodes(head drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		var guard walk.Guard
		for pos := head.Member("first").Read(); ; pos = pos.Member("next").Read() {
			at, err := pos.Uint()
			if err == nil && at&1 != 0 {
				return
			}
			if err == nil && !guard.Visit(at) {
				err = &walk.CycleError{What: "hash list", Address: at}
			}
			if !yield(pos, err) || err != nil {
				return
			}
		}
	}
}
