package drgn

import "github.com/godrgn/drgn/types"

// AbsentBitField returns a bit-field of size bits that has a type but no value; a size of 0 means an object that is no
// bit-field.
func (p *Program) AbsentBitField(t *types.Type, reason AbsenceReason, size uint64) Object {
	o := p.AbsentObject(t, reason)
	if o.form == failed {
		return o
	}
	if err := checkBitField(t, size); err != nil {
		return Failed(err)
	}
	o.bitField = uint16(size)
	return o
}
