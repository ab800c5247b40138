package python

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

const maxDepth = 256 // of nested values

// valueOf returns an object's value as buildPy takes it.
func valueOf(o drgn.Object, depth int) (any, error) {
	if depth > maxDepth {
		return nil, valueError("value is nested too deeply")
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	u := o.Type().Underlying()
	switch u.Kind() {
	case types.Int, types.Enum:
		if u.Kind() == types.Enum && !u.IsComplete() {
			return nil, typeError("cannot get value of incomplete enumerated type")
		}
		if u.OwnSize() > 8 {
			return bigValue(o, u)
		}
		v, err := o.Uint()
		if err != nil {
			return nil, err
		}
		if u.IsSigned() {
			return int64(v), nil
		}
		return v, nil
	case types.Pointer:
		return wrap(o.Uint())
	case types.Bool:
		return wrap(o.Bool())
	case types.Float:
		return wrap(o.Float())
	case types.Struct, types.Union, types.Class:
		return membersOf(o.Read(), u, nil, depth)
	case types.Array:
		n, ok := u.Length()
		if !ok {
			n = 0
		}
		whole := o.Read()
		if err := whole.Err(); err != nil {
			return nil, err
		}
		l := make(list, 0, min(n, 1<<20))
		for i := range n {
			v, err := valueOf(whole.Index(int64(i)), depth+1)
			if err != nil {
				return nil, err
			}
			l = append(l, v)
		}
		return l, nil
	}
	return nil, typeError(fmt.Sprintf("cannot read object with %s type", u.Kind()))
}

// wrap makes a typed result one of any type; an error leaves no value.
func wrap[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func membersOf(o drgn.Object, u *types.Type, into dict, depth int) (dict, error) {
	ms, err := u.Members()
	if err != nil {
		return nil, err
	}
	if into == nil {
		into = dict{}
	}
	for _, m := range ms {
		slot, err := m.Slot()
		if err != nil {
			return nil, err
		}
		part := o.Slice(slot.Type, m.BitOffset, slot.BitFieldSize)
		if m.Name == "" {
			if pu := slot.Type.Underlying(); pu.Kind().IsCompound() && depth < maxDepth {
				if into, err = membersOf(part, pu, into, depth+1); err != nil {
					return nil, err
				}
			}
			continue
		}
		v, err := valueOf(part, depth+1)
		if err != nil {
			return nil, err
		}
		into = append(into, pair{m.Name, v})
	}
	return into, nil
}

func bigValue(o drgn.Object, u *types.Type) (any, error) {
	b, err := o.Bytes()
	if err != nil {
		return nil, err
	}
	b = append([]byte(nil), b...)
	if !u.BigEndian() {
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	v := new(big.Int).SetBytes(b)
	if u.IsSigned() && len(b) > 0 && b[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v, nil
}

// pyRepr writes a value as Python's repr does.
func pyRepr(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".eni") {
			s += ".0"
		}
		return s
	case list:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = pyRepr(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case dict:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = pyQuote(p.key.(string)) + ": " + pyRepr(p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// integer returns a Python number as the low 64 bits of its two's complement.
func integer(v any) (uint64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return uint64(v), true
	case *big.Int:
		var low big.Int
		low.And(v, new(big.Int).SetUint64(math.MaxUint64))
		return low.Uint64(), true
	case float64:
		return uint64(int64(v)), true
	}
	return 0, false
}

// fromValue makes a value of a type from a Python value: a number, a mapping of members, a sequence of elements.
func fromValue(p *drgn.Program, t *types.Type, v any, bitField uint64) (drgn.Object, error) {
	u := t.Underlying()
	if o, ok := v.(drgn.Object); ok {
		v2, err := valueOf(o, 0)
		if err != nil {
			return drgn.Object{}, err
		}
		v = v2
		if x, ok := v.(uint64); ok {
			v = new(big.Int).SetUint64(x)
		}
	}
	if bitField == 0 {
		switch u.Kind() {
		case types.Int, types.Bool, types.Enum, types.Pointer:
			if u.OwnSize() <= 8 && u.IsComplete() {
				n, ok := integer(v)
				if !ok {
					return drgn.Object{}, typeError(fmt.Sprintf("'%s' value must be a number", t))
				}
				if f, isFloat := v.(float64); isFloat && f != math.Trunc(f) && u.Kind() == types.Pointer {
					return drgn.Object{}, typeError(fmt.Sprintf("'%s' value must be an integer", t))
				}
				if u.Kind() == types.Bool && n != 0 {
					n = 1
				}
				return p.ScalarValue(t, n), nil
			}
		}
	}
	size, err := t.Size()
	if err != nil {
		return drgn.Object{}, err
	}
	if size > 1<<28 {
		return drgn.Object{}, valueError("value is too large")
	}
	data := make([]byte, size)
	bits := bitField
	if bits == 0 {
		bits = size * 8
	}
	if err := store(data, 0, bits, t, v, 0); err != nil {
		return drgn.Object{}, err
	}
	o := valueFromBytes(p, t, data, 0, bitField)
	return o, o.Err()
}

// valueFromBytes makes a value of what starts off bits into data.
func valueFromBytes(p *drgn.Program, t *types.Type, data []byte, off, bitField uint64) drgn.Object {
	if off == 0 && bitField == 0 {
		return p.BytesValue(t, data)
	}
	bits := bitField
	if bits == 0 {
		n, err := t.BitSize()
		if err != nil {
			return drgn.Failed(err)
		}
		bits = n
	}
	if off > uint64(len(data))*8 || bits > uint64(len(data))*8-off {
		return drgn.Failed(valueError("buffer is too small"))
	}
	// The bytes as an array, of which the object is a part: that puts bits where they belong in either byte order.
	char, err := p.Primitive(types.CUnsignedChar)
	if err != nil {
		return drgn.Failed(err)
	}
	whole := p.BytesValue(p.Types().Array(t.Language(), char, uint64(len(data))), data)
	return whole.Slice(t, off, bitField)
}

// store lays a Python value into data as a type's; off and bits say where.
func store(data []byte, off, bits uint64, t *types.Type, v any, depth int) error {
	if depth > maxDepth {
		return valueError("value is nested too deeply")
	}
	if o, ok := v.(drgn.Object); ok {
		x, err := valueOf(o, depth)
		if err != nil {
			return err
		}
		if n, ok := x.(uint64); ok {
			x = new(big.Int).SetUint64(n)
		}
		v = x
	}
	u := t.Underlying()
	switch u.Kind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
		var b *big.Int
		switch v := v.(type) {
		case bool:
			b = big.NewInt(0)
			if v {
				b = big.NewInt(1)
			}
		case int64:
			b = big.NewInt(v)
		case uint64:
			b = new(big.Int).SetUint64(v)
		case *big.Int:
			b = v
		case float64:
			b, _ = big.NewFloat(v).Int(nil)
		default:
			return typeError(fmt.Sprintf("'%s' value must be a number", t))
		}
		if b.Sign() < 0 {
			b = new(big.Int).And(b, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1)))
		}
		putBits(data, off, bits, b, u.BigEndian())
		return nil
	case types.Float:
		f, ok := v.(float64)
		if !ok {
			n, isInt := v.(int64)
			if !isInt {
				return typeError(fmt.Sprintf("'%s' value must be a number", t))
			}
			f = float64(n)
		}
		switch bits {
		case 32:
			putBits(data, off, bits, new(big.Int).SetUint64(uint64(math.Float32bits(float32(f)))), u.BigEndian())
		case 64:
			putBits(data, off, bits, new(big.Int).SetUint64(math.Float64bits(f)), u.BigEndian())
		default:
			return &pyErr{excNotImplementedError, fmt.Sprintf("floating-point values of %d bits", bits)}
		}
		return nil
	case types.Struct, types.Union, types.Class:
		ps, ok := v.(dict)
		if !ok {
			return typeError(fmt.Sprintf("'%s' value must be a mapping", t))
		}
		for _, kv := range ps {
			name, ok := kv.key.(string)
			if !ok {
				return typeError("member names must be str")
			}
			f, err := t.FindMember(name)
			if err != nil {
				return err
			}
			n := f.BitFieldSize
			if n == 0 {
				if n, err = f.Type.BitSize(); err != nil {
					return err
				}
			}
			if f.BitOffset+n > bits {
				return &drgn.BoundsError{Problem: "member is beyond the end of its type"}
			}
			if err := store(data, off+f.BitOffset, n, f.Type, kv.value, depth+1); err != nil {
				return err
			}
		}
		return nil
	case types.Array:
		var vs []any
		switch v := v.(type) {
		case list:
			vs = v
		case tuple:
			vs = v
		case []byte:
			for _, b := range v {
				vs = append(vs, int64(b))
			}
		default:
			return typeError(fmt.Sprintf("'%s' value must be a sequence", t))
		}
		n, err := u.Elem().BitSize()
		if err != nil {
			return err
		}
		for i, x := range vs {
			if uint64(i)*n+n > bits {
				return valueError("too many items in array value")
			}
			if err := store(data, off+uint64(i)*n, n, u.Elem(), x, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return typeError(fmt.Sprintf("cannot create value of %s type", u.Kind()))
}

// putBits lays the low n bits of v into data, off bits from its start.
func putBits(data []byte, off, n uint64, v *big.Int, bigEndian bool) {
	if off%8 == 0 && n%8 == 0 {
		var b [8]byte
		if n == 64 && v.IsUint64() {
			if bigEndian {
				binary.BigEndian.PutUint64(b[:], v.Uint64())
			} else {
				binary.LittleEndian.PutUint64(b[:], v.Uint64())
			}
			copy(data[off/8:], b[:])
			return
		}
	}
	for i := range n {
		bit := v.Bit(int(i))
		at := off + i
		if bigEndian {
			at = off + n - 1 - i
		}
		mask := byte(1) << (at % 8)
		if bigEndian {
			mask = 0x80 >> (at % 8)
		}
		data[at/8] &^= mask
		if bit != 0 {
			data[at/8] |= mask
		}
	}
}
