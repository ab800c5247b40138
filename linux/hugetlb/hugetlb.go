// Package hugetlb looks at the pages that the kernel sets aside as huge pages (include/linux/hugetlb.h).
package hugetlb

import (
	"errors"
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
)

// ForEachState walks the sizes of huge pages, each as a struct hstate *.
//
//drgn:helper for_each_hstate
func ForEachState(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		n, err := p.Variable("hugetlb_max_hstate").Uint()
		var missing *drgn.ObjectNotFoundError
		if errors.As(err, &missing) && !missing.NoDebugInfo {
			return // the kernel was built without huge pages
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		states := p.Variable("hstates")
		room, err := states.Len()
		if err == nil && n > room {
			err = fmt.Errorf("kernel has %d sizes of huge pages, but room for %d", n, room)
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			state := states.Index(int64(i)).AddressOf()
			if err := state.Err(); !yield(state, err) || err != nil {
				return
			}
		}
	}
}

// order returns the binary logarithm of the number of pages in a huge page.
func order(hstate drgn.Object) (uint64, error) {
	n, err := hstate.Member("order").Uint()
	if err == nil && n > 32 {
		err = fmt.Errorf("huge pages of 2^%d pages are not understood", n)
	}
	return n, err
}

// PageSize returns the size in bytes of the huge pages of a size, as an unsigned long.
//
// hstate is a struct hstate *.
//
//drgn:helper huge_page_size
func PageSize(hstate drgn.Object) drgn.Object {
	n, err := order(hstate)
	if err != nil {
		return drgn.Failed(err)
	}
	p := hstate.Prog()
	l, err := mm.LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := p.Type("unsigned long")
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, 1<<(n+l.PageShift))
}

// TotalPages returns how many pages (of the usual size) are set aside as huge pages of any size.
//
//drgn:helper hugetlb_total_pages
func TotalPages(p *drgn.Program) (uint64, error) {
	usage, err := TotalUsage(p)
	return usage.Pages, err
}

// TotalUsage returns how many pages (of the usual size) are set aside as huge pages of any size, and how many of them
// are free.
//
//drgn:helper hugetlb_total_usage
func TotalUsage(p *drgn.Program) (mm.PageUsage, error) {
	var usage mm.PageUsage
	for state, err := range ForEachState(p) {
		if err != nil {
			return usage, err
		}
		n, err := order(state)
		if err != nil {
			return usage, err
		}
		var h struct {
			Pages uint64 `drgn:"nr_huge_pages"`
			Free  uint64 `drgn:"free_huge_pages"`
		}
		if err := state.Decode(&h); err != nil {
			return usage, err
		}
		usage.Pages += h.Pages << n
		usage.FreePages += h.Free << n
	}
	return usage, nil
}
