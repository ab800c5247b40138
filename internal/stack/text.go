package stack

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
)

// A Symbolizer returns the symbol that a frame's code lies in as text: "symbol+0x10/0x20".
type Symbolizer func(f *Frame) (string, error)

// Location returns a place in the source code as text: "kernel/pid.c:42:7".
func Location(s debugdata.Source) string {
	if s.Column == 0 {
		return fmt.Sprintf("%s:%d", s.File, s.Line)
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Column)
}

// writeSource writes what Source has returned, with what comes before and after it.
func writeSource(b *strings.Builder, s debugdata.Source, err error, before, after string) {
	if err == nil {
		b.WriteString(before + Location(s) + after)
	} else if !failure.IsNotFound(err) {
		fmt.Fprintf(b, " [source can't be read: %v]", err)
	}
}

// Text returns frames a line a frame: "#0  schedule (kernel/sched/core.c:6842:2)". unread is the first error of a symbol finder; the text
// then lacks symbols.
func Text(frames []Frame, symbol Symbolizer) (text string, unread error) {
	var b strings.Builder
	for i := range frames {
		f := &frames[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		name := f.Title()
		source, sourceErr := f.Source()
		if name == "" || sourceErr != nil {
			switch s, err := symbol(f); {
			case err == nil:
				name = s
			case !failure.IsNotFound(err) && unread == nil:
				unread = err
			}
		}
		if name == "" {
			name = f.Place()
		}
		fmt.Fprintf(&b, "#%-2d %s", i, name)
		writeSource(&b, source, sourceErr, " (", ")")
		if f.Registers.TailCall {
			b.WriteString(" (tail call)")
		}
	}
	return b.String(), unread
}

// Text describes a frame: "#0 at 0xffffffff810a0c05 (schedule+0x2d/0x3e) in schedule at kernel/sched/core.c:6842:2". unread is the
// error of a symbol finder; the text then lacks the symbol.
func (f *Frame) Text(index int, symbol Symbolizer) (text string, unread error) {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d at %#x", index, f.Registers.PC)
	if s, err := symbol(f); err == nil {
		fmt.Fprintf(&b, " (%s)", s)
	} else if !failure.IsNotFound(err) {
		unread = err
	}
	if name := f.Title(); name != "" {
		fmt.Fprintf(&b, " in %s", name)
	}
	source, err := f.Source()
	writeSource(&b, source, err, " at ", "")
	if fn, _ := f.Function(); fn.Inline {
		b.WriteString(" (inlined)")
	}
	if f.Registers.TailCall {
		b.WriteString(" (tail call)")
	}
	return b.String(), unread
}
