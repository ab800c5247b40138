// Package failure has the errors that every room can return: types with fields, which errors.As finds. Package drgn
// has them under the same names. Their texts are for users of the Go library; other front ends, such as Python, word
// them from the fields.
package failure

import (
	"fmt"
	"strings"
)

// ErrClosed says that a program was closed whose memory or debugging information is asked for.
var ErrClosed error = &ValueError{Problem: "the program is closed"}

// A TypeError says that an operation is not defined for objects of a type.
type TypeError struct{ Problem string }

func (e *TypeError) Error() string { return e.Problem }

// A ValueError says that an argument or a value is out of what an operation takes.
type ValueError struct{ Problem string }

func (e *ValueError) Error() string { return e.Problem }

// A NoStackError says that a thread has no stack any more.
type NoStackError struct{ Reason string }

func (e *NoStackError) Error() string { return e.Reason }

// A WrongTypeError says that an operation is not defined for objects of a type.
type WrongTypeError struct {
	Operation string // the method of an object: "ContainerOf"
	Want      string // what it is defined for: "a pointer"
	Type      string // the name of the object's type
}

func (e *WrongTypeError) Error() string {
	return e.Operation + " needs " + e.Want + ", not '" + e.Type + "'"
}

// A ChoiceError says that an argument is none of the few values that it may have.
type ChoiceError struct {
	Name    string // of the argument
	Choices []any  // bool, string, or nil for one that is left out
	Value   any
}

func (e *ChoiceError) Error() string {
	return e.Text(func(v any) string {
		if v == nil {
			return "nil"
		}
		return fmt.Sprintf("%#v", v)
	})
}

// Text returns the error's text with values as format writes them.
func (e *ChoiceError) Text(format func(any) string) string {
	var b strings.Builder
	b.WriteString(e.Name + " must be ")
	for i, c := range e.Choices {
		switch {
		case i > 0 && i == len(e.Choices)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(format(c))
	}
	b.WriteString(", not " + format(e.Value))
	return b.String()
}

// A BoundsError says that an object does not contain the bits that were asked for.
type BoundsError struct{ Problem string }

func (e *BoundsError) Error() string { return e.Problem }

// An UnsupportedError says that what was asked for is not defined for the program.
type UnsupportedError struct{ Problem string }

func (e *UnsupportedError) Error() string { return e.Problem }

// A StopError says that a thread of a process could not be stopped.
type StopError struct {
	TID     uint64 // 0: of each of several
	Problem string
	Err     error // failure of a system call, or nil
}

func (e *StopError) Error() string {
	thread := "the thread"
	if e.TID != 0 {
		thread = fmt.Sprintf("thread %d", e.TID)
	}
	if e.Err != nil {
		return fmt.Sprintf("%s can't be stopped: %s: %v", thread, e.Problem, e.Err)
	}
	return fmt.Sprintf("%s can't be stopped: %s", thread, e.Problem)
}

// Unwrap returns the failure of the system call, or nil.
func (e *StopError) Unwrap() error { return e.Err }

// A NotImplementedError says that what was asked for makes sense but can't be done yet.
type NotImplementedError struct{ Problem string }

func (e *NotImplementedError) Error() string { return e.Problem }

// A FieldError says which field of a struct of Go could not be filled from an object.
type FieldError struct {
	Field string // of the Go struct
	Tag   string
	Err   error
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("field %s (drgn:%q): %v", e.Field, e.Tag, e.Err)
}

// Unwrap returns the failure itself.
func (e *FieldError) Unwrap() error { return e.Err }

// A PathError says where on the way a navigation failed: at "init_task.mm->pgd".
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the failure itself.
func (e *PathError) Unwrap() error { return e.Err }
