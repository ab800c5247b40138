package dwarf

import (
	"fmt"
	"iter"
	"math"
	"sort"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/lock"
)

// A Unit is a compilation, partial or type unit (DWARF 5, section 7.5.1).
type Unit struct {
	File      *File
	Off       uint64 // of the header, as in [DIE].Off
	End       uint64 // of the unit
	Version   uint8
	AddrSize  uint8 // 4 or 8 (2 and 1 are read as well)
	OffSize   uint8 // of offsets to other sections: 4, or 8 in 64-bit DWARF
	Type      UnitType
	Signature uint64 // of a type unit, else the DWO ID of a skeleton or split unit
	TypeOff   uint64 // of the type of a type unit, as in [DIE].Off

	data    []byte // of the part, up to the unit's end
	from    *part  // whose start is added to an offset in data to get a [DIE].Off
	first   uint64 // of the first DIE
	abbrevs *abbrevTable

	root lock.Once
	info UnitInfo
	err  error
}

// UnitInfo is what a unit's first DIE says of the whole unit.
type UnitInfo struct {
	Tag       Tag
	Name      string // source file, often relative to CompDir
	CompDir   string
	Language  Lang
	LowPC     uint64 // base of addresses in range and location lists, an address of the file
	HasLowPC  bool
	StmtList  uint64 // offset in .debug_line, when HasLines
	HasLines  bool
	AddrBase  uint64 // into .debug_addr, when HasAddrs
	HasAddrs  bool
	StrBase   uint64 // into .debug_str_offsets
	RngBase   uint64 // into .debug_rnglists (DWARF 5) or .debug_ranges (GNU split)
	LocBase   uint64 // into .debug_loclists
	IsPartial bool
}

// scanUnits finds where the units are by the chain of their lengths.
func (f *File) scanUnits() error {
	f.setParts()
	var offs []uint64
	for _, p := range f.parts {
		for at, err := range unitsIn(p.section, p.data, f.big) {
			if err != nil {
				return err
			}
			offs = append(offs, p.start+at)
		}
	}
	f.setUnits(offs)
	return nil
}

// unitsIn iterates over where in a section units begin; an error is the last pair.
func unitsIn(name string, data []byte, big bool) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		c := bin.New(name, data, big)
		for c.Len() > 0 && c.Err() == nil {
			at := uint64(c.Off)
			n, _ := initialLength(&c)
			if n == 0 && c.Err() == nil { // padding between units, as some linkers leave
				continue
			}
			c.Skip(n)
			if c.Err() == nil && !yield(at, nil) {
				return
			}
		}
		if c.Err() != nil {
			yield(0, c.Err())
		}
	}
}

// initialLength reads the length of a unit and the size of its offsets (DWARF 5, section 7.2.2).
func initialLength(c *bin.Cursor) (n uint64, offSize uint8) {
	n, offSize = uint64(c.U32()), 4
	if n == 0xffffffff {
		n, offSize = c.U64(), 8
	} else if n >= 0xfffffff0 {
		c.Fail("reserved unit length %#x", n)
	}
	return n, offSize
}

// NumUnits returns the number of units.
func (f *File) NumUnits() int { return len(f.unitOffs) }

// Unit returns unit number i, in the order they have in the file.
func (f *File) Unit(i int) (*Unit, error) {
	if u := f.units[i].Load(); u != nil {
		return u, nil
	}
	if err := f.load(); err != nil {
		return nil, err
	}
	u, err := f.parseUnit(f.unitOffs[i])
	if err != nil {
		return nil, err
	}
	if u.abbrevs, err = f.abbrevTable(u.from, u.abbrevKey); err != nil {
		return nil, err
	}
	if !f.units[i].CompareAndSwap(nil, u.Unit) {
		return f.units[i].Load(), nil
	}
	return u.Unit, nil
}

// Units iterates over all units; an error is the last pair.
func (f *File) Units() iter.Seq2[*Unit, error] {
	return func(yield func(*Unit, error) bool) {
		for i := range f.unitOffs {
			u, err := f.Unit(i)
			if !yield(u, err) || err != nil {
				return
			}
		}
	}
}

// unitIndex returns the number of the unit that has off, or -1.
func (f *File) unitIndex(off uint64) int {
	return sort.Search(len(f.unitOffs), func(i int) bool { return f.unitOffs[i] > off }) - 1
}

// UnitAt returns the unit that contains the DIE at off.
func (f *File) UnitAt(off uint64) (*Unit, error) {
	i := f.unitIndex(off)
	if i < 0 {
		return nil, f.errorAt(off, "no unit here")
	}
	u, err := f.Unit(i)
	if err != nil {
		return nil, err
	}
	if off < u.first || off >= u.End {
		return nil, f.errorAt(off, "no DIE here")
	}
	return u, nil
}

// header is a unit and what is needed to find its abbreviations.
type header struct {
	*Unit
	abbrevKey
}

// parseUnit reads the header at off.
func (f *File) parseUnit(off uint64) (header, error) {
	p, at := f.locate(off)
	return f.parseUnitIn(p, at)
}

// parseUnitIn reads the header at an offset in a part.
func (f *File) parseUnitIn(p *part, at uint64) (header, error) {
	c := bin.New(p.section, p.data, f.big)
	c.Seek(at)
	off := p.start + at
	u := &Unit{File: f, Off: off, from: p}
	n, offSize := initialLength(&c)
	u.OffSize = offSize
	if c.Err() == nil && n > uint64(c.Len()) {
		c.Fail("unit of %#x bytes, %#x left", n, c.Len())
	}
	if c.Err() != nil {
		return header{}, c.Err()
	}
	end := uint64(c.Off) + n
	c.Data = p.data[:end:end]
	u.data, u.End = c.Data, p.start+end
	version := c.U16()
	if c.Err() == nil && (version < 2 || version > 5) {
		c.Fail("DWARF version %d is not supported", version)
	}
	u.Version = uint8(version)
	var abbrevOff uint64
	if version >= 5 {
		u.Type = UnitType(c.U8())
		u.AddrSize = c.U8()
		abbrevOff = c.Uint(int(offSize))
	} else {
		abbrevOff = c.Uint(int(offSize))
		u.AddrSize = c.U8()
		u.Type = UnitCompile
		if p.types {
			u.Type = UnitTypeUnit
		}
	}
	switch u.Type {
	case UnitCompile, UnitPartial:
	case UnitTypeUnit, UnitSplitType:
		u.Signature = c.U64()
		u.TypeOff = off + c.Uint(int(offSize))
	case UnitSkeleton, UnitSplitCompile:
		u.Signature = c.U64()
	default:
		c.Fail("unknown unit type %#x", uint8(u.Type))
	}
	switch u.AddrSize {
	case 1, 2, 4, 8:
	default:
		c.Fail("addresses of %d bytes", u.AddrSize)
	}
	if c.Err() != nil {
		return header{}, c.Err()
	}
	u.first = p.start + uint64(c.Off)
	if abbrevOff += p.share.abbrev; abbrevOff < p.share.abbrev {
		abbrevOff = math.MaxUint64
	}
	return header{u, abbrevKey{abbrevOff, p.tables, u.Version, u.AddrSize, u.OffSize}}, nil
}

// Root returns the unit's first DIE.
func (u *Unit) Root() (DIE, error) {
	d, ok, err := u.dieAt(u.first)
	if err == nil && !ok {
		err = u.File.errorAt(u.first, "unit without a DIE")
	}
	return d, err
}

// Info returns what the unit's first DIE says, decoded once.
func (u *Unit) Info() (*UnitInfo, error) {
	u.root.Do(func() { u.err = u.loadInfo() })
	return &u.info, u.err
}

func (u *Unit) loadInfo() error {
	d, err := u.Root()
	if err != nil {
		return err
	}
	in := &u.info
	in.Tag = d.Tag
	in.IsPartial = d.Tag == TagPartialUnit
	if u.Version >= 5 { // section 7.26: just behind the first table's header
		in.StrBase = 8
		if u.OffSize == 8 {
			in.StrBase = 16
		}
	}
	var low Value
	var name, dir Value
	if err := d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrName:
			name = v
		case AttrCompDir:
			dir = v
		case AttrLanguage:
			in.Language = Lang(v.u)
		case AttrLowPC:
			low = v
		case AttrStmtList:
			in.StmtList, in.HasLines = v.u, true
		case AttrAddrBase, AttrGNUAddrBase:
			in.AddrBase, in.HasAddrs = v.u, true
		case AttrStrOffsetsBase:
			in.StrBase = v.u
		case AttrRnglistsBase, AttrGNURangesBase:
			in.RngBase = v.u
		case AttrLoclistsBase:
			in.LocBase = v.u
		}
		return true
	}); err != nil {
		return err
	}
	if err := u.completeSplit(in); err != nil {
		return err
	}
	// These may be indexes into tables whose place was only just learnt.
	if in.Name, err = u.text(name); err != nil {
		return err
	}
	if in.CompDir, err = u.text(dir); err != nil {
		return err
	}
	if low.Form != 0 {
		if in.LowPC, err = u.address(low, in); err != nil {
			return err
		}
		in.HasLowPC = true
	}
	return nil
}

func (u *Unit) text(v Value) (string, error) {
	if v.Form == 0 {
		return "", nil
	}
	b, err := u.stringBytes(v, u.info.StrBase)
	return string(b), err
}

// unitTable is where the units of a file are.
type unitTable struct {
	parts    []*part  // ascending
	unitOffs []uint64 // of all units' headers, ascending
	units    []atomic.Pointer[Unit]
	split    splitUnits
	codeErr  error // why the code of some unit is not known, or nil
}

func (f *File) setUnits(offs []uint64) {
	f.unitOffs = offs
	f.units = make([]atomic.Pointer[Unit], len(offs))
}

// typeUnit returns the type DIE of the type unit with this signature, to which another unit refers.
func (f *File) typeUnit(from *Unit, sig uint64) (DIE, error) {
	if err := f.load(); err != nil {
		return DIE{}, err
	}
	f.sigs.once.Do(func() {
		f.sigs.m = map[uint64]int{}
		for i, off := range f.unitOffs {
			h, err := f.parseUnit(off)
			if err == nil && (h.Type == UnitTypeUnit || h.Type == UnitSplitType) {
				if _, dup := f.sigs.m[h.Signature]; !dup {
					f.sigs.m[h.Signature] = i
				}
			}
		}
	})
	i, ok := f.sigs.m[sig]
	if !ok {
		problem := fmt.Sprintf("there is no type unit of signature %#x", sig)
		switch missing := f.split.missing; len(missing) {
		case 0:
		case 1:
			problem += ": it may be in " + missing[0].Name + ", which is missing"
		default:
			problem += fmt.Sprintf(": it may be in one of %d files that are missing, the first of them %s", len(missing), missing[0].Name)
		}
		return DIE{}, f.errorAt(from.Off, problem)
	}
	u, err := f.Unit(i)
	if err != nil {
		return DIE{}, err
	}
	return f.DIE(u.TypeOff)
}
