package triage

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/report"
)

// What call traces of the log consist of (lib/dump_stack.c, kernel/sched/core.c, lib/vsprintf.c): the task that one is of, and symbols with
// offset and size. What the kernel is not sure of has a question mark, registers that may be old have their name before.
var (
	traceOf   = regexp.MustCompile(`\bCPU: (\d+) .*\bPID: (\d+) Comm: `)
	traceTask = regexp.MustCompile(`\btask:.*\bpid:\s*(\d+)`)
	traceLine = regexp.MustCompile(`(\? |\b(?:lr|ra|x\d+|r\d+) *:.*|\bLR \[.*)?\b([A-Za-z_.$][\w.$]*)\+0x([0-9a-f]+)/0x[0-9a-f]+`)
)

// A traced is a frame that call traces have, which leave out inlined functions.
type traced struct {
	frame    int
	pc       uint64
	function string // its symbol
}

// tracedFrames returns the frames of a stack that call traces have.
func tracedFrames(trace *drgn.StackTrace) []traced {
	var all []traced
	for f := range trace.Frames() {
		if f.Index() == maxFrames {
			break
		}
		if symbol, err := f.Symbol(); err == nil && !f.IsInline() {
			all = append(all, traced{f.Index(), f.PC(), symbol.Name})
		}
	}
	return all
}

// called returns which lines of the log name a frame of a thread, in the call traces of that thread. cpu tells idle tasks apart, whose ID is 0.
func called(p *drgn.Program, lines []string, thread, cpu uint64, frames []traced) []report.Mention {
	var all []report.Mention
	ours, next := false, 0
	for i, line := range lines {
		if m := traceOf.FindStringSubmatch(line); m != nil {
			ours, next = number(m[2]) == thread && (thread != 0 || number(m[1]) == cpu), 0
		} else if m := traceTask.FindStringSubmatch(line); m != nil {
			ours, next = number(m[1]) == thread && thread != 0, 0
		}
		m := traceLine.FindStringSubmatch(line)
		if !ours || m == nil || m[1] != "" {
			continue
		}
		offset, err := strconv.ParseUint(m[3], 16, 64)
		if err != nil {
			continue
		}
		if found := match(p, frames, next, m[2], offset); found >= 0 {
			all = append(all, report.Mention{Line: i, Frame: frames[found].frame})
			next = found + 1
		}
	}
	return all
}

// number returns a number of decimal digits; one that no thread has if it is too large.
func number(digits string) uint64 {
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

// match returns the index of the frame that a line of a call trace names, from next on or the one before; -1 for none. What a function
// calls may differ by now: panic() logs a trace and goes on.
func match(p *drgn.Program, frames []traced, next int, name string, offset uint64) int {
	at := map[uint64]bool{}
	if symbols, err := p.Symbols(drgn.SymbolQuery{Name: name, HasName: true}); err == nil { // without symbols there are names
		for _, s := range symbols {
			at[s.Address+offset] = true
		}
	}
	for i := next; i < len(frames); i++ {
		if at[frames[i].pc] {
			return i
		}
	}
	if next > 0 && at[frames[next-1].pc] { // where some machines' traces begin with the program counter
		return next - 1
	}
	for i := next; i < len(frames); i++ {
		if strings.TrimSuffix(frames[i].function, ".cold") == strings.TrimSuffix(name, ".cold") {
			return i
		}
	}
	return -1
}
