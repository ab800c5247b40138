package dwarf

import (
	"errors"

	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/types"
)

// TypeIn is [File.TypeAttr] of a variable in a frame: arrays whose numbers of elements are known at run time only (C's variable-length arrays)
// have those that they have there, and structures the members that are such arrays (an extension of GNU C). pc, fn and frame are those of [DIE.Locate]. A number that is not known leaves its array incomplete.
func (f *File) TypeIn(d DIE, pc uint64, fn *Function, frame Frame) (*types.Type, error) {
	t, err := f.TypeAttr(d)
	if err != nil {
		return nil, err
	}
	dynamic, err := d.hasDynamicType()
	if err != nil || !dynamic {
		return t, err
	}
	return d.Unit.File.elemIn(d, 0, &bounds{pc: pc, fn: fn, frame: frame})
}

// hasDynamicType reports whether the type of d is, points to, or has as elements arrays whose numbers of elements are known at run time only, or
// structures with such members.
func (d DIE) hasDynamicType() (bool, error) {
	for range maxTypeDepth {
		v, err := d.Inherited(AttrType)
		if err != nil || !v.Exists() {
			return false, err
		}
		if d, err = v.DIE(); err != nil {
			return false, err
		}
		switch {
		case d.Tag == TagArrayType:
			for c, err := range d.Children() {
				if err != nil {
					return false, err
				}
				if c.Tag != TagSubrangeType {
					continue
				}
				if n, err := c.count(nil); err != nil || n.dynamic {
					return n.dynamic, err
				}
			}
		case !d.Tag.derives():
			return d.varies()
		}
	}
	return false, nil
}

// derives reports whether types of a tag are made of one other type, which may be an array.
func (t Tag) derives() bool {
	switch t {
	case TagTypedef, TagTemplateAlias, TagPointerType, TagReferenceType, TagRvalueReferenceType, TagConstType, TagImmutableType, TagVolatileType,
		TagRestrictType, TagAtomicType, TagArrayType:
		return true
	}
	return false
}

// bounds is where the numbers of elements of arrays are asked for. With a nil *bounds, only those that don't depend on a frame are known.
type bounds struct {
	pc       uint64
	fn       *Function
	frame    Frame
	varyings varyings
}

// number returns the value of an attribute that is an expression, on a stack that holds initial, or refers to the variable that has it; known is
// false if it is not known there.
func (b *bounds) number(v Value, initial ...uint64) (n uint64, known bool, err error) {
	if b == nil {
		return 0, false, nil
	}
	if v.isRef() {
		d, err := v.DIE()
		if err != nil {
			return 0, false, err
		}
		if own, err := b.inside(d); err != nil || !own {
			return 0, false, err
		}
		return b.variable(d)
	}
	e := &evaluation{unit: v.unit, fn: b.fn, frame: b.frame}
	e.pc, _ = v.unit.File.cfg.Addresses.ToFile(b.pc)
	code, ok, err := e.unit.locationAt(v, e.pc)
	if err != nil || !ok {
		return 0, false, err
	}
	n, err = expr.Value(e.format(), e, code, initial...)
	err = e.unit.placed(err, code)
	absence, _, err := absent(err)
	return n, absence == Present && err == nil, err
}

// variable returns the value of an integer variable.
func (b *bounds) variable(d DIE) (n uint64, known bool, err error) {
	t, err := d.Unit.File.TypeAttr(d)
	if err != nil {
		return 0, false, err
	}
	bits, err := t.BitSize()
	if err != nil || bits == 0 || bits > 64 {
		return 0, false, errors.Join(err, d.fail("the number of an array's elements can't be of type '%s'", t))
	}
	l, err := d.Locate(b.pc, b.fn, b.frame)
	if err != nil {
		return 0, false, err
	}
	raw, absence, err := l.Bytes(bits)
	if err != nil || absence != Present {
		return 0, false, err
	}
	f := d.Unit.File
	for i := range raw {
		if f.big {
			n = n<<8 | uint64(raw[i])
		} else {
			n |= uint64(raw[i]) << (8 * i)
		}
	}
	if t.Underlying().IsSigned() && bits < 64 {
		n = uint64(int64(n<<(64-bits)) >> (64 - bits))
	}
	return n, true, nil
}
