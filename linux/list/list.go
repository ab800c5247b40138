// Package list walks the kernel's doubly linked lists (struct list_head) and hash lists (struct hlist_head), which are
// declared in include/linux/list.h.
package list

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// Empty reports whether a list has no entries.
//
// head is a struct list_head *.
//
//drgn:helper list_empty
func Empty(head drgn.Object) (bool, error) {
	head = head.Read()
	at, err := head.Uint()
	if err != nil {
		return false, err
	}
	next, err := head.Member("next").Uint()
	return next == at, err
}

// IsSingular reports whether a list has exactly one entry.
//
// head is a struct list_head *.
//
//drgn:helper list_is_singular
func IsSingular(head drgn.Object) (bool, error) {
	head = head.Read()
	at, err := head.Uint()
	if err != nil {
		return false, err
	}
	next, err := head.Member("next").Uint()
	if err != nil || next == at {
		return false, err
	}
	prev, err := head.Member("prev").Uint()
	return next == prev, err
}

// CountNodes returns the number of entries of a list.
//
// head is a struct list_head *.
//
//drgn:helper list_count_nodes
func CountNodes(head drgn.Object) (uint64, error) {
	var n uint64
	for _, err := range ForEach(head) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// FirstEntry returns the first entry of a list, which must not be empty, as a pointer to typ.
//
// head is a struct list_head *; member is the member of typ that is the list's node.
//
//drgn:helper list_first_entry(head, type, member)
func FirstEntry[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	return drgn.Entry(head.Member("next"), typ, member)
}

// FirstEntryOrNull returns the first entry of a list, or a null pointer if it is empty.
//
//drgn:helper list_first_entry_or_null(head, type, member)
func FirstEntryOrNull[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	empty, err := Empty(head)
	if err != nil {
		return drgn.Failed(err)
	}
	if empty {
		return drgn.Null(head.Prog(), typ)
	}
	return FirstEntry(head, typ, member)
}

// LastEntry returns the last entry of a list, which must not be empty, as a pointer to typ.
//
//drgn:helper list_last_entry(head, type, member)
func LastEntry[T drgn.TypeLike](head drgn.Object, typ T, member string) drgn.Object {
	return drgn.Entry(head.Member("prev"), typ, member)
}

// NextEntry returns the entry after pos, which is a pointer to an entry.
//
//drgn:helper list_next_entry
func NextEntry(pos drgn.Object, member string) drgn.Object { return sibling(pos, member, "next") }

// PrevEntry returns the entry before pos, which is a pointer to an entry.
//
//drgn:helper list_prev_entry
func PrevEntry(pos drgn.Object, member string) drgn.Object { return sibling(pos, member, "prev") }

func sibling(pos drgn.Object, member, direction string) drgn.Object {
	target := pos.Deref()
	node := target.Subobject(member)
	if err := node.Err(); err != nil && target.Err() == nil {
		return drgn.Failed(&types.NamedError{Err: err})
	}
	return node.Member(direction).ContainerOf(target.Type(), member)
}

// ForEach walks the nodes of a list, each as a struct list_head *. A list that comes to a node again before its head is
// a *failure.CycleError after the nodes.
//
// head is a struct list_head *.
//
//drgn:helper list_for_each
func ForEach(head drgn.Object) iter.Seq2[drgn.Object, error] { return forEach(head, "next") }

// ForEachReverse walks the nodes of a list from the last to the first.
//
//drgn:helper list_for_each_reverse
func ForEachReverse(head drgn.Object) iter.Seq2[drgn.Object, error] { return forEach(head, "prev") }

func forEach(head drgn.Object, direction string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		head := head.Read()
		end, err := head.Uint()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		var guard walk.Guard
		for pos := head.Member(direction).Read(); ; pos = pos.Member(direction).Read() {
			at, err := pos.Uint()
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			if at == end {
				return
			}
			if !guard.Visit(at) {
				yield(drgn.Object{}, &walk.CycleError{What: "linked list", Address: at})
				return
			}
			if !yield(pos, nil) {
				return
			}
		}
	}
}

// ForEachEntry walks the entries of a list, each as a pointer to typ.
//
// head is a struct list_head *; member is the member of typ that is the list's node.
//
//drgn:helper list_for_each_entry(type, head, member)
func ForEachEntry[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(ForEach(head), head.Prog(), typ, member)
}

// ForEachEntryReverse walks the entries of a list from the last to the first.
//
//drgn:helper list_for_each_entry_reverse(type, head, member)
func ForEachEntryReverse[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(ForEachReverse(head), head.Prog(), typ, member)
}
