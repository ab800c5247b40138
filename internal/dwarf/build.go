package dwarf

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/mem"
)

// buildIndex makes the index in one parallel pass.
func (f *File) buildIndex(report func(done, total uint64)) ([]byte, []MissingSplit, error) {
	scratch := f.scratch()
	sh := &shared{f: scratch, files: map[string]uint32{}, scopes: map[scopeKey]uint32{}, abbrevs: map[abbrevPlace]uint32{}, damaged: map[int]error{}}
	var err error
	if sh.imports, err = f.imports(); err != nil {
		return nil, nil, err
	}
	scanners := make([]*scanner, max(1, runtime.GOMAXPROCS(0)))
	for i := range scanners {
		scanners[i] = &scanner{shared: sh, tables: map[abbrevKey]*planTable{}, paths: map[[2]uint64]uint32{}, scopeNums: map[namedScope]uint32{}, lines: map[linePlace]*lineFiles{}}
	}
	if err := f.scan(sh, scanners, report); err != nil {
		return nil, nil, err
	}
	data, err := sh.encode(scanners, f.code)
	return data, f.damagedFiles(sh.damaged), err
}

// maxDamaged bounds how many damaged units are passed over.
const maxDamaged = 256

// passOver reports whether the other units may be looked at although one could not be read: in split DWARF, where it is one of a file of its own.
func (sh *shared) passOver(unit int, err error) bool {
	if p, _ := sh.f.locate(sh.f.unitOffs[unit]); !p.split || !errors.As(err, new(*bin.DecodeError)) {
		return false
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.damaged) == maxDamaged {
		return false
	}
	sh.damaged[unit] = err
	return true
}

// damagedFiles lists the files of split DWARF that have units that could not be read, by the numbers of these.
func (f *File) damagedFiles(units map[int]error) (list []MissingSplit) {
	seen := map[string]bool{}
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		p, _ := f.locate(f.unitOffs[unit])
		if !seen[p.file] {
			seen[p.file] = true
			list = append(list, MissingSplit{Skeleton{Name: p.file, unit: p.skeleton}, units[unit]})
		}
	}
	return list
}

// scratch returns the file without the units that were looked at: a pass over all of them keeps no more than it must.
func (f *File) scratch() *File {
	s := &File{cfg: f.cfg, sec: f.sec, big: f.big, addrSize: f.addrSize, sup: f.sup, mainCPP: f.mainCPP}
	s.loading.done.Store(true)
	s.parts, s.split = f.parts, f.split
	s.setUnits(f.unitOffs)
	return s
}

// scan has scanners look at all units.
func (f *File) scan(sh *shared, scanners []*scanner, report func(done, total uint64)) error {
	if err := sh.countAbbrevs(); err != nil {
		return err
	}
	var (
		next   atomic.Int64
		done   atomic.Uint64
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed error
		failAt = len(f.unitOffs)
	)
	end := f.parts[len(f.parts)-1]
	total := end.start + uint64(len(end.data))
	for _, s := range scanners {
		wg.Go(func() {
			for {
				first, last := f.nextBatch(&next)
				if first == last {
					return
				}
				for u := first; u < last; u++ {
					if err := mem.Guard(func() error { return s.unit(u) }); err != nil && !sh.passOver(u, err) {
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
				if report != nil {
					report(n, total)
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// findLanguage looks for a unit that says its language. The units that dwz makes don't, and come before the others.
func (f *File) findLanguage() error {
	const tries = 64
	for i := len(f.unitOffs) - 1; i >= max(0, len(f.unitOffs)-tries); i-- {
		info, err := f.unitInfo(i)
		if p, _ := f.locate(f.unitOffs[i]); err != nil && p.split { // it may be damaged alone
			continue
		}
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

func (f *File) unitInfo(i int) (*UnitInfo, error) {
	u, err := f.Unit(i)
	if err != nil {
		return nil, err
	}
	return u.Info()
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
		sh.abbrevs[abbrevPlace{h.tables, h.off}]++
	}
	return nil
}

// indexItem is an entry before it is written.
type indexItem struct {
	die         uint64 // with flags and kind
	hash, name  uint32
	file, scope uint32
	extra       uint32 // only while the index is built
}

// indexBuilder turns what scanners found into entries.
type indexBuilder struct {
	str  []byte // .debug_str
	pool []byte
}

// text returns an entry's name.
func (b *indexBuilder) text(it *indexItem) []byte {
	from := b.str
	if it.die&flagPool != 0 {
		from = b.pool
	}
	from = from[it.name:]
	return from[:bytes.IndexByte(from, 0)]
}

// byName orders entries by hash, name and kind.
func (b *indexBuilder) byName(x, y *indexItem) int {
	if c := cmp.Compare(x.hash, y.hash); c != 0 {
		return c
	}
	if x.name != y.name || (x.die^y.die)&flagPool != 0 {
		if c := bytes.Compare(b.text(x), b.text(y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(x.die>>56, y.die>>56)
}

// order puts entries that are alike next to each other.
func (b *indexBuilder) order(x, y *indexItem) int {
	return cmp.Or(b.byName(x, y), cmp.Compare(x.file, y.file), cmp.Compare(x.scope, y.scope), cmp.Compare(x.extra, y.extra), byDIE(*x, *y))
}

func byDIE(x, y indexItem) int { return cmp.Compare(x.die&maxIndexDIE, y.die&maxIndexDIE) }

// encode puts what the scanners found into the form of an index.
func (sh *shared) encode(scanners []*scanner, ranges []byte) ([]byte, error) {
	b := &indexBuilder{str: sh.f.sec.Str, pool: []byte{0}}
	bases := make([]int, len(scanners))
	for i, s := range scanners {
		bases[i] = len(b.pool)
		b.pool = append(b.pool, s.found.texts...)
	}
	if uint64(len(b.pool)) >= 1<<32 {
		return nil, sh.f.errorAt(0, "names too long for the index")
	}
	same := sh.sameScopes()
	parts := make([][]indexItem, len(scanners))
	errs := make([]error, len(scanners))
	var wg sync.WaitGroup
	for i, s := range scanners {
		wg.Go(func() {
			parts[i], errs[i] = mem.Guarded(func() ([]indexItem, error) { return b.items(s, bases[i], same) })
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for len(parts) > 1 {
		last := len(parts) - 1
		parts[last-1] = b.merge(parts[last-1], parts[last])
		parts = parts[:last]
	}
	return sh.write(b.unique(parts[0]), ranges, b.pool), nil
}

// items returns the entries a scanner found, in order; its own names start at base in the pool. same is what stands for each scope.
func (b *indexBuilder) items(s *scanner, base int, same []uint32) ([]indexItem, error) {
	if uint64(len(s.found.slots)) > math.MaxUint32 {
		return nil, s.f.errorAt(0, "too many names for the index")
	}
	items := make([]indexItem, 0, len(s.found.slots))
	// In bad files all names may be the ends of one long string.
	hashed, limit := 0, 16*(len(b.str)+len(b.pool))+256*cap(items)
	add := func(e *slot) error {
		it := indexItem{die: e.die | uint64(e.kind)<<56, file: e.file, scope: same[e.scope], extra: e.hashed()}
		if e.die > maxIndexDIE {
			return s.f.errorAt(e.die, "DIE too far for the index")
		}
		if e.known {
			it.die |= flagKnown
		}
		if e.name&inlineName != 0 {
			it.die |= flagPool
			it.name = uint32(uint64(base) + e.name&^inlineName)
		} else {
			if e.name > math.MaxUint32 {
				return &bin.DecodeError{Section: ".debug_str", Off: e.name, Problem: "string too far for the index"}
			}
			if _, err := cstring(".debug_str", b.str, e.name); err != nil {
				return err
			}
			it.name = uint32(e.name)
		}
		text := b.text(&it)
		if hashed += len(text); hashed > limit {
			return &bin.DecodeError{Section: ".debug_str", Off: e.name, Problem: "names overlap"}
		}
		it.hash = hashName(text)
		items = append(items, it)
		return nil
	}
	for i := range s.found.slots {
		if err := add(&s.found.slots[i]); err != nil {
			return nil, err
		}
	}
	s.found = nameTable{}
	slices.SortFunc(items, func(x, y indexItem) int { return b.order(&x, &y) })
	return items, nil
}

// merge merges two lists in order.
func (b *indexBuilder) merge(x, y []indexItem) []indexItem {
	out := make([]indexItem, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		if b.order(&x[0], &y[0]) <= 0 {
			out, x = append(out, x[0]), x[1:]
		} else {
			out, y = append(out, y[0]), y[1:]
		}
	}
	return append(append(out, x...), y...)
}

// unique removes what several scanners found the like of: the first with an address or value stays, else the first. Then
// it puts entries of the same name and kind in the order of the file.
func (b *indexBuilder) unique(items []indexItem) []indexItem {
	out := items[:0]
	start := 0 // in out, of the present name and kind
	for _, it := range items {
		if n := len(out); n > start {
			last := &out[n-1]
			switch {
			case b.byName(last, &it) != 0:
				slices.SortFunc(out[start:], byDIE)
				start = n
			case last.file == it.file && last.scope == it.scope && last.extra == it.extra:
				if it.die&flagKnown != 0 && last.die&flagKnown == 0 {
					*last = it
				}
				continue
			}
		}
		out = append(out, it)
	}
	slices.SortFunc(out[start:], byDIE)
	return out
}

func (sh *shared) write(items []indexItem, ranges, pool []byte) []byte {
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
	if sh.f.split.any() {
		flags |= indexSplit
	}
	b := make([]byte, 0, headerSize+8*len(units)+len(ranges)+entrySize*len(items)+4*(nb+1)+4*len(files)+4*len(scopes)+len(pool))
	b = append(b, indexMagic...)
	for _, n := range []int{len(units), len(items), nb, len(files), len(scopes) / 2, len(ranges) / rangeSize, len(pool), flags} {
		b = le.AppendUint32(b, uint32(n))
	}
	b = le.AppendUint64(b, sh.f.split.hash)
	for _, off := range units {
		b = le.AppendUint64(b, off)
	}
	b = append(b, ranges...)
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
	return append(b, pool...)
}
