package expr

import (
	"fmt"
	"math"

	"github.com/godrgn/drgn/types"
)

// agree reports whether an operation can be carried out on two values, and makes their types the same: the generic type is taken to be an integer
// type of its size, as clang does.
func (m *machine) agree(a, b *value) bool {
	switch address := uint64(m.AddressSize); {
	case a.typ == BaseType{} && b.typ.isInteger() && b.typ.Size == address:
		a.typ = b.typ
	case b.typ == BaseType{} && a.typ.isInteger() && a.typ.Size == address:
		b.typ = a.typ
	}
	return a.typ == b.typ
}

// typed carries out the operations on base types (DWARF 5, sections 2.5.1.1 to 2.5.1.6) and reports whether op is one.
func (m *machine) typed(op byte) bool {
	c := &m.c
	switch op {
	case opConstType, opGNUConstType:
		t, ok := m.baseType(op, c.ULEB128())
		b := c.Bytes(uint64(c.U8()))
		if !ok || c.Err() != nil {
			return true
		}
		if uint64(len(b)) != t.Size {
			c.Fail("constant of %d bytes of a type of %d", len(b), t.Size)
			return true
		}
		m.pushBytes(op, t, b)
	case opRegvalType, opGNURegvalType:
		n := c.ULEB128()
		t, ok := m.baseType(op, c.ULEB128())
		if !ok {
			return true
		}
		m.registerTyped(op, n, t)
	case opDerefType, opGNUDerefType:
		size := c.U8()
		if t, ok := m.baseType(op, c.ULEB128()); ok {
			if uint64(size) != t.Size {
				c.Fail("dereference of %d bytes of a type of %d", size, t.Size)
				return true
			}
			m.deref(t, int(size))
		}
	case opConvert, opGNUConvert, opReinterpret, opGNUReinterpret:
		t, ok := m.baseType(op, c.ULEB128())
		if !ok {
			return true
		}
		x := m.pop()
		if m.c.Err() != nil {
			return true
		}
		if x.wide != nil || t.isWide() {
			m.convertWide(op, x, t)
			return true
		}
		if op == opReinterpret || op == opGNUReinterpret {
			if m.mask(t, ^uint64(0)) != m.mask(x.typ, ^uint64(0)) {
				c.Fail("reinterpretation as a type of another size")
			}
		} else {
			x.v = m.convert(x, t)
		}
		m.pushTyped(t, x.v)
	default:
		return false
	}
	return true
}

// baseType asks for a type; offset 0 stands for the generic type.
func (m *machine) baseType(op byte, offset uint64) (BaseType, bool) {
	if m.c.Err() != nil {
		return BaseType{}, false
	}
	if offset == 0 {
		return BaseType{}, true
	}
	t, err := m.ctx.BaseType(offset)
	if err != nil {
		m.fail(err)
		return t, false
	}
	if !t.isInteger() && !t.isFloat() || t.Float != types.UnknownFloat && !t.isWide() {
		m.unsupported(op, fmt.Sprintf("for a type of %d bytes with encoding %#x", t.Size, t.Encoding))
		return t, false
	}
	return t, true
}

// registerTyped pushes the low bytes of a register.
func (m *machine) registerTyped(op byte, n uint64, t BaseType) {
	if wide, is := m.ctx.(WideContext); is && t.Size != 0 {
		b := wide.Wide(n)
		if len(b) == types.Extended.Size() { // a floating-point number, of whatever type
			if t.isFloat() {
				m.pushExtended(op, b, t)
			} else {
				m.unsupported(op, "for an integer in a floating-point register")
			}
			return
		}
		if uint64(len(b)) >= t.Size {
			m.pushBytes(op, t, b[:t.Size])
			return
		}
	}
	if v, known := m.ctx.Register(n); known && !t.isWide() {
		m.pushTyped(t, v)
	} else {
		m.fail(unknownRegister(n))
	}
}

// isFloat reports whether values of the type are floating-point numbers this package calculates with.
func (t BaseType) isFloat() bool {
	return t.Encoding == ateFloat && (t.Size == 4 || t.Size == 8) || t.isWide()
}

// float returns the number that the bits of a value are.
func (t BaseType) float(v uint64) float64 {
	if t.Size == 4 {
		return float64(math.Float32frombits(uint32(v)))
	}
	return math.Float64frombits(v)
}

// floatBits returns the bits of the number of the type that is next to x.
func (t BaseType) floatBits(x float64) uint64 {
	if t.Size == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

// convert returns the bits of a value converted to another type.
func (m *machine) convert(x value, t BaseType) uint64 {
	switch {
	case x.typ.isFloat() && t.isFloat():
		return t.floatBits(x.typ.float(x.v))
	case t.isFloat() && (x.typ.isSigned() || x.typ.Size == 0):
		if t.Size == 4 { // rounded once
			return uint64(math.Float32bits(float32(m.signed(x))))
		}
		return t.floatBits(float64(m.signed(x)))
	case t.isFloat():
		if t.Size == 4 {
			return uint64(math.Float32bits(float32(x.v)))
		}
		return t.floatBits(float64(x.v))
	case x.typ.isFloat():
		return m.truncate(x.typ.float(x.v), t)
	case x.typ.isSigned():
		return uint64(m.signed(x))
	}
	return x.v
}

// truncate returns a number without its fraction as an integer of a type, which must be able to hold it.
func (m *machine) truncate(x float64, t BaseType) uint64 {
	bits := 8 * int(t.Size)
	if t.Size == 0 {
		bits = 8 * m.AddressSize
	}
	low, high := 0.0, math.Ldexp(1, bits)
	if t.isSigned() || t.Size == 0 {
		low = -high / 2
	}
	if t.isSigned() {
		high = -low
	}
	switch x = math.Trunc(x); {
	case !(x >= low && x < high):
		m.c.Fail("%v does not fit into an integer of %d bits", x, bits)
		return 0
	case x < 0:
		return uint64(int64(x))
	}
	return uint64(x)
}

// floatSign carries out DW_OP_abs and DW_OP_neg.
func (m *machine) floatSign(op byte, x value) {
	if x.wide != nil {
		m.wideSign(op, x)
		return
	}
	v := x.typ.float(x.v)
	switch op {
	case opAbs:
		v = math.Abs(v)
	case opNeg:
		v = -v
	default:
		m.c.Fail("bits of a floating-point number are asked for")
		return
	}
	m.pushTyped(x.typ, x.typ.floatBits(v))
}

// floats carries out an operation on two floating-point numbers. Sums, products and quotients of numbers of 32 bits are the same when they are
// calculated with 64 bits and then rounded.
func (m *machine) floats(op byte, a, b value) {
	if !a.typ.isFloat() || !b.typ.isFloat() {
		m.c.Fail("operands of different types")
		return
	}
	if a.wide != nil && b.wide != nil {
		m.wideFloats(op, a, b)
		return
	}
	x, y := a.typ.float(a.v), b.typ.float(b.v)
	switch op {
	case opPlus:
		x += y
	case opMinus:
		x -= y
	case opMul:
		x *= y
	case opDiv:
		x /= y
	case opEq, opNe, opLt, opLe, opGt, opGe:
		m.pushTruth(op == opEq && x == y || op == opNe && x != y || op == opLt && x < y || op == opLe && x <= y || op == opGt && x > y || op == opGe && x >= y)
		return
	default:
		m.c.Fail("bits of a floating-point number are asked for")
		return
	}
	m.pushTyped(a.typ, a.typ.floatBits(x))
}
