package drgn

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is what a finder returns, plain or wrapped, when it does not know the name or address. It is never
// returned by a Program's methods, which return a [*LookupError].
var ErrNotFound = errors.New("not found")

// A LookupError says that a program has no type, object, symbol or module of a name, or none at an address.
type LookupError struct {
	Kind     string // "variable", "constant", "function", "symbol", …; "" for a type or any object
	Name     string // what was looked for, as it was given
	TypeName string // the type name that it is a part of, or ""
	Filename string // the file it was to be in, or ""
	Hint     string // what the user can do next, or ""
	IsObject bool   // an object was looked for
	Text     string // what a finder says instead of all this, or ""

	AtAddress bool // Name is an address: what contains it was looked for
}

func (e *LookupError) Error() string {
	var b strings.Builder
	switch {
	case e.Text != "":
		return e.Text
	case e.Kind == "thread" && e.Name != "":
		return "thread with ID " + e.Name + " not found"
	case e.Kind != "" && e.Name == "":
		return e.Kind + " not found"
	case e.Kind == "symbol" && !e.AtAddress:
		b.WriteString("could not find symbol with name '" + e.Name + "'")
		if e.Hint != "" {
			b.WriteString(" (" + e.Hint + ")")
		}
		return b.String()
	}
	b.WriteString("could not find ")
	if e.Kind != "" {
		b.WriteString(e.Kind + " ")
	}
	if e.AtAddress {
		fmt.Fprintf(&b, "containing %s", e.Name)
	} else {
		fmt.Fprintf(&b, "'%s'", cmp.Or(e.TypeName, e.Name))
	}
	if e.Filename != "" {
		fmt.Fprintf(&b, " in '%s'", e.Filename)
	}
	if e.TypeName != "" && e.TypeName != e.Name {
		fmt.Fprintf(&b, ": there is no '%s'", e.Name)
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// An AbsentError says that an object has no value to read.
type AbsentError struct {
	Reason AbsenceReason
}

func (e *AbsentError) Error() string {
	switch e.Reason {
	case OptimizedOut:
		return "object absent: optimized out"
	case NotImplemented:
		return "object absent: its location is of a kind that is not implemented"
	}
	return "object absent"
}

// A TypeError says that an operation is not defined for objects of a type.
type TypeError struct{ Problem string }

func (e *TypeError) Error() string { return e.Problem }

// A ValueError says that an argument or a value is out of what an operation takes.
type ValueError struct{ Problem string }

func (e *ValueError) Error() string { return e.Problem }

// A BoundsError says that an object does not contain the bits that were asked for.
type BoundsError struct{ Problem string }

func (e *BoundsError) Error() string { return e.Problem }

// A MissingDebugInfoError says what debugging information could not be found, and where it was looked for.
type MissingDebugInfoError struct{ Problem string }

func (e *MissingDebugInfoError) Error() string { return e.Problem }

// A PathError says on the way to what a navigation failed: "init_task.mm->pgd".
type PathError struct {
	Path string
	Err  error
}

func (e *PathError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the failure itself.
func (e *PathError) Unwrap() error { return e.Err }

// IsNotFound reports whether an error says that a name or address is not known.
func IsNotFound(err error) bool {
	var missing *LookupError
	return errors.As(err, &missing) || errors.Is(err, ErrNotFound)
}
