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
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/crash"
	kernellist "github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/slab"
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
	excValidation
	excSlabCorruption
	excSlabFreelistCycle
	excSlabPartialList
)

// A pyErr is an error that names its exception.
type pyErr struct {
	exc C.int
	msg string
}

func (e *pyErr) Error() string { return e.msg }

func valueError(msg string) error { return &pyErr{excValueError, msg} }
func typeError(msg string) error  { return &pyErr{excTypeError, msg} }

// exceptions is the one table of Go errors and Python exceptions. An error may wrap another that has a row of its own: the
// first row that fits any of them counts, so what says most of what went wrong comes first.
var exceptions = []struct {
	fits func(error) bool
	exc  C.int
}{
	{of[*panicError], excGoPanic},
	{of[*call.PanicError], excGoPanic},
	{of[*call.OverflowError], excOverflowError},
	{is(c.ErrLiteralRange), excOverflowError},
	{is(c.ErrDivisionByZero), excZeroDivisionError},
	{of[*c.OperandError], excTypeError},
	{of[*c.ConversionError], excTypeError},
	{of[*c.FormatError], excTypeError},
	{is(c.ErrFloatSize), excNotImplementedError},
	{is(c.ErrNegativeShift), excValueError},
	{is(c.ErrNoSize), excValueError},
	{of[*types.BitFieldError], excValueError},
	{of[*slab.FreelistCycleError], excSlabFreelistCycle},
	{of[*slab.PartialListError], excSlabPartialList},
	{of[*slab.CorruptError], excSlabCorruption},
	{of[*kernellist.ValidationError], excValidation},
	{of[*failure.CycleError], excValidation},
	{of[*failure.CorruptError], excValidation},
	{of[*failure.DecodeError], excBadData},
	{of[*linux.InvalidVMCOREINFOError], excBadData},
	{isTooLargeInVMCOREINFO, excOverflowError},
	{of[*linux.VMCOREINFONumberError], excBadData},
	{of[*failure.ObjectNotFoundError], excObjectNotFound},
	{of[*refusedError], excObjectNotFound},
	{of[failure.LookupError], excLookupError},
	{of[*types.MemberError], excLookupError},
	{of[*pages.UnknownStateError], excKeyError},
	{of[*types.VirtualBaseError], excValueError},
	{of[*types.DepthError], excRecursionError},
	{of[*types.TooLargeError], excOverflowError},
	{is(c.ErrOffsetTooLarge), excOverflowError},
	{of[*types.NoMembersError], excTypeError},
	{of[*c.DesignatorError], excTypeError},
	{of[*drgn.AbsentError], excObjectAbsent},
	{of[*failure.BoundsError], excOutOfBounds},
	{of[*drgn.MissingDebugInfoError], excMissingDebugInfo},
	{of[*failure.TypeError], excTypeError},
	{of[*failure.WrongTypeError], excTypeError},
	{of[*types.SizeError], excTypeError},
	{of[*types.KindError], excAttributeError},
	{of[*failure.ValueError], excValueError},
	{of[*arch.ShortError], excValueError},
	{of[*failure.ChoiceError], excValueError},
	{of[*failure.StopError], excValueError},
	{of[*drgn.FileStatusError], excValueError},
	{of[*failure.UnsupportedError], excUnsupported},
	{of[*failure.NotImplementedError], excNotImplementedError},
	{of[*arch.UnsupportedError], excNotImplementedError},
	{isTooLarge, excValueError},
	{of[*c.SyntaxError], excSyntax},
	{of[*strconv.NumError], excValueError},
	{of[*failure.FormatError], excValueError},
	{of[*attach.NoVMCOREINFOError], excValueError},
	{of[*linux.WrongVMCOREINFOError], excValueError},
	{of[*crash.CPUsError], excValueError},
	{of[*crash.DivisionError], excZeroDivisionError},
	{of[*crash.ValueRangeError], excOverflowError},
	{is(context.Canceled), excRuntimeError},
	{is(context.DeadlineExceeded), excRuntimeError},
}

// of reports whether an error is, or wraps, one of type E.
func of[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// is returns what reports whether an error is, or wraps, another.
func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

// isTooLarge reports whether an error says that a number in a type name or designator is too large.
func isTooLarge(err error) bool {
	var e *c.SyntaxError
	return errors.As(err, &e) && e.TooLarge()
}

// isTooLargeInVMCOREINFO reports whether an error says that a number in VMCOREINFO is too large.
func isTooLargeInVMCOREINFO(err error) bool {
	var e *linux.VMCOREINFONumberError
	return errors.As(err, &e) && e.TooLarge
}

// exceptionOf returns the exception of an error that the table has; excException if it has none.
func exceptionOf(err error) C.int {
	var own *pyErr
	if errors.As(err, &own) {
		return own.exc
	}
	for _, row := range exceptions {
		if row.fits(err) {
			return row.exc
		}
	}
	return excException
}

// raise sets the Python exception for a Go error.
func raise(err error) {
	var (
		back  *pyError
		set   raisedError
		fault *mem.FaultError
	)
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
	}
	exc, msg := exceptionOf(err), wording(err)
	if exc == excObjectNotFound || exc == excLookupError {
		remember(err, msg)
	}
	var format *failure.FormatError
	if errors.As(err, &format) && format.What == failure.ADirectory && raiseFile(&fs.PathError{Path: format.Path, Err: syscall.EISDIR}) {
		return
	}
	if format != nil { // scripts look for drgn's words
		msg = strings.Replace(msg, "not a core dump: ", "not an ELF core file or another core dump: ", 1)
	}
	switch exc {
	case excObjectNotFound:
		name := missingName(err)
		C.sh_raise_notfound(cdata(msg), C.int64_t(len(msg)), cdata(name), C.int64_t(len(name)))
		return
	case excException:
		file, plain := err.(*fs.PathError) // one with words around it keeps them
		if plain && raiseFile(file) {
			return
		}
		exc = fileException(err)
	}
	raiseText(exc, msg)
}

// missingName returns the name of the object that was not found.
func missingName(err error) string {
	var object *failure.ObjectNotFoundError
	var refused *refusedError
	switch {
	case errors.As(err, &object):
		return object.Name
	case errors.As(err, &refused):
		return refused.name
	}
	return ""
}

// fileException returns the exception of an error of the file system.
func fileException(err error) C.int {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return excFileNotFoundError
	case errors.Is(err, fs.ErrPermission):
		return excPermissionError
	case of[*fs.PathError](err), of[*mem.FileError](err):
		return excOSError
	}
	return excException
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
