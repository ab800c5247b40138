package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"math"
	"math/big"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// The operators, numbered as in object.c.
const (
	opAdd = iota
	opSub
	opMul
	opDiv
	opMod
	opLshift
	opRshift
	opAnd
	opXor
	opOr
	opNeg
	opPos
	opNot
	opInt
	opFloat
	opIndex
	opBool
	opLen
)

//export goOperator
func goOperator(op C.int, a, b *C.PyObject, r *C.res) {
	defer guard(r)
	c := Call{self: a, res: r}
	if op >= opNeg {
		finish(r, unaryOperator(c, int(op), objectOf(a)))
		return
	}
	x, y, ok, err := operands(a, b)
	if err != nil || !ok {
		r.i.tag = C.R_NOTIMPL
		finish(r, err)
		return
	}
	o, err := binaryOp(int(op), x, y)
	if err != nil {
		finish(r, err)
		return
	}
	finish(r, c.Object(o))
}

// operands returns two operands of which one at least is an Object; ok is false when the other is nothing that can be
// combined with one.
func operands(a, b *C.PyObject) (x, y drgn.Object, ok bool, err error) {
	if C.sh_is_object(a) != 0 {
		x = objectOf(a)
		if C.sh_is_object(b) != 0 {
			y = objectOf(b)
			if x.Prog() != y.Prog() {
				return x, y, false, valueError("objects are from different programs")
			}
			return x, y, true, nil
		}
		y, ok, err = literalOperand(x.Prog(), b)
		return x, y, ok, err
	}
	y = objectOf(b)
	x, ok, err = literalOperand(y.Prog(), a)
	return x, y, ok, err
}

func literalOperand(p *drgn.Program, o *C.PyObject) (drgn.Object, bool, error) {
	if C.sh_is_number(o) == 0 {
		return drgn.Object{}, false, nil
	}
	v, err := decodePy(o)
	if err != nil {
		return drgn.Object{}, false, err
	}
	x, err := literal(p, v)
	return x, err == nil, err
}

func unaryOperator(c Call, op int, o drgn.Object) error {
	kind := o.Type().UnderlyingKind()
	switch op {
	case opBool:
		v, err := o.Bool()
		if err != nil {
			return err
		}
		return c.Truth(v)
	case opLen:
		n, err := o.Len()
		if err != nil {
			return err
		}
		return c.Unsigned(n)
	case opInt, opIndex:
		if kind == types.Float && op == opInt {
			f, err := o.Float()
			if err != nil {
				return err
			}
			return wholeFloat(c, math.Trunc(f))
		}
		switch kind {
		case types.Int, types.Enum, types.Bool, types.Pointer:
			v, err := valueOf(o, 0)
			if err != nil {
				return err
			}
			if b, ok := v.(bool); ok {
				if v = int64(0); b {
					v = int64(1)
				}
			}
			switch v := v.(type) {
			case int64:
				return c.Number(v)
			case uint64:
				return c.Unsigned(v)
			}
			return c.Value(v)
		}
		return typeError(fmt.Sprintf("cannot convert '%s' to %s", o.Type(), map[int]string{opInt: "int", opIndex: "index"}[op]))
	case opFloat:
		f, err := number(o)
		if err != nil {
			return err
		}
		return c.Float(f)
	}
	r, err := unaryOp(op, o)
	if err != nil {
		return err
	}
	return c.Object(r)
}

// number returns an arithmetic object as a float.
func number(o drgn.Object) (float64, error) {
	switch o.Type().UnderlyingKind() {
	case types.Float:
		return o.Float()
	case types.Int, types.Bool, types.Enum:
		v, err := valueOf(o, 0)
		if err != nil {
			return 0, err
		}
		f, _ := toBig(v).Float64()
		return f, nil
	}
	return 0, typeError(fmt.Sprintf("cannot convert '%s' to float", o.Type()))
}

func toBig(v any) *big.Float {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewFloat(1)
		}
		return new(big.Float)
	case int64:
		return new(big.Float).SetInt64(v)
	case uint64:
		return new(big.Float).SetUint64(v)
	case *big.Int:
		return new(big.Float).SetInt(v)
	}
	return new(big.Float)
}

func truncF(f float64) float64 { return math.Trunc(f) }
func floorF(f float64) float64 { return math.Floor(f) }
func ceilF(f float64) float64  { return math.Ceil(f) }

// wholeNumber returns an arithmetic object made whole, as an int.
func wholeNumber(c Call, f func(float64) float64) error {
	o := self(c)
	switch o.Type().UnderlyingKind() {
	case types.Float:
		v, err := o.Float()
		if err != nil {
			return err
		}
		return wholeFloat(c, f(v))
	case types.Pointer:
		return typeError(fmt.Sprintf("cannot round '%s'", o.Type()))
	}
	return unaryOperator(c, opInt, o)
}

func wholeFloat(c Call, f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return &pyErr{excOverflowError, "cannot convert float infinity or NaN to integer"}
	}
	n, _ := big.NewFloat(f).Int(nil)
	return c.Value(n)
}

// roundTo is __round__(): an int, or with ndigits a value of the object's type.
func roundTo(c Call, f float64) error {
	if !c.Has(0) {
		o := self(c)
		if o.Type().UnderlyingKind() != types.Float {
			return unaryOperator(c, opInt, o)
		}
		return wholeFloat(c, math.RoundToEven(f))
	}
	o := self(c)
	if o.Type().UnderlyingKind() != types.Float {
		return c.Object(o.Read())
	}
	scale := math.Pow10(int(max(min(c.Int(0), 300), -300)))
	r, err := fromValue(o.Prog(), o.Type(), math.RoundToEven(f*scale)/scale, 0)
	if err != nil {
		return err
	}
	return c.Object(r)
}

// The comparisons, numbered as in Python.
const (
	cmpLT = iota
	cmpLE
	cmpEQ
	cmpNE
	cmpGT
	cmpGE
)

func objectCompare(c Call, x *C.PyObject, op int) error {
	if C.sh_is_object(x) == 0 && C.sh_is_number(x) == 0 {
		c.res.i.tag = C.R_NOTIMPL
		return nil
	}
	a, b, ok, err := operands(c.self, x)
	if err != nil {
		return err
	}
	if !ok {
		c.res.i.tag = C.R_NOTIMPL
		return nil
	}
	n, ordered, err := compare(a, b)
	if err != nil {
		return err
	}
	switch op {
	case cmpLT:
		return c.Truth(ordered && n < 0)
	case cmpLE:
		return c.Truth(ordered && n <= 0)
	case cmpEQ:
		return c.Truth(ordered && n == 0)
	case cmpNE:
		return c.Truth(!ordered || n != 0)
	case cmpGT:
		return c.Truth(ordered && n > 0)
	}
	return c.Truth(ordered && n >= 0)
}
