package walk

import (
	"iter"

	"github.com/godrgn/drgn"
)

// Nodes walks a list that ends with a null pointer: from first on by the member next. what names the list in a
// *CycleError.
func Nodes(what string, first drgn.Object, next string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		var guard Guard
		for pos := first.Read(); ; pos = pos.Member(next).Read() {
			at, err := pos.Uint()
			if err == nil && at == 0 {
				return
			}
			if err == nil && !guard.Visit(at) {
				err = &CycleError{What: what, Address: at}
			}
			if !yield(pos, err) || err != nil {
				return
			}
		}
	}
}
