package kdump

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// descSize is the size of a page descriptor: offset (8 bytes), size (4), flags (4), page flags (8).
const descSize = 24

// A File is an open kdump-compressed file. It serves any number of goroutines.
type File struct {
	Header
	VMCOREINFO []byte // lines of KEY=VALUE; nil if the file has none
	Notes      []elf.Note
	Erased     []byte // lines that say what makedumpfile --config erased
	Truncated  bool   // the file ends before its last pages

	src    Source
	exists []byte   // bitmap of the pages that were there
	dumped []byte   // bitmap of the pages in the file
	ranks  []uint64 // set bits of dumped before each 512 of them
	descs  uint64   // offset of the first page descriptor
	shift  uint     // log2 of the block size
	cache  cache
	common common
	first  uint64 // pages of dumped before those in this file of a split dump
}

// CacheSize is the memory for decompressed pages, in bytes.
const CacheSize = 64 << 20

// Open reads the headers and bitmaps of a dump.
func Open(src Source) (*File, error) {
	h, err := readHeader(src)
	if err != nil {
		return nil, err
	}
	f := &File{Header: *h, src: src, shift: uint(bits.TrailingZeros64(h.BlockSize))}
	if f.VMCOREINFO, f.Notes, err = h.readInfo(src); err != nil {
		return nil, err
	}
	// They lie at the end of the file, which may be truncated.
	if f.Erased, err = h.readErased(src); err != nil {
		f.Truncated = true
	}
	start := (1 + h.subBlocks) * h.BlockSize
	size := h.bitmapBlocks * h.BlockSize
	half := size / 2
	if h.MaxPFN > half*8 {
		return nil, &bin.DecodeError{Section: src.Name(), Off: start,
			Problem: fmt.Sprintf("bitmaps of %d pages are too small for %d pages", half*8, h.MaxPFN)}
	}
	if h.MaxPFN > ^uint64(0)>>f.shift {
		return nil, &bin.DecodeError{Section: src.Name(), Problem: fmt.Sprintf("%d pages are more than addresses can name", h.MaxPFN)}
	}
	used := (h.MaxPFN + 7) / 8
	if f.exists, err = Slice(src, start, used); err != nil {
		return nil, err
	}
	if f.dumped, err = Slice(src, start+half, used); err != nil {
		return nil, err
	}
	f.descs = start + size
	pages := f.rank()
	if f.Split {
		// The bitmaps are those of the whole dump, the descriptors only those of this file.
		if f.StartPFN > f.EndPFN || f.EndPFN > f.MaxPFN {
			return nil, &bin.DecodeError{Section: src.Name(), Off: h.BlockSize, Problem: fmt.Sprintf("pages of the split dump, %#x to %#x, make no sense", f.StartPFN, f.EndPFN)}
		}
		f.first = f.index(f.StartPFN)
		pages = f.index(f.EndPFN) - f.first
	}
	if end := src.Size(); f.descs > end || pages > (end-f.descs)/descSize {
		f.Truncated = true
	} else {
		f.Truncated = f.Truncated || f.endsEarly(pages)
	}
	f.cache.init(h.BlockSize)
	return f, nil
}

// lastDescs is how many of the last page descriptors say where the file should end. Pages are written in the order of their
// descriptors; only pages of zeros share one at the start.
const lastDescs = 512

// endsEarly says whether the last of the pages lie beyond the end of the file. It notices those that were never written, too.
func (f *File) endsEarly(pages uint64) bool {
	n := min(pages, lastDescs)
	descs, err := Slice(f.src, f.descs+(pages-n)*descSize, n*descSize)
	if err != nil {
		return true
	}
	for c := bin.New("", descs, f.Big); n > 0; n-- {
		off, size := c.U64(), uint64(c.U32())
		c.Skip(descSize - 12)
		if off == 0 {
			f.Status |= flagIncomplete // makedumpfile died before it could say so
		}
		if end := f.src.Size(); off > end || size > end-off {
			return true
		}
	}
	return false
}

// rank counts the pages in the file before each group of 512, and returns how many there are.
func (f *File) rank() uint64 {
	var n uint64
	f.ranks = make([]uint64, len(f.dumped)/64+1)
	for i := range f.ranks {
		f.ranks[i] = n
		b := f.dumped[i*64 : min(i*64+64, len(f.dumped))]
		for ; len(b) >= 8; b = b[8:] {
			n += uint64(bits.OnesCount64(binary.LittleEndian.Uint64(b)))
		}
		for _, c := range b {
			n += uint64(bits.OnesCount8(c))
		}
	}
	return n
}

func bit(bitmap []byte, pfn uint64) bool {
	return pfn>>3 < uint64(len(bitmap)) && bitmap[pfn>>3]>>(pfn&7)&1 != 0
}

// index returns the number of pages in the dump before page pfn.
func (f *File) index(pfn uint64) uint64 {
	n := f.ranks[pfn>>9]
	at := pfn >> 9 << 6
	last := pfn >> 3
	for ; at+8 <= last; at += 8 {
		n += uint64(bits.OnesCount64(binary.LittleEndian.Uint64(f.dumped[at:])))
	}
	for ; at < last; at++ {
		n += uint64(bits.OnesCount8(f.dumped[at]))
	}
	if pfn&7 == 0 {
		return n
	}
	return n + uint64(bits.OnesCount8(f.dumped[last]&(1<<(pfn&7)-1)))
}

// View returns the rest of the page that holds a physical address.
func (f *File) View(address uint64) ([]byte, error) {
	pfn := address >> f.shift
	page := f.cache.get(pfn)
	if page == nil {
		var err error
		if page, err = f.page(pfn, address); err != nil {
			return nil, err
		}
	}
	return page[address&(f.BlockSize-1):], nil
}

// page reads page pfn, of which address is wanted, into the cache.
func (f *File) page(pfn, address uint64) ([]byte, error) {
	s, err := f.stored(pfn, address)
	if err != nil {
		return nil, err
	}
	page := s.bytes
	if s.flags&packedFlags != 0 || uint64(len(page)) != f.BlockSize { // what isn't packed is seen in the file
		if page = f.common.get(&s); page == nil {
			page = make([]byte, f.BlockSize)
			if err := unpack(page, s.bytes, s.flags); err != nil {
				return nil, s.damaged(address, err)
			}
			f.common.saw(&s, page)
		}
	}
	f.cache.put(pfn, page)
	return page, nil
}

// A storedPage is a page as it is in the file.
type storedPage struct {
	bytes []byte
	flags uint32 // of its descriptor
	off   uint64 // in the file
}

// stored finds page pfn, of which address is wanted.
func (f *File) stored(pfn, address uint64) (s storedPage, err error) {
	if pfn >= f.MaxPFN || !bit(f.dumped, pfn) {
		message := "no memory at this physical address"
		switch {
		case pfn < f.MaxPFN && f.Split && (pfn < f.StartPFN || pfn >= f.EndPFN) && bit(f.exists, pfn):
			message = inOtherFile
		case pfn < f.MaxPFN && bit(f.exists, pfn):
			message = "page excluded by the dump filter"
		}
		return s, &mem.FaultError{Message: message, Address: address}
	}
	if f.Split && (pfn < f.StartPFN || pfn >= f.EndPFN) {
		return s, &mem.FaultError{Message: inOtherFile, Address: address}
	}
	at := f.descs + (f.index(pfn)-f.first)*descSize
	desc, err := Slice(f.src, at, descSize)
	if err != nil {
		return s, f.truncated(address)
	}
	c := bin.New("", desc, f.Big)
	off, size, flags := c.U64(), uint64(c.U32()), c.U32()
	if off == 0 {
		return s, &mem.FaultError{Message: "page is missing: the dump is incomplete", Address: address}
	}
	if size > 2*f.BlockSize {
		return s, &mem.FaultError{Message: fmt.Sprintf("page descriptor at %#x is damaged: %d bytes", at, size), Address: address}
	}
	b, err := Slice(f.src, off, size)
	if err != nil {
		return s, f.truncated(address)
	}
	return storedPage{b, flags, off}, nil
}

// damaged returns the fault of an address whose page can't be unpacked.
func (s *storedPage) damaged(address uint64, err error) error {
	return &mem.FaultError{Message: fmt.Sprintf("page at %#x of the dump is damaged: %v", s.off, err), Address: address}
}

// inOtherFile is the message of a fault at a page that was dumped to a file which isn't open, too.
const inOtherFile = "page is in a file of this split dump that is not open"

func (f *File) truncated(address uint64) error {
	return &mem.FaultError{Message: fmt.Sprintf("%s is truncated at %#x", f.src.Name(), f.src.Size()), Address: address}
}
