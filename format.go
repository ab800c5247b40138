package drgn

import (
	"errors"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// Format returns the object printed in C's syntax as f says; [c.DefaultFormat] is how [Object.String] prints.
func (o Object) Format(f c.Format) (string, error) {
	if err := o.Err(); err != nil {
		return "", err
	}
	m := printing{p: o.prog}
	s, err := f.String(o.printed(), &m)
	switch {
	case err == nil && m.err != nil:
		return "", m.err
	case errors.Is(err, c.ErrPastEnd):
		err = &BoundsError{Problem: "out of bounds of value"}
	case errors.Is(err, c.ErrTooLarge):
		err = &ValueError{Problem: err.Error()}
	case errors.As(err, new(unknownPart)): // of too many parts
		err = &AbsentError{Reason: o.x.reason}
	case errors.Is(err, c.ErrTooDeep):
		err = &types.DepthError{Problem: "maximum object depth exceeded"}
	}
	return s, o.readError(err)
}

// String returns the object printed in C's syntax, or the error it holds.
func (o Object) String() string {
	s, err := o.Format(c.DefaultFormat)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return s
}

// printed is the object as the printer takes it.
func (o Object) printed() c.Value {
	v := c.Value{Type: o.typ, BitOffset: uint64(o.bitOff), BitFieldSize: uint64(o.bitField)}
	switch {
	case o.form == absent:
		v.Form, v.Reason = c.Absent, o.x.reason.String()
		if o.x.parts != nil {
			v.Reason, v.Parts = o.x.parts.reason(v.Reason), partReader{o}
		}
	case o.form == reference:
		v.Form, v.Address = c.Reference, o.bits
	case o.x != nil:
		v.Form, v.Data = c.Bytes, o.x.data
	default:
		v.Form, v.Bits = c.Bits, o.bits
	}
	return v
}

// printing is the program as the printer sees it.
type printing struct {
	p   *Program
	err error // the first of a symbol finder
}

// Read reads memory.
func (m *printing) Read(buf []byte, address uint64) error { return m.p.mem.Read(buf, address, false) }

// Missing reports whether memory is not there, or a part is not known.
func (m *printing) Missing(err error) bool {
	return errors.As(err, new(*mem.FaultError)) || errors.As(err, new(unknownPart))
}

// Symbolize names an address.
func (m *printing) Symbolize(address uint64) (name string, offset uint64, ok bool) {
	s, err := m.p.SymbolAt(address)
	if err != nil {
		if m.err == nil && !IsNotFound(err) {
			m.err = err
		}
		return "", 0, false
	}
	return s.Demangled(), address - s.Address, true
}
