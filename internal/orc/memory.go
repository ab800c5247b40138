package orc

import (
	"encoding/binary"

	"github.com/godrgn/drgn/internal/cfi"
)

// An InMemory finds entries in the memory of a kernel, which has sorted them: those of a module without a file, or of the
// kernel itself. It reads no more than the entries that a search passes, so that it costs nothing to open and nothing
// that is kept can become old.
type InMemory struct {
	Memory  cfi.Memory
	Layout  *Layout
	IP      uint64 // address of the entries' addresses, each relative to its own place
	Entries uint64 // address of the entries
	Count   uint64 // number of entries
}

// FindRow returns the row for a program counter, or nil if the tables say nothing about it. It fails when they can't be
// read, and with a [*bin.DecodeError] on a malformed entry.
func (t InMemory) FindRow(pc uint64) (*cfi.Row, error) {
	i, start, end, err := t.search(pc)
	if start == 0 || err != nil {
		return nil, err
	}
	row := &cfi.Row{Start: start, End: end, ReturnAddress: rip}
	var b [entrySize]byte
	first, err := t.Memory.Uint(t.Entries+i*entrySize, 4)
	if err != nil {
		return nil, err
	}
	last, err := t.Memory.Uint(t.Entries+i*entrySize+4, 2)
	if err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(b[:], uint32(first))
	binary.LittleEndian.PutUint16(b[4:], uint16(last))
	return t.Layout.decode(b).row(row, i)
}

// search returns the number of the entry for a program counter, and from where on and up to where it counts; start is 0 if there is none.
func (t InMemory) search(pc uint64) (i, start, end uint64, err error) {
	low, high := uint64(0), t.Count // the entry is before high, and low-1 if that is any
	end = ^uint64(0)
	for low < high {
		middle := low + (high-low)/2
		at, err := t.at(middle)
		if err != nil {
			return 0, 0, 0, err
		}
		if at <= pc {
			low, start = middle+1, at
		} else {
			high, end = middle, at
		}
	}
	return low - 1, start, end, nil
}

// Gap returns the first and the last address around a program counter of which the tables say as little as of it.
func (t InMemory) Gap(pc uint64) (first, last uint64, err error) {
	_, start, end, err := t.search(pc)
	return start, end - 1, err
}

// at returns the address of an entry.
func (t InMemory) at(i uint64) (uint64, error) {
	place := t.IP + i*ipSize
	off, err := t.Memory.Uint(place, ipSize)
	return place + uint64(int64(int32(off))), err
}

// maxCount bounds the number of entries that are read together: a kernel has some 400,000.
const maxCount = 1 << 24

// RecognizeInMemory finds out the layout of count entries in memory, as [Recognize] does; header is the address of
// .orc_header, or 0.
func RecognizeInMemory(m cfi.Memory, header, entries, count uint64) (*Layout, error) {
	var head []byte
	if header != 0 {
		var err error
		if head, err = read(m, header, headerSize); err != nil {
			return nil, err
		}
		if f, ok := headers[string(head)]; ok {
			return &layouts[f], nil
		}
	}
	all, err := read(m, entries, min(count, maxCount)*entrySize)
	if err != nil {
		return nil, err
	}
	return Recognize(head, all)
}

// headerSize is the size of .orc_header in bytes, that of a SHA-1.
const headerSize = 20

// read reads bytes, an even number. It allocates no more than it could read.
func read(m cfi.Memory, address, size uint64) (data []byte, err error) {
	for off := uint64(0); off < size; off += 2 {
		v, err := m.Uint(address+off, 2)
		if err != nil {
			return nil, err
		}
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return data, nil
}
