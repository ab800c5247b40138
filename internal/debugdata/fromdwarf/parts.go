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
	size   uint64      // in bits
	typ    *types.Type // of an object of which parts are known, or nil
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
		if some, _ := p.loc.Calculated(); some {
			w := truths{p: p, bytes: e.Bytes, total: bits, left: maxTruths}
			w.clean(t, 0)
		}
		return e, nil
	}
	e.Where = absence(absent)
	if p.loc.Partial() {
		known := *p
		known.size, known.typ, e.Parts = bits, t, &known
	}
	return e, nil
}

// maxTruths bounds how many parts of an object are looked at for truth values.
const maxTruths = 1000

// truths are the truth values in a part of an object that expressions yield. Those of compilers have one bit, of which they say the complement by
// DW_OP_not: that sets all upper bits, too, and makes 254 of false.
type truths struct {
	p     *parts
	bytes []byte // of the part
	from  uint64 // where in the object it begins, in bits
	total uint64 // of the object, in bits
	left  int    // how many parts of the object are still looked at
}

// clean clears the upper bits of the complements in what has a type and begins at a bit of the object.
func (w *truths) clean(t *types.Type, at uint64) {
	u := t.WithoutTypedefs()
	if w.left--; w.left < 0 {
		return
	}
	switch k := u.Kind(); {
	case k == types.Bool:
		n, first, have := u.OwnSize(), (at-w.from)/8, uint64(len(w.bytes))
		if n == 0 || at < w.from || at%8 != 0 || n > have || first > have-n {
			return
		}
		part := w.p.loc.Slice(w.total, at, 8*n)
		if _, whole := part.Calculated(); !whole {
			return
		}
		b, lowest := w.bytes[first:][:n], uint64(0)
		if u.BigEndian() {
			lowest = n - 1
		}
		for i, x := range b {
			if uint64(i) == lowest {
				x |= 1
			}
			if x != 0xff {
				return // no complement
			}
		}
		truth := b[lowest] & 1
		clear(b)
		b[lowest] = truth
	case k == types.Array:
		length, _ := u.Length()
		size, err := u.Elem().BitSize()
		for i := uint64(0); err == nil && i < length && w.left > 0; i++ {
			w.clean(u.Elem(), at+i*size)
		}
	case k.IsCompound():
		members, _ := u.Members() // of what can't be read, nothing is shown
		for i := range members {
			if slot, err := members[i].Slot(); err == nil && slot.BitFieldSize == 0 {
				w.clean(slot.Type, at+members[i].BitOffset)
			}
		}
	}
}

// Part implements [debugdata.Parts].
func (p *parts) Part(t *types.Type, at, n uint64) (e debugdata.Entity, err error) {
	defer runtime.KeepAlive(p.source)
	err = mem.Guard(func() error {
		part := *p
		part.loc = p.loc.Slice(p.size, at, n)
		if e, err = part.entity(t, func() (uint64, error) { return n, nil }); err == nil && e.Where == debugdata.IsBytes && p.typ != nil && at%8 == 0 {
			w := truths{p: p, bytes: e.Bytes, from: at, total: p.size, left: maxTruths}
			w.clean(p.typ, 0)
		}
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
		to.size, to.typ = to.loc.Size(), nil
		if die.Has(dwarf.AttrType) || die.Has(dwarf.AttrAbstractOrigin) { // else it is a DW_TAG_dwarf_procedure
			t, err := p.source.TypeIn(die, p.pc, p.fn, p.frame)
			if err != nil {
				return err
			}
			if n, err := t.BitSize(); err == nil {
				to.size, to.typ = n, t
			}
		}
		target = &to
		return nil
	})
	return target, offset, ok && err == nil, err
}
