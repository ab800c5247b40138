package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// An Object is a variable, a constant, a function, or a value of a [Program]: a small immutable value.
//
// Navigation ([Object.Member], [Object.Deref], [Object.Index], …) never fails at once: it gives an object that holds the
// error, navigation from such an object keeps the error, and what ends a chain ([Object.Uint], [Object.CString],
// [Object.Decode], [Object.Err], …) returns it. The zero Object holds an error.
type Object struct {
	prog     *Program
	typ      *types.Type
	x        *extra // error, absence or long value; nil for all others
	bits     uint64 // address of a reference; low 64 bits of a short value
	form     form
	bitOff   uint8  // of a reference, 0 to 7
	bitField uint16 // size of a bit-field in bits; 0: none
}

type form uint8

const (
	failed    form = iota // x.err
	reference             // at bits, bitOff
	value                 // in bits, or in x.data when it is not a scalar of at most 64 bits
	absent                // x.reason
)

type extra struct {
	err    error
	data   []byte // of a value: its bytes as they would lie in memory
	reason AbsenceReason
	typ    *types.Type // of a failed object: what it would have been, or nil
	path   string      // of a reference through a null pointer: how it was reached
	deref  bool        // it is what the pointer at path points to
	parts  *knownParts // of an absent object: what is known of it, or nil
}

// An AbsenceReason says why an object has neither address nor value.
type AbsenceReason = failure.AbsenceReason

// The reasons of absence.
const (
	OtherAbsence   = failure.OtherAbsence
	OptimizedOut   = failure.OptimizedOut
	NotImplemented = failure.NotImplemented
)

// Failed returns an object that holds err; nil makes the zero object, which says that there is none.
func Failed(err error) Object {
	if err == nil {
		return Object{}
	}
	return Object{x: &extra{err: err}}
}

// ObjectAt returns the object of a type at a (virtual) address in the program's memory.
func (p *Program) ObjectAt(t *types.Type, address uint64) Object {
	if err := p.checkOwn(t, 0); err != nil {
		return Failed(err)
	}
	return Object{prog: p, typ: t, form: reference, bits: address & p.addressMask.Load()}
}

// BitField returns the bit-field of size bits (1 to 255, and no more than the type has) of an integer, boolean or
// enumerated type that starts bitOffset bits after address; a size of 0 means an object that is no bit-field.
func (p *Program) BitField(t *types.Type, address, bitOffset, size uint64) Object {
	if err := p.checkOwn(t, size); err != nil {
		return Failed(err)
	}
	if err := checkBitField(t, size); err != nil {
		return Failed(err)
	}
	if err := types.CheckAligned(t, bitOffset); err != nil {
		return Failed(err)
	}
	return Object{
		prog: p, typ: t, form: reference, bits: (address + bitOffset/8) & p.addressMask.Load(),
		bitOff: uint8(bitOffset % 8), bitField: uint16(size),
	}
}

// checkOwn says whether there can be objects of a type in p.
func (p *Program) checkOwn(t *types.Type, bitField uint64) error {
	if t == nil || t.Set() != p.types {
		return &ValueError{Problem: "type is from another program"}
	}
	return types.CheckObject(t, bitField)
}

const maxBitField = 255 // what Python's instances have room for

// checkBitField returns a *ValueError if a type can't have a bit-field of a size in bits; 0 is not a bit-field.
func checkBitField(t *types.Type, size uint64) error {
	if err := types.CheckBitField(t, size); err != nil {
		return &ValueError{Problem: err.Error()}
	}
	if size > maxBitField {
		return &ValueError{Problem: fmt.Sprintf("bit-field of %d bits: more than %d are not supported", size, maxBitField)}
	}
	return nil
}

// AbsentObject returns an object that has a type but no value.
func (p *Program) AbsentObject(t *types.Type, reason AbsenceReason) Object {
	if err := p.checkOwn(t, 0); err != nil {
		return Failed(err)
	}
	return Object{prog: p, typ: t, form: absent, x: &extra{reason: reason}}
}

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

// ScalarValue returns a value of an integer, boolean, enumerated or pointer type of at most 64 bits; bits beyond its
// size are dropped. A boolean is true for any v but 0.
func (p *Program) ScalarValue(t *types.Type, v uint64) Object {
	if err := p.checkOwn(t, 0); err != nil {
		return Failed(err)
	}
	n, err := t.Size()
	if err != nil {
		return Failed(err)
	}
	switch t.UnderlyingKind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
	default:
		return Failed(&TypeError{Problem: fmt.Sprintf("'%s' is not a scalar type", t)})
	}
	if n > 8 {
		return Failed(&ValueError{Problem: fmt.Sprintf("'%s' is longer than 64 bits", t)})
	}
	if t.UnderlyingKind() == types.Bool && v != 0 {
		v = 1
	}
	return Object{prog: p, typ: t, form: value, bits: bits.Truncate(v, n*8)}
}

// BytesValue returns a value of a type from the bytes it would have in memory, of which it keeps a copy; bytes behind
// those of the type are left out.
func (p *Program) BytesValue(t *types.Type, data []byte) Object {
	if err := p.checkOwn(t, 0); err != nil {
		return Failed(err)
	}
	n, err := t.Size()
	if err != nil {
		return Failed(err)
	}
	if uint64(len(data)) < n {
		return Failed(&ValueError{Problem: "buffer is too small"})
	}
	return p.valueOf(t, data[:n], 0, 0)
}

// valueOf makes a value from bytes; bitField is the size of a bit-field that starts bitOff bits into data, or 0.
func (p *Program) valueOf(t *types.Type, data []byte, bitOff uint8, bitField uint16) Object {
	o := Object{prog: p, typ: t, form: value, bitField: bitField}
	if n, short := o.short(); short {
		v, ok := bits.Extract(data, uint64(bitOff), n, bigEndian(t))
		if !ok {
			return Failed(&BoundsError{Problem: "out of bounds of value"})
		}
		o.bits = v
		return o
	}
	n := uint64(bitField)
	if n == 0 {
		var err error
		if n, err = t.BitSize(); err != nil {
			return Failed(err)
		}
	}
	if data = bits.Copy(data, uint64(bitOff), n, p.bitOrder(t)); data == nil {
		return Failed(&BoundsError{Problem: "out of bounds of value"})
	}
	o.x = &extra{data: data}
	return o
}

// short returns the size in bits of an object and whether it is a scalar of at most 64 bits.
func (o Object) short() (n uint64, ok bool) {
	n, ok = scalarBits(o.typ)
	if o.bitField != 0 {
		switch o.typ.UnderlyingKind() {
		case types.Int, types.Bool, types.Enum:
			return uint64(o.bitField), o.bitField <= 64
		}
	}
	return n, ok
}

// scalarBits returns the size in bits of a scalar type that fits 64 bits.
func scalarBits(t *types.Type) (n uint64, ok bool) {
	t = t.WithoutTypedefs()
	switch t.Kind() {
	case types.Int, types.Bool, types.Pointer:
	case types.Enum:
		if !t.IsComplete() {
			return 0, false
		}
	default:
		return 0, false
	}
	return t.ValueBits(), t.OwnSize() <= 8
}

func bigEndian(t *types.Type) bool {
	t = t.WithoutTypedefs()
	return t.BigEndian()
}

// bitOrder reports whether the first bit of a byte is its most significant one for what has a type.
func (p *Program) bitOrder(t *types.Type) (big bool) {
	switch t.UnderlyingKind() {
	case types.Int, types.Bool, types.Float, types.Enum, types.Pointer:
		return bigEndian(t)
	}
	return p.bigEndian()
}

// Prog returns the program the object is in; nil for a failed one.
func (o Object) Prog() *Program { return o.prog }

// Type returns the object's type; nil for a failed one.
func (o Object) Type() *types.Type { return o.typ }

// Err returns the error that a failed object holds, else nil.
func (o Object) Err() error {
	if o.form != failed {
		return nil
	}
	if o.x == nil {
		return &ValueError{Problem: "no object"}
	}
	return o.x.err
}

// Address returns the address of an object that lies in memory.
func (o Object) Address() (address uint64, ok bool) { return o.bits, o.form == reference }

// BitOffset returns how many bits after its address an object starts: 0 to 7.
func (o Object) BitOffset() uint8 { return o.bitOff }

// BitFieldSize returns the size of a bit-field in bits, 0 for another object.
func (o Object) BitFieldSize() uint64 { return uint64(o.bitField) }

// Absent reports whether the object has neither address nor value, and why.
func (o Object) Absent() (AbsenceReason, bool) {
	if o.form != absent {
		return 0, false
	}
	return o.x.reason, true
}

// IsValue reports whether the object is a value, not something in memory.
func (o Object) IsValue() bool { return o.form == value }
