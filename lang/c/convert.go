package c

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/godrgn/drgn/types"
)

// Cast converts a to type t as an explicit conversion does: between arithmetic types, and between integers and pointers.
// Errors are [*ConversionError] and those of l.
func Cast(t *types.Type, a Operand, l Lookup) (Operand, error) {
	return convert(t, 0, a, l, "cast to")
}

// Convert converts a to type t, or to a bit-field of it, as an assignment does: between arithmetic types; between
// pointers to compatible types, when no qualifier is lost, or to void; and any scalar to a boolean. Errors are
// [*ConversionError] and those of l.
func Convert(t *types.Type, bitField uint64, a Operand, l Lookup) (Operand, error) {
	given := a.Type
	a, err := a.decay(l)
	if err != nil {
		return Operand{}, err
	}
	u := t.Underlying()
	arithmetic := a.isArithmetic()
	ok := arithmetic
	switch k := u.Kind(); {
	case k == types.Void || k == types.Function || k == types.Array:
		return Operand{}, &ConversionError{From: given, To: t, Problem: fmt.Sprintf("cannot convert to '%s'", t)}
	case k == types.Bool:
		if !arithmetic && a.kind() != types.Pointer {
			return Operand{}, &ConversionError{From: given}
		}
		ok = true
	case k == types.Pointer:
		if a.kind() == types.Pointer {
			if ok, err = assignable(u.Elem(), a.Type.Underlying().Elem()); err != nil {
				return Operand{}, err
			}
		} else {
			ok = false
		}
	case k.IsCompound():
		ok = false
	case a.kind() == types.Enum: // also one that is incomplete: why it cannot be converted is said below
		ok = true
	}
	if !ok {
		return Operand{}, &ConversionError{From: given, To: t,
			Problem: fmt.Sprintf("cannot convert '%s' to incompatible type '%s'", given, t)}
	}
	return convert(t, bitField, a, l, "convert to")
}

// assignable reports whether a pointer to from may become a pointer to to without a cast: the types are compatible, and no
// qualifier is lost but those that a typedef holds.
func assignable(to, from *types.Type) (bool, error) {
	if from.Qualifiers()&^to.Qualifiers() != 0 {
		return false, nil
	}
	if to.UnderlyingKind() == types.Void || from.UnderlyingKind() == types.Void {
		return true, nil
	}
	return types.Compatible(to, from)
}

// target reports why nothing can be converted to a type.
func target(t *types.Type, verb string) error {
	u := t.Underlying()
	problem := ""
	switch k := u.Kind(); {
	case k == types.Void || k == types.Function:
		problem = fmt.Sprintf("cannot %s %s type", verb, k)
	case k == types.Enum && !u.IsComplete():
		problem = "cannot cast to incomplete enumerated type"
	case k.IsCompound() || k == types.Array:
		var unsized *types.SizeError
		if _, err := u.Size(); errors.As(err, &unsized) && !u.IsComplete() {
			problem = fmt.Sprintf("cannot %s %s type", verb, unsized.Reason)
			break
		}
		problem = fmt.Sprintf("cannot %s '%s'", verb, t)
	default:
		return nil
	}
	return &ConversionError{To: t, Problem: problem}
}

func convert(t *types.Type, bitField uint64, a Operand, l Lookup, verb string) (Operand, error) {
	if err := target(t, verb); err != nil {
		return Operand{}, err
	}
	a, err := a.decay(l)
	if err != nil {
		return Operand{}, err
	}
	u := t.Underlying()
	pointer := a.kind() == types.Pointer
	if !pointer && !a.isArithmetic() && u.Kind() == types.Bool {
		return Operand{}, &ConversionError{From: a.Type}
	}
	if !pointer && !a.isArithmetic() || pointer && u.Kind() == types.Float {
		return Operand{}, &ConversionError{From: a.Type, To: t}
	}
	if bitField > u.ValueBits() || bitField != 0 && (u.Kind() == types.Float || u.Kind() == types.Pointer) {
		return Operand{}, &ConversionError{From: a.Type, To: t, Problem: fmt.Sprintf("'%s' cannot be a bit-field of %d bits", t, bitField)}
	}
	switch {
	case u.Kind() == types.Float:
		return FloatOf(t, a.float()), nil
	case u.Kind() == types.Bool:
		v := uint64(0)
		if !a.isZero() {
			v = 1
		}
		return Int(t, bitField, v), nil
	case a.kind() == types.Float:
		return Operand{Type: a.Type, Big: clamped(truncated(a.Float), u)}.toInteger(t, bitField), nil
	case pointer:
		if u.OwnSize() > 8 {
			return BigInt(t, new(big.Int).SetUint64(a.Bits)), nil
		}
		return Int(t, bitField, a.Bits), nil
	}
	return a.toInteger(t, bitField), nil
}

// clamped returns the number nearest to v that integers of type u have: C leaves open what is out of range.
func clamped(v *big.Int, u *types.Type) *big.Int {
	low, high, n := new(big.Int), big.NewInt(1), uint(u.ValueBits())
	if u.IsSigned() {
		n--
		low.Neg(low.Lsh(high, n))
	}
	high.Sub(high.Lsh(high, n), big.NewInt(1))
	switch {
	case v.Cmp(low) < 0:
		return low
	case v.Cmp(high) > 0:
		return high
	}
	return v
}

// truncated returns the whole part of x; 0 for what is not a number, and more than any type holds for an infinity.
func truncated(x float64) *big.Int {
	if math.IsNaN(x) {
		return new(big.Int)
	}
	if math.IsInf(x, 0) {
		v := new(big.Int).Lsh(big.NewInt(1), 1<<13)
		if x < 0 {
			v.Neg(v)
		}
		return v
	}
	v, _ := big.NewFloat(x).Int(nil)
	return v
}
