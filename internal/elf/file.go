// Package elf reads ELF files of 32 and 64 bits and both byte orders from bytes that are in memory or mapped.
package elf

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/mem"
)

// Types of files (e_type).
const (
	ET_REL  = 1
	ET_EXEC = 2
	ET_DYN  = 3
	ET_CORE = 4
)

// Types of segments (p_type) and their flags.
const (
	PT_LOAD    = 1
	PT_DYNAMIC = 2
	PT_INTERP  = 3
	PT_NOTE    = 4
	PT_PHDR    = 6
	PT_TLS     = 7

	PT_GNU_EH_FRAME = 0x6474e550

	PF_X = 1
	PF_W = 2
	PF_R = 4
)

const (
	shnLoReserve = 0xff00
	shnXIndex    = 0xffff
	pnXNum       = 0xffff
)

// A File is a parsed ELF file. It never changes after Parse, but for decompressed sections which it keeps, and serves
// any number of goroutines.
//
// The bytes of a file that has an owner go away when nobody can reach the file any more. Whoever keeps a part of them must
// refer to the file, too, and call [runtime.KeepAlive] after reading them.
type File struct {
	Name     string // path, for errors
	Data     []byte // the whole file
	Is64     bool
	Big      bool // big-endian
	OSABI    uint8
	Type     uint16 // e_type
	Machine  uint16 // e_machine
	Flags    uint32 // e_flags
	Entry    uint64
	Segments []Segment
	Sections []Section // none in a core file; the first is the null section

	owner Owner
}

// A Segment is a program header.
type Segment struct {
	Type, Flags   uint32
	Offset        uint64 // in the file
	Vaddr, Paddr  uint64
	Filesz, Memsz uint64
	Align         uint64
}

// An Owner has the memory that a file's bytes are in.
type Owner interface {
	// Release frees the memory of a part of the bytes that is unlikely to be read again; reading it loads it again.
	Release(b []byte)
	// Close frees all of it.
	Close() error
}

// IsELF reports whether data starts like an ELF file.
func IsELF(data []byte) bool { return bytes.HasPrefix(data, []byte("\x7fELF")) }

// Open maps and parses the file at path.
func Open(path string) (*File, error) {
	m, err := mem.MapFile(path)
	if err != nil {
		return nil, err
	}
	return ParseOwned(path, m.Bytes(), m)
}

// ParseOwned is [Parse] of bytes that lie in the memory of owner, which is closed when the file is closed or unreachable.
func ParseOwned(name string, data []byte, owner Owner) (*File, error) {
	f, err := Parse(name, data)
	if err != nil {
		return nil, errors.Join(err, owner.Close())
	}
	f.owner = owner
	runtime.AddCleanup(f, func(owner Owner) { _ = owner.Close() }, owner) // nothing can be done about a failure
	return f, nil
}

// OfSection returns a file that has one section only, which is all of data: what is elsewhere a section of an ELF file, alone. It
// is for no machine. The bytes lie in the memory of owner, as in [ParseOwned].
func OfSection(name, section string, data []byte, big bool, owner Owner) *File {
	f := &File{Name: name, Data: data, Big: big, owner: owner}
	f.Sections = []Section{{file: f}, {Name: section, Index: 1, Type: SHT_PROGBITS, Size: uint64(len(data)), file: f}}
	for i := range f.Sections {
		f.Sections[i].data = sync.OnceValues(f.Sections[i].decompress)
	}
	runtime.AddCleanup(f, func(owner Owner) { _ = owner.Close() }, owner)
	return f
}

// IsDetached reports whether the file is what [OfSection] returns.
func (f *File) IsDetached() bool {
	return f.Type == 0 && f.Machine == 0 && len(f.Sections) == 2 && len(f.Segments) == 0
}

// Close frees the memory of a file that owns it; nothing may use the file's bytes afterwards.
func (f *File) Close() error {
	if f.owner == nil {
		return nil
	}
	return f.owner.Close()
}

// Release frees the memory of a part of the file that is unlikely to be read again; reading it loads it again.
func (f *File) Release(b []byte) {
	if f.owner != nil {
		f.owner.Release(b)
	}
}

// Platform returns the instruction set, word size and byte order that the file is for.
func (f *File) Platform() arch.Platform {
	return arch.ByMachine(f.Machine, arch.FlagsOf(f.Is64, f.Big))
}

// HeaderSize is the number of bytes of a file's start that [PlatformOf] needs: those up to e_machine.
const HeaderSize = 20

// PlatformOf returns the platform of a file that starts with the given bytes, or false if these are no header of an ELF file.
func PlatformOf(header []byte) (arch.Platform, bool) {
	if !IsELF(header) || len(header) < HeaderSize || header[4]-1 > 1 || header[5]-1 > 1 {
		return arch.Platform{}, false
	}
	big := header[5] == 2
	c := bin.New("ELF header", header, big)
	c.Seek(18)
	return arch.ByMachine(c.U16(), arch.FlagsOf(header[4] == 2, big)), true
}

// Parse reads the headers of an ELF file. Contents are looked at when asked for, so a core file may be cut: only its
// headers must be there.
func Parse(name string, data []byte) (*File, error) {
	if !IsELF(data) {
		return nil, &bin.DecodeError{Section: name, Problem: "not an ELF file"}
	}
	if len(data) < 16 {
		return nil, &bin.DecodeError{Section: name, Off: uint64(len(data)), Problem: "file is cut in the ELF header"}
	}
	f := &File{Name: name, Data: data, OSABI: data[7]}
	switch data[4] {
	case 1:
	case 2:
		f.Is64 = true
	default:
		return nil, &bin.DecodeError{Section: name, Off: 4, Problem: fmt.Sprintf("ELF class %d is unknown", data[4])}
	}
	switch data[5] {
	case 1:
	case 2:
		f.Big = true
	default:
		return nil, &bin.DecodeError{Section: name, Off: 5, Problem: fmt.Sprintf("ELF byte order %d is unknown", data[5])}
	}
	if data[6] != 1 {
		return nil, &bin.DecodeError{Section: name, Off: 6, Problem: fmt.Sprintf("ELF version %d is unknown", data[6])}
	}
	c := bin.New(name, data, f.Big)
	c.Seek(16)
	f.Type, f.Machine = c.U16(), c.U16()
	if version := c.U32(); c.Err() == nil && version != 1 {
		return nil, &bin.DecodeError{Section: name, Off: 20, Problem: fmt.Sprintf("ELF version %d is unknown", version)}
	}
	f.Entry = f.word(&c)
	phoff, shoff := f.word(&c), f.word(&c)
	f.Flags = c.U32()
	c.U16() // e_ehsize: QEMU up to 7.2 writes 8 there
	phentsize, phnum := uint64(c.U16()), uint64(c.U16())
	shentsize, shnum, shstrndx := uint64(c.U16()), uint64(c.U16()), uint32(c.U16())
	if err := c.Err(); err != nil {
		return nil, err
	}

	// Numbers that don't fit their fields are in the first section header.
	var null Section
	if shoff != 0 && (shnum == 0 || shstrndx == shnXIndex || phnum == pnXNum) {
		if err := f.checkTable("section", shoff, shentsize, 1, f.sectionSize()); err != nil {
			return nil, err
		}
		null, _ = f.section(shoff)
	}
	if phnum == pnXNum && shoff != 0 {
		phnum = uint64(null.Info)
	}
	if shoff != 0 && shnum == 0 {
		shnum = null.Size
	}
	if shstrndx == shnXIndex {
		shstrndx = null.Link
	}
	if phoff != 0 && phnum > 0 { // at 0 lies the header itself
		if err := f.parseSegments(phoff, phentsize, phnum); err != nil {
			return nil, err
		}
	}
	// A core file has no use for sections, and their headers may lie past the end of a truncated one.
	if shoff != 0 && shnum > 0 && f.Type != ET_CORE {
		if err := f.parseSections(shoff, shentsize, shnum, shstrndx); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// word reads an address, offset or size of the file's class.
func (f *File) word(c *bin.Cursor) uint64 {
	if f.Is64 {
		return c.U64()
	}
	return uint64(c.U32())
}

// checkTable says whether count headers of entsize bytes lie within the file.
func (f *File) checkTable(what string, off, entsize, count, need uint64) error {
	if entsize < need {
		return &bin.DecodeError{Section: f.Name, Off: off, Problem: fmt.Sprintf("%s headers of %d bytes are too small", what, entsize)}
	}
	if size := uint64(len(f.Data)); off > size || count > (size-off)/entsize {
		return &bin.DecodeError{Section: f.Name, Off: off, Problem: fmt.Sprintf("%d %s headers reach past the end of the file (%#x)", count, what, size)}
	}
	return nil
}

func (f *File) parseSegments(off, entsize, count uint64) error {
	if err := f.checkTable("program", off, entsize, count, SegmentSize(f.Is64)); err != nil {
		return err
	}
	c := bin.New(f.Name, f.Data, f.Big)
	f.Segments = ReadSegments(&c, off, entsize, count, f.Is64)
	return c.Err()
}

// SegmentSize returns the size of a program header in bytes.
func SegmentSize(is64 bool) uint64 {
	if is64 {
		return 56
	}
	return 32
}

// ReadSegments reads a table of program headers (ELF specification, "Program Header"), which begins at off and has entries of
// entsize bytes. The caller bounds count, and asks the cursor for an error.
func ReadSegments(c *bin.Cursor, off, entsize, count uint64, is64 bool) []Segment {
	word := 4
	if is64 {
		word = 8
	}
	segments := make([]Segment, count)
	for i := range segments {
		c.Seek(off + uint64(i)*entsize)
		s := &segments[i]
		s.Type = c.U32()
		if is64 {
			s.Flags = c.U32()
		}
		s.Offset, s.Vaddr, s.Paddr = c.Uint(word), c.Uint(word), c.Uint(word)
		s.Filesz, s.Memsz = c.Uint(word), c.Uint(word)
		if !is64 {
			s.Flags = c.U32()
		}
		s.Align = c.Uint(word)
	}
	return segments
}

// SegmentData returns the bytes of the segment that are in the file. Where the file is cut, they are fewer than Filesz
// and the error says so.
func (f *File) SegmentData(s *Segment) ([]byte, error) {
	size := uint64(len(f.Data))
	if s.Offset > size || s.Filesz > size-s.Offset {
		err := &bin.DecodeError{Section: f.Name, Off: s.Offset,
			Problem: fmt.Sprintf("segment of %#x bytes reaches past the end of the file (%#x)", s.Filesz, size)}
		return f.Data[min(s.Offset, size):], err
	}
	return f.Data[s.Offset : s.Offset+s.Filesz : s.Offset+s.Filesz], nil
}
