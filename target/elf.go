package target

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// maxHeaders bounds the size of the headers of an ELF file that is read in pieces, and of its notes.
const maxHeaders = 64 << 20

// parseELF reads the headers of an ELF core.
func parseELF(src kdump.Source) (*Core, error) {
	f, err := parseHeaders(src)
	if err != nil {
		return nil, err
	}
	c, err := newELF(f, func(off, n uint64) ([]byte, error) { return kdump.Slice(src, off, n) })
	if err != nil {
		return nil, err
	}
	size := src.Size()
	for i := range c.headers.loads {
		if l := &c.headers.loads[i]; l.Filesz > 0 && (l.Offset > size || l.Filesz > size-l.Offset) {
			c.Truncated = true
		}
	}
	c.headers.lay = func() {
		message := NotSaved
		if c.Kernel {
			message = "page excluded by the dump filter"
		}
		c.segments(func(l *elf.Segment, start uint64, seg mem.Segment) mem.Segment {
			seg.View = &load{src, start, l.Offset, l.Filesz, message}
			return seg
		})
	}
	c.headers.lay()
	if !c.Kernel || len(c.Notes) > 0 {
		c.headers.lay = nil // would keep the file mapped
	}
	return c, nil
}

// NotKernel makes a core without notes, which was taken for a kernel's by its physical addresses, one of a process: both addresses of
// its headers count as they stand.
func (c *Core) NotKernel() {
	c.Kernel = false
	if c.headers.lay != nil {
		c.headers.lay()
	}
	c.headers.lay = nil
}

// NotSaved is the message of a fault where a process's core lacks memory that the process had.
const NotSaved = "memory not saved in core dump"

// parseHeaders parses as much of the file as holds the headers, unless all of it is in memory anyway.
func parseHeaders(src kdump.Source) (*elf.File, error) {
	size := src.Size()
	if b := src.View(0); uint64(len(b)) == size {
		f, err := elf.Parse(src.Name(), b)
		return f, badHeader(src.Name(), b, err)
	}
	for n := uint64(1 << 16); ; n *= 16 {
		b, err := kdump.Slice(src, 0, min(n, size))
		if err != nil {
			return nil, err
		}
		f, err := elf.Parse(src.Name(), b)
		if err == nil || n >= size || n >= maxHeaders {
			return f, badHeader(src.Name(), b, err)
		}
	}
}

// badHeader returns the error of a file whose first bytes are those of ELF: without a header that says how it is to be read, it is no core.
func badHeader(path string, b []byte, err error) error {
	const class, order, version = 4, 5, 6 // in e_ident
	size := 52
	if len(b) > class && b[class] == 2 {
		size = 64
	}
	damaged := len(b) < size || b[class] != 1 && b[class] != 2 || b[order] != 1 && b[order] != 2 || b[version] != 1
	if err == nil || !damaged {
		return err
	}
	return &FormatError{Path: path, What: fmt.Sprintf("an ELF file with a damaged header (%v)", err)}
}

// newELF makes a Core of the headers, without segments yet; read gives bytes of the file.
func newELF(f *elf.File, read func(off, n uint64) ([]byte, error)) (*Core, error) {
	if f.Type != elf.ET_CORE {
		what := "an ELF file, but no core"
		switch f.Type {
		case elf.ET_EXEC, elf.ET_DYN:
			what = "an ELF executable or library"
		case elf.ET_REL:
			what = "an ELF object file"
		}
		return nil, &FormatError{Path: f.Name, What: what}
	}
	var damaged []error
	c := &Core{Path: f.Name, Platform: arch.ByMachine(f.Machine, arch.FlagsOf(f.Is64, f.Big)), Is64: f.Is64, Big: f.Big}
	for i := range f.Segments {
		s := &f.Segments[i]
		switch s.Type {
		case elf.PT_LOAD:
			if s.Memsz > 0 {
				l := *s
				l.Filesz = min(l.Filesz, l.Memsz) // more than that in the file is no memory
				c.headers.loads = append(c.headers.loads, l)
			}
		case elf.PT_NOTE:
			if s.Filesz > maxHeaders {
				damaged = append(damaged, &bin.DecodeError{Section: f.Name, Off: s.Offset, Problem: fmt.Sprintf("notes of %#x bytes are too large", s.Filesz)})
				continue
			}
			data, err := read(s.Offset, s.Filesz)
			if err != nil {
				damaged = append(damaged, err)
				continue
			}
			for note, err := range elf.Notes(f.Name+" notes", data, f.Big, s.Align) {
				if err != nil {
					damaged = append(damaged, err)
					break
				}
				c.Notes = append(c.Notes, Note(note))
			}
		}
	}
	c.readNotes()
	if len(damaged) > 0 {
		c.headers.lost = &LostNotesError{errors.Join(damaged...)}
	}
	for _, err := range damaged {
		c.Problems = append(c.Problems, &LostNotesError{err})
	}
	return c, nil
}

// A LostNotesError says that notes of an ELF core can't be read, such as those that gdb writes to its end, of one that is cut. They tell what
// kind of core it is, of its threads and of what is mapped.
type LostNotesError struct {
	Err error // why
}

func (e *LostNotesError) Error() string { return "notes of the core are lost: " + e.Err.Error() }

// Unwrap returns why.
func (e *LostNotesError) Unwrap() error { return e.Err }

// Executable reports whether the file says that bytes at a virtual address could be run, be they saved or not.
func (c *Core) Executable(address uint64) bool {
	for i := range c.headers.loads {
		if s := &c.headers.loads[i]; s.Flags&elf.PF_X != 0 && address-s.Vaddr < s.Memsz {
			return true
		}
	}
	return false
}

// readNotes finds VMCOREINFO among the notes and tells kernels from processes.
func (c *Core) readNotes() {
	process := false
	for _, n := range c.Notes {
		switch {
		case n.Name == "ERASEINFO":
			text, _, _ := bytes.Cut(n.Desc, []byte{0})
			c.addErased(text)
		case n.Name == "CORE" && slices.Contains([]uint32{NT_PRPSINFO, NT_AUXV, NT_FILE}, n.Type):
			process = true
		case n.Name == "VMCOREINFO":
			info, _, _ := bytes.Cut(n.Desc, []byte{0})
			c.VMCOREINFO = info
			c.Kernel = true
		case n.Name == "QEMU", // dump-guest-memory
			n.Name == "CORE" && n.Type == NT_TASK: // /proc/kcore
			c.Kernel = true
		}
	}
	if !process && !c.Kernel {
		c.Kernel = c.physicalKnown()
	}
}

// physicalKnown reports whether the headers hold physical addresses: those of a process's core, and of old kernels'
// /proc/kcore, are all zero. So they are in QEMU's dump of a machine whose memory begins at 0 and has no gap, which says nothing of
// virtual addresses either, and of some machines has no note of QEMU.
func (c *Core) physicalKnown() bool {
	if c.physicalSaid() {
		return true
	}
	return len(c.headers.loads) == 1 && (c.Kernel || c.headers.loads[0].Vaddr == 0 && c.headers.loads[0].Filesz > 0)
}

func (c *Core) physicalSaid() bool {
	return slices.ContainsFunc(c.headers.loads, func(l elf.Segment) bool { return l.Paddr != 0 })
}

// segments makes the segments from the program headers; reader completes one with the means of reading it, start being
// the segment's address before it was cut at the end of the address space.
//
// A dump by QEMU without the guest's page tables has virtual addresses that are zero or the physical ones: they mean
// nothing. An architecture whose kernel is really mapped so (s390x) reads through its page tables. A physical address
// of all ones says that there is none (vmalloc memory in /proc/kcore). What is not a kernel's has the addresses that it says.
func (c *Core) segments(reader func(l *elf.Segment, start uint64, seg mem.Segment) mem.Segment) {
	last := ^uint64(0)
	if !c.Is64 {
		last = 1<<32 - 1
	}
	c.Virtual, c.Physical = nil, nil
	physical := c.physicalSaid() || c.Kernel && c.physicalKnown()
	for i := range c.headers.loads {
		l := &c.headers.loads[i]
		// A program header of 32 bits has physical addresses of 32 bits, too.
		hasPhysical := physical && l.Paddr != last
		hasVirtual := !c.Kernel || l.Vaddr != l.Paddr && (l.Vaddr != 0 || !hasPhysical)
		if hasVirtual && l.Vaddr <= last {
			seg := mem.Segment{Min: l.Vaddr, Max: l.Vaddr + min(l.Memsz-1, last-l.Vaddr)}
			c.Virtual = append(c.Virtual, reader(l, l.Vaddr, seg))
		}
		if hasPhysical {
			seg := mem.Segment{Min: l.Paddr, Max: l.Paddr + min(l.Memsz-1, ^uint64(0)-l.Paddr), Physical: true}
			c.Physical = append(c.Physical, reader(l, l.Paddr, seg))
		}
	}
}

// load views the memory of a PT_LOAD segment in the file.
type load struct {
	src     kdump.Source
	start   uint64 // address
	off     uint64 // in the file
	filesz  uint64
	missing string // message of the fault where memory was not saved
}

// View returns the rest of the saved memory, or of the piece of a flattened file, that holds address.
func (l *load) View(address uint64) ([]byte, error) {
	at := address - l.start
	if at >= l.filesz {
		return nil, &mem.FaultError{Message: l.missing, Address: address}
	}
	b := l.src.View(l.off + at)
	if len(b) == 0 || l.off+at < at {
		return nil, &mem.FaultError{Message: fmt.Sprintf("short read from memory file: %s is truncated at %#x", l.src.Name(), l.src.Size()), Address: address}
	}
	if left := l.filesz - at; uint64(len(b)) > left {
		b = b[:left]
	}
	return b, nil
}

// Next says whether there is readable memory behind address: it all lies at the start of the segment.
func (l *load) Next(address uint64) (uint64, bool) {
	at := address - l.start
	return address, at < l.filesz && len(l.src.View(l.off+at)) > 0
}
