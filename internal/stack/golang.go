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
	kind goKind
}

// A goKind says what is special of a function of Go's runtime.
type goKind uint8

const (
	goOrdinary goKind = iota
	goFirst           // nothing has called it on its stack
	goToC             // the same, and what it calls on that stack is C
	goInjected        // it was made to look as if what it interrupted had called it
	goMarker          // it never runs: its address marks where a goroutine has left its stack
)

// goFunctions are the names of such functions (runtime/asm_*.s, marked TOPFRAME or SPWRITE there; runtime/signal_*.go, pushCall and preparePanic).
// That cgocallback returns to the first instruction of a function was written there by itself.
var goFunctions = map[string]goKind{
	"runtime.goexit": goFirst, "runtime.mstart": goFirst, "runtime.rt0_go": goFirst, "runtime.mcall": goFirst, "runtime.morestack": goFirst,
	"runtime.systemstack": goFirst, "runtime.asmcgocall": goToC, "runtime.systemstack_switch": goMarker,
	"runtime.sigpanic": goInjected, "runtime.sigpanic0": goInjected, "runtime.asyncPreempt": goInjected, "runtime.cgocallback": goInjected,
}

// readGo returns the code of Go's runtime in a module; nil if it has none.
func readGo(files *module.Files) (code goCode) {
	if !files.IsGo() {
		return nil
	}
	for name, kind := range goFunctions {
		for _, suffix := range []string{"", ".abi0"} { // there may be another of the name that only calls it
			for _, s := range files.Symbols.Named(name + suffix) {
				if s.Size > 0 {
					code = append(code, goFunction{mem.Range{Min: s.Address, Max: s.Address + s.Size - 1}, kind})
				}
			}
		}
	}
	slices.SortFunc(code, func(a, b goFunction) int { return cmp.Compare(a.Min, b.Min) })
	return code
}

// kind returns what is special of the function that a program counter lies in.
func (c goCode) kind(pc uint64) goKind {
	i, ok := slices.BinarySearchFunc(c, pc, func(f goFunction, pc uint64) int {
		switch {
		case f.Max < pc:
			return -1
		case f.Min > pc:
			return 1
		}
		return 0
	})
	if !ok {
		return goOrdinary
	}
	return c[i].kind
}

// amend returns the row for a program counter as it is: row is what the tables say.
func (c goCode) amend(pc uint64, row *cfi.Row) *cfi.Row {
	kind := c.kind(pc)
	if row == nil || kind == goOrdinary || kind == goMarker {
		return row
	}
	amended := *row
	if kind == goInjected {
		amended.Injected = true
	} else {
		amended.Outermost = true
	}
	return &amended
}

// goKind returns what is special of the function that a program counter lies in, if that is Go's.
func (u *Unwinder) goKind(pc uint64) goKind {
	m := u.config.Modules.At(pc)
	if m == nil {
		return goOrdinary
	}
	tables, err := u.config.Tables.of(m, u.config.Platform)
	if err != nil {
		return goOrdinary // then its frames have said so
	}
	return tables.golang.kind(pc)
}
