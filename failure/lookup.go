package failure

import (
	"errors"
	"fmt"
)

// ErrNotFound is what a finder returns, plain or wrapped, when it does not know the name or address: the next finder is
// asked. Methods of a program never return it; what no finder knows is a [LookupError].
var ErrNotFound = errors.New("not found")

// A LookupError says that what was asked for by name, address or number is not there. It is a family, found with
//
//	var missing failure.LookupError
//	if errors.As(err, &missing) { … }
//
// whose members say what it was: [*ObjectNotFoundError], [*TypeNotFoundError], [*SymbolNotFoundError],
// [*NoSymbolAtError], [*ModuleNotFoundError], [*NoModuleAtError], [*NoMainModuleError], [*MainModuleError],
// [*ThreadNotFoundError], [*RegisterNotFoundError].
type LookupError interface {
	error
	// LookupFailed marks the members of the family; it does nothing.
	LookupFailed()
}

// IsNotFound reports whether an error says that a name, an address or a number is not known: it is a [LookupError] or
// [ErrNotFound], or wraps one.
func IsNotFound(err error) bool {
	var missing LookupError
	return errors.As(err, &missing) || errors.Is(err, ErrNotFound)
}

// An ObjectNotFoundError says that a program has no variable, constant, function or enumerator of a name.
type ObjectNotFoundError struct {
	Kind        string // "variable", "constant", "function", "enumerator"; "" is any object
	Name        string
	Filename    string // the file it was to be in, or ""
	NoDebugInfo bool   // modules are known, and no debugging information is loaded for any of them
	Note        string // what else there is to say, or ""
}

func (e *ObjectNotFoundError) Error() string {
	text := "could not find "
	if e.Kind != "" {
		text += e.Kind + " "
	}
	text += "'" + e.Name + "'" + inFile(e.Filename) + hint(e.NoDebugInfo)
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}

// A TypeNotFoundError says that a program has no type of a name.
type TypeNotFoundError struct {
	Name        string // what is missing: "struct foo"
	TypeName    string // what was asked for, of which Name is a part: "struct foo *[2]"
	Filename    string // the file it was to be in, or ""
	NoDebugInfo bool   // modules are known, and no debugging information is loaded for any of them
}

func (e *TypeNotFoundError) Error() string {
	text := "could not find '" + e.TypeName + "'" + inFile(e.Filename)
	if e.TypeName != e.Name {
		text += ": there is no '" + e.Name + "'"
	}
	return text + hint(e.NoDebugInfo)
}

// A SymbolNotFoundError says that a program has no symbol of a name.
type SymbolNotFoundError struct {
	Name        string
	NoDebugInfo bool // modules are known, and no debugging information is loaded for any of them
}

func (e *SymbolNotFoundError) Error() string {
	return "could not find symbol with name '" + e.Name + "'" + hint(e.NoDebugInfo)
}

// A NoSymbolAtError says that no symbol contains an address.
type NoSymbolAtError struct{ Address uint64 }

func (e *NoSymbolAtError) Error() string {
	return fmt.Sprintf("could not find symbol containing %#x", e.Address)
}

// A ModuleNotFoundError says that a program has no module of a name, or of a kind and a name.
type ModuleNotFoundError struct {
	Kind string // "main", "shared library", "vdso", "relocatable", "extra"; "" is any
	Name string
}

func (e *ModuleNotFoundError) Error() string {
	if e.Kind == "" {
		return "module not found: none is named '" + e.Name + "'"
	}
	return "module not found: there is no such " + e.Kind + " module: '" + e.Name + "'"
}

// A NoModuleAtError says that no module contains an address.
type NoModuleAtError struct{ Address uint64 }

func (e *NoModuleAtError) Error() string {
	return fmt.Sprintf("module not found: none contains %#x", e.Address)
}

// A NoMainModuleError says that the program has no main module.
type NoMainModuleError struct{}

func (e *NoMainModuleError) Error() string { return "module not found: the program has no main module" }

// A MainModuleError says that the main module, of which there is one only, has another name than the one asked for.
type MainModuleError struct{ Name, Wanted string }

func (e *MainModuleError) Error() string { return "main module already exists with different name" }

// A ThreadNotFoundError says that a program has no thread of an ID, or none that plays a role.
type ThreadNotFoundError struct {
	Role   string // "main", "crashed"; "" is the one with the ID
	ID     uint64
	Reason string // what says that there is none, in place of the usual text; "" if nothing does
}

func (e *ThreadNotFoundError) Error() string {
	if e.Reason != "" {
		return e.Reason
	}
	if e.Role != "" {
		return e.Role + " thread not found"
	}
	return fmt.Sprintf("thread with ID %d not found", e.ID)
}

// A RegisterNotFoundError says that the value of a register is not known in a stack frame.
type RegisterNotFoundError struct{ Name string }

func (e *RegisterNotFoundError) Error() string {
	return "register value is not known: '" + e.Name + "'"
}

// LookupFailed marks a LookupError.
func (*ObjectNotFoundError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*TypeNotFoundError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*SymbolNotFoundError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*NoSymbolAtError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*ModuleNotFoundError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*NoModuleAtError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*NoMainModuleError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*MainModuleError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*ThreadNotFoundError) LookupFailed() {}

// LookupFailed marks a LookupError.
func (*RegisterNotFoundError) LookupFailed() {}

// NoDebugInfo is what a LookupError with that field set adds to its text.
const NoDebugInfo = "no debugging information is loaded"

func inFile(name string) string {
	if name == "" {
		return ""
	}
	return " in '" + name + "'"
}

func hint(noDebugInfo bool) string {
	if !noDebugInfo {
		return ""
	}
	return " (" + NoDebugInfo + ")"
}
