// Package walk guards walks along pointers in memory that may lie.
package walk

import (
	"fmt"

	"github.com/godrgn/drgn/failure"
)

// A Guard notices, in constant space, when a walk comes to an address again (Brent's algorithm). The zero Guard is ready.
type Guard struct {
	mark         uint64
	steps, limit uint64
}

// Visit takes the next address of the walk; it reports false when the walk goes in a circle.
func (g *Guard) Visit(address uint64) bool {
	if g.limit == 0 {
		g.mark, g.limit = address, 1
		return true
	}
	if address == g.mark {
		return false
	}
	if g.steps++; g.steps == g.limit {
		g.mark, g.steps, g.limit = address, 0, g.limit*2
	}
	return true
}

// A CycleError says that a data structure goes in a circle where it should end: [failure.CycleError].
type CycleError = failure.CycleError

// Corrupt returns a [failure.CorruptError]: what is corrupt, and, as of fmt.Sprintf, how.
func Corrupt(what, problem string, args ...any) error {
	return &failure.CorruptError{What: what, Problem: fmt.Sprintf(problem, args...)}
}
