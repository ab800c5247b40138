// Package target opens what has memory: it looks what a core file is and gives its memory and notes in one form.
package target

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// Types of notes named "CORE" and "LINUX" in core files.
const (
	NT_PRSTATUS = 1
	NT_FPREGSET = 2
	NT_PRPSINFO = 3
	NT_TASK     = 4
	NT_AUXV     = 6
	NT_SIGINFO  = 0x53494749
	NT_FILE     = 0x46494c45
)

// A Core is an open core file: memory of a kernel or of a process. It serves any number of goroutines until Close.
type Core struct {
	Path string
	// Platform is the instruction set with the word size and byte order of the headers. QEMU's kdump files say x86-64 of
	// every 64-bit guest: VMCOREINFO overrides them.
	Platform arch.Platform
	Is64     bool
	Big      bool // byte order of the file's headers; QEMU writes big-endian ones for little-endian ppc64 guests
	Kernel   bool // memory of a kernel, not of a process
	Live     bool // memory of the running kernel (/proc/kcore)
	Kdump    bool // kdump-compressed format

	// Truncated says that the file ends before the memory its headers announce; reading that memory is a fault.
	Truncated bool

	// Problems says what is wrong with the file or missing that does not keep the rest from being read: a *MissingPartError
	// for each range of memory whose file of a split dump is missing, for instance.
	Problems []error

	// Notes holds all notes in the file's order. NT_PRSTATUS comes once for each CPU of a kernel that was saved, or once
	// for each thread of a process, with the thread's other notes after it.
	Notes []Note

	// VMCOREINFO is the kernel's description of itself, lines of KEY=VALUE; nil if the file has none.
	VMCOREINFO []byte

	// Virtual and Physical are the segments of memory, in the file's order: later ones lie over earlier ones. Most
	// kernel dumps are of physical memory only.
	Virtual, Physical []mem.Segment

	headers headers
	closers []func() error
}

// Close closes what was opened in /proc, whose memory can't be read afterwards. A file that is mapped is unmapped once
// nothing refers to the core's segments any more: whoever reads the bytes that a segment's View returns must refer to the
// segment until it is done.
func (c *Core) Close() error {
	closer := c.Closer()
	c.closers = nil
	return closer()
}

// ByteOrder returns the byte order of the numbers in the file's headers and notes.
func (c *Core) ByteOrder() binary.ByteOrder {
	if c.Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Closer returns what does the same as Close without referring to the core's segments.
func (c *Core) Closer() func() error {
	closers := c.closers
	return func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
}

// headers is what the headers of a file say of memory beyond segments.
type headers struct {
	loads    []elf.Segment // PT_LOAD of an ELF core
	physBase *uint64       // of a kdump-compressed file
	part     *kdump.File   // of a split dump, until its files are joined
	image    bool
	lost     error  // of notes
	lay      func() // makes the segments of an ELF core anew; nil where it is known whose it is
}

// PhysBase returns x86's phys_base as the sub-header of a kdump-compressed file says it: what is added to an address of the
// kernel's image, less __START_KERNEL_map, for its physical one. It is nil in other formats.
func (c *Core) PhysBase() *uint64 { return c.headers.physBase }

// LostNotes says why some of an ELF core's notes can't be read, or is nil: what is in none of [Core.Notes] may have been among them.
func (c *Core) LostNotes() error { return c.headers.lost }

// IsImage reports whether the file holds nothing but memory: then its platform is not known.
func (c *Core) IsImage() bool { return c.headers.image }

// A Load is a range of memory of which the headers of an ELF core say both addresses.
type Load struct{ Virtual, Physical, Size uint64 }

// Loads returns the ranges of memory of an ELF core, its PT_LOAD headers, in the file's order.
func (c *Core) Loads() []Load {
	var loads []Load
	for i := range c.headers.loads {
		l := &c.headers.loads[i]
		loads = append(loads, Load{l.Vaddr, l.Paddr, l.Memsz})
	}
	return loads
}

// Space returns a new space with the core's segments, its addresses of 32 or 64 bits.
func (c *Core) Space() (*mem.Space, error) {
	s := mem.NewSpace()
	if !c.Is64 {
		s.SetAddressMask(1<<32 - 1)
	}
	if err := s.Add(c.Virtual...); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	if err := s.Add(c.Physical...); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path, err)
	}
	return s, nil
}

// Descs iterates over the contents of the notes of a name ("CORE", "LINUX", …) and type, in the file's order.
func (c *Core) Descs(name string, typ uint32) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, n := range c.Notes {
			if n.Name == name && n.Type == typ && !yield(n.Desc) {
				return
			}
		}
	}
}

// maxErased is how many of the things that were erased an error lists.
const maxErased = 20

// addErased says what makedumpfile --config erased, given its own lines: "erase saved_command_line size 66".
func (c *Core) addErased(lines []byte) {
	if len(lines) == 0 {
		return
	}
	e := &ErasedError{Path: c.Path}
	for line := range bytes.Lines(lines) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			e.Erased = append(e.Erased, strings.ToValidUTF8(string(line[:min(len(line), 200)]), "?"))
		}
	}
	c.Problems = append(c.Problems, e)
}

// An ErasedError says that parts of memory were overwritten before the dump was written.
type ErasedError struct {
	Path   string
	Erased []string // as makedumpfile says it
}

func (e *ErasedError) Error() string {
	some := e.Erased[:min(len(e.Erased), maxErased)]
	text := fmt.Sprintf("parts of %s were erased by makedumpfile --config and read as letters X: %s", e.Path, strings.Join(some, ", "))
	if more := len(e.Erased) - len(some); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// A Note is a note of a core file (ELF specification, "Note Section").
type Note struct {
	Name string // who defines the type: "CORE", "LINUX", "VMCOREINFO"
	Type uint32
	Desc []byte // its contents
}

// A FormatError says that a file is no core dump, or of a kind that can't be read: [failure.FormatError].
type FormatError = failure.FormatError
