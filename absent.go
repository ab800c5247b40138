package drgn

import "github.com/godrgn/drgn/types"

// AbsentBitField returns a bit-field of size bits that has a type but no value; a size of 0 means an object that is no
// bit-field.
func (p *Program) AbsentBitField(t *types.Type, reason AbsenceReason, size uint64) Object {
	if err := p.checkOwn(t, size); err != nil {
		return Failed(err)
	}
	if err := checkBitField(t, size); err != nil {
		return Failed(err)
	}
	return Object{prog: p, typ: t, form: absent, x: &extra{reason: reason}, bitField: uint16(size)}
}
