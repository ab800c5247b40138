package mm

import (
	"encoding/binary"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// A PageReader reads the struct pages of a range of page frames in one go: a walk over all memory does not look at them
// one by one.
type PageReader struct {
	prog   *drgn.Program
	layout Layout
	facts  *pageFacts
	order  binary.ByteOrder
	buf    []byte
}

// pagesAtOnce is how many pages a PageReader reads in one go: those of 16 MiB of memory with pages of 4 KiB.
const pagesAtOnce = 4096

// A RawPage is a struct page as it lies in memory. It is valid until the next step of the walk.
type RawPage struct {
	PFN  uint64
	Data []byte
	r    *PageReader
}

// Pages walks the struct pages of all page frames that have one. Those that a dump has left out are passed over: they
// describe memory that is not there.
func Pages(p *drgn.Program) iter.Seq2[RawPage, error] {
	return func(yield func(RawPage, error) bool) {
		l, err := LayoutOf(p)
		if err != nil {
			yield(RawPage{}, err)
			return
		}
		facts, err := factsOf(p)
		if err != nil {
			yield(RawPage{}, err)
			return
		}
		end, err := p.Variable("max_pfn").Uint()
		if err != nil {
			yield(RawPage{}, err)
			return
		}
		r := &PageReader{prog: p, layout: l, facts: facts, order: p.Platform().ByteOrder(), buf: make([]byte, pagesAtOnce*l.PageSize)}
		for first := l.FirstPFN(); first < end; first += pagesAtOnce {
			n := min(pagesAtOnce, end-first)
			if !r.chunk(first, n, yield) {
				return
			}
		}
	}
}

// chunk yields n pages from the frame first on, in halves where they can't be read in one go.
func (r *PageReader) chunk(first, n uint64, yield func(RawPage, error) bool) bool {
	size := r.layout.PageSize
	buf := r.buf[:n*size]
	if r.prog.Memory().Read(buf, r.layout.ToPage(first), false) != nil {
		if n == 1 {
			return true
		}
		return r.chunk(first, n/2, yield) && r.chunk(first+n/2, n-n/2, yield)
	}
	for i := range n {
		if !yield(RawPage{first + i, buf[i*size:][:size:size], r}, nil) {
			return false
		}
	}
	return true
}

// word returns an integer member of the page.
func (p RawPage) word(m types.Found) uint64 {
	b := p.Data[m.BitOffset/8:]
	if m.Type.Underlying().OwnSize() == 4 {
		return uint64(p.r.order.Uint32(b))
	}
	return p.r.order.Uint64(b)
}

// Word returns the pointer or unsigned long at an offset in the page.
func (p RawPage) Word(offset uint64) uint64 {
	if p.r.prog.Platform().Is64Bit() {
		return p.r.order.Uint64(p.Data[offset:])
	}
	return uint64(p.r.order.Uint32(p.Data[offset:]))
}

// IsTail reports whether the page is one of a compound page but not its first.
func (p RawPage) IsTail() bool { return p.word(p.r.facts.head)&1 != 0 }

// IsSlab reports whether the page belongs to a slab.
func (p RawPage) IsSlab() bool {
	f := p.r.facts
	if f.slabFlag != 0 {
		return p.word(f.flags)&f.slabFlag != 0
	}
	return f.isSlabType(p.word(f.kind))
}

// Address returns the address of the page's memory in the kernel's mapping of all physical memory; see [Layout.ToVirtual].
func (p RawPage) Address() (uint64, error) {
	return p.r.layout.ToVirtual(p.PFN << p.r.layout.PageShift)
}

// Object returns the struct page *.
func (p RawPage) Object() drgn.Object {
	l := p.r.layout
	return p.r.prog.ScalarValue(p.r.prog.PointerTo(l.Page), l.ToPage(p.PFN))
}
