// Package pages walks all pages of memory, and the blocks in which memory can be plugged in and out (drivers/base/memory.c).
//
//drgn:module drgn.helpers.linux.mm
package pages

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bitmap"
	"github.com/godrgn/drgn/linux/bitops"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
)

// A Range is page frames, one after the other, that have a struct page.
//
//drgn:tuple
type Range struct {
	Start  uint64      // first page frame
	End    uint64      // page frame after the last
	MemMap drgn.Object // struct page *, of which element n is that of page frame n
}

// ForEachValidPageRange walks the ranges of page frames that have a struct page, in the order of their numbers.
//
//drgn:helper for_each_valid_page_range
func ForEachValidPageRange(p *drgn.Program) iter.Seq2[Range, error] {
	return func(yield func(Range, error) bool) {
		var open Range
		memMap := mm.PFNToPage(p, 0)
		if err := memMap.Err(); err != nil {
			yield(Range{}, err)
			return
		}
		flush := func() bool {
			return open.Start == open.End || yield(open, nil)
		}
		layout, err := mm.LayoutOf(p)
		if err != nil {
			yield(Range{}, err)
			return
		}
		if layout.Flat { // as pfn_valid() has it there
			n, err := p.Variable("max_mapnr").Uint()
			first := layout.FirstPFN()
			yield(Range{first, first + n, memMap}, err)
			return
		}
		for r, err := range validParts(p) {
			if err != nil {
				yield(Range{}, err)
				return
			}
			if r.Start == open.End && open.Start != open.End {
				open.End = r.End
				continue
			}
			if !flush() {
				return
			}
			open = Range{r.Start, r.End, memMap}
		}
		flush()
	}
}

// validParts walks the parts of sections that have struct pages.
func validParts(p *drgn.Program) iter.Seq2[Range, error] {
	return func(yield func(Range, error) bool) {
		fail := func(err error) { yield(Range{}, err) }
		for s, err := range mmzone.ForEachPresent(p) {
			if err != nil {
				fail(err)
				return
			}
			if valid, err := mmzone.IsValid(s.Section); err != nil {
				fail(err)
				return
			} else if !valid {
				continue
			}
			start, err := mmzone.SectionNumberToPFN(p, s.Number).Uint()
			if err != nil {
				fail(err)
				return
			}
			end, err := mmzone.SectionNumberToPFN(p, s.Number+1).Uint()
			if err != nil {
				fail(err)
				return
			}
			if !partsOf(s.Section, start, end, yield) {
				return
			}
		}
	}
}

// partsOf yields the parts of a section that have struct pages: all of it when it is there since boot, else the subsections
// that were plugged in (v5.3, commit f46edbd1b151). It reports whether to go on.
func partsOf(section drgn.Object, start, end uint64, yield func(Range, error) bool) bool {
	fail := func(err error) bool {
		yield(Range{}, err)
		return false
	}
	early, err := mmzone.IsEarly(section)
	if err != nil {
		return fail(err)
	}
	usage := section.Member("usage")
	if early || !usage.HasMember("subsection_map") {
		return yield(Range{Start: start, End: end}, section.Err())
	}
	bits := usage.Member("subsection_map")
	n, err := bits.Type().BitSize()
	if err != nil {
		return fail(err)
	}
	// The map may have more bits than there are subsections: it is made of words. There are as many subsections of 2 MiB as fit.
	l, err := mm.LayoutOf(section.Prog())
	if err != nil {
		return fail(err)
	}
	size := uint64(1) << (21 - min(l.PageShift, 21))
	if all, err := bitmap.Weight(bits, min(n, (end-start)/size)); err != nil {
		return fail(err)
	} else if all*size == end-start {
		return yield(Range{Start: start, End: end}, nil)
	}
	for i, err := range bitops.ForEachSetBit(bits, min(n, (end-start)/size)) {
		if err != nil {
			return fail(err)
		}
		if !yield(Range{Start: start + i*size, End: start + (i+1)*size}, nil) {
			return false
		}
	}
	return true
}

// A NumberedPage is a page and the number of its page frame.
//
//drgn:tuple
type NumberedPage struct {
	PFN  uint64
	Page drgn.Object // struct page *
}

// ForEachValidPFNAndPage walks the page frames that have a struct page, in the order of their numbers.
//
//drgn:helper for_each_valid_pfn_and_page
func ForEachValidPFNAndPage(p *drgn.Program) iter.Seq2[NumberedPage, error] {
	return func(yield func(NumberedPage, error) bool) {
		for r, err := range ForEachValidPageRange(p) {
			if err != nil {
				yield(NumberedPage{}, err)
				return
			}
			for pfn := r.Start; pfn < r.End; pfn++ {
				page := mm.PFNToPage(p, pfn)
				if err := page.Err(); !yield(NumberedPage{pfn, page}, err) || err != nil {
					return
				}
			}
		}
	}
}

// ForEachPage walks the pages of all page frames that have one, each as a struct page *.
//
//drgn:helper for_each_page
func ForEachPage(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for n, err := range ForEachValidPFNAndPage(p) {
			if !yield(n.Page, err) || err != nil {
				return
			}
		}
	}
}
