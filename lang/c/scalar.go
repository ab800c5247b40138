package c

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// scalar reads the integer, boolean, enumerated type or pointer p of at most 64 bits; u is its type without typedefs.
func (f *formatter) scalar(p part, u *types.Type) (uint64, error) {
	n := p.bits
	if n == 0 {
		n = u.ValueBits()
	}
	if n > 64 {
		return 0, &types.TooLargeError{Problem: fmt.Sprintf("integer type is too big: %d-bit %s", n, u.Kind())}
	}
	data, err := p.src.bytes(p.off/8, (p.off%8+n+7)/8)
	if err != nil {
		return 0, err
	}
	f.readAny = true
	v, _ := bits.Extract(data, p.off%8, n, u.BigEndian())
	return v, nil
}

// integer prints a part of an integer, boolean or enumerated type.
func (f *formatter) integer(p part, u *types.Type) {
	if u.Kind() == types.Enum && !u.IsComplete() {
		f.write("<incomplete>")
		return
	}
	if p.bits > 64 || p.bits == 0 && u.OwnSize() > 8 {
		f.longInteger(p, u)
		return
	}
	v, err := f.scalar(p, u)
	if err != nil {
		f.unreadable(p, err)
		return
	}
	n := p.bits
	if n == 0 {
		n = u.ValueBits()
	}
	if u.IsSigned() {
		v = uint64(bits.SignExtend(v, n))
	}
	if u.Kind() == types.Enum {
		es, err := u.Enumerators()
		if err != nil {
			f.fail(err)
			return
		}
		for i := range es {
			if es[i].Value == v {
				f.write(es[i].Name)
				return
			}
		}
		if f.Flags&Human != 0 && f.flags(v, es) {
			return
		}
	}
	if u.Kind() == types.Enum { // in decimal, whatever the base
		if u.IsSigned() {
			f.b = strconv.AppendInt(f.b, int64(v), 10)
		} else {
			f.b = strconv.AppendUint(f.b, v, 10)
		}
		return
	}
	if f.Flags&Char != 0 && isCharacter(p.typ) {
		f.b = append(f.b, '\'')
		f.character(byte(v), '\'')
		f.b = append(f.b, '\'')
		return
	}
	magnitude := v
	if u.IsSigned() && int64(v) < 0 {
		f.b = append(f.b, '-')
		magnitude = -v
	}
	f.prefix(v == 0)
	f.b = strconv.AppendUint(f.b, magnitude, f.IntegerBase)
	if f.Flags&Human != 0 {
		f.human(v, p.typ, u)
	}
}

// prefix writes what a number of the base starts with.
func (f *formatter) prefix(zero bool) {
	switch {
	case f.IntegerBase == 16:
		f.write("0x")
	case f.IntegerBase == 8 && !zero:
		f.write("0")
	}
}

// maxIntegerSize bounds integers, in bytes.
const maxIntegerSize = 1 << 10

// longInteger prints an integer of more than 64 bits, or a pointer, which is in hexadecimal whatever the base.
func (f *formatter) longInteger(p part, u *types.Type) {
	n := p.bits
	if n == 0 {
		n = u.ValueBits()
	}
	if u.OwnSize() > maxIntegerSize {
		f.fail(&types.TooLargeError{Problem: fmt.Sprintf("integer type is too big: %d-bit %s", n, u.Kind())})
		return
	}
	data, err := p.src.bytes(p.off/8, (p.off%8+n+7)/8)
	if err != nil {
		f.unreadable(p, err)
		return
	}
	f.readAny = true
	v, _ := bits.ExtractBig(data, p.off%8, n, u.IsSigned(), u.BigEndian())
	if v.Sign() < 0 {
		f.b = append(f.b, '-')
		v.Neg(v)
	}
	if u.Kind() == types.Pointer {
		f.write("0x")
		f.b = v.Append(f.b, 16)
		return
	}
	f.prefix(v.Sign() == 0)
	f.b = v.Append(f.b, f.IntegerBase)
}

func (f *formatter) float(p part, u *types.Type) {
	n := u.OwnSize()
	if u.IsDecimal() {
		f.decimal(p, u)
		return
	}
	if format := u.FloatFormat(); format != types.UnknownFloat && n != 4 && n != 8 {
		f.wideFloat(p, format, u)
		return
	}
	if n != 4 && n != 8 {
		if p.src.mem == nil || f.depth > 0 {
			f.readAny = true
		}
		if f.depth == 0 {
			f.fail(ErrFloatSize)
		}
		f.b = fmt.Appendf(f.b, "<%d-bit float>", n*8)
		return
	}
	v, err := f.scalar(p, u)
	if err != nil {
		f.unreadable(p, err)
		return
	}
	x := math.Float64frombits(v)
	if n == 4 {
		x = float64(math.Float32frombits(uint32(v)))
	}
	f.b = appendFloat(f.b, x)
}

// wholeBytes returns the bytes of a floating-point number; ok is false if it has none that can be read, which is told then.
func (f *formatter) wholeBytes(p part, u *types.Type) (data []byte, ok bool) {
	if p.off%8 != 0 {
		f.fail(ErrFloatSize)
		return nil, false
	}
	data, err := p.src.bytes(p.off/8, u.OwnSize())
	if err != nil {
		f.unreadable(p, err)
		return nil, false
	}
	f.readAny = true
	return data, true
}

// decimal prints a decimal number.
func (f *formatter) decimal(p part, u *types.Type) {
	data, ok := f.wholeBytes(p, u)
	if !ok {
		return
	}
	if text, ok := u.Decimal(data); ok {
		f.write(text)
		return
	}
	f.b = fmt.Appendf(f.b, "<%d-bit decimal float>", u.OwnSize()*8)
}

// wideFloat prints a number of a format that the processor's own arithmetic may not have.
func (f *formatter) wideFloat(p part, format types.FloatFormat, u *types.Type) {
	data, ok := f.wholeBytes(p, u)
	if !ok {
		return
	}
	x, negative := format.Float(data, u.BigEndian())
	if x == nil {
		f.b = appendFloat(f.b, math.Copysign(math.NaN(), map[bool]float64{true: -1, false: 1}[negative]))
		return
	}
	f.b = appendBigFloat(f.b, x, format.Digits())
}

// appendBigFloat writes a number as appendFloat does, but whole ones that have more digits with an exponent.
func appendBigFloat(b []byte, x *big.Float, digits int) []byte {
	if x.IsInf() || x.Sign() == 0 {
		v, _ := x.Float64()
		return appendFloat(b, v)
	}
	start := len(b)
	b = x.Append(b, 'e', digits-1)
	e := start + bytes.IndexByte(b[start:], 'e')
	exp, _ := strconv.Atoi(string(b[e+1:]))
	switch {
	case exp < -4 || exp >= digits: // as %g
		mantissa := bytes.TrimSuffix(bytes.TrimRight(b[:e], "0"), []byte("."))
		return append(mantissa, bytes.Clone(b[e:])...)
	case x.IsInt():
		return x.Append(b[:start], 'f', 1)
	}
	b = x.Append(b[:start], 'f', max(digits-1-exp, 0))
	return bytes.TrimSuffix(bytes.TrimRight(b, "0"), []byte("."))
}

// appendFloat writes a number with 17 digits, or all those before the point of a whole one.
func appendFloat(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		if math.Signbit(x) {
			return append(b, "-nan"...)
		}
		return append(b, "nan"...)
	case math.IsInf(x, 1):
		return append(b, "inf"...)
	case math.IsInf(x, -1):
		return append(b, "-inf"...)
	case x == math.Trunc(x):
		return strconv.AppendFloat(b, x, 'f', 1, 64)
	}
	if a := math.Abs(x); a < 1e-4 { // as %g: exponent below -4
		start := len(b)
		b = strconv.AppendFloat(b, x, 'e', 16, 64)
		e := start + bytes.IndexByte(b[start:], 'e')
		digits := bytes.TrimRight(b[:e], "0")
		digits = bytes.TrimSuffix(digits, []byte("."))
		return append(digits, b[e:]...)
	}
	start := len(b)
	b = strconv.AppendFloat(b, x, 'e', 16, 64) // to see the exponent after rounding to 17 digits
	exp, _ := strconv.Atoi(string(b[start+bytes.IndexByte(b[start:], 'e')+1:]))
	b = strconv.AppendFloat(b[:start], x, 'f', max(16-exp, 0), 64)
	return bytes.TrimSuffix(bytes.TrimRight(b, "0"), []byte("."))
}

// isCharacter tells the three character types, which text is made of, from typedefs and other small integers.
func isCharacter(t *types.Type) bool {
	switch t.Primitive() {
	case types.CChar, types.CSignedChar, types.CUnsignedChar:
		return t.Kind() == types.Int && t.OwnSize() == 1
	}
	return false
}

const hexDigits = "0123456789abcdef"

// character writes a character as it stands within quotes.
func (f *formatter) character(c, quote byte) {
	if i := bytes.IndexByte([]byte("\x00\a\b\t\n\v\f\r"), c); i >= 0 {
		f.b = append(f.b, '\\', "0abtnvfr"[i])
		return
	}
	switch {
	case c == quote || c == '\\':
		f.b = append(f.b, '\\', c)
	case c >= ' ' && c < 0x7f:
		f.b = append(f.b, c)
	default:
		f.b = append(f.b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
}

func (f *formatter) text(s []byte) {
	f.b = append(f.b, '"')
	for _, c := range s {
		f.character(c, '"')
	}
	f.b = append(f.b, '"')
}

// address writes an address with its symbol, if it has one; enclosed, the two are put into parentheses.
func (f *formatter) address(addr uint64, enclosed bool) {
	if f.Flags&Symbolize != 0 && f.mem != nil {
		if name, off, ok := f.mem.Symbolize(addr); ok {
			if enclosed {
				f.b = append(f.b, '(')
				defer func() { f.b = append(f.b, ')') }()
			}
			f.b = append(f.b, name...)
			f.b = append(f.b, "+0x"...)
			f.b = strconv.AppendUint(f.b, off, 16)
			f.b = append(f.b, " = "...)
		}
	}
	f.b = append(f.b, "0x"...)
	f.b = strconv.AppendUint(f.b, addr, 16)
}

// pointer writes a pointer's value and the text it points to.
func (f *formatter) pointer(addr uint64, u *types.Type) {
	f.address(addr, false)
	if f.Flags&String == 0 || f.mem == nil {
		return
	}
	if _, size := wide(u.Elem()); size > 0 {
		f.wideString(addr, u.Elem())
	}
	if !isCharacter(u.Elem()) {
		return
	}
	if s, more, ok := f.cString(addr); ok {
		f.write(" = ")
		f.text(s)
		if more {
			f.write("...")
		}
	}
}

// cString reads the text at addr up to its NUL, piece by piece; more says that there is more of it.
func (f *formatter) cString(addr uint64) (s []byte, more, ok bool) {
	piece := uint64(256)
	for {
		n := piece - addr%piece
		start := len(s)
		s = append(s, make([]byte, n)...)
		if err := f.mem.Read(s[start:], addr); err != nil {
			if piece == 1 {
				f.missing(err)
				return nil, false, false
			}
			s, piece = s[:start], 1 // it may end before what cannot be read
			continue
		}
		if i := bytes.IndexByte(s[start:], 0); i >= 0 {
			return s[:start+i], false, true
		}
		if len(s) >= maxText {
			return s[:maxText], true, true
		}
		if addr+n < addr {
			return nil, false, false
		}
		addr += n
	}
}
