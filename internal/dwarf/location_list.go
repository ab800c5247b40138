package dwarf

import (
	"github.com/godrgn/drgn/internal/bin"
)

// Entries of .debug_loclists (DWARF 5, section 7.7.3).
const (
	lleEndOfList       = 0
	lleBaseAddressx    = 1
	lleStartxEndx      = 2
	lleStartxLength    = 3
	lleOffsetPair      = 4
	lleDefaultLocation = 5
	lleBaseAddress     = 6
	lleStartEnd        = 7
	lleStartLength     = 8
	lleGNUViewPair     = 9
)

// locationAt returns the location description that an attribute holds for pc, an address without bias: its own, or that
// of the first entry of its location list that has pc. ok is false when no entry has it.
func (u *Unit) locationAt(v Value, pc uint64) (code []byte, ok bool, err error) {
	if v.IsExpr() {
		code, ok = v.Block()
		return code, ok, nil
	}
	in, err := u.Info()
	if err != nil {
		return nil, false, err
	}
	budget := maxRangeEntries
	r := listReader{unit: u, budget: &budget, base: in.LowPC}
	if u.Version < 5 {
		r.c = bin.New(".debug_loc", u.from.sec.Loc, u.File.big)
		if err := r.seek(v, FormLoclistx, in.LocBase); err != nil {
			return nil, false, err
		}
		if u.from.split {
			return r.splitLocations(pc)
		}
		return r.locationPairs(pc)
	}
	r.c = bin.New(".debug_loclists", u.from.sec.LocLists, u.File.big)
	if err := r.seek(v, FormLoclistx, in.LocBase); err != nil {
		return nil, false, err
	}
	return r.locations(pc)
}

// locations looks for pc in a list of .debug_loclists (DWARF 5, section 2.6.2).
func (r *listReader) locations(pc uint64) (code []byte, ok bool, err error) {
	var standard []byte // of the default entry
	for {
		kind := r.c.U8()
		if err := r.spend(); err != nil {
			return nil, false, err
		}
		var low, high uint64
		switch kind {
		case lleEndOfList:
			return standard, standard != nil, nil
		case lleBaseAddressx:
			r.base = r.index()
			continue
		case lleBaseAddress:
			r.base = r.address()
			continue
		case lleGNUViewPair: // numbers of views at the ends of the next range, which we have no use for
			r.c.ULEB128()
			r.c.ULEB128()
			continue
		case lleDefaultLocation:
			standard = r.c.Bytes(r.c.ULEB128())
			if standard == nil {
				standard = []byte{}
			}
			continue
		case lleStartxEndx:
			low, high = r.index(), r.index()
		case lleStartxLength:
			low = r.index()
			high = low + r.c.ULEB128()
		case lleOffsetPair:
			low = r.base + r.c.ULEB128()
			high = r.base + r.c.ULEB128()
		case lleStartEnd:
			low, high = r.address(), r.address()
		case lleStartLength:
			low = r.address()
			high = low + r.c.ULEB128()
		default:
			r.c.Fail("unknown kind %#x of location list entry", kind)
		}
		code = r.c.Bytes(r.c.ULEB128())
		if r.c.Err() != nil {
			return nil, false, r.c.Err()
		}
		if low <= pc && pc < high {
			return code, true, nil
		}
	}
}

// locationPairs looks for pc in a list of .debug_loc (DWARF 4, section 2.6.2).
func (r *listReader) locationPairs(pc uint64) (code []byte, ok bool, err error) {
	for {
		low, high, more, err := r.pair()
		if !more {
			return nil, false, err
		}
		code = r.c.Bytes(uint64(r.c.U16()))
		if r.c.Err() != nil {
			return nil, false, r.c.Err()
		}
		if low <= pc && pc < high {
			return code, true, nil
		}
	}
}

// splitLocations looks for pc in a list of .debug_loc.dwo, GNU's extension of DWARF 4: the kinds are those of DWARF 5, but lengths have
// a fixed size.
func (r *listReader) splitLocations(pc uint64) (code []byte, ok bool, err error) {
	for {
		kind := r.c.U8()
		if err := r.spend(); err != nil || kind == lleEndOfList {
			return nil, false, err
		}
		var low, high uint64
		switch kind {
		case lleBaseAddressx:
			r.base = r.index()
			continue
		case lleStartxEndx:
			low, high = r.index(), r.index()
		case lleStartxLength:
			low = r.index()
			high = low + uint64(r.c.U32())
		case lleOffsetPair:
			low = r.base + uint64(r.c.U32())
			high = r.base + uint64(r.c.U32())
		default:
			r.c.Fail("unknown kind %#x of location list entry", kind)
		}
		code = r.c.Bytes(uint64(r.c.U16()))
		if r.c.Err() != nil {
			return nil, false, r.c.Err()
		}
		if low <= pc && pc < high {
			return code, true, nil
		}
	}
}
