package types

import (
	"math"
	"math/big"
	"slices"
	"strings"
)

// A FloatFormat is how floating-point numbers of a type are laid out.
type FloatFormat uint8

// The formats (IEEE 754, and Intel SDM, volume 1, section 4.2).
const (
	UnknownFloat FloatFormat = iota
	Half                     // IEEE binary16
	BFloat16                 // the upper half of Single
	Single                   // IEEE binary32
	Double                   // IEEE binary64
	Extended                 // x87's 80 bits, whatever follows them
	Quadruple                // IEEE binary128
)

// floatFormats are the numbers of bits of each format.
var floatFormats = [...]struct {
	bytes              int // that count
	exponent, fraction uint
	digits             int // decimal ones that tell each number from its neighbours
}{
	Half: {2, 5, 10, 5}, BFloat16: {2, 8, 7, 4}, Single: {4, 8, 23, 9}, Double: {8, 11, 52, 17}, Extended: {10, 15, 63, 21}, Quadruple: {16, 15, 112, 36},
}

// Size returns how many bytes a number of a format has; types may be larger.
func (f FloatFormat) Size() int { return floatFormats[f].bytes }

// Precision returns how many bits the significand of a format has.
func (f FloatFormat) Precision() uint { return floatFormats[f].fraction + 1 }

// Digits returns how many decimal digits tell each number of a format from its neighbours.
func (f FloatFormat) Digits() int { return floatFormats[f].digits }

// LongDouble returns the format that a machine's long double has if its significand has so many bits.
func LongDouble(bits int) FloatFormat {
	switch bits {
	case 53:
		return Double
	case 64:
		return Extended
	case 113:
		return Quadruple
	}
	return UnknownFloat
}

// SetLongDouble says what the long double of the program's machine is; UnknownFloat before.
func (s *Set) SetLongDouble(f FloatFormat) { s.longDouble.Store(uint32(f)) }

// FloatFormat returns how numbers of a floating-point type are laid out, which its size and, where there are several of a size, its name
// and the machine tell; UnknownFloat where they don't.
func (t *Type) FloatFormat() FloatFormat {
	if t.kind != Float || t.IsDecimal() {
		return UnknownFloat
	}
	f := UnknownFloat
	name := strings.TrimPrefix(t.name, "std::")
	switch {
	case t.size == 2 && slices.Contains([]string{"_Float16", "__fp16", "half", "float16_t", "f16"}, name):
		f = Half
	case t.size == 2 && slices.Contains([]string{"__bf16", "bfloat16_t"}, name):
		f = BFloat16
	case t.size == 4:
		f = Single
	case t.size == 8:
		f = Double
	case slices.Contains([]string{"_Float128", "__float128", "float128_t", "f128", "__ieee128"}, name):
		f = Quadruple
	case name == "__float80":
		f = Extended
	case name == "long double" || name == "_Float64x":
		f = FloatFormat(t.set.longDouble.Load())
	}
	if f == Quadruple && t.size != 16 || f == Extended && t.size < 10 {
		return UnknownFloat
	}
	return f
}

// Float returns the value of a number of a format, exactly, from its bytes in memory; nil if it is none (NaN), whose sign negative
// is. There must be as many bytes as the format has; of more, the first count.
func (f FloatFormat) Float(data []byte, bigEndian bool) (x *big.Float, negative bool) {
	l := floatFormats[f]
	b := slices.Clone(data[:l.bytes])
	if !bigEndian {
		slices.Reverse(b)
	}
	n := new(big.Int).SetBytes(b)
	total := uint(l.bytes) * 8
	negative = n.Bit(int(total-1)) == 1
	exponent := int(new(big.Int).Rsh(n, total-1-l.exponent).Uint64() & (1<<l.exponent - 1))
	mantissa := new(big.Int).And(n, mask(l.fraction))
	one := exponent != 0
	if f == Extended {
		// The bit before the point is stored. Processors don't take numbers that lack it where others have it.
		if stored := n.Bit(int(l.fraction)) == 1; one && !stored {
			return nil, negative
		} else if stored {
			one = true
		}
	}
	x = new(big.Float).SetPrec(l.fraction + 1)
	switch {
	case exponent == 1<<l.exponent-1 && mantissa.Sign() != 0:
		return nil, negative
	case exponent == 1<<l.exponent-1:
		return x.SetInf(negative), negative
	}
	if one {
		mantissa.SetBit(mantissa, int(l.fraction), 1)
	}
	bias := 1<<(l.exponent-1) - 1
	x.SetMantExp(x.SetInt(mantissa), max(exponent, 1)-bias-int(l.fraction))
	if negative {
		x.Neg(x)
	}
	return x, negative
}

// Bytes returns the bytes of the number of a format that is x, which has no more bits than the format; ok is false for one that is infinite, or too large
// or too small for the format's full precision.
func (f FloatFormat) Bytes(x *big.Float, bigEndian bool) (data []byte, ok bool) {
	l := floatFormats[f]
	total := uint(l.bytes) * 8
	n := new(big.Int)
	if x.Sign() != 0 {
		bias := 1<<(l.exponent-1) - 1
		exponent := x.MantExp(nil) - 1 + bias
		if x.IsInf() || x.MinPrec() > l.fraction+1 || exponent < 1 || exponent >= 1<<l.exponent-1 {
			return nil, false
		}
		whole := new(big.Float).SetPrec(l.fraction + 1)
		whole.SetMantExp(whole.Set(x), int(l.fraction)+bias-exponent).Int(n)
		n.Abs(n)
		if f != Extended { // which stores the bit before the point
			n.SetBit(n, int(l.fraction), 0)
		}
		n.Or(n, new(big.Int).Lsh(big.NewInt(int64(exponent)), total-1-l.exponent))
	}
	if x.Signbit() {
		n.SetBit(n, int(total-1), 1)
	}
	data = n.FillBytes(make([]byte, l.bytes))
	if !bigEndian {
		slices.Reverse(data)
	}
	return data, true
}

// Float64 returns the number of 64 bits that is nearest to one of a format, as [FloatFormat.Float] takes it; ok is false if that is too large or too small
// for it.
func (f FloatFormat) Float64(data []byte, bigEndian bool) (v float64, ok bool) {
	x, negative := f.Float(data, bigEndian)
	if x == nil {
		return math.Copysign(math.NaN(), map[bool]float64{true: -1, false: 1}[negative]), true
	}
	v, _ = x.Float64()
	return v, math.IsInf(v, 0) == x.IsInf() && (v == 0) == (x.Sign() == 0)
}

func mask(n uint) *big.Int {
	m := new(big.Int).Lsh(big.NewInt(1), n)
	return m.Sub(m, big.NewInt(1))
}
