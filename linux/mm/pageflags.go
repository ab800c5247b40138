package mm

import (
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/flags"
)

type pageFlagKey string

// pageFlag reports whether a flag of enum pageflags is set on a page; one that the kernel does not have is not.
func pageFlag(page drgn.Object, name string) (bool, error) {
	if err := page.Err(); err != nil {
		return false, err
	}
	p := page.Prog()
	mask, err := drgn.Memo(p, pageFlagKey(name), func() (uint64, error) {
		bit, err := p.Constant(name).Uint()
		if drgn.IsNotFound(err) {
			return 0, nil
		}
		return 1 << (bit & 63), err
	})
	if err != nil {
		return false, err
	}
	have, err := PageFlags(page).Uint()
	return have&mask != 0, err
}

type pageFlagsKey struct{}

// pageFlagNames returns the flags that a page may have, and which bits of page.flags are flags.
func pageFlagNames(p *drgn.Program) ([]flags.Flag, error) {
	return drgn.Memo(p, pageFlagsKey{}, func() ([]flags.Flag, error) {
		t, err := p.Type("enum pageflags")
		if err != nil {
			return nil, err
		}
		all, err := t.Enumerators()
		if err != nil {
			return nil, err
		}
		var known []flags.Flag
		for _, e := range all {
			if strings.HasPrefix(e.Name, "PG_") {
				known = append(known, flags.Flag{Name: e.Name, Mask: 1 << (e.Value & 63)})
			}
		}
		return known, nil
	})
}

// DecodePageFlagsValue returns the names of the flags in a value of page.flags: "PG_uptodate|PG_lru"; "0" for none. A bit
// that has several names is given with all of them.
//
//drgn:helper decode_page_flags_value(prog, flags)
//drgn:wraps
func DecodePageFlagsValue(p *drgn.Program, value uint64) (string, error) {
	known, err := pageFlagNames(p)
	if err != nil {
		return "", err
	}
	n, err := p.Constant("__NR_PAGEFLAGS").Uint()
	if err != nil {
		return "", err
	}
	return flags.Decode(value&(1<<(n&63)-1), known), nil // the bits above say in which zone and node the page lies
}

// DecodePageFlags returns the names of the flags that are set on a page: "PG_uptodate|PG_lru"; "0" for none.
//
// page is a struct page *.
//
//drgn:helper decode_page_flags
func DecodePageFlags(page drgn.Object) (string, error) {
	value, err := PageFlags(page).Uint()
	if err != nil {
		return "", err
	}
	return DecodePageFlagsValue(page.Prog(), value)
}

// PageIndex returns the offset of a page in what it is a page of, in pages, as a pgoff_t
// (an unsigned long).
//
// page is a struct page *.
//
//drgn:helper page_index
func PageIndex(page drgn.Object) drgn.Object {
	// Renamed in v6.16, as only a folio's is of use.
	return page.MemberAny("__folio_index", "index")
}

// PageActive reports whether PG_active is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageActive
func PageActive(page drgn.Object) (bool, error) { return pageFlag(page, "PG_active") }

// PageChecked reports whether PG_checked is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageChecked
func PageChecked(page drgn.Object) (bool, error) { return pageFlag(page, "PG_checked") }

// PageDirty reports whether PG_dirty is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageDirty
func PageDirty(page drgn.Object) (bool, error) { return pageFlag(page, "PG_dirty") }

// PageDoubleMap reports whether PG_double_map is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageDoubleMap
func PageDoubleMap(page drgn.Object) (bool, error) { return pageFlag(page, "PG_double_map") }

// PageError reports whether PG_error is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageError
func PageError(page drgn.Object) (bool, error) { return pageFlag(page, "PG_error") }

// PageForeign reports whether PG_foreign is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageForeign
func PageForeign(page drgn.Object) (bool, error) { return pageFlag(page, "PG_foreign") }

// PageHWPoison reports whether PG_hwpoison is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageHWPoison
func PageHWPoison(page drgn.Object) (bool, error) { return pageFlag(page, "PG_hwpoison") }

// PageHasHWPoisoned reports whether PG_has_hwpoisoned is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageHasHWPoisoned
func PageHasHWPoisoned(page drgn.Object) (bool, error) { return pageFlag(page, "PG_has_hwpoisoned") }

// PageIdle reports whether PG_idle is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageIdle
func PageIdle(page drgn.Object) (bool, error) { return pageFlag(page, "PG_idle") }

// PageIsolated reports whether PG_isolated is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageIsolated
func PageIsolated(page drgn.Object) (bool, error) { return pageFlag(page, "PG_isolated") }

// PageLRU reports whether PG_lru is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageLRU
func PageLRU(page drgn.Object) (bool, error) { return pageFlag(page, "PG_lru") }

// PageLocked reports whether PG_locked is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageLocked
func PageLocked(page drgn.Object) (bool, error) { return pageFlag(page, "PG_locked") }

// PageMappedToDisk reports whether PG_mappedtodisk is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageMappedToDisk
func PageMappedToDisk(page drgn.Object) (bool, error) { return pageFlag(page, "PG_mappedtodisk") }

// PageMlocked reports whether PG_mlocked is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageMlocked
func PageMlocked(page drgn.Object) (bool, error) { return pageFlag(page, "PG_mlocked") }

// PageOwnerPriv1 reports whether PG_owner_priv_1 is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageOwnerPriv1
func PageOwnerPriv1(page drgn.Object) (bool, error) { return pageFlag(page, "PG_owner_priv_1") }

// PagePinned reports whether PG_pinned is set on a page.
//
// page is a struct page *.
//
//drgn:helper PagePinned
func PagePinned(page drgn.Object) (bool, error) { return pageFlag(page, "PG_pinned") }

// PagePrivate reports whether PG_private is set on a page.
//
// page is a struct page *.
//
//drgn:helper PagePrivate
func PagePrivate(page drgn.Object) (bool, error) { return pageFlag(page, "PG_private") }

// PagePrivate2 reports whether PG_private_2 is set on a page.
//
// page is a struct page *.
//
//drgn:helper PagePrivate2
func PagePrivate2(page drgn.Object) (bool, error) { return pageFlag(page, "PG_private_2") }

// PageReadahead reports whether PG_readahead is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageReadahead
func PageReadahead(page drgn.Object) (bool, error) { return pageFlag(page, "PG_readahead") }

// PageReclaim reports whether PG_reclaim is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageReclaim
func PageReclaim(page drgn.Object) (bool, error) { return pageFlag(page, "PG_reclaim") }

// PageReferenced reports whether PG_referenced is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageReferenced
func PageReferenced(page drgn.Object) (bool, error) { return pageFlag(page, "PG_referenced") }

// PageReported reports whether PG_reported is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageReported
func PageReported(page drgn.Object) (bool, error) { return pageFlag(page, "PG_reported") }

// PageReserved reports whether PG_reserved is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageReserved
func PageReserved(page drgn.Object) (bool, error) { return pageFlag(page, "PG_reserved") }

// PageSavePinned reports whether PG_savepinned is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageSavePinned
func PageSavePinned(page drgn.Object) (bool, error) { return pageFlag(page, "PG_savepinned") }

// PageSkipKASanPoison reports whether PG_skip_kasan_poison is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageSkipKASanPoison
func PageSkipKASanPoison(page drgn.Object) (bool, error) {
	return pageFlag(page, "PG_skip_kasan_poison")
}

// PageSlobFree reports whether PG_slob_free is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageSlobFree
func PageSlobFree(page drgn.Object) (bool, error) { return pageFlag(page, "PG_slob_free") }

// PageSwapBacked reports whether PG_swapbacked is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageSwapBacked
func PageSwapBacked(page drgn.Object) (bool, error) { return pageFlag(page, "PG_swapbacked") }

// PageUncached reports whether PG_uncached is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageUncached
func PageUncached(page drgn.Object) (bool, error) { return pageFlag(page, "PG_uncached") }

// PageUnevictable reports whether PG_unevictable is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageUnevictable
func PageUnevictable(page drgn.Object) (bool, error) { return pageFlag(page, "PG_unevictable") }

// PageUptodate reports whether PG_uptodate is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageUptodate
func PageUptodate(page drgn.Object) (bool, error) { return pageFlag(page, "PG_uptodate") }

// PageVmemmapSelfHosted reports whether PG_vmemmap_self_hosted is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageVmemmapSelfHosted
func PageVmemmapSelfHosted(page drgn.Object) (bool, error) {
	return pageFlag(page, "PG_vmemmap_self_hosted")
}

// PageWaiters reports whether PG_waiters is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageWaiters
func PageWaiters(page drgn.Object) (bool, error) { return pageFlag(page, "PG_waiters") }

// PageWorkingset reports whether PG_workingset is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageWorkingset
func PageWorkingset(page drgn.Object) (bool, error) { return pageFlag(page, "PG_workingset") }

// PageWriteback reports whether PG_writeback is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageWriteback
func PageWriteback(page drgn.Object) (bool, error) { return pageFlag(page, "PG_writeback") }

// PageXenRemapped reports whether PG_xen_remapped is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageXenRemapped
func PageXenRemapped(page drgn.Object) (bool, error) { return pageFlag(page, "PG_xen_remapped") }

// PageYoung reports whether PG_young is set on a page.
//
// page is a struct page *.
//
//drgn:helper PageYoung
func PageYoung(page drgn.Object) (bool, error) { return pageFlag(page, "PG_young") }
