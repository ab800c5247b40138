// Package mem is the memory of what is being debugged: addresses, segments that know how to read them, and faults.
package mem

import (
	"fmt"
	"os"
)

// A FaultError says that the memory at Address can't be read, and why.
type FaultError struct {
	Message string     // what is wrong, without the address
	Address uint64     // first address that can't be read
	File    *FileError // why, if it is a mapped file that can't be read; else nil
	Vague   bool       // what of the memory around can be read is not known: a search does not pass over it
}

func (e *FaultError) Error() string { return fmt.Sprintf("%s: %#x", e.Message, e.Address) }

// Unwrap returns the error of the file, or nil.
func (e *FaultError) Unwrap() error {
	if e.File == nil {
		return nil
	}
	return e.File
}

// A ReadFunc fills buf with the memory at address. Offset counts from the start of the segment as it was added, and
// physical says which kind of address it is. The range never reaches beyond the segment. Its errors reach the caller
// of [Space.Read] unchanged; it must be safe for several goroutines at once and must not keep buf.
type ReadFunc func(buf []byte, address, offset uint64, physical bool) error

// A Viewer gives sight of memory without copying it: a mapped file, a cache of pages.
type Viewer interface {
	// View returns the bytes from address on that are in memory already. They may reach beyond the segment, must not be
	// written to, and never change their place. No bytes and no error sends the reader to the
	// segment's ReadFunc. A failure names address, the first that can't be read. It must be safe for several goroutines
	// at once.
	View(address uint64) ([]byte, error)
}

// A Segment is a range of addresses and the means of reading it: View, Read, or View with Read where View has nothing
// at hand.
type Segment struct {
	Min, Max uint64 // first and last address
	Physical bool
	Read     ReadFunc
	View     Viewer

	// Next is [Sparse.Next] of a segment whose View is no [Sparse]; it may be nil. With it, Read has filled buf up to the address
	// that its fault names.
	Next func(address uint64) (next uint64, ok bool)

	// Live is where Read reads what runs, for those that read numbers without the way through a [Space].
	Live Live
}

// A Live says that memory is what a file has at that moment.
type Live struct {
	File  *LiveFile // nil if there is none
	Delta uint64    // added to an address, modulo 2^64, it gives the offset in the file

	// Zeros reports whether zeros in the file are memory at an address, and stay that until the next [Space.Epoch]; else Read
	// may have a fault for them. It may be nil: they always are.
	Zeros func(address uint64) bool
}

// A LiveFile is a file of the system whose bytes are the memory of what runs: /proc/kcore, /proc/PID/mem. Each pread(2) of it
// gives the bytes of that moment.
type LiveFile struct {
	// Open opens the file for a reader that has it alone and closes it. It is the same file, and the same memory, as Read
	// reads, or an error.
	Open func() (*os.File, error)
}

// check says whether a segment makes sense.
func (s *Segment) check() error {
	if s.Min > s.Max {
		return fmt.Errorf("memory segment ends (%#x) before it starts (%#x)", s.Max, s.Min)
	}
	if s.Read == nil && s.View == nil {
		return fmt.Errorf("memory segment %#x-%#x has no means of reading", s.Min, s.Max)
	}
	return nil
}

// A Range holds the addresses from Min to Max, both inclusive.
type Range struct{ Min, Max uint64 }

// Bytes is a [Viewer] of bytes in memory or in a mapped file which lie at address Min.
type Bytes struct {
	Min     uint64
	Data    []byte
	Missing string // message of the fault behind the end of Data; "could not find memory segment" if empty
}

// View returns Data from address on.
func (b *Bytes) View(address uint64) ([]byte, error) {
	off := address - b.Min
	if off >= uint64(len(b.Data)) {
		message := b.Missing
		if message == "" {
			message = notMapped
		}
		return nil, &FaultError{Message: message, Address: address}
	}
	return b.Data[off:], nil
}

// BytesSegment returns the segment of data at address min. Data must not be empty.
func BytesSegment(min uint64, data []byte, physical bool) Segment {
	return Segment{Min: min, Max: min + uint64(len(data)) - 1, Physical: physical, View: &Bytes{Min: min, Data: data}}
}

const (
	notMapped         = "could not find memory segment"
	notReadable       = "nothing to read the memory with"
	notMappedPhysical = "could not find physical memory segment"
)
