package failure

import "fmt"

// A QMPError is QEMU's answer to a command that it refuses.
type QMPError struct {
	Command string
	Class   string // "GenericError", "CommandNotFound", …
	Desc    string // QEMU's own words
}

func (e *QMPError) Error() string { return fmt.Sprintf("QEMU refused %s: %s", e.Command, e.Desc) }

// A QMPProtocolError says that what answers at an address does not speak QEMU's machine protocol, or stopped doing so.
type QMPProtocolError struct {
	Address string
	Problem string
	Err     error // the cause; may be nil
}

func (e *QMPProtocolError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Address, e.Problem, e.Err)
	}
	return e.Address + ": " + e.Problem
}

// Unwrap returns the cause.
func (e *QMPProtocolError) Unwrap() error { return e.Err }
