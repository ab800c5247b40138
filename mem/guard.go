package mem

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"unsafe"
)

// A FileError says that a file that is mapped into memory can't be read any more: it was truncated, or its file system
// or disk fails.
type FileError struct {
	Path   string
	Offset uint64 // in the file, in bytes
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s%s (at offset %#x)", e.Path, unreadable, e.Offset)
}

// unreadable is what errors say of a file.
const unreadable = " was truncated or can't be read while it is open"

// Guard calls f and returns its error, or a [*FileError] if f reads a mapped file where it can't be read. The system sends
// SIGBUS for such a read, which ends a program whose goroutine has no guard. It works for the goroutine that calls it: those
// that f starts need a Guard of their own. Locks that f holds must be released by deferred calls.
//
// The methods of a [Space] are guarded. Python calls and walks have a guard around all that they do.
func Guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			err = fileErrorOf(r)
		}
	}()
	return f()
}

// Guarded is [Guard] of a function that returns a value.
func Guarded[T any](f func() (T, error)) (v T, err error) {
	err = Guard(func() error {
		v, err = f()
		return err
	})
	return v, err
}

// FileErrorOf returns the error of a recovered panic that comes of reading a mapped file, on a goroutine for which
// [debug.SetPanicOnFault] is set; ok is false for other panics. It is for those who recover panics of any kind.
func FileErrorOf(recovered any) (e *FileError, ok bool) {
	if e, ok := recovered.(*FileError); ok {
		return e, true // it was recovered and panicked with again
	}
	fault, ok := recovered.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil, false
	}
	return mapped.at(fault.Addr())
}

// fileErrorOf is FileErrorOf; other panics go on.
func fileErrorOf(recovered any) *FileError {
	e, ok := FileErrorOf(recovered)
	if !ok {
		panic(recovered)
	}
	return e
}

// faultIn returns the fault of a recovered panic that came of reading n bytes of memory at an address: it has the first
// address whose bytes can't be read. Panics that do not come of a mapped file go on.
func (s *Space) faultIn(recovered any, address, n uint64, physical bool) error {
	if recovered == nil {
		return nil // runtime.Goexit
	}
	file := fileErrorOf(recovered)
	if !physical {
		address &= s.mask.Load()
	}
	_ = Guard(func() error { // the error is the recovered one
		for n > 0 {
			b, _, err := s.find(address, physical)
			if err != nil || len(b) == 0 {
				return err
			}
			b = b[:min(n, uint64(len(b)))]
			good, err := Touch(b)
			if address, n = address+uint64(good), n-uint64(good); err != nil {
				return err
			}
		}
		return nil
	})
	return &FaultError{Message: file.Path + unreadable, Address: address, File: file}
}

// touched is where Touch puts what it reads, so that it does read.
var touched atomic.Uint32

// Touch reads a byte of each page of b, so that a mapped file that can't be read says so; n is the number of bytes before
// the first that can't be read.
func Touch(b []byte) (n int, err error) {
	err = Guard(func() error {
		for n < len(b) {
			touched.Store(uint32(b[n]))
			n += smallestPage - int((addressOf(b)+uintptr(n))%smallestPage)
		}
		n = len(b)
		return nil
	})
	return n, err
}

// addressOf returns where bytes lie in the memory of this program.
func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
