package stack

import (
	"cmp"
	"slices"

	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// goCode is the code of Go's runtime that its unwind tables do not describe as it is, sorted.
type goCode []goFunction

type goFunction struct {
	mem.Range
	first bool // nothing has called it on its stack: else it was made to look as if what it interrupted had called it
}

// goFunctions are the names of such functions (runtime/asm_*.s, marked TOPFRAME or SPWRITE there; runtime/signal_*.go, pushCall and preparePanic).
// That cgocallback returns to the first instruction of a function was written there by itself.
var goFunctions = map[string]bool{
	"runtime.goexit": true, "runtime.mstart": true, "runtime.rt0_go": true, "runtime.mcall": true, "runtime.morestack": true,
	"runtime.systemstack": true, "runtime.asmcgocall": true,
	"runtime.sigpanic": false, "runtime.sigpanic0": false, "runtime.asyncPreempt": false, "runtime.cgocallback": false,
}

// readGo returns the code of Go's runtime in a module; nil if it has none.
func readGo(files *module.Files) (code goCode) {
	if !files.IsGo() {
		return nil
	}
	for name, first := range goFunctions {
		for _, suffix := range []string{"", ".abi0"} { // there may be another of the name that only calls it
			for _, s := range files.Symbols.Named(name + suffix) {
				if s.Size > 0 {
					code = append(code, goFunction{mem.Range{Min: s.Address, Max: s.Address + s.Size - 1}, first})
				}
			}
		}
	}
	slices.SortFunc(code, func(a, b goFunction) int { return cmp.Compare(a.Min, b.Min) })
	return code
}

// amend returns the row for a program counter as it is: row is what the tables say.
func (c goCode) amend(pc uint64, row *cfi.Row) *cfi.Row {
	i, ok := slices.BinarySearchFunc(c, pc, func(f goFunction, pc uint64) int {
		switch {
		case f.Max < pc:
			return -1
		case f.Min > pc:
			return 1
		}
		return 0
	})
	if !ok || row == nil {
		return row
	}
	amended := *row
	if c[i].first {
		amended.Outermost = true
	} else {
		amended.Injected = true
	}
	return &amended
}
