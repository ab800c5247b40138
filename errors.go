package drgn

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/failure"
)

// The errors that every package can return.
type (
	LookupError         = failure.LookupError
	TypeError           = failure.TypeError
	ValueError          = failure.ValueError
	BoundsError         = failure.BoundsError
	UnsupportedError    = failure.UnsupportedError
	NotImplementedError = failure.NotImplementedError
	PathError           = failure.PathError
)

// ErrNotFound is what a finder returns, plain or wrapped, when it does not know the name or address: [failure.ErrNotFound].
var ErrNotFound = failure.ErrNotFound

// IsNotFound reports whether an error says that a name or address is not known.
func IsNotFound(err error) bool { return failure.IsNotFound(err) }

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
