package drgn

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// maxString bounds how far a string is read that a pointer points to, in bytes.
const maxString = 64 << 20

// scalar returns the bits of a scalar object of at most 64 bits, zero-extended. What it returns of a fault does not name
// the object.
func (o Object) scalar() (uint64, error) {
	switch o.form {
	case value:
		if o.x == nil {
			return o.bits, nil
		}
	case reference:
		t := o.typ.WithoutTypedefs()
		if n := t.OwnSize(); n != 0 && n <= 8 && o.bitField == 0 && o.bitOff == 0 && t.ValueBits() == n*8 {
			return o.prog.mem.Uint(o.bits, int(n), t.BigEndian(), false)
		}
		size, ok := o.short()
		if !ok {
			break
		}
		n := (uint64(o.bitOff) + size + 7) / 8
		if n > 8 { // 64 bits that begin within a byte
			b := make([]byte, n)
			if err := o.prog.mem.Read(b, o.bits, false); err != nil {
				return 0, err
			}
			v, _ := bits.Extract(b, uint64(o.bitOff), size, t.BigEndian())
			return v, nil
		}
		v, err := o.prog.mem.Uint(o.bits, int(n), t.BigEndian(), false)
		shift := uint64(o.bitOff)
		if t.BigEndian() { // where the offset counts from the most significant bit
			shift = 8*n - shift - size
		}
		return bits.Truncate(v>>shift, size), err
	case absent:
		return 0, &AbsentError{Reason: o.x.reason}
	case failed:
		return 0, o.Err()
	}
	switch o.typ.UnderlyingKind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
		return 0, &types.TooLargeError{Problem: fmt.Sprintf("integer type is too big: '%s'", o.typ)}
	}
	return 0, &TypeError{Problem: fmt.Sprintf("'%s' is not a scalar of at most 64 bits", o.typ)}
}

// width returns the size of a scalar object in bits.
func (o Object) width() uint64 {
	n, _ := o.short()
	return n
}

// Uint returns the value of an integer, boolean, enumerated or pointer object; a negative number as C converts it to
// unsigned long long.
func (o Object) Uint() (uint64, error) {
	if o.form == failed {
		return 0, o.Err()
	}
	t := o.typ.WithoutTypedefs()
	switch t.Kind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
	default:
		return 0, &TypeError{Problem: fmt.Sprintf("'%s' is not an integer or pointer", o.typ)}
	}
	if n := t.OwnSize(); o.form == reference && o.bitField == 0 && o.bitOff == 0 && n-1 < 8 && t.ValueBits() == n*8 {
		// The common case of what follows.
		v, err := o.prog.mem.Uint(o.bits, int(n), t.BigEndian(), false)
		if err != nil {
			return 0, o.readError(err)
		}
		if t.IsSigned() {
			v = uint64(bits.SignExtend(v, n*8))
		}
		return v, nil
	}
	v, err := o.scalar()
	if err != nil {
		return 0, o.readError(err)
	}
	if t.IsSigned() {
		v = uint64(bits.SignExtend(v, o.width()))
	}
	return v, nil
}

// Int returns the value of an integer, boolean or enumerated object; an unsigned one as C converts it to long long.
func (o Object) Int() (int64, error) {
	v, err := o.Uint()
	return int64(v), err
}

// Bool returns whether a scalar object is not zero. An array is true, and a function that is not at address 0.
func (o Object) Bool() (bool, error) {
	if o.form == failed {
		return false, o.Err()
	}
	switch o.typ.UnderlyingKind() {
	case types.Float:
		f, err := o.Float()
		return f != 0, err
	case types.Int, types.Bool, types.Enum, types.Pointer:
		if isOpenEnum(o.typ) {
			break
		}
		if n, ok := o.short(); ok || n == 0 {
			v, err := o.scalar()
			if err != nil {
				return false, o.readError(err)
			}
			return v != 0, nil
		}
		b, err := o.Bytes()
		return len(bytes.Trim(b, "\x00")) != 0, err
	case types.Array, types.Function:
		if o.form == absent {
			return false, &AbsentError{Reason: o.x.reason}
		}
		return o.form != reference || o.bits != 0, nil // a weak function may be at 0
	}
	if isOpenEnum(o.typ) {
		return false, &TypeError{Problem: "object cannot be converted to boolean"}
	}
	return false, &TypeError{Problem: fmt.Sprintf("cannot convert '%s' to bool", o.typ)}
}

// IsNull reports whether a pointer is null; false with an error.
func (o Object) IsNull() (bool, error) {
	v, err := o.Uint()
	return v == 0 && err == nil, err
}

// Float returns the value of a floating-point object; of one with more than 64 bits the nearest number that has 64.
func (o Object) Float() (float64, error) {
	if o.form == failed {
		return 0, o.Err()
	}
	if o.typ.UnderlyingKind() != types.Float {
		return 0, &TypeError{Problem: fmt.Sprintf("'%s' is not a floating-point number", o.typ)}
	}
	b, err := o.Bytes()
	if err != nil {
		return 0, err
	}
	if u := o.typ.WithoutTypedefs(); u.IsDecimal() {
		text, ok := u.Decimal(b)
		if !ok {
			return 0, c.ErrFloatSize
		}
		return types.DecimalFloat64(text), nil
	}
	v := uint64(0)
	if n := uint64(len(b)); n <= 8 {
		v, _ = bits.Extract(b, 0, n*8, bigEndian(o.typ))
	}
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(uint32(v))), nil
	case 8:
		return math.Float64frombits(v), nil
	}
	u := o.typ.WithoutTypedefs()
	format := u.FloatFormat()
	if format == types.UnknownFloat {
		return 0, c.ErrFloatSize
	}
	f, ok := format.Float64(b, u.BigEndian())
	if !ok {
		return 0, &ValueError{Problem: fmt.Sprintf("value of '%s' does not fit a 64-bit float", o.typ)}
	}
	return f, nil
}

// Bytes returns the bytes of an object as they lie, or would lie, in memory. Those of a bit-field start at its first
// bit: the least significant one of the first byte in little-endian order, the most significant one in big-endian order.
func (o Object) Bytes() ([]byte, error) {
	b, err := o.contents()
	if o.form == value && o.x != nil {
		b = bytes.Clone(b)
	}
	return b, err
}

// contents is Bytes without a copy of what a value holds: the caller does not write to it.
func (o Object) contents() ([]byte, error) {
	if o.form == failed {
		return nil, o.Err()
	}
	n := uint64(o.bitField)
	if n == 0 {
		var err error
		if n, err = o.typ.BitSize(); err != nil {
			var unsized *types.SizeError
			if errors.As(err, &unsized) {
				err = &TypeError{Problem: fmt.Sprintf("cannot read object with %s type", unsized.Reason)}
			}
			return nil, err
		}
	}
	if o.form == absent {
		return nil, &AbsentError{Reason: o.x.reason}
	}
	big := o.prog.bitOrder(o.typ)
	if o.form == value {
		if o.x != nil {
			return o.x.data, nil
		}
		out := make([]byte, (n+7)/8)
		bits.Insert(out, 0, n, big, o.bits)
		return out, nil
	}
	if n > maxObject*8 {
		return nil, &ValueError{Problem: fmt.Sprintf("object of type '%s' is too large to read", o.typ)}
	}
	raw := make([]byte, (uint64(o.bitOff)+n+7)/8)
	if err := o.prog.mem.Read(raw, o.bits, false); err != nil {
		return nil, o.readError(err)
	}
	if o.bitOff == 0 && n%8 == 0 {
		return raw, nil
	}
	return bits.Copy(raw, uint64(o.bitOff), n, big), nil
}

// maxObject bounds the size of one object that is read as a whole.
const maxObject = 1 << 30

// Read returns the object's value as it is now.
func (o Object) Read() Object {
	switch o.form {
	case failed, value:
		return o
	case absent:
		return Failed(&AbsentError{Reason: o.x.reason})
	}
	if _, ok := o.short(); ok {
		v, err := o.scalar()
		if err != nil {
			return o.fail(o.typ, err)
		}
		return Object{prog: o.prog, typ: o.typ, form: value, bits: v, bitField: o.bitField}
	}
	b, err := o.Bytes()
	if err != nil {
		return o.fail(o.typ, err)
	}
	return Object{prog: o.prog, typ: o.typ, form: value, x: &extra{data: b}, bitField: o.bitField}
}

// CString returns the string in an array, or that a pointer points to, up to its NUL. An array's ends with the array at
// the latest; one of unknown length in memory is read as if by its address. A "&str" or "String" of Rust, a "string" of Go or a std::string has the text that it refers to. That a string has no end within 64 MiB is a
// *ValueError.
func (o Object) CString() ([]byte, error) {
	if o.form == failed {
		return nil, o.Err()
	}
	if o.typ.WithoutTypedefs().Reference() != types.NoReference {
		target := o.Deref()
		if target.form == failed || target.typ.WithoutTypedefs().Reference() == types.NoReference { // C++ has no references to references
			return target.CString()
		}
	}
	at := o
	switch o.typ.UnderlyingKind() {
	case types.Pointer:
		if at, _ = o.pointee(); at.form == failed {
			return nil, at.Err()
		}
		if s, ok, err := at.typ.Slice(); err != nil || ok && s.Text {
			return at.textOf(s, err)
		} else if ok { // its own bytes are no text
			return nil, &WrongTypeError{Operation: "CString", Want: "an array or pointer", Type: o.typ.Unqualified().String()}
		}
	case types.Array:
		if o.form == absent {
			return nil, &AbsentError{Reason: o.x.reason}
		}
		if o.form != reference || o.bitOff != 0 {
			b, err := o.Bytes()
			if err != nil {
				return nil, err
			}
			if i := bytes.IndexByte(b, 0); i >= 0 {
				b = b[:i]
			}
			return b, nil
		}
		if !o.typ.IsComplete() {
			break
		}
		n, err := o.typ.Size()
		if err != nil {
			return nil, err
		}
		if n <= maxString {
			s, err := o.prog.mem.CString(o.bits, n, false)
			return s, o.readError(err)
		}
	case types.Struct, types.Class:
		if s, ok, err := o.typ.Slice(); err != nil || ok && s.Text {
			return o.textOf(s, err)
		}
		fallthrough
	default:
		return nil, &WrongTypeError{Operation: "CString", Want: "an array or pointer", Type: o.typ.Unqualified().String()}
	}
	s, err := o.prog.mem.CString(at.bits, maxString+1, false)
	if err == nil && len(s) > maxString {
		err = &ValueError{Problem: fmt.Sprintf("string at %#x has no end within %d MiB", at.bits, maxString>>20)}
	}
	if err != nil {
		return nil, at.readError(err)
	}
	return s, nil
}

// textOf reads the text that a "&str" or "String" of Rust refers to.
func (o Object) textOf(s types.Slice, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	b, err := o.Bytes()
	if err != nil {
		return nil, err
	}
	address, length, err := s.In(b)
	if err != nil {
		return nil, err
	}
	if length > maxString {
		return nil, &ValueError{Problem: fmt.Sprintf("string at %#x of %d bytes is longer than %d MiB", address, length, maxString>>20)}
	}
	text := make([]byte, length)
	if length > 0 { // an empty one points to nothing
		err = o.prog.mem.Read(text, address, false)
	}
	return text, o.readError(err)
}
