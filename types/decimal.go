package types

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// decimalFormats are the decimal floating-point numbers by their size in bytes: how many bits the exponent has, what is added to it, and how many decimal digits
// there are (IEEE 754-2008, table 3.6).
var decimalFormats = map[uint64]struct {
	exponent uint
	bias     int
	digits   int
}{4: {8, 101, 7}, 8: {10, 398, 16}, 16: {14, 6176, 34}}

// What the length of a floating-point type says.
const (
	binaryFloat uint64 = iota
	decimalFloat
)

// DecimalFloat returns a decimal floating-point type; size is in bytes.
func (s *Set) DecimalFloat(lang Language, name string, size uint64, big bool) *Type {
	return s.shared(&body{kind: Float, lang: lang, name: name, size: size, big: big, complete: true, length: decimalFloat})
}

// SetDeclets says that the program's machine packs the digits of decimal floating-point numbers by threes.
func (s *Set) SetDeclets(packed bool) { s.declets.Store(packed) }

// IsDecimal reports whether a floating-point type is a decimal one.
func (t *Type) IsDecimal() bool { return t.kind == Float && t.length == decimalFloat }

// Computes reports whether there is arithmetic with numbers of a floating-point type: binary ones of 32 and 64 bits.
func (t *Type) Computes() bool {
	return t.kind == Float && !t.IsDecimal() && (t.size == 4 || t.size == 8)
}

// Decimal returns a number of a decimal floating-point type as it is written, with the digits that it was given, from its bytes in memory: "1.50", "-1E+3", "Infinity", "NaN". The
// coefficient is an integer (IEEE 754-2008, section 3.5.2), as it is on x86. ok is false of types that have another size, and of machines that pack digits.
func (t *Type) Decimal(data []byte) (text string, ok bool) {
	l, ok := decimalFormats[t.size]
	if !ok || !t.IsDecimal() || t.set.declets.Load() || uint64(len(data)) < t.size {
		return "", false
	}
	b := slices.Clone(data[:t.size])
	if !t.big {
		slices.Reverse(b)
	}
	n := new(big.Int).SetBytes(b)
	total := uint(t.size) * 8
	field := func(high, width uint) uint64 { // the bits below bit high
		return new(big.Int).And(new(big.Int).Rsh(n, high-width), mask(width)).Uint64()
	}
	sign := ""
	if n.Bit(int(total)-1) == 1 {
		sign = "-"
	}
	rest := total - 1 - l.exponent // bits of the coefficient, if its first one is not implied
	exponent, coefficient := int(field(total-1, l.exponent)), new(big.Int).And(n, mask(rest))
	switch {
	case field(total-1, 5) == 0x1e:
		return sign + "Infinity", true
	case field(total-1, 6) == 0x3e:
		return sign + "NaN", true
	case field(total-1, 6) == 0x3f:
		return sign + "sNaN", true
	case field(total-1, 2) == 3: // the coefficient begins with 100
		exponent = int(field(total-3, l.exponent))
		rest -= 2
		coefficient.And(n, mask(rest))
		coefficient.Or(coefficient, new(big.Int).Lsh(big.NewInt(4), rest))
	}
	digits := coefficient.String()
	if len(digits) > l.digits {
		digits = "0" // as the standard has it
	}
	return sign + scientific(digits, exponent-l.bias), true
}

// DecimalFloat64 returns the number of 64 bits that is nearest to one that [Type.Decimal] has written: it may be infinite, or 0.
func DecimalFloat64(text string) float64 {
	if strings.HasSuffix(text, "NaN") {
		return math.NaN()
	}
	v, _ := strconv.ParseFloat(text, 64) // out of range: infinite
	return v
}

// scientific writes a number of digits times a power of ten, with an exponent if it would have zeros that are no digits of it, or very many behind the point.
func scientific(digits string, exponent int) string {
	adjusted := exponent + len(digits) - 1
	switch {
	case exponent > 0 || adjusted < -6:
		if len(digits) > 1 {
			digits = digits[:1] + "." + digits[1:]
		}
		if adjusted == 0 {
			return digits
		}
		return fmt.Sprintf("%sE%+d", digits, adjusted)
	case exponent == 0:
		return digits
	}
	if zeros := -adjusted; zeros > 0 {
		digits = strings.Repeat("0", zeros) + digits
	}
	point := len(digits) + exponent
	return digits[:point] + "." + digits[point:]
}
