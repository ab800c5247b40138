package fromdwarf

import (
	"bytes"
	"runtime"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// parts is where a variable or a part of one is, and where it was looked for: it is a [debugdata.Parts].
type parts struct {
	source *source
	loc    dwarf.Location
	size   uint64 // in bits
	pc     uint64
	fn     *dwarf.Function
	frame  dwarf.Frame
}

// entity says where it is, as something of a type.
func (p *parts) entity(t *types.Type, bitSize func() (uint64, error)) (debugdata.Entity, error) {
	e := debugdata.Entity{Type: t}
	if p.loc.Absence != dwarf.Present {
		e.Where, e.Address = absence(p.loc.Absence), p.loc.Offset
		return e, nil
	}
	if address, bitOffset, ok := p.loc.Address(bitSize); ok {
		e.Address, e.BitOffset = address+bitOffset/8, uint8(bitOffset%8)
		return e, nil
	}
	e.Where = debugdata.OptimizedOut
	bits, err := bitSize()
	if err != nil { // a value of what has no size
		return e, nil
	}
	raw, absent, err := p.loc.Bytes(bits)
	if err != nil {
		return e, err
	}
	if absent == dwarf.Present {
		e.Where, e.Bytes = debugdata.IsBytes, bytes.Clone(raw)
		if u := t.WithoutTypedefs(); u.Kind() == types.Bool && p.loc.Calculated() && len(e.Bytes) != 0 {
			// GCC's truth values have one bit, of which it says the complement by DW_OP_not: what that makes of the other bits does not count.
			lowest := 0
			if u.BigEndian() {
				lowest = len(e.Bytes) - 1
			}
			truth := e.Bytes[lowest] & 1
			clear(e.Bytes)
			e.Bytes[lowest] = truth
		}
		return e, nil
	}
	e.Where = absence(absent)
	if p.loc.Partial() {
		known := *p
		known.size, e.Parts = bits, &known
	}
	return e, nil
}

// Part implements [debugdata.Parts].
func (p *parts) Part(t *types.Type, at, n uint64) (e debugdata.Entity, err error) {
	defer runtime.KeepAlive(p.source)
	err = mem.Guard(func() error {
		part := *p
		part.loc = p.loc.Slice(p.size, at, n)
		e, err = part.entity(t, func() (uint64, error) { return n, nil })
		return err
	})
	return e, err
}

// Target implements [debugdata.Parts].
func (p *parts) Target() (target debugdata.Parts, offset int64, ok bool, err error) {
	defer runtime.KeepAlive(p.source)
	err = mem.Guard(func() error {
		var die dwarf.DIE
		if die, offset, ok, err = p.loc.Target(); err != nil || !ok {
			return err
		}
		to := *p
		if to.loc, err = p.source.locate(die, p.pc, p.fn, p.frame); err != nil {
			return err
		}
		to.size = to.loc.Size()
		if die.Has(dwarf.AttrType) || die.Has(dwarf.AttrAbstractOrigin) { // else it is a DW_TAG_dwarf_procedure
			t, err := p.source.TypeIn(die, p.pc, p.fn, p.frame)
			if err != nil {
				return err
			}
			if n, err := t.BitSize(); err == nil {
				to.size = n
			}
		}
		target = &to
		return nil
	})
	return target, offset, ok && err == nil, err
}
