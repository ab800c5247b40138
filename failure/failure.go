// Package failure has the errors that every room can return: types with fields, which errors.As finds. Package drgn
// has them under the same names.
package failure

import "errors"

// A TypeError says that an operation is not defined for objects of a type.
type TypeError struct{ Problem string }

func (e *TypeError) Error() string { return e.Problem }

// A ValueError says that an argument or a value is out of what an operation takes.
type ValueError struct{ Problem string }

func (e *ValueError) Error() string { return e.Problem }

// A BoundsError says that an object does not contain the bits that were asked for.
type BoundsError struct{ Problem string }

func (e *BoundsError) Error() string { return e.Problem }

// An UnsupportedError says that what was asked for is not defined for the program.
type UnsupportedError struct{ Problem string }

func (e *UnsupportedError) Error() string { return e.Problem }

// A NotImplementedError says that what was asked for makes sense but can't be done yet.
type NotImplementedError struct{ Problem string }

func (e *NotImplementedError) Error() string { return e.Problem }

// A PathError says where on the way a navigation failed: at "init_task.mm->pgd".
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the failure itself.
func (e *PathError) Unwrap() error { return e.Err }

// ErrNotFound is what a finder returns, plain or wrapped, when it does not know the name or address: the next finder is
// asked. Methods of a program never return it; what no finder knows is a [*LookupError].
var ErrNotFound = errors.New("not found")

// IsNotFound reports whether an error says that a name or address is not known.
func IsNotFound(err error) bool {
	var missing *LookupError
	return errors.As(err, &missing) || errors.Is(err, ErrNotFound)
}
