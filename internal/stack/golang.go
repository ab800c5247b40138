package stack

import (
	"cmp"
	"slices"

	"github.com/godrgn/drgn/arch"
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
	goCallback        // the same, by itself
	goHandler         // the kernel has called it, to handle a signal
	goMarker          // it never runs: its address marks where a goroutine has left its stack
)

// goFunctions are the names of such functions (runtime/asm_*.s, marked TOPFRAME or SPWRITE there; runtime/signal_*.go, pushCall and preparePanic).
// That cgocallback returns to the first instruction of a function was written there by itself.
var goFunctions = map[string]goKind{
	"runtime.goexit": goFirst, "runtime.mstart": goFirst, "runtime.rt0_go": goFirst, "runtime.mcall": goFirst, "runtime.morestack": goFirst,
	"runtime.systemstack": goFirst, "runtime.asmcgocall": goToC, "runtime.systemstack_switch": goMarker,
	"runtime.sigtramp": goHandler,
	"runtime.sigpanic": goInjected, "runtime.sigpanic0": goInjected, "runtime.asyncPreempt": goInjected, "runtime.cgocallback": goCallback,
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
func (c goCode) amend(a *arch.Arch, pc uint64, row *cfi.Row) *cfi.Row {
	kind := c.kind(pc)
	if row == nil || kind == goOrdinary || kind == goMarker {
		return row
	}
	amended := *row
	switch kind {
	case goInjected:
		amended.Injected, amended.Pushed = true, a.InjectedCall
	case goCallback:
		amended.Injected = true
	case goHandler:
		handler(a, &amended)
	default:
		amended.Outermost = true
	}
	return &amended
}

// handler makes the row of the function that handles signals lead to what the kernel lets it return to: tables of machines with a link
// register say that nothing has called it. What is in that register is saved first in a frame of Go's, but on some machines not in that of
// this function: it is done where that was seen, as was [arch.Arch.InjectedCall].
func handler(a *arch.Arch, row *cfi.Row) {
	onStack := row.CFA.Kind == cfi.RegisterPlus && int(row.CFA.Register) == a.SP
	if !row.Outermost || a.InjectedCall == 0 || row.ReturnAddress != a.ReturnAddress || !onStack {
		return
	}
	row.Outermost = false
	if row.CFA.Offset == 0 {
		row.Same |= 1 << a.ReturnAddress
		return
	}
	row.Rules = append(slices.Clip(row.Rules), cfi.RegisterRule{Register: uint8(a.ReturnAddress), Rule: cfi.Rule{Kind: cfi.RegisterPlusAt, Register: uint8(a.SP)}})
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
