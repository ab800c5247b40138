package user

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// Bounds of what is read of an image in memory: real ones have a dozen program headers and notes of some hundred bytes.
const (
	maxHeaders = 512
	maxNotes   = 64 << 10
	maxDynamic = 4096 // entries
	maxString  = 4096 // PATH_MAX
)

// Tags of entries of a dynamic section (ELF gABI, "Dynamic Section").
const (
	dtNull   = 0
	dtStrtab = 5
	dtSoname = 14
	dtDebug  = 21
)

// An image is an executable or library as it lies in memory.
type image struct {
	platform arch.Platform
	memory   *mem.Space
	segments []elf.Segment
	bias     uint64 // what is added to addresses in the file to get those in memory
	start    uint64 // of the ELF header, where that is known
}

// readProgramHeaders reads count program headers of size bytes at an address.
func readProgramHeaders(p *drgn.Program, address, size, count uint64) (*image, error) {
	i := &image{platform: p.Platform(), memory: p.Memory()}
	if size < elf.SegmentSize(i.platform.Is64Bit()) || size > 1<<10 || count > maxHeaders {
		return nil, &bin.DecodeError{Section: "program headers", Problem: fmt.Sprintf("%d program headers of %d bytes make no sense", count, size)}
	}
	data, err := p.Read(address, size*count, false)
	if err != nil {
		return nil, err
	}
	c := bin.New("program headers", data, !i.platform.IsLittleEndian())
	i.segments = elf.ReadSegments(&c, 0, size, count, i.platform.Is64Bit())
	return i, c.Err()
}

// readImage reads the headers of an image whose ELF header lies at an address.
func readImage(p *drgn.Program, address uint64) (*image, error) {
	platform := p.Platform()
	size := uint64(52)
	if platform.Is64Bit() {
		size = 64
	}
	header, err := p.Read(address, size, false)
	if err != nil {
		return nil, err
	}
	if !elf.IsELF(header) {
		return nil, &bin.DecodeError{Section: fmt.Sprintf("memory at %#x", address), Problem: "not an ELF file"}
	}
	word := platform.AddressSize()
	if (header[4] == 2) != (word == 8) || (header[5] == 1) != platform.IsLittleEndian() {
		return nil, &bin.DecodeError{Section: fmt.Sprintf("memory at %#x", address), Off: 4, Problem: "ELF file is for another machine"}
	}
	c := bin.New("ELF header", header, !platform.IsLittleEndian())
	c.Seek(uint64(24 + word))
	phoff := c.Uint(word)
	c.Skip(uint64(word + 4 + 2))
	phentsize, phnum := c.U16(), c.U16()
	if err := c.Err(); err != nil {
		return nil, err
	}
	i, err := readProgramHeaders(p, address+phoff, uint64(phentsize), uint64(phnum))
	if err != nil {
		return nil, err
	}
	i.start = address
	for n := range i.segments {
		// The segment that the header is loaded with: it starts a page.
		if s := &i.segments[n]; s.Type == elf.PT_LOAD && s.Offset == 0 {
			i.bias = i.mask(address - s.Vaddr)
			return i, nil
		}
	}
	return nil, &bin.DecodeError{Section: fmt.Sprintf("memory at %#x", address), Problem: "no segment of the ELF file holds its header"}
}

func (i *image) mask(address uint64) uint64 { return address & i.platform.AddressMask() }

// address returns where a segment lies in memory.
func (i *image) address(s *elf.Segment) uint64 { return i.mask(i.bias + s.Vaddr) }

// segment returns the first segment of a type, or nil.
func (i *image) segment(typ uint32) *elf.Segment {
	for n := range i.segments {
		if i.segments[n].Type == typ {
			return &i.segments[n]
		}
	}
	return nil
}

// extent returns where the image lies, from its first page to its last.
func (i *image) extent(page uint64) (r mem.Range, ok bool) {
	rs := i.ranges(page)
	if len(rs) == 0 {
		return mem.Range{}, false
	}
	return mem.Range{Min: rs[0].Min, Max: rs[len(rs)-1].Max}, true
}

// ranges returns the pages in which the image's segments lie, ascending; between them others may lie.
func (i *image) ranges(page uint64) []mem.Range {
	var rs []mem.Range
	for n := range i.segments {
		s := &i.segments[n]
		if s.Type != elf.PT_LOAD || s.Memsz == 0 {
			continue
		}
		end := s.Vaddr + s.Memsz - 1
		if end < s.Vaddr || end > i.platform.AddressMask() {
			return nil
		}
		r := mem.Range{Min: i.mask(i.bias + s.Vaddr&^(page-1)), Max: i.mask(i.bias + end | (page - 1))}
		if r.Min > r.Max {
			return nil
		}
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(a, b mem.Range) int { return cmp.Compare(a.Min, b.Min) })
	disjoint := rs[:0]
	for _, r := range rs {
		if n := len(disjoint); n > 0 && (r.Min <= disjoint[n-1].Max || r.Min == disjoint[n-1].Max+1) {
			disjoint[n-1].Max = max(disjoint[n-1].Max, r.Max)
			continue
		}
		disjoint = append(disjoint, r)
	}
	return disjoint
}

// buildID returns the GNU build ID in the image's notes, or nil where it has none, or none in memory.
func (i *image) buildID() []byte { return i.note("GNU", elf.NT_GNU_BUILD_ID) }

// note returns what a note of the image holds, or nil where it has none, or none in memory.
func (i *image) note(name string, kind uint32) []byte {
	for n := range i.segments {
		s := &i.segments[n]
		if s.Type != elf.PT_NOTE || s.Filesz > maxNotes {
			continue
		}
		data := make([]byte, s.Filesz)
		if i.memory.Read(data, i.address(s), false) != nil {
			continue // the core lacks it
		}
		desc, _ := elf.NoteIn(elf.Notes("notes", data, !i.platform.IsLittleEndian(), s.Align), name, kind) // overwritten ones have none
		if desc != nil {
			return desc
		}
	}
	return nil
}

// dynamicEntry returns the value of the first entry of a tag in the dynamic section; ok is false where there is none.
func (i *image) dynamicEntry(tag uint64) (value uint64, ok bool, err error) {
	s := i.segment(elf.PT_DYNAMIC)
	if s == nil {
		return 0, false, nil
	}
	word := uint64(i.platform.AddressSize())
	at := i.address(s)
	for range min(s.Memsz/(2*word), maxDynamic) {
		key, err := i.uint(at)
		if err != nil {
			return 0, false, err
		}
		if key == dtNull {
			break
		}
		if value, err = i.uint(at + word); err != nil {
			return 0, false, err
		}
		if key == tag {
			return value, true, nil
		}
		at += 2 * word
	}
	return 0, false, nil
}

func (i *image) uint(address uint64) (uint64, error) {
	return i.memory.Uint(i.mask(address), i.platform.AddressSize(), !i.platform.IsLittleEndian(), false)
}

// soname returns the name that the image gives itself, or "".
func (i *image) soname() (string, error) {
	name, ok, err := i.dynamicEntry(dtSoname)
	if err != nil || !ok {
		return "", err
	}
	strtab, ok, err := i.dynamicEntry(dtStrtab)
	if err != nil || !ok {
		return "", err
	}
	// The dynamic linker moves the address where it can write to the section. In a vDSO it cannot.
	if base, ok := i.extent(1); ok && (strtab < base.Min || strtab > base.Max) {
		strtab += i.bias
	}
	b, err := i.memory.CString(i.mask(strtab+name), maxString, false)
	return string(b), err
}
