package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"github.com/godrgn/drgn"
	cl "github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/lang/slice"
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
	opCompare // and the number of the comparison
)

//export goOperator
func goOperator(op C.int, a, b *C.arg, r *C.res) {
	defer guard(entered(r))
	c := Call{self: a.o, res: r}
	if op >= opNeg && op < opCompare {
		o := objectOf(a.o)
		finish(r, unaryOperator(c, int(op), o))
		if (op == opInt || op == opIndex || op == opBool) && r.i.tag != C.R_ERR {
			tellLive(a.o, o, r.i.a == 0)
		}
		return
	}
	finish(r, binaryOperator(c, int(op), a, b))
}

// binaryOperator computes or compares two operands of which one at least is an Object.
func binaryOperator(c Call, op int, a, b *C.arg) error {
	p := programOf(objectArg(a, b).prog).prog
	x, err := operandArg(p, a)
	if err != nil {
		return err
	}
	y, err := operandArg(p, b)
	if err != nil {
		return err
	}
	if op < opCompare {
		return c.Object(x.Binary(cOperators[op], y))
	}
	order, err := x.Compare(y)
	if err != nil {
		return err
	}
	return giveOrder(c, order, op-opCompare)
}

// cOperators are the binary operators in goOperator's order.
var cOperators = [...]cl.Operator{cl.Add, cl.Sub, cl.Mul, cl.Div, cl.Mod, cl.Shl, cl.Shr, cl.And, cl.Xor, cl.Or}

// objectArg returns the operand that is an Object.
func objectArg(a, b *C.arg) *C.Obj {
	if a.kind == C.A_OBJ {
		return (*C.Obj)(unsafe.Pointer(a.o))
	}
	return (*C.Obj)(unsafe.Pointer(b.o))
}

// operandArg returns an operand as an object: a number as C types such a constant.
func operandArg(p *drgn.Program, a *C.arg) (drgn.Object, error) {
	switch a.kind {
	case C.A_OBJ:
		return objectOf(a.o), nil
	case C.A_INT:
		if v := int64(a.i); v == int64(int32(v)) && v != math.MinInt32 { // an int, without asking for the larger types
			if t, err := p.Primitive(types.CInt); err == nil && t.OwnSize() == 4 {
				return p.ScalarValue(t, uint64(v)), nil
			}
		}
		return p.Literal(int64(a.i)), nil
	case C.A_BOOL:
		return p.BoolLiteral(a.i != 0), nil
	case C.A_FLOAT:
		return p.FloatLiteral(math.Float64frombits(uint64(a.i))), nil
	}
	v, err := decodePy(a.o) // an int of more than 64 bits
	if err != nil {
		return drgn.Object{}, err
	}
	if n, ok := v.(*big.Int); ok && n.BitLen() <= 64 {
		o := p.BigLiteral(n)
		return o, o.Err()
	} else if ok {
		return drgn.Object{}, &pyErr{excOverflowError, "Python int too large to convert to C uint64_t"}
	}
	return drgn.Object{}, typeError("literal must be int, float, or bool")
}

// literal makes an object of a Python number, of the type that C gives such a constant.
func literal(p *drgn.Program, v *C.PyObject) (drgn.Object, error) {
	var a C.arg
	if C.sh_operand(&a, v) == 0 || a.kind == C.A_OBJ {
		return drgn.Object{}, typeError("literal must be int, float, or bool, not '" + className(v) + "'")
	}
	o, err := operandArg(p, &a)
	if err != nil {
		return o, err
	}
	return o, o.Err()
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
		n, err := length(o)
		if err != nil {
			return err
		}
		return c.Unsigned(n)
	case opInt, opIndex:
		switch kind {
		case types.Int, types.Bool, types.Pointer:
			return giveInt(c, o)
		case types.Enum:
			if o.Type().IsComplete() {
				return giveInt(c, o)
			}
		case types.Float:
			if op == opInt {
				if !o.Type().Underlying().Computes() {
					return cl.ErrFloatSize
				}
				f, err := o.Float()
				if err != nil {
					return err
				}
				return wholeFloat(c, math.Trunc(f))
			}
		}
		if op == opIndex {
			return typeError(fmt.Sprintf("'%s' object cannot be interpreted as an integer", o.Type()))
		}
		return typeError(fmt.Sprintf("cannot convert '%s' to int", o.Type()))
	case opFloat:
		f, err := number(o)
		if err != nil {
			return err
		}
		return c.Float(f)
	}
	return c.Object(o.Unary(map[int]cl.Operator{opNeg: cl.Sub, opPos: cl.Add, opNot: cl.Not}[op]))
}

// giveInt returns an integer or pointer as an int.
func giveInt(c Call, o drgn.Object) error {
	v, err := valueOf(o, 0)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case bool:
		if v {
			return c.Number(1)
		}
		return c.Number(0)
	case int64:
		return c.Number(v)
	case uint64:
		return c.Unsigned(v)
	}
	return c.Value(v)
}

// length returns the length of an array or of a slice of Rust, Go or C++.
func length(o drgn.Object) (uint64, error) {
	o, _ = slice.Elements(o)
	if err := o.Err(); err != nil {
		return 0, err
	}
	u := o.Type().Underlying()
	n, ok := u.Length()
	switch {
	case u.Kind() != types.Array || !ok:
		return 0, typeError(fmt.Sprintf("'%s' has no len()", o.Type()))
	}
	_, err := u.BitSize() // no array may have that length
	return n, err
}

// number returns an arithmetic object as a float.
func number(o drgn.Object) (float64, error) {
	switch o.Type().UnderlyingKind() {
	case types.Float:
		return o.Float()
	case types.Int, types.Bool, types.Enum:
		if isOpenEnum(o.Type()) {
			break
		}
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

func isOpenEnum(t *types.Type) bool { return t.UnderlyingKind() == types.Enum && !t.IsComplete() }

// wholeNumber returns an arithmetic object made whole, as an int.
func wholeNumber(c Call, f func(float64) float64) error {
	o := self(c)
	switch o.Type().UnderlyingKind() {
	case types.Float:
		if !o.Type().Underlying().Computes() {
			return cl.ErrFloatSize // the nearest number of 64 bits may be a whole one
		}
		v, err := o.Float()
		if err != nil {
			return err
		}
		return wholeFloat(c, f(v))
	case types.Int, types.Bool, types.Enum:
		if isOpenEnum(o.Type()) {
			return typeError("cannot read object with incomplete enumerated type")
		}
		return setObjectValue(c.res, o)
	}
	return typeError(fmt.Sprintf("cannot round '%s'", o.Type()))
}

func wholeFloat(c Call, f float64) error {
	switch {
	case math.IsNaN(f):
		return valueError("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return &pyErr{excOverflowError, "cannot convert float infinity to integer"}
	}
	n, _ := big.NewFloat(f).Int(nil)
	return c.Value(n)
}

// roundObject is __round__(): an int, or with ndigits a value of the object's type.
func roundObject(c Call) error {
	o := self(c)
	if !c.Has(0) && o.Type().UnderlyingKind() == types.Bool {
		return giveInt(c, o)
	}
	if !c.Has(0) {
		return wholeNumber(c, math.RoundToEven)
	}
	switch o.Type().UnderlyingKind() {
	case types.Float, types.Int, types.Bool, types.Enum:
	default:
		return typeError(fmt.Sprintf("cannot round '%s'", o.Type()))
	}
	v, err := valueOf(o, 0)
	if err != nil {
		return err
	}
	round := C.sh_module_attr(cdata("builtins\x00"), cdata("round\x00"))
	if round == nil {
		return raisedError{}
	}
	defer decref(round)
	rounded, err := callPy(round, v, borrowed{c.py(0)})
	if err != nil {
		return err
	}
	defer decref(rounded)
	r, err := fromValue(o.Prog(), o.Type(), rounded, 0)
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

// giveOrder returns what a comparison says.
func giveOrder(c Call, n cl.Order, op int) error {
	if n == cl.Unordered {
		return c.Truth(op == cmpNE)
	}
	switch op {
	case cmpLT:
		return c.Truth(n < 0)
	case cmpLE:
		return c.Truth(n <= 0)
	case cmpEQ:
		return c.Truth(n == 0)
	case cmpNE:
		return c.Truth(n != 0)
	case cmpGT:
		return c.Truth(n > 0)
	}
	return c.Truth(n >= 0)
}
