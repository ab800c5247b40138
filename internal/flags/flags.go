// Package flags names the bits of a value.
package flags

import (
	"fmt"
	"strings"
)

// A Flag is a name for some bits.
type Flag struct {
	Name string
	Mask uint64
}

// Decode returns the names of the flags whose bits are all set in a value, and what bits remain in hexadecimal:
// "SA_RESTORER|SA_RESTART|0x10"; "0" for none.
func Decode(value uint64, flags []Flag) string {
	var parts []string
	rest := value
	for _, f := range flags {
		if f.Mask != 0 && value&f.Mask == f.Mask {
			parts = append(parts, f.Name)
			rest &^= f.Mask
		}
	}
	if rest != 0 {
		parts = append(parts, fmt.Sprintf("%#x", rest))
	}
	if parts == nil {
		return "0"
	}
	return strings.Join(parts, "|")
}
