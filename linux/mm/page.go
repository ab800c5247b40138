package mm

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// pageFacts are how a kernel marks its pages.
type pageFacts struct {
	slabFlag  uint64 // bit of page.flags; 0 where page_type says it
	slabType  uint64 // in the highest byte of page_type, since v6.12
	slabClear uint64 // bit that is clear in page_type, v6.10 and v6.11
	headFlag  uint64 // bit of page.flags of the first page of a compound one
	flags     types.Found
	head      types.Found
	headMask  bool // a tail page's head may be the mask of an address
	kind      types.Found
	hasKind   bool
}

type pageFactsKey struct{}

func factsOf(p *drgn.Program) (*pageFacts, error) {
	return drgn.Memo(p, pageFactsKey{}, func() (*pageFacts, error) {
		f := &pageFacts{}
		l, err := LayoutOf(p)
		if err != nil {
			return nil, err
		}
		if f.flags, err = l.Page.FindMember("flags"); err != nil {
			return nil, err
		}
		// page.flags became a structure in v6.18, commit 53fbef56e07d.
		if inner, err := f.flags.Type.FindMember("f"); err == nil {
			f.flags.BitOffset += inner.BitOffset
			f.flags.Type = inner.Type
		}
		if err := f.findHead(&l); err != nil {
			return nil, err
		}
		if f.kind, err = l.Page.FindMember("page_type"); err == nil {
			f.hasKind = true
		}
		head, err := p.Constant("PG_head").Uint()
		if err != nil {
			return nil, err
		}
		f.headFlag = 1 << (head & 63)
		return f, f.findSlab(p)
	})
}

// findHead learns how tail pages tell their first one.
func (f *pageFacts) findHead(l *Layout) (err error) {
	if f.head, err = l.Page.FindMember("compound_head"); err == nil {
		return nil
	}
	// Renamed by v7.2, when it became a mask where vmemmap is optimized for huge pages.
	if f.head, err = l.Page.FindMember("compound_info"); err != nil {
		return err
	}
	f.headMask = l.PageSize&(l.PageSize-1) == 0
	return nil
}

// headOf returns the address of the first page of the compound page that the page at an address is part of, or that
// address; info is what the page says in compound_head or compound_info.
func (f *pageFacts) headOf(at, info uint64) uint64 {
	if info&1 == 0 {
		return at
	}
	info--
	// A mask is ones from some bit on (_compound_head() in include/linux/page-flags.h). Whether a kernel has masks or
	// pointers depends on CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP, which need not be known: a pointer to the head that
	// looks like a mask gives itself when it is taken for one, since the tail pages follow it.
	if low := ^info; f.headMask && low&(low+1) == 0 {
		return at & info
	}
	return info
}

// findSlab learns how pages of slabs are told.
func (f *pageFacts) findSlab(p *drgn.Program) error {
	// PGTY_slab since v6.12, commit 4ffca5a96678.
	if kind, err := p.Constant("PGTY_slab").Uint(); err == nil {
		f.slabType = kind
		return nil
	} else if !drgn.IsNotFound(err) {
		return err
	}
	bit := p.Constant("PG_slab")
	n, err := bit.Uint()
	if err != nil {
		return err
	}
	// A page type since v6.10, commit 46df8e73a4a3; a flag before.
	if bit.Type().Tag() == "pagetype" {
		f.slabClear = n
	} else {
		f.slabFlag = 1 << (n & 63)
	}
	return nil
}

// isSlab says whether a page belongs to a slab.
func (f *pageFacts) isSlab(page drgn.Object) (bool, error) {
	if f.slabFlag != 0 {
		flags, err := page.Slice(f.flags.Type, f.flags.BitOffset, 0).Uint()
		return flags&f.slabFlag != 0, err
	}
	kind, err := page.Slice(f.kind.Type, f.kind.BitOffset, 0).Uint()
	if err != nil {
		return false, err
	}
	return f.isSlabType(kind), nil
}

// isSlabType says whether a page_type is that of a slab.
func (f *pageFacts) isSlabType(kind uint64) bool {
	kind &= 1<<32 - 1
	if f.slabType != 0 {
		return kind>>24 == f.slabType
	}
	// PAGE_TYPE_BASE is 0xf0000000; each bit that is clear says that the page is of a type.
	return kind&(0xf0000000|f.slabClear) == 0xf0000000
}

// PageSlab reports whether a page belongs to a slab of the slab allocator.
//
// page is a struct page *.
//
//drgn:helper PageSlab
func PageSlab(page drgn.Object) (bool, error) {
	if err := page.Err(); err != nil {
		return false, err
	}
	f, err := factsOf(page.Prog())
	if err != nil {
		return false, err
	}
	return f.isSlab(pageAt(page))
}

// pageAt returns what a struct page *, or a pointer to a structure that lies over one, points to.
func pageAt(page drgn.Object) drgn.Object {
	if u := page.Type().Underlying(); u.Kind() != types.Pointer || !u.Elem().UnderlyingKind().IsCompound() {
		return drgn.Failed(&types.NoMembersError{Type: page.Type(), Behind: true})
	}
	return page.Deref()
}

// CompoundHead returns the first page of the compound page that a page is part of, or the page itself, as a struct
// page *.
//
// page is a struct page *.
//
//drgn:helper compound_head
func CompoundHead(page drgn.Object) drgn.Object {
	if err := page.Err(); err != nil {
		return page
	}
	f, err := factsOf(page.Prog())
	if err != nil {
		return drgn.Failed(err)
	}
	head, err := pageAt(page).Slice(f.head.Type, f.head.BitOffset, 0).Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	at, err := page.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return page.Prog().ScalarValue(page.Type(), f.headOf(at, head))
}

// PageHead reports whether a page is the first of a compound one.
//
// page is a struct page *.
//
//drgn:helper PageHead
func PageHead(page drgn.Object) (bool, error) {
	flags, err := PageFlags(page).Uint()
	if err != nil {
		return false, err
	}
	f, err := factsOf(page.Prog())
	if err != nil {
		return false, err
	}
	return flags&f.headFlag != 0, nil
}

// PageTail reports whether a page is one of a compound page but not its first.
//
// page is a struct page *.
//
//drgn:helper PageTail
func PageTail(page drgn.Object) (bool, error) {
	if err := page.Err(); err != nil {
		return false, err
	}
	f, err := factsOf(page.Prog())
	if err != nil {
		return false, err
	}
	head, err := pageAt(page).Slice(f.head.Type, f.head.BitOffset, 0).Uint()
	return head&1 != 0, err
}

// PageCompound reports whether a page is part of a compound one.
//
// page is a struct page *.
//
//drgn:helper PageCompound
func PageCompound(page drgn.Object) (bool, error) {
	if tail, err := PageTail(page); err != nil || tail {
		return tail, err
	}
	return PageHead(page)
}

// PageFlags returns the flags of a page, as an unsigned long.
//
// page is a struct page *.
//
//drgn:helper page_flags
func PageFlags(page drgn.Object) drgn.Object {
	flags := page.Member("flags")
	if flags.HasMember("f") {
		return flags.Member("f")
	}
	return flags
}

// CompoundOrder returns the binary logarithm of the number of pages of a compound page, as an unsigned int.
//
// page is a struct page * to its first page; another page has the order 0.
//
//drgn:helper compound_order
func CompoundOrder(page drgn.Object) drgn.Object {
	order, err := compoundOrder(page)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(page.Prog(), "unsigned int", order)
}

func compoundOrder(page drgn.Object) (uint64, error) {
	if head, err := PageHead(page); err != nil || !head {
		return 0, err
	}
	p := page.Prog()
	// The order is in the low byte of a folio's flags of its second page since v6.6, commit ebc1baf5c9b4. Before, where folios have
	// a member for it, those flags have other bits.
	if folio, err := p.Type("struct folio"); err == nil {
		for _, name := range []string{"_folio_order", "_flags_1"} {
			if _, err := folio.FindMember(name); err != nil {
				continue
			}
			v, err := page.Cast(p.PointerTo(folio)).Member(name).Uint()
			return v & 0xff, err
		}
	}
	return page.Index(1).Member("compound_order").Uint()
}

// CompoundNr returns the number of pages of a compound page, as an unsigned long.
//
// page is a struct page * to its first page; another page is 1 page.
//
//drgn:helper compound_nr
func CompoundNr(page drgn.Object) drgn.Object {
	order, err := compoundOrder(page)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(page.Prog(), "unsigned long", 1<<(order&63))
}

// PageSize returns the size of a page, or of the compound page it is the first of, in bytes, as an unsigned long.
//
// page is a struct page *.
//
//drgn:helper page_size
func PageSize(page drgn.Object) drgn.Object {
	order, err := compoundOrder(page)
	if err != nil {
		return drgn.Failed(err)
	}
	l, err := LayoutOf(page.Prog())
	if err != nil {
		return drgn.Failed(err)
	}
	return value(page.Prog(), "unsigned long", 1<<((order+l.PageShift)&63))
}
