package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"math"
	"math/big"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

const maxValue = 1 << 28 // bytes of a value made from Python

// fromValue makes a value of a type from a Python value: a number, a mapping of members, or elements to iterate over;
// bitField is its size in bits as a bit-field, or 0.
func fromValue(p *drgn.Program, t *types.Type, v *C.PyObject, bitField uint64) (drgn.Object, error) {
	if err := p.BitField(t, 0, 0, bitField).Err(); err != nil {
		return drgn.Object{}, err
	}
	if err := storable(t, "value"); err != nil {
		return drgn.Object{}, err
	}
	size, err := t.Size()
	if err != nil {
		return drgn.Object{}, err
	}
	if isShort(t) && bitField == 0 {
		n, wide, err := integerOf(v, t)
		if err != nil {
			return drgn.Object{}, err
		}
		if wide != nil {
			n = low(wide)
			if t.UnderlyingKind() == types.Bool {
				n = 1
			}
		}
		return p.ScalarValue(t, uint64(n)), nil
	}
	if size > maxValue {
		return drgn.Object{}, valueError("value is too large")
	}
	data := make([]byte, size)
	n := bitField
	if n == 0 {
		n = size * 8
	}
	if err := store(data, 0, n, t, v, 0); err != nil {
		return drgn.Object{}, err
	}
	o := valueFromBytes(p, t, data, 0, bitField)
	return o, o.Err()
}

// null is NULL(): the value 0 of a type.
func null(c Call, t *types.Type) error {
	zero, err := buildPy(0)
	if err != nil {
		return err
	}
	defer decref(zero)
	if t == nil {
		o, err := literal(c.Prog(0), zero)
		if err != nil {
			return err
		}
		return c.Object(o)
	}
	o, err := fromValue(c.Prog(0), t, zero, 0)
	if err != nil {
		return err
	}
	return c.Object(o)
}

// storable reports why there are no values of a type; what is a value or a member.
func storable(t *types.Type, what string) error {
	u := t.Underlying()
	switch k := u.Kind(); {
	case k == types.Void || k == types.Function:
		return typeError(fmt.Sprintf("cannot create %s with %s type", what, k))
	case k == types.Array && !u.IsComplete():
		return typeError(fmt.Sprintf("cannot create %s with incomplete array type", what))
	case !u.IsComplete():
		name := map[types.Kind]string{types.Struct: "structure", types.Enum: "enumerated"}[k]
		if name == "" {
			name = k.String()
		}
		return typeError(fmt.Sprintf("cannot create %s with incomplete %s type", what, name))
	}
	return nil
}

// integerOf returns a Python number as int() makes it one; wide is set when it has more than 64 bits.
func integerOf(v *C.PyObject, t *types.Type) (n int64, wide *big.Int, err error) {
	var data *C.char
	var size, small C.int64_t
	switch C.sh_number(v, &small, &data, &size) {
	case C.STORE_OK:
		return int64(small), nil, nil
	case C.STORE_NOT:
		return 0, nil, typeError(fmt.Sprintf("'%s' value must be number", t))
	case C.STORE_BIG:
		defer C.free(unsafe.Pointer(data))
		return 0, fromTwosComplement(C.GoBytes(unsafe.Pointer(data), C.int(size))), nil
	}
	return 0, nil, raisedError{}
}

// fromTwosComplement reverses twosComplement.
func fromTwosComplement(b []byte) *big.Int { return bits.BigInt(b, true, false) }

// low returns the low 64 bits of v's two's complement.
func low(v *big.Int) int64 {
	return int64(new(big.Int).And(v, new(big.Int).SetUint64(math.MaxUint64)).Uint64())
}

// store lays a Python value as a type's into the n bits that start off bits into data.
func store(data []byte, off, n uint64, t *types.Type, v *C.PyObject, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	u := t.Underlying()
	switch u.Kind() {
	case types.Int, types.Bool, types.Enum, types.Pointer:
		x, wide, err := integerOf(v, t)
		if err != nil {
			return err
		}
		if wide == nil {
			wide = big.NewInt(x)
		}
		if u.Kind() == types.Bool && wide.Sign() != 0 {
			wide = big.NewInt(1)
		}
		bits.InsertBig(data, off, n, u.BigEndian(), wide)
		return nil
	case types.Float:
		return storeFloat(data, off, n, u, t, v)
	case types.Struct, types.Union, types.Class:
		return storeMembers(data, off, n, t, v, depth)
	case types.Array:
		return storeElements(data, off, n, t, u, v, depth)
	}
	return typeError(fmt.Sprintf("cannot create value with %s type", u.Kind()))
}

func storeFloat(data []byte, off, n uint64, u, t *types.Type, v *C.PyObject) error {
	var d C.double
	switch C.sh_double(v, &d) {
	case C.STORE_NOT:
		return typeError(fmt.Sprintf("'%s' value must be number", t))
	case C.STORE_ERR:
		return raisedError{}
	}
	if !u.Computes() {
		return c.ErrFloatSize
	}
	x := math.Float64bits(float64(d))
	if n == 32 {
		x = uint64(math.Float32bits(float32(d)))
	}
	bits.Insert(data, off, n, u.BigEndian(), x)
	return nil
}

func storeMembers(data []byte, off, n uint64, t *types.Type, v *C.PyObject, depth int) error {
	var iter *C.PyObject
	switch C.sh_items(v, &iter) {
	case C.STORE_NOT:
		return typeError(fmt.Sprintf("'%s' value must be dictionary or mapping", t))
	case C.STORE_ERR:
		return raisedError{}
	}
	return each(iter, func(item *C.PyObject) error {
		var key *C.char
		var length C.Py_ssize_t
		var value *C.PyObject
		if C.sh_pair(item, &key, &length, &value) != C.STORE_OK {
			return raisedError{}
		}
		f, err := t.FindMember(C.GoStringN(key, C.int(length)))
		if err != nil {
			return err
		}
		if f.Via != nil {
			return &types.VirtualBaseError{Type: t, Name: C.GoStringN(key, C.int(length))}
		}
		if f.Variant != nil {
			return typeError(fmt.Sprintf("member '%s' of '%s' belongs to a variant, which values can't be made of", C.GoStringN(key, C.int(length)), t))
		}
		if err := storable(f.Type, "member"); err != nil {
			return err
		}
		size := f.BitFieldSize
		if size == 0 {
			if size, err = f.Type.BitSize(); err != nil {
				return err
			}
		}
		if f.BitOffset > n || size > n-f.BitOffset {
			return &drgn.BoundsError{Problem: "out of bounds of value"}
		}
		return store(data, off+f.BitOffset, size, f.Type, value, depth+1)
	})
}

func storeElements(data []byte, off, n uint64, t, u *types.Type, v *C.PyObject, depth int) error {
	size, err := u.Elem().BitSize()
	if err != nil {
		return err
	}
	var iter *C.PyObject
	switch C.sh_elements(v, &iter) {
	case C.STORE_NOT:
		return typeError(fmt.Sprintf("'%s' value must be iterable", t))
	case C.STORE_ERR:
		return raisedError{}
	}
	i := uint64(0)
	length, _ := u.Length()
	return each(iter, func(item *C.PyObject) error {
		if i >= length {
			return valueError("too many items in array value")
		}
		at := i * size
		i++
		if at > n || size > n-at {
			return &drgn.BoundsError{Problem: "out of bounds of value"}
		}
		return store(data, off+at, size, u.Elem(), item, depth+1)
	})
}

// each calls f with the items of an iterator, which it drops.
func each(iter *C.PyObject, f func(item *C.PyObject) error) error {
	defer decref(iter)
	for {
		var item *C.PyObject
		switch C.sh_next(iter, &item) {
		case C.STORE_END:
			return nil
		case C.STORE_ERR:
			return raisedError{}
		}
		err := f(item)
		decref(item)
		if err != nil {
			return err
		}
	}
}
