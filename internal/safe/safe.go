// Package safe calls functions that look at foreign bytes so that one that fails does not end the program with it.
package safe

import (
	"fmt"
	"runtime/debug"

	"github.com/godrgn/drgn/mem"
)

// Call calls f and returns its error. That f panics is an error, too, which has the stack; so is a fault in a file that is mapped: see
// [mem.Guard].
func Call(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a bug of this program: %v\n%s", r, debug.Stack())
		}
	}()
	return mem.Guard(f)
}
