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
	case e.Kind != "" && e.Name == "" && !e.IsObject && e.Kind != "symbol":
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

// A MissingDebugInfoError says which modules' debugging information was not found.
type MissingDebugInfoError struct {
	Modules []*Module
	Notes   []string // what was wrong with files that were looked at, a line each
}

// Lines names the first of the modules, a line each, as they are logged.
func (e *MissingDebugInfoError) Lines() []string {
	var lines []string
	for i, m := range e.Modules {
		if i == shownModules {
			return append(lines, fmt.Sprintf("... missing %d more", len(e.Modules)-i))
		}
		lines = append(lines, "missing debugging symbols for "+m.inMessages())
	}
	return lines
}

func (e *MissingDebugInfoError) Error() string {
	var b strings.Builder
	b.WriteString("missing debugging symbols for ")
	if len(e.Modules) == 1 {
		b.WriteString(e.Modules[0].inMessages())
	} else {
		fmt.Fprintf(&b, "%d modules: ", len(e.Modules))
		for i, m := range e.Modules[:min(len(e.Modules), 2*shownModules)] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(m.inMessages())
		}
		if len(e.Modules) > 2*shownModules {
			b.WriteString(", ...")
		}
	}
	b.WriteString("; name the files that have them, or their directory, with -s or load_debug_info()")
	for _, n := range e.Notes {
		b.WriteString("\n  " + n)
	}
	return b.String()
}

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
