package python

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

const maxDepth = 1000 // of nested values

var errTooDeep = &types.DepthError{Problem: "maximum object depth exceeded"}

// valueOf returns an object's value as buildPy takes it.
func valueOf(o drgn.Object, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	if err := o.Err(); err != nil {
		return nil, err
	}
	u := o.Type().Underlying()
	if err := storable(u, "object"); err != nil {
		return nil, typeError(strings.Replace(err.Error(), "create object with", "read object with", 1))
	}
	switch u.Kind() {
	case types.Int, types.Enum:
		if u.OwnSize() > 8 && (o.BitFieldSize() == 0 || o.BitFieldSize() > 64) {
			return wrap(o.BigInt())
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
		if u.OwnSize() > 8 {
			return wrap(o.BigInt())
		}
		return wrap(o.Uint())
	case types.Bool:
		return wrap(o.Bool())
	case types.Float:
		return wrap(o.Float())
	case types.Struct, types.Union, types.Class:
		whole, fault := atOnce(o)
		if err := whole.Err(); err != nil {
			return nil, err
		}
		d, err := virtualBasesOf(whole, u, depth)
		if err == nil {
			d, err = membersOf(whole, u, d, depth)
		}
		return wrap(d, whereOf(err, fault))
	case types.Array:
		n, ok := u.Length()
		if !ok {
			n = 0
		}
		if size, err := u.Size(); err == nil && size == 0 && lengths(u) > maxEmpty {
			return nil, valueError(fmt.Sprintf("value of '%s' would have more than %d elements, of size 0", o.Type().Name(), maxEmpty))
		}
		whole, fault := atOnce(o)
		if err := whole.Err(); err != nil {
			return nil, err
		}
		l := make(list, 0, min(n, 1<<20))
		for i := range n {
			v, err := valueOf(whole.Index(int64(i)), depth+1)
			if err != nil {
				return nil, whereOf(err, fault)
			}
			l = append(l, v)
		}
		return l, nil
	}
	return nil, typeError(fmt.Sprintf("cannot read object with %s type", u.Kind()))
}

// maxEmpty bounds the elements of size 0 that the value of an array has: no memory that is read bounds them.
const maxEmpty = 1 << 20

// lengths returns how many elements an array of arrays has, counted where there are most of them: each element is an array, or none is.
func lengths(u *types.Type) (most uint64) {
	for all := uint64(1); u.Kind() == types.Array; u = u.Elem().WithoutTypedefs() {
		n, _ := u.Length()
		high, low := bits.Mul64(all, n)
		if high != 0 {
			return math.MaxUint64
		}
		all = low
		most = max(most, all)
	}
	return most
}

// atOnce reads an object as a whole. Where not all of it is in memory its parts are read one by one: those may be there.
// fault says why the whole can't be read.
func atOnce(o drgn.Object) (whole drgn.Object, fault error) {
	whole = o.Read()
	if err := whole.Err(); errors.As(err, new(*mem.FaultError)) || errors.As(err, new(*drgn.AbsentError)) {
		return o, err
	}
	return whole, nil
}

// whereOf returns the error of a part or, when the whole could not be read for the same reason, that of the whole, which
// says how it was reached.
func whereOf(err, whole error) error {
	var a, b *mem.FaultError
	if errors.As(err, &a) && errors.As(whole, &b) && a.Address == b.Address {
		return whole
	}
	return err
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
		if in, err := o.Holds(m.Variant); err != nil {
			return nil, err
		} else if !in {
			continue
		}
		if storable(slot.Type, "") != nil {
			continue // a flexible array, for one, is no part of the value
		}
		part := o.Slice(slot.Type, m.BitOffset, slot.BitFieldSize)
		if m.Base {
			if into, err = baseOf(into, part, depth); err != nil {
				return nil, err
			}
			continue
		}
		if m.Name == "" {
			if pu := slot.Type.Underlying(); pu.Kind().IsCompound() {
				if depth > maxDepth {
					return nil, errTooDeep
				}
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

// baseOf adds a base class, by its name: its members may have the names of others.
func baseOf(into dict, part drgn.Object, depth int) (dict, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	u := part.Type().Underlying()
	if !u.Kind().IsCompound() || u.Tag() == "" {
		return into, part.Err()
	}
	d, err := membersOf(part, u, nil, depth+1)
	if err != nil || len(d) == 0 { // of a class without members there is nothing to say
		return into, err
	}
	return append(into, pair{u.Tag(), d}), nil
}

// virtualBasesOf returns the virtual base classes of an object of a class.
func virtualBasesOf(o drgn.Object, u *types.Type, depth int) (into dict, err error) {
	bases, err := u.VirtualBases()
	for i := range bases {
		if into, err = baseOf(into, o.VirtualBase(&bases[i]), depth); err != nil {
			return nil, err
		}
	}
	return into, err
}

// pyRepr writes a value as Python's repr does.
func pyRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return pyQuote(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = pyQuote(s)
		}
		if len(v) == 1 {
			return "(" + parts[0] + ",)"
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return floatRepr(v)
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

// floatRepr writes a number as Python's repr does.
func floatRepr(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pyQuote writes a string as Python's repr does.
func pyQuote(s string) string {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1: // as the str that Python has for it
			fmt.Fprintf(&b, `\udc%02x`, s[0])
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[n:]
	}
	b.WriteRune(quote)
	return b.String()
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
