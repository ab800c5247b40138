package drgn

import (
	"github.com/godrgn/drgn/debuginfo"
	"github.com/godrgn/drgn/failure"
)

// The errors that every package can return.
type (
	TypeError           = failure.TypeError
	WrongTypeError      = failure.WrongTypeError
	ValueError          = failure.ValueError
	ChoiceError         = failure.ChoiceError
	BoundsError         = failure.BoundsError
	UnsupportedError    = failure.UnsupportedError
	NotImplementedError = failure.NotImplementedError
	StopError           = failure.StopError
	PathError           = failure.PathError
	FieldError          = failure.FieldError
	NoStackError        = failure.NoStackError
	DecodeError         = failure.DecodeError
	FormatError         = failure.FormatError
	CycleError          = failure.CycleError
	CorruptError        = failure.CorruptError
	AbsentError         = failure.AbsentError
	// A MissingDebugInfoError says which modules' debugging information was not found.
	MissingDebugInfoError = debuginfo.MissingError
)

// What is not there: LookupError is any of the others.
type (
	LookupError           = failure.LookupError
	ObjectNotFoundError   = failure.ObjectNotFoundError
	TypeNotFoundError     = failure.TypeNotFoundError
	SymbolNotFoundError   = failure.SymbolNotFoundError
	NoSymbolAtError       = failure.NoSymbolAtError
	ModuleNotFoundError   = failure.ModuleNotFoundError
	NoModuleAtError       = failure.NoModuleAtError
	NoMainModuleError     = failure.NoMainModuleError
	MainModuleError       = failure.MainModuleError
	ThreadNotFoundError   = failure.ThreadNotFoundError
	RegisterNotFoundError = failure.RegisterNotFoundError
)

// ErrNotFound is what a finder returns, plain or wrapped, when it does not know the name or address: [failure.ErrNotFound].
// ErrClosed says that a program was closed: [failure.ErrClosed].
var ErrNotFound, ErrClosed = failure.ErrNotFound, failure.ErrClosed

// IsNotFound reports whether an error says that a name, an address or a number is not known: [failure.IsNotFound].
func IsNotFound(err error) bool { return failure.IsNotFound(err) }
