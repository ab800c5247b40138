package c

import (
	"math/big"
	"math/bits"

	"github.com/godrgn/drgn/types"
)

// An Operator is a binary or unary operator of C that gives a value.
type Operator uint8

// The operators. Add and Sub are also the unary ones.
const (
	Add Operator = iota
	Sub
	Mul
	Div
	Mod
	Shl
	Shr
	And
	Xor
	Or
	Not // unary ~
)

var operatorNames = [...]string{"+", "-", "*", "/", "%", "<<", ">>", "&", "^", "|", "~"}

// String returns the operator as C writes it.
func (op Operator) String() string {
	if int(op) < len(operatorNames) {
		return operatorNames[op]
	}
	return "?"
}

// Binary computes a op b. Integers wrap around. Errors are [*OperandError], [ErrDivisionByZero], [ErrNegativeShift],
// [*types.SizeError] and those of l.
func Binary(op Operator, a, b Operand, l Lookup) (Operand, error) {
	if p := a.standard(); p != types.NotPrimitive && p == b.standard() && op != Shl && op != Shr && op <= Or {
		b.Type = b.Type.Unqualified() // nothing else to convert
		b, err := b.native(l)
		if err != nil {
			return Operand{}, err
		}
		a.Type = b.Type
		return integers(op, a, b)
	}
	a, err := a.decay(l)
	if err != nil {
		return Operand{}, err
	}
	if b, err = b.decay(l); err != nil {
		return Operand{}, err
	}
	invalid := func() (Operand, error) {
		return Operand{}, &OperandError{"binary " + op.String(), []*types.Type{a.Type, b.Type}}
	}
	if op > Or {
		return invalid()
	}
	aPointer, bPointer := a.kind() == types.Pointer, b.kind() == types.Pointer
	switch {
	case aPointer && bPointer && op == Sub && samePointee(a.Type, b.Type):
		return difference(a, b, l)
	case aPointer && b.isInteger() && (op == Add || op == Sub):
		return offset(a, b, op == Sub)
	case bPointer && a.isInteger() && op == Add:
		return offset(b, a, false)
	case !a.isArithmetic() || !b.isArithmetic():
		return invalid()
	case op == Shl || op == Shr:
		if !a.isInteger() || !b.isInteger() {
			return invalid()
		}
		return shift(op, a, b, l)
	case a.isInteger() && b.isInteger():
		if a, b, err = usual(a, b, l); err != nil {
			return Operand{}, err
		}
		return integers(op, a, b)
	case op > Div:
		return invalid()
	}
	if a, b, err = usual(a, b, l); err != nil {
		return Operand{}, err
	}
	return floats(op, a, b)
}

// samePointee reports whether two pointers point to elements of one kind and size: C wants the same type, but it is common
// to subtract pointers to signed and unsigned characters.
func samePointee(a, b *types.Type) bool {
	x, y := a.Underlying().Elem().Underlying(), b.Underlying().Elem().Underlying()
	if x.Unqualified() == y.Unqualified() {
		return true
	}
	xn, _ := x.Size()
	yn, _ := y.Size()
	return x.Kind() == y.Kind() && xn == yn
}

// step returns the size of what a pointer points to; of void, 1.
func step(t *types.Type) (uint64, error) {
	elem := t.Underlying().Elem()
	if elem.UnderlyingKind() == types.Void {
		return 1, nil
	}
	return elem.Size()
}

// offset computes p + n or p - n.
func offset(p, n Operand, minus bool) (Operand, error) {
	size, err := step(p.Type)
	if err != nil {
		return Operand{}, err
	}
	by := n.low() * size
	if minus {
		by = -by
	}
	return Int(p.Type, 0, p.Bits+by), nil
}

// difference computes a - b of two pointers to the same type, in elements, rounded towards zero.
func difference(a, b Operand, l Lookup) (Operand, error) {
	size, err := step(a.Type)
	if err != nil {
		return Operand{}, err
	}
	t, err := l.Primitive(types.CPtrdiffT)
	if err != nil {
		return Operand{}, err
	}
	if size == 0 {
		return Operand{}, ErrNoSize
	}
	width := a.width()
	d := int64((a.Bits-b.Bits)<<(64-width)) >> (64 - width)
	if size > 1<<63-1 {
		return Int(t, 0, 0), nil
	}
	return Int(t, 0, uint64(d/int64(size))), nil
}

func shift(op Operator, a, b Operand, l Lookup) (Operand, error) {
	a, err := a.promote(l)
	if err != nil {
		return Operand{}, err
	}
	if b.Big != nil && b.Big.Sign() < 0 || b.Big == nil && b.isSigned() && int64(b.Bits) < 0 {
		return Operand{}, ErrNegativeShift
	}
	width := a.width()
	n := b.low()
	if b.Big != nil && !b.Big.IsUint64() || n > width {
		n = width // all bits are shifted out
	}
	if a.Big != nil {
		if op == Shl {
			return BigInt(a.Type, new(big.Int).Lsh(a.Big, uint(n))), nil
		}
		return BigInt(a.Type, new(big.Int).Rsh(a.Big, uint(n))), nil
	}
	switch {
	case op == Shl:
		a.Bits <<= n
	case a.isSigned():
		a.Bits = uint64(int64(a.Bits) >> n)
	default:
		a.Bits >>= n
	}
	return Int(a.Type, a.BitFieldSize, a.Bits), nil
}

// integers computes with two integers of the same promoted type.
func integers(op Operator, a, b Operand) (Operand, error) {
	if (op == Div || op == Mod) && b.isZero() {
		return Operand{}, ErrDivisionByZero
	}
	if a.Big != nil {
		return BigInt(a.Type, bigs(op, a.Big, b.Big)), nil
	}
	x, y := a.Bits, b.Bits
	switch op {
	case Add:
		x += y
	case Sub:
		x -= y
	case Mul:
		x *= y
	case Div, Mod:
		x = divide(op, x, y, a.isSigned())
	case And:
		x &= y
	case Xor:
		x ^= y
	case Or:
		x |= y
	}
	return Int(a.Type, a.BitFieldSize, x), nil
}

// divide computes x / y or x % y; the quotient is rounded towards zero.
func divide(op Operator, x, y uint64, signed bool) uint64 {
	switch {
	case signed && op == Div:
		return uint64(int64(x) / int64(y)) // Go lets the least number by -1 wrap around
	case signed:
		return uint64(int64(x) % int64(y))
	}
	q, r := bits.Div64(0, x, y)
	if op == Div {
		return q
	}
	return r
}

func bigs(op Operator, x, y *big.Int) *big.Int {
	z := new(big.Int)
	switch op {
	case Add:
		z.Add(x, y)
	case Sub:
		z.Sub(x, y)
	case Mul:
		z.Mul(x, y)
	case Div:
		z.Quo(x, y)
	case Mod:
		z.Rem(x, y)
	case And:
		z.And(x, y)
	case Xor:
		z.Xor(x, y)
	case Or:
		z.Or(x, y)
	}
	return z
}

func floats(op Operator, a, b Operand) (Operand, error) {
	x := a.Float
	switch op {
	case Add:
		x += b.Float
	case Sub:
		x -= b.Float
	case Mul:
		x *= b.Float
	case Div:
		if b.Float == 0 {
			return Operand{}, ErrDivisionByZero
		}
		x /= b.Float
	}
	return FloatOf(a.Type, x), nil
}

// Unary computes op a, with op one of Add, Sub and Not. Errors are [*OperandError] and those of l.
func Unary(op Operator, a Operand, l Lookup) (Operand, error) {
	a, err := a.decay(l)
	if err != nil {
		return Operand{}, err
	}
	switch {
	case op != Add && op != Sub && op != Not:
		return Operand{}, &OperandError{"unary " + op.String(), []*types.Type{a.Type}}
	case a.isInteger():
	case a.kind() == types.Float && op != Not:
		x := a.Float
		if op == Sub {
			x = -x
		}
		return FloatOf(a.Type, x), nil
	default:
		return Operand{}, &OperandError{"unary " + op.String(), []*types.Type{a.Type}}
	}
	if a, err = a.promote(l); err != nil || op == Add {
		return a, err
	}
	if a.Big != nil {
		if op == Sub {
			return BigInt(a.Type, new(big.Int).Neg(a.Big)), nil
		}
		return BigInt(a.Type, new(big.Int).Not(a.Big)), nil
	}
	v := ^a.Bits
	if op == Sub {
		v = -a.Bits
	}
	return Int(a.Type, a.BitFieldSize, v), nil
}

// An Order is how two values compare.
type Order int8

// The orders.
const (
	Less      Order = -1
	Equal     Order = 0
	Greater   Order = 1
	Unordered Order = 2 // one is not a number: all comparisons but != are false
)

// Compare compares two arithmetic values or two pointers. Other operands are an [*OperandError].
func Compare(a, b Operand, l Lookup) (Order, error) {
	if p := a.standard(); p != types.NotPrimitive && p == b.standard() {
		if signedStandard(p) {
			return order(int64(a.Bits), int64(b.Bits)), nil
		}
		return order(a.Bits, b.Bits), nil
	}
	a, err := a.decay(l)
	if err != nil {
		return Unordered, err
	}
	if b, err = b.decay(l); err != nil {
		return Unordered, err
	}
	switch {
	case a.kind() == types.Pointer && b.kind() == types.Pointer:
		return order(a.Bits, b.Bits), nil
	case !a.isArithmetic() || !b.isArithmetic():
		return Unordered, &OperandError{"comparison", []*types.Type{a.Type, b.Type}}
	}
	if a, b, err = usual(a, b, l); err != nil {
		return Unordered, err
	}
	switch {
	case a.kind() == types.Float:
		switch x, y := a.Float, b.Float; {
		case x < y:
			return Less, nil
		case x > y:
			return Greater, nil
		case x == y:
			return Equal, nil
		}
		return Unordered, nil
	case a.Big != nil:
		return Order(a.Big.Cmp(b.Big)), nil
	case a.isSigned():
		return order(int64(a.Bits), int64(b.Bits)), nil
	}
	return order(a.Bits, b.Bits), nil
}

func order[T int64 | uint64](a, b T) Order {
	switch {
	case a < b:
		return Less
	case a > b:
		return Greater
	}
	return Equal
}
