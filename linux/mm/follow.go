package mm

import (
	"errors"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

// An addressSpace translates the addresses of a struct mm_struct.
type addressSpace struct {
	prog       *drgn.Program
	translator Translator
	root       uint64 // physical address of the top-level page table
	shift      uint64
}

func openSpace(mm drgn.Object) (*addressSpace, error) {
	pgd, err := mm.Member("pgd").Uint()
	if err != nil {
		return nil, err
	}
	return openTable(mm.Prog(), pgd)
}

// openTable opens the address space whose top-level page table is at a virtual address.
func openTable(p *drgn.Program, pgd uint64) (*addressSpace, error) {
	s := &addressSpace{prog: p}
	l, err := LayoutOf(s.prog)
	if err != nil {
		return nil, err
	}
	s.shift = l.PageShift
	if s.translator, err = translator(s.prog); err != nil {
		return nil, err
	}
	s.root, err = physical(s.prog, pgd)
	return s, err
}

// read fills buf from an address on, page by page.
func (s *addressSpace) read(buf []byte, address uint64) error {
	for len(buf) > 0 {
		n := min(uint64(len(buf)), 1<<s.shift-address&(1<<s.shift-1))
		phys, err := s.translator.Translate(s.root, address)
		if err == nil {
			err = s.prog.Memory().Read(buf[:n], phys, true)
		}
		var fault *mem.FaultError
		if errors.As(err, &fault) {
			return &mem.FaultError{Message: fault.Message, Address: address}
		}
		if err != nil {
			return err
		}
		buf, address = buf[n:], address+n
	}
	return nil
}

func followPhys(mm drgn.Object, addr uint64) (uint64, error) {
	s, err := openSpace(mm)
	if err != nil {
		return 0, err
	}
	return s.translator.Translate(s.root, addr)
}

// FollowPhys returns the physical address that an address of an address space stands for, as a phys_addr_t.
//
// mm is a struct mm_struct *.
//
//drgn:helper follow_phys
func FollowPhys(mm drgn.Object, addr uint64) drgn.Object {
	phys, err := followPhys(mm, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return value(mm.Prog(), "phys_addr_t", phys)
}

// FollowTable returns the physical address that an address stands for by a top-level page table.
//
// pgtable is the virtual address of the table, such as the member pgd of a struct mm_struct.
//
//drgn:helper _follow_phys
func FollowTable(p *drgn.Program, pgtable, address uint64) (uint64, error) {
	s, err := openTable(p, pgtable)
	if err != nil {
		return 0, err
	}
	return s.translator.Translate(s.root, address)
}

// FollowPFN returns the number of the page frame that an address of an address space lies in, as an unsigned long.
//
// mm is a struct mm_struct *.
//
//drgn:helper follow_pfn
func FollowPFN(mm drgn.Object, addr uint64) drgn.Object {
	phys, err := followPhys(mm, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return PhysPFN(mm.Prog(), phys)
}

// FollowPage returns the page that an address of an address space lies in, as a struct page *.
//
// mm is a struct mm_struct *.
//
//drgn:helper follow_page
func FollowPage(mm drgn.Object, addr uint64) drgn.Object {
	phys, err := followPhys(mm, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	return PhysToPage(mm.Prog(), phys)
}

// kernelSpace returns the kernel's own address space, as a struct mm_struct *.
func kernelSpace(p *drgn.Program) drgn.Object { return p.Variable("init_mm").AddressOf() }

// VmallocToPage returns the page that an address of vmalloc lies in, as a struct page *.
//
//drgn:helper vmalloc_to_page
func VmallocToPage(p *drgn.Program, addr uint64) drgn.Object { return FollowPage(kernelSpace(p), addr) }

// VmallocToPFN returns the number of the page frame that an address of vmalloc lies in, as an unsigned long.
//
//drgn:helper vmalloc_to_pfn
func VmallocToPFN(p *drgn.Program, addr uint64) drgn.Object { return FollowPFN(kernelSpace(p), addr) }
