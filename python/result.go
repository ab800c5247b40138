package python

/*
#include "bind.h"
*/
import "C"

import (
	"math"
	"unsafe"
)

// The methods below set a call's result.

// None returns None.
func (c Call) None() error { c.res.i.tag = C.R_NONE; return nil }

// Number returns an int.
func (c Call) Number(v int64) error { c.res.i.tag, c.res.i.a = C.R_INT, C.uint64_t(v); return nil }

// Unsigned returns an int.
func (c Call) Unsigned(v uint64) error { c.res.i.tag, c.res.i.a = C.R_UINT, C.uint64_t(v); return nil }

// Float returns a float.
func (c Call) Float(v float64) error {
	c.res.i.tag, c.res.i.a = C.R_FLOAT, C.uint64_t(math.Float64bits(v))
	return nil
}

// Truth returns a bool.
func (c Call) Truth(v bool) error {
	c.res.i.tag, c.res.i.a = C.R_BOOL, 0
	if v {
		c.res.i.a = 1
	}
	return nil
}

// String returns a str.
func (c Call) String(s string) error { setString(c.res, s); return nil }

// StringOrNone returns a str, or None for "".
func (c Call) StringOrNone(s string) error {
	if s == "" {
		return c.None()
	}
	return c.String(s)
}

// Data returns a bytes object.
func (c Call) Data(b []byte) error { setBytes(c.res, b); return nil }

// Enum returns a member of an enumeration.
func (c Call) Enum(which enumID, v int64) error {
	c.res.i.tag, c.res.i._type, c.res.i.a = C.R_ENUM, C.uint32_t(which), C.uint64_t(v)
	return nil
}

// Value returns a compound value: see [encode].
func (c Call) Value(v any) error { return setValue(c.res, v) }

// pyObject returns an owned reference; nil is an exception that is set.
func (c Call) pyObject(o *C.PyObject) error { return setPy(c.res, o) }

func setPy(r *C.res, o *C.PyObject) error {
	if o == nil {
		return raisedError{}
	}
	r.i.tag, r.i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	return nil
}

func setString(r *C.res, s string) {
	if len(s) <= C.SCRATCH {
		copy((*[C.SCRATCH]byte)(unsafe.Pointer(&r.buf))[:], s)
		r.i.tag, r.n = C.R_STR, C.uint64_t(len(s))
		return
	}
	o := C.sh_str((*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.int64_t(len(s)))
	r.i.tag, r.i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	if o == nil {
		r.i.tag = C.R_ERR
	}
}

func setBytes(r *C.res, b []byte) {
	if len(b) <= C.SCRATCH {
		copy((*[C.SCRATCH]byte)(unsafe.Pointer(&r.buf))[:], b)
		r.i.tag, r.n = C.R_BYTES, C.uint64_t(len(b))
		return
	}
	o := C.sh_bytes((*C.char)(unsafe.Pointer(unsafe.SliceData(b))), C.int64_t(len(b)))
	r.i.tag, r.i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	if o == nil {
		r.i.tag = C.R_ERR
	}
}

func setValue(r *C.res, v any) error {
	o, err := buildPy(v)
	if err != nil {
		return err
	}
	return setPy(r, o)
}
