package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// cast converts a scalar the way C does between integers, booleans, enumerated types and pointers.
func (p *Program) cast(t *types.Type, o Object) Object {
	to := t.UnderlyingKind()
	switch to {
	case types.Int, types.Bool, types.Enum, types.Pointer:
		if n, ok := scalarBits(t); ok {
			switch o.typ.UnderlyingKind() {
			case types.Int, types.Bool, types.Enum, types.Pointer:
				v, err := o.Uint()
				if err != nil {
					return o.fail("", err)
				}
				if to == types.Bool && v != 0 {
					v = 1
				}
				return Object{prog: p, typ: t, form: value, bits: bits.Truncate(v, n)}
			}
		}
	}
	return p.castOther(t, o)
}

// castOther converts what is no integer of at most 64 bits on both sides.
func (p *Program) castOther(t *types.Type, o Object) Object {
	return Failed(&TypeError{fmt.Sprintf("cannot convert '%s' to '%s'", o.typ, t)})
}
