package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/target"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// Python's own exceptions, in sh_raise's order, and those of package drgn, in the order of lib/drgn/_errors.py.
const (
	excException = -1 - iota
	excAttributeError
	excLookupError
	excKeyError
	excIndexError
	excValueError
	excTypeError
	excRuntimeError
	excOverflowError
	excZeroDivisionError
	excNotImplementedError
	excOSError
	excFileNotFoundError
	excPermissionError
	excRecursionError
)

const (
	excFault = iota
	excObjectNotFound
	excNoDefaultProgram
	excMissingDebugInfo
	excObjectAbsent
	excOutOfBounds
	excBadData
	excUnsupported
	excGoPanic
	excSyntax
)

// A pyErr is an error that names its exception.
type pyErr struct {
	exc C.int
	msg string
}

func (e *pyErr) Error() string { return e.msg }

func valueError(msg string) error { return &pyErr{excValueError, msg} }
func typeError(msg string) error  { return &pyErr{excTypeError, msg} }

// raise sets the Python exception for a Go error: the one table of both.
func raise(err error) {
	var (
		own     *pyErr
		back    *pyError
		set     raisedError
		panicE  *panicError
		fault   *mem.FaultError
		lookup  *drgn.LookupError
		member  *types.MemberError
		kind    *types.KindError
		size    *types.SizeError
		absent  *drgn.AbsentError
		value   *drgn.ValueError
		typ     *drgn.TypeError
		bounds  *drgn.BoundsError
		missing *drgn.MissingDebugInfoError
		syntax  *c.SyntaxError
		exc     = C.int(excException)
	)
	msg := err.Error()
	file, plainFile := err.(*fs.PathError) // one with words around it keeps them
	switch {
	case errors.As(err, &set):
		return
	case errors.As(err, &back):
		C.sh_incref(back.exc)
		C.sh_raise_obj(back.exc)
		return
	case errors.As(err, &fault):
		text := fault.Message
		var path *drgn.PathError
		if errors.As(err, &path) {
			text = path.Path + ": " + text
		}
		C.sh_raise_fault(cdata(text), C.int64_t(len(text)), C.uint64_t(fault.Address))
		return
	case errors.As(err, &own):
		exc = own.exc
	case errors.As(err, &panicE), errors.As(err, new(*call.PanicError)):
		exc = excGoPanic
	case errors.As(err, new(*call.OverflowError)), errors.Is(err, c.ErrLiteralRange):
		exc = excOverflowError
	case errors.Is(err, c.ErrDivisionByZero):
		exc = excZeroDivisionError
	case errors.As(err, new(*c.OperandError)), errors.As(err, new(*c.ConversionError)), errors.As(err, new(*c.FormatError)):
		exc = excTypeError
	case errors.Is(err, c.ErrFloatSize):
		exc = excNotImplementedError
	case errors.Is(err, c.ErrNegativeShift), errors.Is(err, c.ErrNoSize), errors.As(err, new(*types.BitFieldError)):
		exc = excValueError
	case errors.As(err, new(*bin.DecodeError)):
		exc = excBadData
	case errors.As(err, &lookup):
		if lookup.IsObject {
			C.sh_raise_notfound(cdata(msg), C.int64_t(len(msg)), cdata(lookup.Name), C.int64_t(len(lookup.Name)))
			return
		}
		exc = excLookupError
	case errors.As(err, &member):
		exc = excLookupError
	case errors.As(err, new(*types.DepthError)):
		exc = excRecursionError
	case errors.As(err, new(*types.TooLargeError)), errors.Is(err, c.ErrOffsetTooLarge):
		exc = excOverflowError
	case errors.As(err, new(*types.NoMembersError)), errors.As(err, new(*c.DesignatorError)):
		exc = excTypeError
	case errors.As(err, &absent):
		exc = excObjectAbsent
	case errors.As(err, &bounds):
		exc = excOutOfBounds
	case errors.As(err, &missing):
		exc = excMissingDebugInfo
	case errors.As(err, &typ), errors.As(err, &size):
		exc = excTypeError
	case errors.As(err, &kind):
		exc = excAttributeError
	case errors.As(err, &value):
		exc = excValueError
	case errors.As(err, new(*drgn.UnsupportedError)):
		exc = excUnsupported
	case errors.As(err, new(*drgn.NotImplementedError)):
		exc = excNotImplementedError
	case errors.As(err, &syntax):
		exc = excSyntax
		if syntax.TooLarge() {
			exc = excValueError
		}
	case errors.As(err, new(*strconv.NumError)), errors.As(err, new(*target.FormatError)):
		exc = excValueError
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		exc = excRuntimeError
	case plainFile && raiseFile(file):
		return
	case errors.Is(err, fs.ErrNotExist):
		exc = excFileNotFoundError
	case errors.Is(err, fs.ErrPermission):
		exc = excPermissionError
	case errors.As(err, new(*fs.PathError)):
		exc = excOSError
	}
	raiseText(exc, msg)
}

// raiseFile raises the OSError of a system call's failure, with its number and the file's name.
func raiseFile(e *fs.PathError) bool {
	var errno syscall.Errno
	if !errors.As(e.Err, &errno) {
		return false
	}
	text := e.Err.Error() // the system's words, and maybe what to do about it
	args, err := buildPy(tuple{int(errno), strings.ToUpper(text[:1]) + text[1:], e.Path})
	if err != nil {
		return false
	}
	C.sh_raise_os(args)
	return true
}

func cdata(s string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(s))) }

//export goNoDefault
func goNoDefault() { raiseText(excNoDefaultProgram, "no default program") }
