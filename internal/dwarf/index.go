package dwarf

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
)

// An index is where names, units and code are, as bytes that may come from the cache: always little-endian, laid out
//
//	header   magic[8] crc32 nUnits nEntries nBuckets nFiles nScopes nRanges nPool flags 0 uint32
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
	shift   uint // hash >> shift is the bucket
}

const (
	indexMagic  = "godrgn\x00\x01"
	headerSize  = 48
	entrySize   = 24
	rangeSize   = 24
	dieBits     = 48
	flagKnown   = 1 << 48
	flagPool    = 1 << 49
	bucketLoad  = 4
	maxIndexDIE = 1<<dieBits - 1
	indexCPP    = 1 // flag in the header: units without a language are C++
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

// parseIndex checks the bytes' checksum and layout.
func parseIndex(data []byte) (*index, bool) {
	if len(data) < headerSize || string(data[:8]) != indexMagic {
		return nil, false
	}
	le := binary.LittleEndian
	if le.Uint32(data[8:]) != crc32.Checksum(data[12:], castagnoli) {
		return nil, false
	}
	n := func(i int) uint64 { return uint64(le.Uint32(data[12+4*i:])) }
	ix := &index{data: data}
	rest := data[headerSize:]
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
	ix.cpp = n(7)&indexCPP != 0
	if !ok || len(rest) != 0 || nb == 0 || nb&(nb-1) != 0 || len(ix.pool) == 0 || ix.pool[len(ix.pool)-1] != 0 {
		return nil, false
	}
	ix.shift = 32
	for ; nb > 1; nb >>= 1 {
		ix.shift--
	}
	return ix, true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

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
	b := ix.pool[at:]
	return b[:bytes.IndexByte(b, 0)]
}

// file returns the path of a file number, "" for none.
func (ix *index) file(n uint32) string {
	if n == 0 || uint64(n) > uint64(len(ix.files)/4) {
		return ""
	}
	return string(ix.text(binary.LittleEndian.Uint32(ix.files[4*(n-1):])))
}

// scopeOf returns parent and name of a scope number.
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
		return f.index.text(e.name)
	}
	b, err := cstring(".debug_str", f.sec.Str, uint64(e.name))
	if err != nil {
		return nil
	}
	return b
}

// buildIndex makes the index in one parallel pass.
func (f *File) buildIndex() ([]byte, error) {
	// Units that DIEs of other units refer to are kept only while the pass runs.
	scratch := &File{cfg: f.cfg, sec: f.sec, big: f.big, addrSize: f.addrSize, sup: f.sup, mainCPP: f.mainCPP}
	scratch.setUnits(f.unitOffs)
	sh := &shared{f: scratch, files: map[string]uint32{}, scopes: map[scopeKey]uint32{}, abbrevs: map[uint64]uint32{}}
	if err := sh.countAbbrevs(); err != nil {
		return nil, err
	}
	if err := scratch.findLanguage(); err != nil {
		return nil, err
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), len(f.unitOffs)))
	scanners := make([]*scanner, workers)
	var (
		next   atomic.Int64
		done   atomic.Uint64
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed error
		failAt = len(f.unitOffs)
	)
	total := uint64(len(f.sec.Info) + len(f.sec.Types))
	for i := range scanners {
		s := &scanner{shared: sh, tables: map[abbrevKey]*planTable{}, paths: map[[2]uint64]uint32{}}
		scanners[i] = s
		wg.Go(func() {
			for {
				first, last := f.nextBatch(&next)
				if first == last {
					return
				}
				for u := first; u < last; u++ {
					if err := s.unit(u); err != nil {
						mu.Lock()
						if u < failAt {
							failed, failAt = err, u
						}
						mu.Unlock()
						next.Store(int64(len(f.unitOffs)))
						return
					}
				}
				from, to := f.unitOffs[first], total
				if last < len(f.unitOffs) {
					to = f.unitOffs[last]
				}
				if f.cfg.Release != nil && to <= uint64(len(f.sec.Info)) {
					f.cfg.Release(f.sec.Info[from:to])
				}
				n := done.Add(to - from)
				if f.cfg.Progress != nil {
					mu.Lock()
					f.cfg.Progress(n, total)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return nil, failed
	}
	ranges, err := scratch.codeRanges()
	if err != nil {
		return nil, err
	}
	return sh.encode(scanners, ranges)
}

// findLanguage looks for a unit that says its language. The units that dwz makes don't, and come before the others.
func (f *File) findLanguage() error {
	const tries = 64
	for i := len(f.unitOffs) - 1; i >= max(0, len(f.unitOffs)-tries); i-- {
		u, err := f.Unit(i)
		if err != nil {
			return err
		}
		info, err := u.Info()
		if err != nil {
			return err
		}
		if info.Language != 0 && info.Language != langAssembler {
			f.mainCPP = info.Language.IsCPP()
			return nil
		}
	}
	return nil
}

// isCPP reports whether a unit is written in C++.
func (f *File) isCPP(info *UnitInfo) bool {
	return info.Language.IsCPP() || info.Language == 0 && f.mainCPP
}

// batchSize is about how many bytes of units a worker takes at a time.
const batchSize = 2 << 20

func (f *File) nextBatch(next *atomic.Int64) (first, last int) {
	for {
		at := next.Load()
		if at >= int64(len(f.unitOffs)) {
			return 0, 0
		}
		first = int(at)
		limit := f.unitOffs[first] + batchSize
		last = first + 1 + sort.Search(len(f.unitOffs)-first-1, func(i int) bool { return f.unitOffs[first+1+i] >= limit })
		if next.CompareAndSwap(at, int64(last)) {
			return first, last
		}
	}
}

// countAbbrevs counts how many units use each table of abbreviations.
func (sh *shared) countAbbrevs() error {
	for _, off := range sh.f.unitOffs {
		h, err := sh.f.parseUnit(off)
		if err != nil {
			return err
		}
		sh.abbrevs[h.off]++
	}
	return nil
}

// indexItem is an entry before it is written.
type indexItem struct {
	die         uint64 // with flags and kind
	hash, name  uint32
	file, scope uint32
}

// encode puts what the scanners found into the form of an index.
func (sh *shared) encode(scanners []*scanner, ranges []codeRange) ([]byte, error) {
	f := sh.f
	pool := []byte{0}
	n := 0
	for _, s := range scanners {
		n += s.found.n + len(s.instances)
	}
	items := make([]indexItem, 0, n)
	inlined := map[string]uint32{}
	add := func(s *scanner, e *slot) error {
		it := indexItem{die: e.die | uint64(e.kind)<<56, file: e.file, scope: e.scope}
		if e.die > maxIndexDIE {
			return f.errorAt(e.die, "DIE too far for the index")
		}
		if e.known {
			it.die |= flagKnown
		}
		var text []byte
		if e.name&inlineName != 0 {
			text = s.found.text(e.name)
		} else {
			var err error
			if text, err = cstring(".debug_str", f.sec.Str, e.name); err != nil {
				return err
			}
		}
		if e.name < 1<<32 {
			it.name = uint32(e.name)
		} else {
			at, ok := inlined[string(text)]
			if !ok {
				at = uint32(len(pool))
				pool = append(append(pool, text...), 0)
				inlined[string(text)] = at
			}
			it.name = at
			it.die |= flagPool
		}
		it.hash = hashName(text)
		items = append(items, it)
		return nil
	}
	for _, s := range scanners {
		for i := range s.found.slots {
			if e := &s.found.slots[i]; e.used {
				if err := add(s, e); err != nil {
					return nil, err
				}
			}
		}
		s.found.slots = nil
		for i := range s.instances {
			if err := add(s, &s.instances[i]); err != nil {
				return nil, err
			}
		}
		s.instances = nil
	}
	text := func(it *indexItem) []byte {
		if it.die&flagPool != 0 {
			b := pool[it.name:]
			return b[:bytes.IndexByte(b, 0)]
		}
		b, err := cstring(".debug_str", f.sec.Str, uint64(it.name))
		if err != nil {
			return nil
		}
		return b
	}
	sameName := func(a, b *indexItem) int {
		if a.name == b.name && (a.die^b.die)&flagPool == 0 {
			return 0
		}
		return bytes.Compare(text(a), text(b))
	}
	group := func(a, b *indexItem) int {
		if c := cmp.Compare(a.hash, b.hash); c != 0 {
			return c
		}
		if c := sameName(a, b); c != 0 {
			return c
		}
		return cmp.Compare(a.die>>56, b.die>>56)
	}
	slices.SortFunc(items, func(a, b indexItem) int {
		if c := group(&a, &b); c != 0 {
			return c
		}
		return cmp.Compare(a.die&maxIndexDIE, b.die&maxIndexDIE)
	})
	// Workers may have found the like of an entry each: the first with an address or value stays, else the first.
	out := items[:0]
	for i := 0; i < len(items); {
		start := len(out)
		j := i
		for ; j < len(items) && group(&items[i], &items[j]) == 0; j++ {
			it := items[j]
			dup := -1
			if it.die>>56 != ixInstance {
				for k := start; k < len(out); k++ {
					if out[k].file == it.file && out[k].scope == it.scope {
						dup = k
						break
					}
				}
			}
			if dup < 0 {
				out = append(out, it)
			} else if it.die&flagKnown != 0 && out[dup].die&flagKnown == 0 {
				out[dup] = it
			}
		}
		i = j
	}
	return sh.write(out, ranges, pool), nil
}

func (sh *shared) write(items []indexItem, ranges []codeRange, pool []byte) []byte {
	le := binary.LittleEndian
	place := func(s string) uint32 {
		at := uint32(len(pool))
		pool = append(append(pool, s...), 0)
		return at
	}
	files := make([]uint32, len(sh.fileList))
	for i, s := range sh.fileList {
		files[i] = place(s)
	}
	scopes := make([]uint32, 2*len(sh.scopeTab))
	for i, s := range sh.scopeTab {
		scopes[2*i], scopes[2*i+1] = s.parent, place(s.name)
	}
	nb, shift := 1, uint(32)
	for nb*bucketLoad < len(items) {
		nb, shift = nb*2, shift-1
	}
	units := sh.f.unitOffs
	flags := 0
	if sh.f.mainCPP {
		flags = indexCPP
	}
	b := make([]byte, 0, headerSize+8*len(units)+rangeSize*len(ranges)+entrySize*len(items)+4*(nb+1)+4*len(files)+4*len(scopes)+len(pool))
	b = append(b, indexMagic...)
	for _, n := range []int{0, len(units), len(items), nb, len(files), len(scopes) / 2, len(ranges), len(pool), flags, 0} {
		b = le.AppendUint32(b, uint32(n))
	}
	for _, off := range units {
		b = le.AppendUint64(b, off)
	}
	for _, r := range ranges {
		b = le.AppendUint64(b, r.low)
		b = le.AppendUint64(b, r.high)
		b = le.AppendUint32(b, r.unit)
		b = le.AppendUint32(b, 0)
	}
	for i := range items {
		it := &items[i]
		b = le.AppendUint64(b, it.die)
		b = le.AppendUint32(b, it.hash)
		b = le.AppendUint32(b, it.name)
		b = le.AppendUint32(b, it.file)
		b = le.AppendUint32(b, it.scope)
	}
	at := 0
	for i := 0; i <= nb; i++ {
		for at < len(items) && uint64(items[at].hash)>>shift < uint64(i) {
			at++
		}
		b = le.AppendUint32(b, uint32(at))
	}
	for _, n := range files {
		b = le.AppendUint32(b, n)
	}
	for _, n := range scopes {
		b = le.AppendUint32(b, n)
	}
	b = append(b, pool...)
	le.PutUint32(b[8:], crc32.Checksum(b[12:], castagnoli))
	return b
}

// loadUnits takes the units' offsets from the index, after looking whether they can be those of the file.
func (f *File) loadUnits() bool {
	n := len(f.index.units) / 8
	offs := make([]uint64, n)
	last := uint64(0)
	for i := range offs {
		offs[i] = binary.LittleEndian.Uint64(f.index.units[8*i:])
		if i > 0 && offs[i] <= last {
			return false
		}
		last = offs[i]
	}
	if total := uint64(len(f.sec.Info) + len(f.sec.Types)); n > 0 && last >= total || n == 0 && total != 0 {
		return false
	}
	f.setUnits(offs)
	return true
}
