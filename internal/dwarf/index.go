package dwarf

import (
	"bytes"
	"encoding/binary"
)

// An index is where names, units and code are, as bytes that may come from the cache: always little-endian, laid out as
// follows. It holds offsets and addresses of the file only, nothing of where the file lies in a program:
//
//	header   magic[8] nUnits nEntries nBuckets nFiles nScopes nRanges nPool flags uint32 splitHash uint64
//	units    nUnits × offset uint64
//	ranges   nRanges × {low, high uint64; unit, 0 uint32}, ascending, disjoint
//	entries  nEntries × {die uint64; hash, name, file, scope uint32}, by hash, name, kind and die
//	buckets  (nBuckets+1) × number of the first entry whose hash has these high bits, uint32
//	files    nFiles × place of the path in the pool, uint32
//	scopes   nScopes × {parent, place of the name in the pool, uint32}
//	pool     strings ended by NUL
//
// The low 48 bits of die are the DIE's offset, then come 8 bits of flags and 8 bits of kind. name is a place in
// .debug_str or, with the flag flagPool, in the pool. Numbers of files and scopes count from 1.
type index struct {
	data    []byte
	units   []byte
	ranges  []byte
	entries []byte
	buckets []byte
	files   []byte
	scopes  []byte
	pool    []byte
	cpp     bool
	split   bool // there are units whose contents are in other files, of which splitHash is the hash

	splitHash uint64

	shift uint // hash >> shift is the bucket
}

const (
	indexMagic  = "godrgn\x00\x0b" // the last byte is the version of the layout and of what is indexed
	headerSize  = 48
	entrySize   = 24
	rangeSize   = 24
	dieBits     = 48
	flagKnown   = 1 << 48
	flagPool    = 1 << 49
	bucketLoad  = 4
	maxIndexDIE = 1<<dieBits - 1
	indexCPP    = 1 // flag in the header: units without a language are C++
	indexSplit  = 2 // flag in the header: there are units whose contents are in other files
)

// entry is a decoded entry of an index.
type entry struct {
	die               uint64
	kind              uint8
	known, inPool     bool
	hash, name        uint32
	file, scope, nume uint32
}

// hashName is FNV-1a.
func hashName(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>15
}

// parseIndex checks the bytes' layout; whether they are whole, the cache has checked.
func parseIndex(data []byte) (*index, bool) {
	if len(data) < headerSize || string(data[:8]) != indexMagic {
		return nil, false
	}
	n := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(data[8+4*i:])) }
	ix := &index{data: data}
	rest := data[headerSize:]
	ix.splitHash = binary.LittleEndian.Uint64(data[headerSize-8:])
	ok := true
	take := func(size uint64) []byte {
		if size > uint64(len(rest)) {
			ok = false
			return nil
		}
		b := rest[:size:size]
		rest = rest[size:]
		return b
	}
	ix.units = take(n(0) * 8)
	ix.ranges = take(n(5) * rangeSize)
	ix.entries = take(n(1) * entrySize)
	ix.buckets = take((n(2) + 1) * 4)
	ix.files = take(n(3) * 4)
	ix.scopes = take(n(4) * 8)
	ix.pool = take(n(6))
	nb := n(2)
	ix.cpp, ix.split = n(7)&indexCPP != 0, n(7)&indexSplit != 0
	if !ok || len(rest) != 0 || nb == 0 || nb&(nb-1) != 0 || len(ix.pool) == 0 || ix.pool[len(ix.pool)-1] != 0 {
		return nil, false
	}
	ix.shift = 32
	for ; nb > 1; nb >>= 1 {
		ix.shift--
	}
	return ix, true
}

func (ix *index) numEntries() int { return len(ix.entries) / entrySize }

func (ix *index) entry(i int) entry {
	b := ix.entries[i*entrySize : i*entrySize+entrySize]
	le := binary.LittleEndian
	die := le.Uint64(b)
	return entry{die & maxIndexDIE, uint8(die >> 56), die&flagKnown != 0, die&flagPool != 0,
		le.Uint32(b[8:]), le.Uint32(b[12:]), le.Uint32(b[16:]), le.Uint32(b[20:]), uint32(i)}
}

// text returns a string of the pool.
func (ix *index) text(at uint32) []byte {
	if uint64(at) >= uint64(len(ix.pool)) {
		return nil
	}
	b, _, _ := bytes.Cut(ix.pool[at:], []byte{0})
	return b
}

// file returns the path of a file number, "" for none.
func (ix *index) file(n uint32) string {
	if n == 0 || uint64(n) > uint64(len(ix.files)/4) {
		return ""
	}
	return string(ix.text(binary.LittleEndian.Uint32(ix.files[4*(n-1):])))
}

// scope returns parent and name of a scope number.
func (ix *index) scope(n uint32) (parent uint32, name []byte) {
	if n == 0 || uint64(n) > uint64(len(ix.scopes)/8) {
		return 0, nil
	}
	b := ix.scopes[8*(n-1):]
	return binary.LittleEndian.Uint32(b), ix.text(binary.LittleEndian.Uint32(b[4:]))
}

// bucket returns the entries that may have the hash.
func (ix *index) bucket(hash uint32) (from, to int) {
	i := uint64(hash) >> ix.shift
	le := binary.LittleEndian
	n := ix.numEntries()
	from = min(int(le.Uint32(ix.buckets[4*i:])), n)
	to = min(int(le.Uint32(ix.buckets[4*i+4:])), n)
	return from, to
}

// entryName returns the name of an entry.
func (f *File) entryName(e *entry) []byte {
	if e.inPool {
		return f.byName.index.Load().text(e.name)
	}
	b, err := cstring(".debug_str", f.sec.Str, uint64(e.name))
	if err != nil {
		return nil
	}
	return b
}

// loadUnits takes the units' offsets from an index; they must ascend.
func (f *File) loadUnits(ix *index) bool {
	n := len(ix.units) / 8
	offs := make([]uint64, n)
	last := uint64(0)
	for i := range offs {
		offs[i] = binary.LittleEndian.Uint64(ix.units[8*i:])
		if i > 0 && offs[i] <= last {
			return false
		}
		last = offs[i]
	}
	f.setUnits(offs)
	return true
}
