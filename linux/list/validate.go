package list

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// A ValidationError says where a list is inconsistent.
type ValidationError struct{ Problem string }

func (e *ValidationError) Error() string { return e.Problem }

// ValidateForEach walks the nodes of a list as [ForEach] does, checking that the next and previous pointers agree; where
// they don't, a *ValidationError comes after the nodes before.
//
// head is a struct list_head *.
//
//drgn:helper validate_list_for_each
func ValidateForEach(head drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		fail := func(err error) { yield(drgn.Object{}, err) }
		head := head.Read()
		end, err := head.Uint()
		if err != nil {
			fail(err)
			return
		}
		var guard walk.Guard
		prev := end
		for node := head.Member("next").Read(); ; node = node.Member("next").Read() {
			at, err := node.Uint()
			if err != nil {
				fail(err)
				return
			}
			back, err := node.Member("prev").Uint()
			if err != nil {
				fail(err)
				return
			}
			if back != prev {
				fail(&ValidationError{fmt.Sprintf("(%s)%#x next %#x has prev %#x", head.Type(), prev, at, back)})
				return
			}
			if at == end {
				return
			}
			if !guard.Visit(at) {
				fail(&walk.CycleError{What: "linked list", Address: at})
				return
			}
			if !yield(node, nil) {
				return
			}
			prev = at
		}
	}
}

// ValidateForEachEntry walks the entries of a list as pointers to typ, checking it as [ValidateForEach] does.
//
// head is a struct list_head *; member is the member of typ that is the list's node.
//
//drgn:helper validate_list_for_each_entry(type, head, member)
func ValidateForEachEntry[T drgn.TypeLike](typ T, head drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(ValidateForEach(head), head.Prog(), typ, member)
}

// ValidateCountNodes returns the number of entries of a list, checking it as [ValidateForEach] does.
//
// head is a struct list_head *.
//
//drgn:helper validate_list_count_nodes
func ValidateCountNodes(head drgn.Object) (uint64, error) {
	var n uint64
	for _, err := range ValidateForEach(head) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Validate checks that the next and previous pointers of a list agree.
//
// head is a struct list_head *.
//
//drgn:helper validate_list
func Validate(head drgn.Object) error {
	_, err := ValidateCountNodes(head)
	return err
}
