package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"math/big"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// lookup is a program as C's arithmetic asks it for types.
type lookup struct{ p *drgn.Program }

// Find is never asked by arithmetic.
func (l lookup) Find(types.KindSet, string) (*types.Type, error) { return nil, nil }

// Primitive returns one of C's own types.
func (l lookup) Primitive(p types.Primitive) (*types.Type, error) { return l.p.Primitive(p) }

// Pointer returns the type of pointers to elem.
func (l lookup) Pointer(elem *types.Type) (*types.Type, error) { return l.p.PointerTo(elem), nil }

// operandOf reads an object as an operand.
func operandOf(o drgn.Object) (c.Operand, error) {
	if err := o.Err(); err != nil {
		return c.Operand{}, err
	}
	t := o.Type()
	switch u := t.Underlying(); u.Kind() {
	case types.Array, types.Function:
		addr, ok := o.Address()
		if !ok {
			return c.Operand{}, valueError("cannot get address of value")
		}
		return c.Operand{Type: t, Bits: addr}, nil
	case types.Float:
		f, err := o.Float()
		return c.FloatOf(t, f), err
	case types.Int, types.Bool, types.Enum, types.Pointer:
		if u.OwnSize() > 8 {
			v, err := bigValue(o, u)
			if err != nil {
				return c.Operand{}, err
			}
			return c.BigInt(t, v.(*big.Int)), nil
		}
		v, err := o.Uint()
		return c.Int(t, o.BitFieldSize(), v), err
	}
	return c.Operand{Type: t}, nil // the operators say what is wrong
}

// objectFrom makes an object of what was computed.
func objectFrom(p *drgn.Program, a c.Operand) (drgn.Object, error) {
	switch u := a.Type.Underlying(); {
	case u.Kind() == types.Float:
		return fromValue(p, a.Type, a.Float, 0)
	case a.Big != nil:
		return fromValue(p, a.Type, a.Big, 0)
	}
	if a.BitFieldSize != 0 {
		return fromValue(p, a.Type, new(big.Int).SetUint64(a.Bits), a.BitFieldSize)
	}
	o := p.ScalarValue(a.Type, a.Bits)
	return o, o.Err()
}

// cOperators are the binary operators in goOperator's order.
var cOperators = [...]c.Operator{c.Add, c.Sub, c.Mul, c.Div, c.Mod, c.Shl, c.Shr, c.And, c.Xor, c.Or}

func binaryOp(op int, x, y drgn.Object) (drgn.Object, error) {
	a, err := operandOf(x)
	if err != nil {
		return drgn.Object{}, err
	}
	b, err := operandOf(y)
	if err != nil {
		return drgn.Object{}, err
	}
	r, err := c.Binary(cOperators[op], a, b, lookup{x.Prog()})
	if err != nil {
		return drgn.Object{}, err
	}
	return objectFrom(x.Prog(), r)
}

func unaryOp(op int, x drgn.Object) (drgn.Object, error) {
	a, err := operandOf(x)
	if err != nil {
		return drgn.Object{}, err
	}
	r, err := c.Unary(map[int]c.Operator{opNeg: c.Sub, opPos: c.Add, opNot: c.Not}[op], a, lookup{x.Prog()})
	if err != nil {
		return drgn.Object{}, err
	}
	return objectFrom(x.Prog(), r)
}

// compare returns how two objects compare; ordered is false when one is not a number.
func compare(x, y drgn.Object) (n int, ordered bool, err error) {
	a, err := operandOf(x)
	if err != nil {
		return 0, false, err
	}
	b, err := operandOf(y)
	if err != nil {
		return 0, false, err
	}
	r, err := c.Compare(a, b, lookup{x.Prog()})
	return int(r), r != c.Unordered, err
}

// literal makes an object of a Python number, of the type that C gives such a constant.
func literal(p *drgn.Program, v any) (drgn.Object, error) {
	var (
		a   c.Operand
		err error
		l   = lookup{p}
	)
	switch v := v.(type) {
	case bool:
		a, err = c.BoolLiteral(v, l)
	case int64:
		a, err = c.IntLiteral(v, l)
	case *big.Int:
		a, err = c.Literal(v, l)
	case float64:
		a, err = c.FloatLiteral(v, l)
	default:
		return drgn.Object{}, typeError(fmt.Sprintf("cannot make an object without a type of %T", v))
	}
	if err != nil {
		return drgn.Object{}, err
	}
	return objectFrom(p, a)
}

// castObject is C's cast.
func castObject(o drgn.Object, t *types.Type) (drgn.Object, error) {
	if t.UnderlyingKind() == types.Void || t.UnderlyingKind() == types.Array || t.UnderlyingKind().IsCompound() || o.Type().UnderlyingKind().IsCompound() {
		r := o.Cast(t) // it has its own rules, or says why not
		return r, r.Err()
	}
	a, err := operandOf(o)
	if err != nil {
		return drgn.Object{}, err
	}
	r, err := c.Cast(t, a, lookup{o.Prog()})
	if err != nil {
		return drgn.Object{}, err
	}
	return objectFrom(o.Prog(), r)
}

// convertObject is C's conversion by assignment.
func convertObject(o drgn.Object, t *types.Type, bitField uint64) (drgn.Object, error) {
	a, err := operandOf(o)
	if err != nil {
		return drgn.Object{}, err
	}
	r, err := c.Convert(t, bitField, a, lookup{o.Prog()})
	if err != nil {
		return drgn.Object{}, err
	}
	return objectFrom(o.Prog(), r)
}
