package dwarf

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/godrgn/drgn/internal/bin"
)

// codeRange is code of a unit: [low, high), addresses of the file.
type codeRange struct {
	low, high uint64
	unit      uint32
}

// encodeRanges returns ranges as an index has them.
func encodeRanges(ranges []codeRange) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, rangeSize*len(ranges))
	for _, r := range ranges {
		b = le.AppendUint64(b, r.low)
		b = le.AppendUint64(b, r.high)
		b = le.AppendUint32(b, r.unit)
		b = le.AppendUint32(b, 0)
	}
	return b
}

// codeRanges returns where the code of each unit lies, ascending and disjoint: from .debug_aranges for the units that
// have an entry there, else from what the units say themselves. It passes over what can't be read, and sets *damaged to the first
// error of it: names and types don't depend on it.
func (f *File) codeRanges(damaged *error) ([]codeRange, error) {
	out, covered := f.aranges()
	for i := range f.unitOffs {
		if covered[uint32(i)] {
			continue
		}
		h, err := f.parseUnit(f.unitOffs[i])
		if err != nil {
			return nil, err
		}
		if h.Type == UnitPartial || h.Type == UnitTypeUnit || h.from.split { // whose skeleton says it
			continue
		}
		u, err := f.Unit(i)
		if err != nil {
			return nil, err
		}
		root, err := u.Root()
		if err != nil {
			return nil, err
		}
		if out, err = root.appendRanges(out, uint32(i)); err != nil && *damaged == nil {
			*damaged = err
		}
	}
	slices.SortFunc(out, func(a, b codeRange) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.unit, b.unit)) })
	// What overlaps belongs to the first.
	disjoint := out[:0]
	for _, r := range out {
		if n := len(disjoint); n > 0 {
			r.low = max(r.low, disjoint[n-1].high)
			if last := &disjoint[n-1]; r.low == last.high && r.unit == last.unit && r.low < r.high {
				last.high = r.high
				continue
			}
		}
		if r.low < r.high {
			disjoint = append(disjoint, r)
		}
	}
	return disjoint, nil
}

// appendRanges appends the code of a unit's first DIE; when that says nothing, of the functions below it. With an error, it returns
// what could be read.
func (d DIE) appendRanges(to []codeRange, unit uint32) ([]codeRange, error) {
	var failed error
	add := func(d DIE) {
		rs, err := d.Ranges()
		for _, r := range rs {
			to = append(to, codeRange{r.Low, r.High, unit})
		}
		if failed == nil {
			failed = err
		}
	}
	if d.Has(AttrHighPC) || d.Has(AttrRanges) || d.Tag == TagPartialUnit || d.Tag == TagTypeUnit {
		add(d)
		return to, failed
	}
	for c, err := range d.Children() {
		if err != nil {
			return to, err
		}
		if c.Tag == TagSubprogram {
			add(c)
		}
	}
	return to, failed
}

// aranges reads .debug_aranges (DWARF 5, section 6.1.2) as far as it makes sense.
func (f *File) aranges() (out []codeRange, covered map[uint32]bool) {
	covered = map[uint32]bool{}
	c := bin.New(".debug_aranges", f.sec.ARanges, f.big)
	for c.Len() > 0 {
		start := c.Off
		n, offSize := initialLength(&c)
		if n > uint64(c.Len()) {
			break
		}
		end := c.Off + int(n)
		set := c
		set.Data = c.Data[:end]
		c.Off = end
		version := set.U16()
		info := set.Uint(int(offSize))
		addrSize, segSize := int(set.U8()), set.U8()
		if version != 2 || segSize != 0 || addrSize != 4 && addrSize != 8 || set.Err() != nil {
			continue
		}
		i, ok := slices.BinarySearch(f.unitOffs, info)
		if !ok {
			continue
		}
		if pad := (set.Off - start) % (2 * addrSize); pad != 0 {
			set.Skip(uint64(2*addrSize - pad))
		}
		for set.Err() == nil {
			low, length := set.Uint(addrSize), set.Uint(addrSize)
			if set.Err() != nil || low == 0 && length == 0 {
				break
			}
			if length != 0 && low+length > low {
				out = append(out, codeRange{low, low + length, uint32(i)})
				covered[uint32(i)] = true
			}
		}
	}
	return out, covered
}

// UnitForPC returns the unit whose code is at pc, an address of the file. If there is none known, and ranges of some unit can't be
// read, it returns the error of that.
func (f *File) UnitForPC(pc uint64) (*Unit, bool, error) {
	le := binary.LittleEndian
	rs := f.code
	n := len(rs) / rangeSize
	i := sort.Search(n, func(i int) bool { return le.Uint64(rs[i*rangeSize:]) > pc }) - 1
	if i < 0 || pc >= le.Uint64(rs[i*rangeSize+8:]) {
		return nil, false, f.codeErr
	}
	unit := int(le.Uint32(rs[i*rangeSize+16:]))
	if unit >= len(f.unitOffs) {
		return nil, false, nil
	}
	if split, ok := f.split.of[unit]; ok {
		unit = split
	}
	u, err := f.Unit(unit)
	return u, err == nil, err
}
