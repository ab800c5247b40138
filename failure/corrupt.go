package failure

import (
	"errors"
	"fmt"
)

// A DecodeError says where in which section or file the bytes did not make sense.
type DecodeError struct {
	File    string // that has the section; "": who returns the error names it
	Section string // section, note or file the bytes came from
	Off     uint64 // offset in it, in bytes
	Problem string
	// Unsupported says that the bytes may make sense, but that what they say is not supported. [errors.Is] finds [errors.ErrUnsupported] then.
	Unsupported bool
}

// Is implements what [errors.Is] asks.
func (e *DecodeError) Is(target error) bool { return e.Unsupported && target == errors.ErrUnsupported }

func (e *DecodeError) Error() string {
	if e.File != "" {
		return fmt.Sprintf("%s: %s+%#x: %s", e.File, e.Section, e.Off, e.Problem)
	}
	return fmt.Sprintf("%s+%#x: %s", e.Section, e.Off, e.Problem)
}

// Beside returns e as part of a sentence that names a file already.
func (e *DecodeError) Beside(file string) *DecodeError {
	if e.File == file {
		other := *e
		other.File = ""
		return &other
	}
	return e
}

// A FormatError says that a file is no core dump, or of a kind that can't be read.
type FormatError struct {
	Path string
	What string // what the file is: "an empty file"
}

// ADirectory is what the file of a [FormatError] is that is a directory.
const ADirectory = "a directory"

func (e *FormatError) Error() string { return fmt.Sprintf("not a core dump: %s is %s", e.Path, e.What) }

// A CycleError says that a data structure of the program goes in a circle where it should end.
type CycleError struct {
	What    string // "linked list"
	Address uint64 // where the walk came again
}

func (e *CycleError) Error() string {
	return fmt.Sprintf("%s is corrupt: it comes to %#x again", e.What, e.Address)
}

// A CorruptError says that a data structure of the program is not as it must be.
type CorruptError struct {
	What    string // "maple tree"
	Problem string
}

func (e *CorruptError) Error() string { return e.What + " is corrupt: " + e.Problem }
