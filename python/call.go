package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"runtime/debug"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

// A Call is one call of a function: its converted arguments, and where its result goes. It is good during the call only.
type Call struct {
	self *C.PyObject // the instance, or the class
	args []C.arg
	res  *C.res
}

// Has reports whether an argument was given and is not None.
func (c Call) Has(i int) bool { return c.args[i].kind != C.A_MISSING && c.args[i].kind != C.A_NONE }

// Uint returns an index.
func (c Call) Uint(i int) uint64 { return uint64(c.args[i].i) }

// UintOr returns an index, or def when it was left out.
func (c Call) UintOr(i int, def uint64) uint64 {
	if !c.Has(i) {
		return def
	}
	return uint64(c.args[i].i)
}

// Int returns a signed number.
func (c Call) Int(i int) int64 { return int64(c.args[i].i) }

// IntOr returns a signed number, or def when it was left out.
func (c Call) IntOr(i int, def int64) int64 {
	if !c.Has(i) {
		return def
	}
	return int64(c.args[i].i)
}

// Bool returns a truth value; false when it was left out.
func (c Call) Bool(i int) bool { return c.args[i].kind == C.A_BOOL && c.args[i].i != 0 }

// BoolOr returns a truth value, or def when it was left out.
func (c Call) BoolOr(i int, def bool) bool {
	if c.args[i].kind != C.A_BOOL {
		return def
	}
	return c.args[i].i != 0
}

// Str returns a str, or a path; "" when it was left out.
func (c Call) Str(i int) string {
	a := &c.args[i]
	if a.kind != C.A_STR && a.kind != C.A_BYTES {
		return ""
	}
	return strings.Clone(unsafe.String((*byte)(unsafe.Pointer(a.s)), int(a.n)))
}

// Bytes returns the bytes of a str or bytes object; nil when it was left out.
func (c Call) Bytes(i int) []byte {
	a := &c.args[i]
	if a.kind != C.A_STR && a.kind != C.A_BYTES {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(a.s), C.int(a.n))
}

// IsStr reports whether an address or type was given by name.
func (c Call) IsStr(i int) bool { return c.args[i].kind == C.A_STR }

// IsObject reports whether a scope or thread was given as an Object, a type as a Type.
func (c Call) IsObject(i int) bool { return c.args[i].kind == C.A_OBJ }

// py returns an argument as it was given: borrowed.
func (c Call) py(i int) *C.PyObject { return c.args[i].o }

// Any returns an argument as a Go value; see [decode].
func (c Call) Any(i int) (any, error) { return decodePy(c.args[i].o) }

// A pyError is a Python exception on its way through Go.
type pyError struct {
	typ, msg string
	exc      *C.PyObject     // owned; dropped by dropRef
	fault    *mem.FaultError // what it is to the reader of memory, or nil
}

func (e *pyError) Error() string { return e.typ + ": " + e.msg }

// Unwrap returns the error that Python raised on behalf of a memory's reader.
func (e *pyError) Unwrap() error {
	if e.fault == nil {
		return nil
	}
	return e.fault
}

// raised says that an exception is set already.
type raisedError struct{}

func (raisedError) Error() string { return "a Python exception is set" }

//export goCall
func goCall(id C.int, self *C.PyObject, args *C.arg, n C.int, r *C.res) {
	defer guard(entered(r))
	c := Call{self, unsafe.Slice(args, int(n)), r}
	c.finish(handlers[id](c))
}

// finish is the function finish, which remembers in which program a name was not found.
func (c Call) finish(err error) {
	if err != nil {
		lookedIn = c.program()
		defer func() { lookedIn = nil }()
	}
	finish(c.res, err)
}

// program returns the program of a call, or nil.
func (c Call) program() *drgn.Program {
	k := c.keep()
	if k == nil {
		return nil
	}
	if o := (*C.Obj)(unsafe.Pointer(k)); !isProgram(k) {
		if o.cls >= C.C_MAX || k.ob_type != C.classes[o.cls] || o.prog == nil || !isProgram(o.prog) {
			return nil
		}
		k = o.prog
	}
	return programOf(k).prog
}

// finish raises err, if any, in Python.
func finish(r *C.res, err error) {
	if err != nil {
		r.i.tag = C.R_ERR
		raise(err)
	}
}

// entered begins a call from Python: a mapped file that can't be read becomes a panic, which guard makes an exception.
func entered(r *C.res) *C.res {
	debug.SetPanicOnFault(true)
	return r
}

// guard ends a call that [entered] began. It makes a panic a Python exception, an OSError if a mapped file can't be read, else
// one with Go's stack; and has an interrupted call end with what interrupted it: whatever was made of the error on its way
// here is no result.
func guard(r *C.res) {
	if e := recover(); e != nil {
		r.i.tag = C.R_ERR
		if failed, ok := mem.FileErrorOf(e); ok {
			raise(failed)
			return
		}
		raiseText(excGoPanic, fmt.Sprintf("Go panic: %v\n\n%s", e, debug.Stack()))
	}
	if interrupt == nil {
		return
	}
	if e := takeInterrupt(); e != nil {
		C.sh_drop(&r.i)
		r.i.tag = C.R_ERR
		raise(e)
	}
}

func raiseText(exc C.int, msg string) {
	C.sh_raise(exc, (*C.char)(unsafe.Pointer(unsafe.StringData(msg))), C.int64_t(len(msg)))
}
