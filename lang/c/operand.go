package c

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// An Operand is a value to be computed with. Its zero-cost cases are integers of up to 64 bits and pointers.
type Operand struct {
	Type         *types.Type
	BitFieldSize uint64   // in bits; 0: not a bit-field
	Bits         uint64   // an integer, extended to 64 bits as its type says; the address a pointer holds, or of an array or function
	Big          *big.Int // an integer of a type wider than 64 bits; not to be changed
	Float        float64
}

// Int returns an operand of a boolean, enumerated or integer type of at most 64 bits, or a pointer; of v only the bits
// that the type (or the bit-field, if bitField is not 0) has are taken.
func Int(t *types.Type, bitField, v uint64) Operand {
	u := t.Underlying()
	n := u.ValueBits()
	if bitField != 0 {
		n = bitField
	}
	if u.IsSigned() {
		v = uint64(bits.SignExtend(v, n))
	} else {
		v = bits.Truncate(v, n)
	}
	return Operand{Type: t, BitFieldSize: bitField, Bits: v}
}

// BigInt returns an operand of an integer type of any width; of v only the bits that the type has are taken.
func BigInt(t *types.Type, v *big.Int) Operand {
	u := t.Underlying()
	n := u.ValueBits()
	if n <= 64 {
		return Int(t, 0, wrapped(v, n, false).Uint64())
	}
	return Operand{Type: t, Big: wrapped(v, n, u.IsSigned())}
}

// wrapped returns the low n bits of v as a number.
func wrapped(v *big.Int, n uint64, signed bool) *big.Int {
	mod := new(big.Int).Lsh(big.NewInt(1), uint(n))
	v = new(big.Int).Mod(v, mod)
	if signed && n > 0 && v.Bit(int(n)-1) != 0 {
		v.Sub(v, mod)
	}
	return v
}

// FloatOf returns an operand of a floating-point type; v is rounded to what the type holds.
func FloatOf(t *types.Type, v float64) Operand {
	if t.Underlying().OwnSize() == 4 {
		v = float64(float32(v))
	}
	return Operand{Type: t, Float: v}
}

// Errors of computation.
var (
	ErrDivisionByZero = errors.New("division by zero")
	ErrNegativeShift  = errors.New("negative shift count")
	ErrFloatSize      = errors.New("float values which are not 32 or 64 bits are not yet supported")
	ErrNoSize         = errors.New("object size must not be zero") // pointers to such objects have no difference
	ErrLiteralRange   = errors.New("integer is too large for any type")
)

// An OperandError says that an operator does not go with its operands.
type OperandError struct {
	Operator string // "binary +", "unary ~", "comparison"
	Types    []*types.Type
}

func (e *OperandError) Error() string {
	if len(e.Types) == 1 {
		return fmt.Sprintf("invalid operand to %s ('%s')", e.Operator, e.Types[0])
	}
	return fmt.Sprintf("invalid operands to %s ('%s' and '%s')", e.Operator, e.Types[0], e.Types[1])
}

// A ConversionError says that a value cannot be converted.
type ConversionError struct {
	From    *types.Type
	To      *types.Type // nil: to a boolean
	Problem string      // if not "", what is wrong with To: "cannot cast to void type"
}

func (e *ConversionError) Error() string {
	switch {
	case e.Problem != "":
		return e.Problem
	case e.To == nil && e.From.UnderlyingKind() == types.Enum: // an incomplete one
		return "object cannot be converted to boolean"
	case e.To == nil:
		return fmt.Sprintf("cannot convert '%s' to bool", e.From)
	}
	return fmt.Sprintf("cannot convert '%s' to '%s'", e.From, e.To)
}

// Literal returns an integer as C types a constant: the first of int, long, long long and unsigned long long that holds
// its magnitude.
func Literal(v *big.Int, l Lookup) (Operand, error) {
	if v.IsInt64() && v.Int64() != math.MinInt64 {
		return IntLiteral(v.Int64(), l)
	}
	magnitude := new(big.Int).Abs(v)
	if !magnitude.IsUint64() {
		return Operand{}, ErrLiteralRange
	}
	t, err := l.Primitive(types.CUnsignedLongLong)
	if err != nil {
		return Operand{}, err
	}
	n := magnitude.Uint64()
	if v.Sign() < 0 {
		n = -n
	}
	return Int(t, 0, n), nil
}

// IntLiteral is [Literal] for an integer of 64 bits.
func IntLiteral(v int64, l Lookup) (Operand, error) {
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	for _, p := range []types.Primitive{types.CInt, types.CLong, types.CLongLong, types.CUnsignedLongLong} {
		t, err := l.Primitive(p)
		if err != nil {
			return Operand{}, err
		}
		n := t.Underlying().ValueBits()
		if p != types.CUnsignedLongLong {
			n--
		}
		if bits.Truncate(magnitude, n) == magnitude {
			return Int(t, 0, uint64(v)), nil
		}
	}
	return Operand{}, ErrLiteralRange
}

// FloatLiteral returns a double.
func FloatLiteral(v float64, l Lookup) (Operand, error) {
	t, err := l.Primitive(types.CDouble)
	if err != nil {
		return Operand{}, err
	}
	return FloatOf(t, v), nil
}

// BoolLiteral returns the int that a truth value is in C.
func BoolLiteral(v bool, l Lookup) (Operand, error) {
	if v {
		return IntLiteral(1, l)
	}
	return IntLiteral(0, l)
}

// kind returns the kind of the operand's type without typedefs.
func (a Operand) kind() types.Kind { return a.Type.UnderlyingKind() }

// isInteger reports whether the operand is of a type with integer arithmetic.
func (a Operand) isInteger() bool {
	switch a.kind() {
	case types.Int, types.Bool:
		return true
	case types.Enum:
		return a.Type.IsComplete()
	}
	return false
}

func (a Operand) isArithmetic() bool { return a.kind() == types.Float || a.isInteger() }

// width returns the size in bits of an integer operand.
func (a Operand) width() uint64 {
	if a.BitFieldSize != 0 {
		return a.BitFieldSize
	}
	return a.Type.Underlying().ValueBits()
}

func (a Operand) isSigned() bool { return a.Type.Underlying().IsSigned() }

// big returns the value of an integer operand.
func (a Operand) big() *big.Int {
	switch {
	case a.Big != nil:
		return a.Big
	case a.isSigned():
		return big.NewInt(int64(a.Bits))
	}
	return new(big.Int).SetUint64(a.Bits)
}

// float returns the value of an arithmetic operand as a floating-point number.
func (a Operand) float() float64 {
	switch {
	case a.kind() == types.Float:
		return a.Float
	case a.Big != nil:
		f, _ := new(big.Float).SetInt(a.Big).Float64()
		return f
	case a.isSigned():
		return float64(int64(a.Bits))
	}
	return float64(a.Bits)
}

// isZero reports whether a scalar operand compares equal to zero.
func (a Operand) isZero() bool {
	switch {
	case a.kind() == types.Float:
		return a.Float == 0
	case a.Big != nil:
		return a.Big.Sign() == 0
	}
	return a.Bits == 0
}

// Truth reports whether a scalar is other than zero; of an array, its address. An array without one is true.
func Truth(a Operand) (bool, error) {
	switch {
	case a.isArithmetic() || a.kind() == types.Pointer:
		return !a.isZero(), nil
	case a.kind() == types.Array:
		return a.Bits != 0, nil
	}
	return false, &ConversionError{From: a.Type}
}

// decay turns an array into a pointer to its first element and a function into a pointer to it; values of other types
// lose their type's qualifiers.
func (a Operand) decay(l Lookup) (Operand, error) {
	u := a.Type.Underlying()
	elem := u
	switch u.Kind() {
	case types.Array:
		elem = u.Elem()
	case types.Function:
		elem = a.Type.Unqualified()
	default:
		a.Type = a.Type.Unqualified()
		return a, nil
	}
	t, err := l.Pointer(elem)
	if err != nil {
		return a, err
	}
	return Operand{Type: t, Bits: a.Bits}, nil
}
