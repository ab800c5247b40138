package mm

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A Translator knows the kernel's page tables and how its addresses are laid out: the program's personality.
type Translator interface {
	// Translate returns the physical address of a virtual one under the page table whose top level lies at the physical
	// address root; 0 is the kernel's own.
	Translate(root, address uint64) (uint64, error)
	// ImageToPhysical returns the physical address of one in the kernel's image; ok is false for other addresses.
	ImageToPhysical(address uint64) (physical uint64, ok bool)
	// DirectMap returns where all physical memory is mapped: the virtual address of the physical one.
	DirectMap() (virtual, physical uint64, err error)
}

func translator(p *drgn.Program) (Translator, error) {
	if t, ok := p.Personality().(Translator); ok {
		return t, nil
	}
	return nil, &drgn.ValueError{Problem: "program is not the Linux kernel"}
}

// Layout is where a kernel has its memory.
type Layout struct {
	PageShift  uint64
	PageOffset uint64 // where all physical memory is mapped
	PhysOffset uint64 // physical address that PageOffset maps
	HighMemory uint64 // first address after the direct map
	Vmemmap    uint64 // address of the struct page of page frame 0, be there one or not
	Flat       bool   // one array has all struct pages, beginning with that of the first page frame in the direct map (CONFIG_FLATMEM)
	mask       uint64 // greatest address
	PageSize   uint64 // of a struct page, in bytes
	Page       *types.Type
}

type layoutKey struct{}

// LayoutOf returns where the kernel has its memory. It is worked out once.
func LayoutOf(p *drgn.Program) (Layout, error) {
	return drgn.Memo(p, layoutKey{}, func() (l Layout, err error) {
		for _, v := range []struct {
			name string
			to   *uint64
		}{{"PAGE_SHIFT", &l.PageShift}, {"PAGE_OFFSET", &l.PageOffset}, {"high_memory", &l.HighMemory}} {
			if *v.to, err = p.Object(v.name).Uint(); err != nil {
				return l, err
			}
		}
		if t, ok := p.Personality().(Translator); ok {
			if _, l.PhysOffset, err = t.DirectMap(); err != nil {
				return l, err
			}
		}
		if l.Page, err = p.Type("struct page"); err != nil {
			return l, err
		}
		if l.PageSize, err = l.Page.Size(); err != nil {
			return l, err
		}
		if l.PageSize == 0 || l.PageShift > 30 {
			return l, fmt.Errorf("pages of %d bits described in %d bytes are not understood", l.PageShift, l.PageSize)
		}
		l.mask = p.Platform().AddressMask()
		if l.Flat, err = flat(p); err != nil {
			return l, err
		}
		l.Vmemmap, err = p.Object("vmemmap").Uint()
		if drgn.IsNotFound(err) {
			err = fmt.Errorf("cannot find the kernel's struct pages (kernels with CONFIG_SPARSEMEM but without CONFIG_SPARSEMEM_VMEMMAP can't be read yet): %w", err)
		}
		return l, err
	})
}

// flat reports whether one array has all struct pages. Kernels without CONFIG_NUMA have the variable for it in any case, and leave
// it alone if memory has sections.
func flat(p *drgn.Program) (bool, error) {
	for _, v := range []struct {
		name string
		flat bool // whether a kernel that has the variable has one array
	}{{"mem_section", false}, {"mem_map", true}} {
		if err := p.Variable(v.name).Err(); err == nil {
			return v.flat, nil
		} else if !drgn.IsNotFound(err) {
			return false, err
		}
	}
	return false, nil
}

// InDirectMap reports whether an address is in the kernel's mapping of all physical memory.
//
//drgn:helper in_direct_map
//drgn:wraps
func InDirectMap(p *drgn.Program, addr uint64) (bool, error) {
	l, err := LayoutOf(p)
	return err == nil && l.inDirectMap(addr), err
}

// DirectMappingOffset returns what is added to a physical address to come to its virtual one in the direct map, modulo 2^64.
//
//drgn:helper _direct_mapping_offset
func DirectMappingOffset(p *drgn.Program) (uint64, error) {
	l, err := LayoutOf(p)
	return l.PageOffset - l.PhysOffset, err
}

func (l *Layout) inDirectMap(addr uint64) bool { return addr >= l.PageOffset && addr < l.HighMemory }

// ToPhysical returns the physical address of one in the direct map.
func (l *Layout) ToPhysical(addr uint64) uint64 { return addr - l.PageOffset + l.PhysOffset }

// ToVirtual returns the address of a physical one in the direct map. A kernel of 32 bits maps low memory only: for what is not
// part of it, it returns a [*drgn.ValueError].
func (l *Layout) ToVirtual(addr uint64) (uint64, error) {
	if low := l.HighMemory - l.PageOffset; l.mask>>32 == 0 && addr-l.PhysOffset >= low {
		return 0, &drgn.ValueError{Problem: fmt.Sprintf("physical address %#x has no virtual address: it is not in low memory", addr)}
	}
	return addr - l.PhysOffset + l.PageOffset, nil
}

// FirstPFN returns the number of the first page frame that may have a struct page.
func (l *Layout) FirstPFN() uint64 {
	if l.Flat {
		return l.PhysOffset >> l.PageShift
	}
	return 0
}

// ToPage returns the address of the struct page of a page frame.
func (l *Layout) ToPage(pfn uint64) uint64 { return (l.Vmemmap + pfn*l.PageSize) & l.mask }

// ToPFN returns the number of the page frame whose struct page has an address.
func (l *Layout) ToPFN(page uint64) uint64 {
	if l.mask>>32 == 0 {
		return (page - l.Vmemmap) & l.mask / l.PageSize
	}
	return uint64(int64(page-l.Vmemmap) / int64(l.PageSize))
}

// virtual returns the address of a physical one in the direct map, as a void *.
func (l *Layout) virtual(p *drgn.Program, addr uint64) drgn.Object {
	at, err := l.ToVirtual(addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(p, "void *", at)
}

// physical returns the physical address of one in the direct map or in the kernel's image.
func physical(p *drgn.Program, addr uint64) (uint64, error) {
	l, err := LayoutOf(p)
	if err != nil {
		return 0, err
	}
	if l.inDirectMap(addr) {
		return l.ToPhysical(addr), nil
	}
	t, err := translator(p)
	if err != nil {
		return 0, err
	}
	if phys, ok := t.ImageToPhysical(addr); ok {
		return phys, nil
	}
	phys, err := t.Translate(0, addr)
	if fault := (*mem.FaultError)(nil); errors.As(err, &fault) {
		// The kernel's own virt_to_phys() computes it from any number, and scripts that guess at addresses count on that.
		return l.ToPhysical(addr), nil
	}
	return phys, err
}

// VirtToPhys returns the physical address of a virtual one, as an unsigned long.
//
// Unlike the kernel's, it looks up any address that the kernel has mapped. Of others it is what the kernel's would be: as if
// they lay in its mapping of all physical memory.
//
//drgn:helper virt_to_phys
//drgn:wraps
func VirtToPhys(p *drgn.Program, addr uint64) drgn.Object {
	phys, err := physical(p, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(p, "unsigned long", phys)
}

// PhysToVirt returns the address of a physical one in the kernel's mapping of all physical memory, as a void *.
//
//drgn:helper phys_to_virt
//drgn:wraps
func PhysToVirt(p *drgn.Program, addr uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return l.virtual(p, addr)
}

func value(p *drgn.Program, typ string, v uint64) drgn.Object {
	t, err := p.Type(typ)
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, v)
}

// PFNPhys returns the physical address of a page frame, as a phys_addr_t.
//
//drgn:helper PFN_PHYS
//drgn:wraps
func PFNPhys(p *drgn.Program, pfn uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(p, "phys_addr_t", pfn<<l.PageShift)
}

// PhysPFN returns the number of the page frame of a physical address, as an unsigned long.
//
//drgn:helper PHYS_PFN
//drgn:wraps
func PhysPFN(p *drgn.Program, addr uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(p, "unsigned long", addr>>l.PageShift)
}

// VirtToPFN returns the number of the page frame of a virtual address, as an unsigned long.
//
//drgn:helper virt_to_pfn
//drgn:wraps
func VirtToPFN(p *drgn.Program, addr uint64) drgn.Object {
	phys, err := physical(p, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return PhysPFN(p, phys)
}

// PFNToVirt returns the address of a page frame in the kernel's mapping of all physical memory, as a void *.
//
//drgn:helper pfn_to_virt
//drgn:wraps
func PFNToVirt(p *drgn.Program, pfn uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return l.virtual(p, pfn<<l.PageShift)
}

// PFNToPage returns the struct page * of a page frame.
//
//drgn:helper pfn_to_page
//drgn:wraps literals
func PFNToPage(p *drgn.Program, pfn uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(p.PointerTo(l.Page), l.ToPage(pfn))
}

// PhysToPage returns the struct page * of a physical address.
//
//drgn:helper phys_to_page
//drgn:wraps
func PhysToPage(p *drgn.Program, addr uint64) drgn.Object {
	l, err := LayoutOf(p)
	if err != nil {
		return drgn.Failed(err)
	}
	return PFNToPage(p, addr>>l.PageShift)
}

// VirtToPage returns the struct page * of a virtual address.
//
//drgn:helper virt_to_page
//drgn:wraps
func VirtToPage(p *drgn.Program, addr uint64) drgn.Object {
	phys, err := physical(p, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return PhysToPage(p, phys)
}

// pfnOf returns the number of the page frame of a struct page *.
func pfnOf(page drgn.Object) (uint64, Layout, error) {
	if err := page.Err(); err != nil {
		return 0, Layout{}, err
	}
	if u := page.Type().Underlying(); u.Kind() != types.Pointer || u.Elem().Underlying().Tag() != "page" {
		return 0, Layout{}, &drgn.TypeError{Problem: fmt.Sprintf("'%s' is not a pointer to a struct page", page.Type())}
	}
	at, err := page.Uint()
	if err != nil {
		return 0, Layout{}, err
	}
	l, err := LayoutOf(page.Prog())
	if err != nil {
		return 0, l, err
	}
	return l.ToPFN(at), l, nil
}

// PageToPFN returns the number of the page frame of a struct page *, as an unsigned long.
//
// page is a struct page *.
//
//drgn:helper page_to_pfn
func PageToPFN(page drgn.Object) drgn.Object {
	pfn, _, err := pfnOf(page)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(page.Prog(), "unsigned long", pfn)
}

// PageToPhys returns the physical address of a struct page *, as a phys_addr_t.
//
// page is a struct page *.
//
//drgn:helper page_to_phys
func PageToPhys(page drgn.Object) drgn.Object {
	pfn, l, err := pfnOf(page)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(page.Prog(), "phys_addr_t", pfn<<l.PageShift)
}

// PageToVirt returns the address of a struct page * in the kernel's mapping of all physical memory, as a void *.
//
// page is a struct page *.
//
//drgn:helper page_to_virt
func PageToVirt(page drgn.Object) drgn.Object {
	pfn, l, err := pfnOf(page)
	if err != nil {
		return drgn.Failed(err)
	}
	return l.virtual(page.Prog(), pfn<<l.PageShift)
}
