package dwarf

import (
	"fmt"

	"github.com/godrgn/drgn/internal/bin"
)

// Entries of .debug_rnglists (DWARF 5, section 7.25).
const (
	rleEndOfList    = 0
	rleBaseAddressx = 1
	rleStartxEndx   = 2
	rleStartxLength = 3
	rleOffsetPair   = 4
	rleBaseAddress  = 5
	rleStartEnd     = 6
	rleStartLength  = 7
)

// maxRangeEntries bounds the entries read to answer one question: bad files may have many DIEs share one long list.
const maxRangeEntries = 1 << 22

// extent is what a DIE says about where its code is.
type extent struct {
	low, high uint64
	exists    bool  // low and high are set
	list      Value // DW_AT_ranges
}

// extent reads DW_AT_low_pc, DW_AT_high_pc and DW_AT_ranges (DWARF 5, section 2.17).
func (d DIE) extent() (e extent, err error) {
	var low, high Value
	if err := d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrLowPC:
			low = v
		case AttrHighPC:
			high = v
		case AttrRanges:
			e.list = v
		}
		return true
	}); err != nil {
		return e, err
	}
	if e.list.Exists() || !low.Exists() || !high.Exists() {
		return e, nil
	}
	if e.low, err = low.Address(); err != nil {
		return e, err
	}
	if n, ok := high.Uint(); ok {
		e.high = e.low + n
	} else if e.high, err = high.Address(); err != nil {
		return e, err
	}
	e.exists = !d.Unit.tombstone(e.low) && e.low < e.high
	return e, nil
}

// hasCode reports whether the DIE may say where its code is, by its abbreviation alone.
func (d DIE) hasCode() bool { return d.Has(AttrHighPC) || d.Has(AttrRanges) }

// tombstone reports whether a range that starts at low belongs to a section the linker discarded.
func (u *Unit) tombstone(low uint64) bool {
	last := ^uint64(0) >> (64 - 8*uint(u.AddrSize))
	return low == 0 || low >= last-1
}

// A Range is a range of addresses, from Low to before High.
type Range struct{ Low, High uint64 }

// Ranges returns where the DIE's code is. Addresses are as the file has them, without bias; ranges that are empty or
// belong to discarded sections are left out.
func (d DIE) Ranges() (rs []Range, err error) {
	budget := maxRangeEntries
	err = d.ranges(&budget, func(low, high uint64) bool {
		rs = append(rs, Range{low, high})
		return true
	})
	return rs, err
}

// ranges calls yield for each range until it returns false.
func (d DIE) ranges(budget *int, yield func(low, high uint64) bool) error {
	if !d.hasCode() {
		return nil
	}
	e, err := d.extent()
	if err != nil {
		return err
	}
	if e.list.Exists() {
		return d.Unit.rangeList(e.list, budget, yield)
	}
	if e.exists {
		yield(e.low, e.high)
	}
	return nil
}

// contains reports whether pc, without bias, is in the DIE's code.
func (d DIE) contains(pc uint64, budget *int) (in bool, err error) {
	err = d.ranges(budget, func(low, high uint64) bool {
		in = low <= pc && pc < high
		return !in
	})
	return in, err
}

// rangeList reads the list that a DW_AT_ranges refers to.
func (u *Unit) rangeList(v Value, budget *int, yield func(low, high uint64) bool) error {
	in, err := u.Info()
	if err != nil {
		return err
	}
	r := listReader{unit: u, budget: budget, base: in.LowPC}
	if u.Version < 5 {
		r.c = bin.New(".debug_ranges", u.File.sec.Ranges, u.File.big) // of split DWARF, too
		off, ok := v.SecOffset()
		if !ok {
			off, ok = v.Uint()
		}
		if !ok {
			return u.File.errorAt(u.Off, fmt.Sprintf("DW_AT_ranges of form %#x", uint16(v.Form)))
		}
		if u.from.split {
			off += in.RngBase
		}
		r.c.Seek(off)
		return r.pairs(yield)
	}
	r.c = bin.New(".debug_rnglists", u.from.sec.RngLists, u.File.big)
	if err := r.seek(v, FormRnglistx, in.RngBase); err != nil {
		return err
	}
	for {
		kind := r.c.U8()
		if err := r.spend(); err != nil || kind == rleEndOfList {
			return err
		}
		var low, high uint64
		switch kind {
		case rleBaseAddressx:
			r.base = r.index()
			continue
		case rleBaseAddress:
			r.base = r.address()
			continue
		case rleStartxEndx:
			low, high = r.index(), r.index()
		case rleStartxLength:
			low = r.index()
			high = low + r.c.ULEB128()
		case rleOffsetPair:
			if low, high = r.c.ULEB128(), r.c.ULEB128(); u.tombstone(r.base) && r.base != 0 {
				continue
			}
			low, high = low+r.base, high+r.base
		case rleStartEnd:
			low, high = r.address(), r.address()
		case rleStartLength:
			low = r.address()
			high = low + r.c.ULEB128()
		default:
			r.c.Fail("unknown kind %#x of range list entry", kind)
		}
		if r.c.Err() != nil {
			return r.c.Err()
		}
		if low < high && !u.tombstone(low) && !yield(low, high) {
			return nil
		}
	}
}

// listReader reads range and location lists.
type listReader struct {
	unit   *Unit
	c      bin.Cursor
	base   uint64
	budget *int
}

// seek moves to the list of version 5 that v refers to: at an offset, or by its number in the table of offsets at base.
func (r *listReader) seek(v Value, indexed Form, base uint64) error {
	if v.Form != indexed {
		off, ok := v.SecOffset()
		if !ok {
			return r.unit.File.errorAt(r.unit.Off, fmt.Sprintf("list of form %#x", uint16(v.Form)))
		}
		if share := &r.unit.from.share; indexed == FormLoclistx {
			off += share.loc
		} else {
			off += share.rngLists
		}
		r.c.Seek(off)
		return r.c.Err()
	}
	size := uint64(r.unit.OffSize)
	if base == 0 { // behind the first table's header (DWARF 5, sections 7.28 and 7.29)
		base = 12
		if size == 8 {
			base = 20
		}
	}
	if v.u > uint64(len(r.c.Data))/size {
		r.c.Fail("list number %d lies past the end", v.u)
		return r.c.Err()
	}
	r.c.Seek(base)
	r.c.Skip(v.u * size)
	off := r.c.Uint(int(size))
	if off > uint64(len(r.c.Data)) {
		r.c.Fail("list lies past the end")
	}
	r.c.Seek(base + off)
	return r.c.Err()
}

// spend counts an entry and returns the failure there may have been.
func (r *listReader) spend() error {
	if *r.budget--; *r.budget < 0 {
		r.c.Fail("range and location lists of more than %d entries", maxRangeEntries)
	}
	return r.c.Err()
}

func (r *listReader) address() uint64 { return r.c.Uint(int(r.unit.AddrSize)) }

// index reads the number of an address in .debug_addr.
func (r *listReader) index() uint64 {
	i := r.c.ULEB128()
	if r.c.Err() != nil {
		return 0
	}
	a, err := r.unit.AddressAt(i)
	if err != nil {
		r.c.Fail("%v", err)
	}
	return a
}

// pair reads the two addresses that an entry starts with before version 5 and takes care of base addresses. more is
// false at the end of the list and after a failure; low and high are equal for entries that are no range.
func (r *listReader) pair() (low, high uint64, more bool, err error) {
	last := ^uint64(0) >> (64 - 8*uint(r.unit.AddrSize))
	for {
		low, high = r.address(), r.address()
		if err := r.spend(); err != nil || low == 0 && high == 0 {
			return 0, 0, false, err
		}
		if low != last {
			return low + r.base, high + r.base, true, nil
		}
		r.base = high
	}
}

// pairs reads a list of .debug_ranges (DWARF 4, section 2.17.3).
func (r *listReader) pairs(yield func(low, high uint64) bool) error {
	for {
		low, high, more, err := r.pair()
		if !more {
			return err
		}
		if low < high && !r.unit.tombstone(low) && !yield(low, high) {
			return nil
		}
	}
}
