package dwarf

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/internal/bin"
)

// A part is units that follow each other and share their other sections: .debug_info or .debug_types of the file itself, or one
// unit of a file of split DWARF.
type part struct {
	file    string // for errors
	section string
	data    []byte
	at      uint64 // of data in the section
	start   uint64 // of data as in [DIE.Off]
	types   bool   // it is of .debug_types, where DWARF 4 has its type units

	sec      *Sections // what units refer to
	tables   uint32    // number of sec, for tables of abbreviations
	split    bool      // it is of another file
	skeleton int       // number of the unit that stands for this one in the file itself; -1: none
	share    share
}

// A share is where a unit's share of a package's sections begins (DWARF 5, section 7.3.5); all 0 where files are not in a package.
type share struct{ abbrev, line, strOffsets, loc, rngLists uint64 }

// setParts makes the parts of the file itself.
func (f *File) setParts() {
	f.parts = []*part{{file: f.cfg.Name, section: ".debug_info", data: f.sec.Info, sec: &f.sec, skeleton: -1}}
	if len(f.sec.Types) > 0 {
		f.parts = append(f.parts, &part{file: f.cfg.Name, section: ".debug_types", data: f.sec.Types, start: uint64(len(f.sec.Info)), types: true, sec: &f.sec, skeleton: -1})
	}
	f.split = splitUnits{}
}

// A Skeleton is what a file has of a unit whose contents are in another file (DWARF 5, section 3.1.2, and GNU's extension of DWARF 4).
type Skeleton struct {
	ID            uint64
	Name, CompDir string // the other file's, and the directory that it is relative to

	unit int // number of the skeleton
}

// A SplitFile is a file of split DWARF, or a package of such.
type SplitFile struct {
	Name     string
	Sections // but for Info and Types
	// InfoUnits and TypeUnits are all sections of units: a file that was not linked has one for each type unit.
	InfoUnits, TypeUnits [][]byte
	// CUIndex and TUIndex are the indexes of a package.
	CUIndex, TUIndex []byte
	// Identity must differ between files whose units of the same ID differ.
	Identity []byte
}

// splitUnits is what is known of units in other files.
type splitUnits struct {
	of      map[int]int // number of a skeleton → that of its unit
	missing []MissingSplit
	hash    uint64 // of what was found
	abbrev  uint64 // bytes of all tables of abbreviations
}

// any reports whether there are such units.
func (s *splitUnits) any() bool { return len(s.of)+len(s.missing) > 0 }

// A MissingSplit is a unit whose contents are in a file that was not found or is damaged.
type MissingSplit struct {
	Skeleton
	Why error
}

// Missing returns the units whose contents are in files that were not found, and, once names are indexed, the files of which not all units can be
// read: their types, variables and functions are not known.
func (f *File) Missing() []MissingSplit {
	if damaged := f.byName.damaged.Load(); damaged != nil {
		return slices.Concat(f.split.missing, *damaged)
	}
	return f.split.missing
}

// skeleton reports whether a unit's first DIE stands for a unit in another file, and for which.
func (u *Unit) skeleton(number int) (s Skeleton, ok bool, err error) {
	if u.from.split {
		return s, false, nil
	}
	info, err := u.Info()
	if err != nil {
		return s, false, err
	}
	root, err := u.Root()
	if err != nil || !root.Has(AttrDwoName) && !root.Has(AttrGNUDwoName) {
		return s, false, err
	}
	s = Skeleton{ID: u.Signature, CompDir: info.CompDir, unit: number}
	err = root.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrDwoName, AttrGNUDwoName:
			ok = true
			s.Name, err = v.text()
		case AttrGNUDwoID:
			s.ID = v.u
		}
		return err == nil
	})
	return s, ok, err
}

// skeletons lists the units of the file itself that stand for others.
func (f *File) skeletons() (list []Skeleton, err error) {
	for i := range f.unitOffs {
		u, err := f.Unit(i)
		if err != nil {
			return nil, err
		}
		if s, ok, err := u.skeleton(i); err != nil {
			return nil, err
		} else if ok {
			list = append(list, s)
		}
	}
	return list, nil
}

// hasSkeletons reports whether there may be units that stand for others: by their headers, or by the attribute that GNU's extension of
// DWARF 4 has for it.
func (f *File) hasSkeletons() (bool, error) {
	const gnuDwoName = "\xb0\x42" // AttrGNUDwoName as ULEB128
	if bytes.Contains(f.sec.Abbrev, []byte(gnuDwoName)) {
		return true, nil
	}
	for _, off := range f.unitOffs {
		if h, err := f.parseUnit(off); err != nil || h.Type == UnitSkeleton {
			return err == nil, err
		}
	}
	return false, nil
}

// maxCopies bounds how many skeletons may stand for one unit. There are several when a source was compiled twice.
const maxCopies = 32

// attach adds the units that skeletons stand for, in the order of these, and type units beside them.
func (f *File) attach(list []Skeleton) {
	files := map[*SplitFile]*splitContents{}
	signatures := map[uint64]bool{}
	h := sha256.New()
	word := func(n uint64) { h.Write(binary.LittleEndian.AppendUint64(nil, n)) }
	offs := f.unitOffs
	last := f.parts[len(f.parts)-1]
	end := last.start + uint64(len(last.data))
	add := func(p part) {
		p.start = end
		end += uint64(len(p.data))
		offs = append(offs, p.start)
		f.parts = append(f.parts, &p)
		word(uint64(len(p.data)))
	}
	f.split = splitUnits{of: map[int]int{}}
	for _, s := range list {
		in, unit, err := f.findSplit(s, files)
		word(s.ID)
		if err != nil {
			f.split.missing = append(f.split.missing, MissingSplit{s, err})
			continue
		}
		h.Write(in.file.Identity)
		f.split.of[s.unit] = len(offs)
		p := *unit
		p.skeleton = s.unit
		add(p)
		for _, t := range in.types {
			if !signatures[t.signature] {
				signatures[t.signature] = true
				add(*t.part)
			}
		}
		in.types = nil
	}
	f.split.hash = binary.LittleEndian.Uint64(h.Sum(nil))
	f.setUnits(offs)
}

// findSplit looks for the unit that a skeleton stands for.
func (f *File) findSplit(s Skeleton, files map[*SplitFile]*splitContents) (*splitContents, *part, error) {
	if f.cfg.Split == nil {
		return nil, nil, errors.New("it was not looked for")
	}
	candidates, err := f.cfg.Split(s)
	for _, c := range candidates {
		in, ok := files[c]
		if !ok {
			in = f.readSplit(c, uint32(len(files)+1))
			files[c] = in
		}
		unit := in.units[s.ID]
		switch {
		case unit == nil && in.err != nil:
			err = in.err
		case unit == nil:
			err = fmt.Errorf("%s has no unit of ID %#x: it is of another build", c.Name, s.ID)
		case in.copies[s.ID] >= maxCopies:
			err = fmt.Errorf("more than %d units are that of ID %#x in %s", maxCopies, s.ID, c.Name)
		default:
			in.copies[s.ID]++
			return in, unit, nil
		}
	}
	return nil, nil, err
}

// splitContents is the units of a SplitFile.
type splitContents struct {
	file   *SplitFile
	err    error            // why not all units are there
	units  map[uint64]*part // by ID
	copies map[uint64]int
	types  []typePart
	plan   abbrevTable // scratch
	read   uint64      // bytes of tables of abbreviations
}

type typePart struct {
	signature uint64
	part      *part
}

func (f *File) readSplit(file *SplitFile, number uint32) *splitContents {
	in := &splitContents{file: file, units: map[uint64]*part{}, copies: map[uint64]int{}}
	f.split.abbrev += uint64(len(file.Abbrev))
	if file.CUIndex != nil || file.TUIndex != nil {
		in.err = errors.Join(in.addPackage(f, number, ".debug_cu_index", file.CUIndex), in.addPackage(f, number, ".debug_tu_index", file.TUIndex))
	} else {
		in.err = errors.Join(in.addSections(f, number, ".debug_info.dwo", file.InfoUnits), in.addSections(f, number, ".debug_types.dwo", file.TypeUnits))
	}
	if in.err != nil {
		in.err = fmt.Errorf("%s: %w", file.Name, in.err)
	}
	return in
}

func (in *splitContents) addSections(f *File, number uint32, name string, sections [][]byte) (first error) {
	for _, data := range sections {
		for at, err := range unitsIn(name, data, f.big) {
			if err != nil {
				first = cmp.Or(first, err)
				break
			}
			p := &part{file: in.file.Name, section: name, data: data[at:], at: at, sec: &in.file.Sections, tables: number, split: true, skeleton: -1, types: name == ".debug_types.dwo"}
			first = cmp.Or(first, in.add(f, p))
		}
	}
	return first
}

// add adds the unit that a part begins with.
func (in *splitContents) add(f *File, p *part) error {
	h, err := f.parseUnitIn(p, 0)
	if err != nil {
		return err
	}
	p.data = h.data
	if h.Type == UnitTypeUnit || h.Type == UnitSplitType {
		in.types = append(in.types, typePart{h.Signature, p})
		return nil
	}
	id := h.Signature
	if h.Version < 5 {
		if err := in.plan.decode(p.sec.Abbrev, h.abbrevKey); err != nil {
			return err
		}
		if in.read += in.plan.size; in.read > 16*uint64(len(p.sec.Abbrev))+1<<20 {
			return overlapping(h.off)
		}
		h.abbrevs = &in.plan
		root, err := h.Root()
		if bad, ok := err.(*bin.DecodeError); ok {
			err = bad.Beside(p.file) // which whoever adds all units names
		}
		if err != nil {
			return err
		}
		v, err := root.Attr(AttrGNUDwoID)
		if err != nil || !v.Exists() {
			return err
		}
		id = v.u
	}
	if in.units[id] == nil {
		in.units[id] = p
	}
	return nil
}

// Sections that an index of a package has columns for (DWARF 5, section 7.3.5.3); GNU's of DWARF 4 has other sections under the numbers
// 2 and 8.
const (
	columnInfo       = 1
	columnTypes      = 2 // of version 2
	columnAbbrev     = 3
	columnLine       = 4
	columnLoc        = 5
	columnStrOffsets = 6
	columnRngLists   = 8 // of version 5
	columns          = 9
)

// addPackage adds the units that an index of a package lists.
func (in *splitContents) addPackage(f *File, number uint32, name string, index []byte) (first error) {
	if index == nil {
		return nil
	}
	c := bin.New(name, index, f.big)
	version := c.U32()
	if f.big && version>>16 == 5 || !f.big && version&0xffff == 5 { // a half word and padding
		version = 5
	}
	ncolumns, nunits, nslots := uint64(c.U32()), uint64(c.U32()), uint64(c.U32())
	if c.Err() == nil && version != 2 && version != 5 {
		c.Fail("index of version %d is not supported", version)
	}
	if size := uint64(c.Len()); ncolumns > columns || nslots > size/12 || nunits > size/(8*max(ncolumns, 1)) {
		c.Fail("index of %d units, %d columns and %d slots is longer than the section", nunits, ncolumns, nslots)
	}
	if c.Err() != nil {
		return c.Err()
	}
	c.Skip(nslots * 12) // the hash table: all rows are read
	var kinds [columns]uint32
	for i := range ncolumns {
		kinds[i] = c.U32()
	}
	offsets, sizes := c, c
	sizes.Skip(nunits * ncolumns * 4)
	for range nunits {
		var at, size [columns]uint64
		for i := range ncolumns {
			off, n := offsets.U32(), sizes.U32()
			if kinds[i] < columns {
				at[kinds[i]], size[kinds[i]] = uint64(off), uint64(n)
			}
		}
		if err := errors.Join(c.Err(), offsets.Err(), sizes.Err()); err != nil {
			return err
		}
		p := &part{file: in.file.Name, section: ".debug_info.dwo", sec: &in.file.Sections, tables: number, split: true, skeleton: -1,
			share: share{at[columnAbbrev], at[columnLine], at[columnStrOffsets], at[columnLoc], 0}}
		sections, column := in.file.InfoUnits, columnInfo
		if version == 5 {
			p.share.rngLists = at[columnRngLists]
		} else if name == ".debug_tu_index" {
			p.section, sections, column, p.types = ".debug_types.dwo", in.file.TypeUnits, columnTypes, true
		}
		if p.at = at[column]; len(sections) == 0 || p.at > uint64(len(sections[0])) || size[column] > uint64(len(sections[0]))-p.at {
			first = cmp.Or(first, error(&bin.DecodeError{Section: p.section, Off: p.at, Problem: "a unit of the package lies past the end"}))
			continue
		}
		p.data = sections[0][p.at:][:size[column]]
		first = cmp.Or(first, in.add(f, p))
	}
	return cmp.Or(first, c.Err())
}

// skeletonUnit returns the unit that stands for u in the file itself, or u.
func (u *Unit) skeletonUnit() (*Unit, error) {
	if u.from.skeleton < 0 {
		return u, nil
	}
	return u.File.Unit(u.from.skeleton)
}

// completeSplit adds to what a unit of another file says of itself what its skeleton says, and where its shares of a package are.
func (u *Unit) completeSplit(in *UnitInfo) error {
	if !u.from.split {
		return nil
	}
	in.StrBase += u.from.share.strOffsets
	in.StmtList += u.from.share.line
	if u.Version >= 5 { // just behind the headers of the first tables (DWARF 5, sections 7.28 and 7.29)
		header := uint64(12)
		if u.OffSize == 8 {
			header = 20
		}
		in.LocBase, in.RngBase = u.from.share.loc+header, u.from.share.rngLists+header
	}
	s, err := u.skeletonUnit()
	if err != nil || s == u {
		return err
	}
	of, err := s.Info()
	if err != nil {
		return err
	}
	in.AddrBase, in.HasAddrs = of.AddrBase, of.HasAddrs
	in.StmtList, in.HasLines = of.StmtList, of.HasLines
	if of.HasLowPC {
		in.LowPC, in.HasLowPC = of.LowPC, true
	}
	if u.Version < 5 {
		in.RngBase = of.RngBase
	}
	return nil
}

// attachCached adds the units of other files to those of a cached index; ok is false when they are not those that it was made of.
func (f *File) attachCached(ix *index) (ok bool) {
	if f.load() != nil || f.scanUnits() != nil {
		return false
	}
	list, err := f.skeletons()
	if err != nil {
		return false
	}
	f.attach(list)
	var units []byte
	for _, off := range f.unitOffs {
		units = binary.LittleEndian.AppendUint64(units, off)
	}
	return f.split.hash == ix.splitHash && slices.Equal(units, ix.units)
}
