package dwarf

import (
	"bytes"
	"hash/maphash"
	"math"
)

// slot is an entry while the index is built.
type slot struct {
	name  uint64 // offset in .debug_str, or inlineName and the offset in nameTable.texts; the DIE's name
	die   uint64
	file  uint32
	scope uint32
	extra uint32 // what else tells types apart: line and size; of a variable: its line; of a function that has code: where, or the DIE; of a constant: the line of its type
	kind  uint8
	known bool // has an address or value
}

// hashed is extra as far as it keeps slots apart.
func (e *slot) hashed() uint32 {
	if e.kind == ixConstant {
		return 0
	}
	return e.extra
}

// nameTable is a set of slots: all that have the same name, kind, file and scope, and types that have the same extra, are one.
type nameTable struct {
	slots []slot
	table []uint64 // open addressing: upper half of the hash and, below it, the number of the slot from 1; 0 is free
	texts []byte   // inline names, each ended by a NUL
}

func (t *nameTable) keep(b []byte) uint64 {
	at := len(t.texts)
	t.texts = append(append(t.texts, b...), 0)
	return uint64(at)
}

// tableSeed keeps files from choosing names that fall on the same place.
var tableSeed = maphash.Comparable(hashSeed, 0)

func (e *slot) hash(key uint64) uint64 {
	h := (key^tableSeed)*0x9e3779b97f4a7c15 ^ uint64(e.kind)<<56 ^ uint64(e.file)<<24 ^ uint64(e.scope) ^ uint64(e.hashed())<<20
	h *= 0xff51afd7ed558ccd
	return h ^ h>>32
}

// add records e unless there is the like of it; text is the name when it is inline, and e.name its key. It returns
// whether e is new.
func (t *nameTable) add(e *slot, text []byte) bool {
	if len(t.slots)*2 >= len(t.table) {
		t.grow()
	}
	h := e.hash(e.name)
	mask := uint64(len(t.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		x := t.table[i]
		if x == 0 {
			t.slots = append(t.slots, *e)
			if e.name&inlineName != 0 {
				t.slots[len(t.slots)-1].name = inlineName | t.keep(text)
			}
			t.table[i] = h&^math.MaxUint32 | uint64(len(t.slots))
			return true
		}
		if (x^h)>>32 != 0 {
			continue
		}
		o := &t.slots[x&math.MaxUint32-1]
		if o.kind != e.kind || o.file != e.file || o.scope != e.scope || !t.sameName(o, e, text) {
			continue
		}
		if o.extra != e.extra && e.kind != ixConstant {
			continue
		}
		if e.known && !o.known {
			o.die, o.known = e.die, true
		}
		return o.extra != e.extra
	}
}

func (t *nameTable) sameName(o, e *slot, text []byte) bool {
	if e.name&inlineName == 0 || o.name&inlineName == 0 {
		return o.name == e.name
	}
	return bytes.Equal(t.text(o.name), text)
}

// text returns an inline name.
func (t *nameTable) text(name uint64) []byte {
	b := t.texts[name&^inlineName:]
	return b[:bytes.IndexByte(b, 0)]
}

func (t *nameTable) grow() {
	t.table = make([]uint64, max(1<<14, 2*len(t.table)))
	mask := uint64(len(t.table) - 1)
	for j := range t.slots {
		o := &t.slots[j]
		key := o.name
		if key&inlineName != 0 {
			key = inlineRef(t.text(key)).key
		}
		h := o.hash(key)
		i := h & mask
		for t.table[i] != 0 {
			i = (i + 1) & mask
		}
		t.table[i] = h&^math.MaxUint32 | uint64(j+1)
	}
}
