package machine

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/godrgn/drgn/mem"
)

// A tableWalk walks page tables: trees of tables whose entries lead to a table of the level below, or map a block of memory, or neither.
// What is the same on all machines is here; a machine says how many tables there are above each other, which of them an address space
// begins with, and what an entry says.
type tableWalk struct {
	physical *mem.Space
	root     uint64       // physical address of the kernel's own topmost table
	big      bool         // entries are big-endian
	word     uint         // bytes of an entry: 4 or 8
	levels   []tableLevel // the topmost first
	perCPU   uint64       // physical addresses below it are those of memory that each CPU has of its own

	// space returns the part of the address space under a root that has an address, and its topmost table; if none has it, the first
	// part after it, or the last one.
	space func(root, address uint64) (table uint64, space *tableSpace)

	// read says what an entry is in a table of a level, which is the index in levels.
	read func(entry uint64, level int) tableEntry
}

// A tableLevel is what the tables of a level have in common: an entry maps 1<<shift bytes, of 1<<index entries.
type tableLevel struct{ shift, index uint }

// A tableSpace is a part of an address space: the addresses from first to last, which one table of a level maps.
type tableSpace struct {
	first, last uint64
	after       uint64 // where the next part begins; 0 if there is none
	level       int
	err         error // why the part is not known
}

// narrowSpace is the space of machines of 32 bits.
func narrowSpace(root, _ uint64) (uint64, *tableSpace) { return root, &narrowPart }

var narrowPart = tableSpace{last: 1<<32 - 1}

// twoHalves is the space of addresses of a number of bits, of which the upper half lies at the end of 64 bits. Mask has the bits of a root
// that are its address.
func twoHalves(bits uint, mask uint64) func(root, address uint64) (uint64, *tableSpace) {
	half := uint64(1) << (bits - 1)
	lower, upper := tableSpace{last: half - 1, after: -half}, tableSpace{first: -half, last: ^uint64(0)}
	return func(root, address uint64) (uint64, *tableSpace) {
		if address < half {
			return root & mask, &lower
		}
		return root & mask, &upper
	}
}

// A tableEntry is what an entry of a table says; the zero tableEntry maps nothing.
type tableEntry struct {
	table  bool   // at is the physical address of a table
	mapped bool   // at is that of what is mapped, 1<<shift bytes
	at     uint64 // of what is mapped, lower bits do not matter
	shift  uint   // 0: that of the level
}

// offset returns where the entry for an address lies in a table of a level, in bytes.
func (t *tableWalk) offset(address uint64, level int) uint64 {
	l := t.levels[level]
	return address >> (l.shift & 63) & (1<<(l.index&63) - 1) * uint64(t.word)
}

// Translate walks the page tables down from root.
func (t *tableWalk) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	table, space := t.space(root, address)
	if space.err != nil {
		return 0, 0, unreadable(space.err, len(t.levels)-space.level, address)
	}
	if address < space.first || address > space.last {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	level := space.level
	var e tableEntry
	err = t.physical.Follow(table+t.offset(address, level), int(t.word), t.big, true, func(entry uint64) (uint64, bool) {
		if e = t.read(entry, level); !e.table || level == len(t.levels)-1 {
			return 0, false
		}
		level++
		return e.at + t.offset(address, level), true
	})
	switch {
	case err != nil:
		return 0, 0, unreadable(err, len(t.levels)-level, address)
	case e.mapped:
		size := uint64(1) << cmp.Or(e.shift, t.levels[level].shift)
		in := address & (size - 1)
		if physical = e.at&^(size-1) + in; physical < t.perCPU {
			return 0, 0, &mem.FaultError{Message: PerCPU, Address: address}
		}
		return physical, size - in, nil
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// unreadable makes the fault of a page table that of the address whose translation needs it. The lowest level is 1.
func unreadable(err error, level int, address uint64) error {
	var fault *mem.FaultError
	if !errors.As(err, &fault) {
		return fmt.Errorf("cannot read the level %d page table of address %#x: %w", level, address, err)
	}
	return &mem.FaultError{
		Message: fmt.Sprintf("cannot read the level %d page table (%s: physical %#x)", level, fault.Message, fault.Address), Address: address, File: fault.File,
	}
}

// Next walks the page tables from the entries for an address on.
func (t *tableWalk) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	for {
		table, space := t.space(root, address)
		if space.err != nil {
			return 0, false
		}
		if at, ok := t.first(table, space, address); ok || space.after == 0 {
			return at, ok
		}
		address = space.after
	}
}

// first returns the first address from one on that is mapped in a part of an address space.
func (t *tableWalk) first(table uint64, space *tableSpace, address uint64) (uint64, bool) {
	if address > space.last {
		return 0, false
	}
	s := tableSearch{t, space.last, map[tableAt]bool{}}
	return s.first(table, max(address, space.first), space.level)
}

// A tableSearch looks for the first address that is mapped.
type tableSearch struct {
	*tableWalk
	last  uint64           // address that may be it
	empty map[tableAt]bool // tables that map nothing: many entries may lead to one
}

// A tableAt is a table of a level at a physical address.
type tableAt struct {
	table uint64
	level int
}

// first looks in a table of a level for an address, or what comes after it. Of a part that can't be read, no entry is.
func (s *tableSearch) first(table, address uint64, level int) (uint64, bool) {
	if s.empty[tableAt{table, level}] {
		return 0, false
	}
	l, word := s.levels[level], uint64(s.word)
	size, offset := word<<l.index, s.offset(address, level)
	all := address&(1<<(l.shift+l.index)-1) == 0
	block := address >> l.shift << l.shift // what an entry maps
	part := 8 * word                       // what is read at once: little at first, since mostly the first entry leads on
	unused, known := uint64(0), false      // an entry that maps nothing: most of them are the same
	for offset < size {
		n := min(part-offset%part, size-offset)
		entries := make([]byte, n)
		err := s.physical.Read(entries, table+offset, true)
		offset, part = offset+n, 4096
		for ; len(entries) > 0; entries = entries[word:] {
			if entry := s.integer(entries); err == nil && (!known || entry != unused) {
				e := s.read(entry, level)
				at := max(address, block)
				if own := e.at &^ (1<<l.shift - 1); e.mapped && own < s.perCPU {
					at = max(at, block+s.perCPU-own)
					e.mapped = at-block < 1<<l.shift
				}
				switch {
				case e.mapped:
					return at, true
				case e.table && level < len(s.levels)-1:
					if at, ok := s.first(e.at, at, level+1); ok {
						return at, true
					}
				default:
					unused, known = entry, true
				}
			}
			if block += 1 << l.shift; block-1 >= s.last {
				return 0, false
			}
		}
	}
	if all {
		s.empty[tableAt{table, level}] = true
	}
	return 0, false
}

// integer returns the first entry in a part of a table.
func (t *tableWalk) integer(b []byte) uint64 {
	switch {
	case t.word == 8 && t.big:
		return binary.BigEndian.Uint64(b)
	case t.word == 8:
		return binary.LittleEndian.Uint64(b)
	case t.big:
		return uint64(binary.BigEndian.Uint32(b))
	}
	return uint64(binary.LittleEndian.Uint32(b))
}

// findRoot returns where the topmost table of the kernel lies of which the virtual address is known: at the one of the physical addresses
// that, if it is the table, is what the table itself maps at the virtual one.
func (t *tableWalk) findRoot(virtual uint64, physical func(yield func(uint64) bool)) (root uint64, ok bool) {
	for root := range physical {
		if at, _, err := t.Translate(root, virtual); err == nil && at == root {
			return root, true
		}
	}
	return 0, false
}
