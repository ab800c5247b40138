package machine

import (
	"encoding/binary"

	"github.com/godrgn/drgn/mem"
)

// A tableWalk walks the page tables of a machine on which all tables of a level are alike: entries, each of which leads to a table of the
// level below, or maps a block of memory, or neither.
type tableWalk struct {
	physical *mem.Space
	root     uint64 // physical address of the kernel's own topmost table
	order    binary.ByteOrder
	word     uint                                     // bytes of an entry: 4 or 8
	bits     uint                                     // of an address, at most 63
	levels   []tableLevel                             // the topmost first
	read     func(entry uint64, level int) tableEntry // level is the index in levels
}

// A tableLevel is what the tables of a level have in common: an entry maps 1<<shift bytes, of 1<<index entries.
type tableLevel struct{ shift, index uint }

// A tableEntry is what an entry of a table says; the zero tableEntry maps nothing.
type tableEntry struct {
	table  bool // at is the physical address of a table
	mapped bool // at is that of what is mapped, 1<<shift bytes
	at     uint64
	shift  uint // 0: that of the level
}

// entry reads the entry for an address in a table of a level.
func (t *tableWalk) entry(table, address uint64, level int) (tableEntry, error) {
	l := t.levels[level]
	entry, err := t.physical.Uint(table+t.offset(address, level), int(t.word), t.order == binary.BigEndian, true)
	if err != nil {
		return tableEntry{}, err
	}
	e := t.read(entry, level)
	if e.shift == 0 {
		e.shift = l.shift
	}
	return e, nil
}

// offset returns where the entry for an address lies in a table of a level, in bytes.
func (t *tableWalk) offset(address uint64, level int) uint64 {
	l := t.levels[level]
	return address >> l.shift & (1<<l.index - 1) * uint64(t.word)
}

// Translate walks the page tables down from root.
func (t *tableWalk) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	if address>>t.bits != 0 {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	for level := range t.levels {
		e, err := t.entry(root, address, level)
		switch {
		case err != nil:
			return 0, 0, unreadable(err, len(t.levels)-level, address)
		case e.mapped:
			in := address & (1<<e.shift - 1)
			return e.at + in, 1<<e.shift - in, nil
		case !e.table:
			return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
		}
		root = e.at
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// Next walks the page tables, and looks for the next entry in the table where the walk ends.
func (t *tableWalk) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	for address>>t.bits == 0 {
		mapped, next := t.walk(root, address)
		if mapped {
			return address, true
		}
		address = next
	}
	return 0, false
}

// walk reports whether an address is mapped and, if not, a greater one before which none is.
func (t *tableWalk) walk(table, address uint64) (mapped bool, next uint64) {
	for level, l := range t.levels {
		end := func(shift uint) uint64 { return address>>shift<<shift + 1<<shift }
		e, err := t.entry(table, address, level)
		switch {
		case err != nil: // of a table that is not there, no entry is
			return false, end(l.shift + l.index)
		case e.mapped:
			return true, 0
		case !e.table:
			return false, t.skip(table, end(l.shift), end(l.shift+l.index), level)
		}
		table = e.at
	}
	return false, address + 1
}

// skip returns the first address from one on for which a table of a level has an entry that is used; limit if there is none before it.
func (t *tableWalk) skip(table, address, limit uint64, level int) uint64 {
	l := t.levels[level]
	rest := make([]byte, (limit-address)>>l.shift*uint64(t.word))
	if len(rest) == 0 || t.physical.Read(rest, table+t.offset(address, level), true) != nil {
		return address
	}
	for ; len(rest) > 0; rest = rest[t.word:] {
		entry := uint64(t.order.Uint32(rest))
		if t.word == 8 {
			entry = t.order.Uint64(rest)
		}
		if e := t.read(entry, level); e.table || e.mapped {
			break
		}
		address += 1 << l.shift
	}
	return address
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
