package c

import "github.com/godrgn/drgn/types"

// standard returns which of int, long, long long and their unsigned ones an operand is of, typedefs aside; NotPrimitive for
// all others.
func (a Operand) standard() types.Primitive {
	if a.BitFieldSize != 0 || a.Big != nil {
		return types.NotPrimitive
	}
	t := a.Type.WithoutTypedefs()
	switch p := t.Primitive(); p {
	case types.CInt, types.CUnsignedInt, types.CLong, types.CUnsignedLong, types.CLongLong, types.CUnsignedLongLong:
		return p
	}
	return types.NotPrimitive
}

func signedStandard(p types.Primitive) bool {
	return p == types.CInt || p == types.CLong || p == types.CLongLong
}

// rank orders the standard integer types from int on; 0 for smaller ones and for others, bit-fields among them.
func (a Operand) rank() int {
	if a.BitFieldSize != 0 {
		return 0
	}
	u := a.Type.WithoutTypedefs()
	switch u.Primitive() {
	case types.CInt, types.CUnsignedInt:
		return 1
	case types.CLong, types.CUnsignedLong:
		return 2
	case types.CLongLong, types.CUnsignedLongLong:
		return 3
	}
	return 0
}

// promote does C's integer promotions (C11 6.3.1.1): what int or unsigned int holds becomes that. Bit-fields that are
// wider keep their width.
func (a Operand) promote(l Lookup) (Operand, error) {
	if u := a.Type.Underlying(); u.Kind() == types.Enum {
		elem := u.Elem()
		a.Type = elem
	}
	a.Type = a.Type.Unqualified()
	if a.rank() > 0 {
		return a.native(l)
	}
	if a.kind() == types.Bool { // of any size: it holds 0 or 1
		t, err := l.Primitive(types.CInt)
		return Int(t, 0, a.low()), err
	}
	for _, p := range []types.Primitive{types.CInt, types.CUnsignedInt} {
		t, err := l.Primitive(p)
		if err != nil {
			return a, err
		}
		n, signed := t.Underlying().ValueBits(), p == types.CInt
		if w := a.width(); a.isSigned() == signed && w <= n || w < n && signed {
			return Int(t, 0, a.Bits), nil
		}
	}
	return a, nil
}

// native returns an operand of a standard type in the program's byte order: results are in that, whatever operands were in.
func (a Operand) native(l Lookup) (Operand, error) {
	u := a.Type.WithoutTypedefs()
	if l.BigEndian() == u.BigEndian() || u.Primitive() == types.NotPrimitive {
		return a, nil
	}
	t, err := l.Primitive(u.Primitive())
	if err != nil || t.Underlying().OwnSize() != u.OwnSize() {
		return a, err // there is no such type
	}
	if u.Kind() == types.Float {
		return FloatOf(t, a.Float), nil
	}
	return Int(t, 0, a.Bits), nil
}

// usual does the usual arithmetic conversions (C11 6.3.1.8) and returns both operands in their common type. Where both
// types are equally good, the right one is taken.
func usual(a, b Operand, l Lookup) (Operand, Operand, error) {
	if a.kind() == types.Float || b.kind() == types.Float {
		t := a.Type
		if a.kind() != types.Float || b.kind() == types.Float && floatRank(b.Type) >= floatRank(a.Type) {
			t = b.Type
		}
		to, err := FloatOf(t.Unqualified(), 0).native(l)
		return FloatOf(to.Type, a.float()), FloatOf(to.Type, b.float()), err
	}
	a, err := a.promote(l)
	if err != nil {
		return a, b, err
	}
	if b, err = b.promote(l); err != nil {
		return a, b, err
	}
	if a.Type == b.Type && a.BitFieldSize == b.BitFieldSize {
		return a, b, nil
	}
	to, err := commonInteger(a, b, l)
	if err != nil {
		return a, b, err
	}
	return a.toInteger(to.Type, to.BitFieldSize), b.toInteger(to.Type, to.BitFieldSize), nil
}

// floatRank orders floating-point types: by size, those that are not standard before those that are.
func floatRank(t *types.Type) uint64 {
	u := t.Underlying()
	r := u.OwnSize() * 4
	switch u.Primitive() {
	case types.NotPrimitive:
		r += 2
	case types.CLongDouble:
		r++ // where it is as large as double
	}
	return r
}

// compareRank orders promoted integer types: standard ones as C says, others by width, below a standard one as wide.
func compareRank(a, b Operand) int {
	ra, rb := a.rank(), b.rank()
	if ra > 0 && rb > 0 {
		return ra - rb
	}
	if wa, wb := a.width(), b.width(); wa != wb {
		if wa < wb {
			return -1
		}
		return 1
	}
	return ra - rb
}

// commonInteger returns an operand that has the common type of two promoted ones.
func commonInteger(a, b Operand, l Lookup) (Operand, error) {
	order := compareRank(a, b)
	if a.isSigned() == b.isSigned() {
		if order > 0 {
			return a, nil
		}
		return b, nil
	}
	signed, unsigned := a, b
	if b.isSigned() {
		signed, unsigned, order = b, a, -order
	}
	switch {
	case order <= 0:
		return unsigned, nil
	case signed.width() > unsigned.width():
		return signed, nil
	}
	p := types.CUnsignedInt
	switch signed.rank() {
	case 2:
		p = types.CUnsignedLong
	case 3:
		p = types.CUnsignedLongLong
	}
	t, err := l.Primitive(p)
	return Operand{Type: t}, err
}

// toInteger converts an integer operand to an integer type or bit-field.
func (a Operand) toInteger(t *types.Type, bitField uint64) Operand {
	switch {
	case bitField == 0 && t.Underlying().OwnSize() > 8:
		return BigInt(t, a.big())
	case bitField > 64:
		return Operand{Type: t, BitFieldSize: bitField, Big: wrapped(a.big(), bitField, t.Underlying().IsSigned())}
	}
	return Int(t, bitField, a.low())
}

// low returns the low 64 bits of an integer operand in two's complement.
func (a Operand) low() uint64 {
	if a.Big == nil {
		return a.Bits
	}
	words := a.Big.Bits()
	var v uint64
	for i, w := range words {
		v |= uint64(w) << (i * wordBits) // shifts of 64 and more give 0
	}
	if a.Big.Sign() < 0 {
		v = -v
	}
	return v
}

const wordBits = 32 << (^uint(0) >> 63)
