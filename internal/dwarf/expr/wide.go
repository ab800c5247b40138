package expr

import (
	"math"
	"math/big"

	"github.com/godrgn/drgn/types"
)

// Numbers of more than 64 bits are calculated with as processors do that round to the nearest number of the type, and refused where the result is not
// a number, is infinite, or has less than the type's precision.

// isWide reports whether values of the type are floating-point numbers of more than 64 bits.
func (t BaseType) isWide() bool {
	return t.Encoding == ateFloat && (t.Float == types.Extended || t.Float == types.Quadruple) && t.Size >= uint64(t.Float.Size()) && t.Size <= 16
}

// pushBytes pushes the number whose bytes are b.
func (m *machine) pushBytes(op byte, t BaseType, b []byte) {
	if !t.isWide() {
		m.pushTyped(t, m.number(b))
		return
	}
	x, _ := t.Float.Float(b, m.Big)
	if x == nil {
		m.unsupported(op, "for what is not a number")
		return
	}
	m.pushValue(value{typ: t, wide: x})
}

// pushExtended pushes the number in a register of x87 as one of a type.
func (m *machine) pushExtended(op byte, b []byte, t BaseType) {
	x, negative := types.Extended.Float(b, false)
	switch {
	case !t.isWide():
		m.pushTyped(t, t.narrow(x, negative))
	case x != nil && t.Float == types.Extended:
		m.pushValue(value{typ: t, wide: x})
	default:
		m.unsupported(op, "for this content of the register")
	}
}

// narrow returns the bits of the number of a type of at most 64 bits that is nearest to x, nil for what is not a number.
func (t BaseType) narrow(x *big.Float, negative bool) uint64 {
	switch {
	case x == nil:
		return t.floatBits(math.Copysign(math.NaN(), map[bool]float64{true: -1, false: 1}[negative]))
	case t.Size == 4: // rounded once
		f, _ := x.Float32()
		return uint64(math.Float32bits(f))
	}
	f, _ := x.Float64()
	return math.Float64bits(f)
}

// placeWide makes the number the value of the object.
func (m *machine) placeWide(op byte, x value) {
	b, ok := x.typ.Float.Bytes(x.wide, m.Big)
	if !ok {
		m.unsupported(op, "for a result that is not exact")
		return
	}
	m.place(Piece{Kind: Implicit, Bytes: append(b, make([]byte, int(x.typ.Size)-len(b))...)})
}

// pushWide pushes the result of an operation.
func (m *machine) pushWide(op byte, t BaseType, x *big.Float) {
	if _, ok := t.Float.Bytes(x, false); !ok {
		m.unsupported(op, "for a result that is not exact")
		return
	}
	m.pushValue(value{typ: t, wide: x})
}

// convertWide converts or reinterprets a value where one of the two types is wide.
func (m *machine) convertWide(op byte, x value, t BaseType) {
	switch {
	case op == opReinterpret || op == opGNUReinterpret:
		if x.typ != t {
			m.unsupported(op, "for numbers of more than 64 bits")
			return
		}
		m.pushValue(x)
	case t.isWide():
		m.widen(op, x, t)
	case t.isFloat():
		m.pushTyped(t, t.narrow(x.wide, false))
	default:
		m.truncateWide(x.wide, t)
	}
}

// widen pushes a number as one of a wide type.
func (m *machine) widen(op byte, x value, t BaseType) {
	to := new(big.Float).SetPrec(t.Float.Precision())
	switch {
	case x.wide != nil:
		to.Set(x.wide)
	case x.typ.isFloat():
		v := x.typ.float(x.v)
		if math.IsNaN(v) {
			m.unsupported(op, "for what is not a number")
			return
		}
		to.SetFloat64(v)
	case x.typ.isSigned() || x.typ.Size == 0:
		to.SetInt64(m.signed(x))
	default:
		to.SetUint64(x.v)
	}
	m.pushWide(op, t, to)
}

// truncateWide pushes a number without its fraction as an integer of a type, which must be able to hold it; the generic type may be of either sign.
func (m *machine) truncateWide(x *big.Float, t BaseType) {
	n, _ := x.Int(nil)
	bits := 8 * int(t.Size)
	if t.Size == 0 {
		bits = 8 * m.AddressSize
	}
	signed := n != nil && fitsSigned(n, bits)
	unsigned := n != nil && n.Sign() >= 0 && n.BitLen() <= bits
	switch {
	case t.isSigned() && !signed, !t.isSigned() && !unsigned && !(t.Size == 0 && signed):
		m.c.Fail("%s does not fit into an integer of %d bits", x.Text('g', 21), bits)
	case n.Sign() < 0:
		m.pushTyped(t, uint64(n.Int64()))
	default:
		m.pushTyped(t, n.Uint64())
	}
}

// fitsSigned reports whether a signed integer of so many bits can be n.
func fitsSigned(n *big.Int, bits int) bool {
	if n.Sign() < 0 {
		n = new(big.Int).Not(n)
	}
	return n.BitLen() < bits
}

// wideSign carries out DW_OP_abs and DW_OP_neg.
func (m *machine) wideSign(op byte, x value) {
	y := new(big.Float)
	switch op {
	case opAbs:
		y.Abs(x.wide)
	case opNeg:
		y.Neg(x.wide)
	default:
		m.c.Fail("bits of a floating-point number are asked for")
		return
	}
	m.pushValue(value{typ: x.typ, wide: y})
}

// wideFloats carries out an operation on two numbers of the same type.
func (m *machine) wideFloats(op byte, a, b value) {
	x, y := a.wide, b.wide
	if op >= opEq && op <= opNe {
		order := x.Cmp(y)
		m.pushTruth(op == opEq && order == 0 || op == opNe && order != 0 || op == opLt && order < 0 || op == opLe && order <= 0 ||
			op == opGt && order > 0 || op == opGe && order >= 0)
		return
	}
	if x.IsInf() || y.IsInf() || op == opDiv && y.Sign() == 0 {
		m.unsupported(op, "for a result that is not exact")
		return
	}
	z := new(big.Float).SetPrec(a.typ.Float.Precision())
	switch op {
	case opPlus:
		z.Add(x, y)
	case opMinus:
		z.Sub(x, y)
	case opMul:
		z.Mul(x, y)
	case opDiv:
		z.Quo(x, y)
	default:
		m.c.Fail("bits of a floating-point number are asked for")
		return
	}
	m.pushWide(op, a.typ, z)
}
