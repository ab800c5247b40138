package triage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/report"
)

// Lines of call traces name frames of the thread that the trace is of, and no others.
func TestCalled(t *testing.T) {
	p := coretest.Open(t)
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	frames := tracedFrames(trace)
	line := func(name string) string { // as the kernel would log it
		for _, f := range frames {
			if f.function == name {
				symbol, err := p.Symbol(name)
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("[    1.0] %s  %s+%#x/%#x", "", name, f.pc-symbol.Address, symbol.Size)
			}
		}
		t.Fatalf("no frame of %s", name)
		return ""
	}
	frameOf := func(name string) int {
		return frames[slices.IndexFunc(frames, func(f traced) bool { return f.function == name })].frame
	}
	ours, another := "CPU: 1 UID: 0 PID: 1 Comm: init Not tainted", "CPU: 0 PID: 17 Comm: kworker/0:1 Not tainted"
	for _, test := range []struct {
		name  string
		lines []string
		want  []report.Mention
	}{
		{"ours", []string{ours, "Call Trace:", line("schedule"), line("do_wait")}, []report.Mention{{Line: 2, Frame: frameOf("schedule")}, {Line: 3, Frame: frameOf("do_wait")}}},
		{"no task is named", []string{"Call Trace:", line("schedule")}, nil},
		{"another task's", []string{another, line("schedule")}, nil},
		{"another's before ours", []string{another, line("schedule"), ours, line("schedule")}, []report.Mention{{Line: 3, Frame: frameOf("schedule")}}},
		{"of a list of tasks", []string{"task:init state:S stack:0 pid:1 tgid:1", line("schedule"), "task:x state:S stack:0 pid:2 tgid:2", line("do_wait")}, []report.Mention{{Line: 1, Frame: frameOf("schedule")}}},
		{"what is not sure", []string{ours, strings.Replace(line("schedule"), "  schedule", " ? schedule", 1)}, nil},
		{"a register", []string{ours, "pc : schedule+0x1/0x2", "lr : do_wait+0x1/0x2"}, []report.Mention{{Line: 1, Frame: frameOf("schedule")}}},
		{"the program counter twice", []string{ours, strings.Replace(line("schedule"), "  schedule", "pc : schedule", 1), line("schedule")},
			[]report.Mention{{Line: 1, Frame: frameOf("schedule")}, {Line: 2, Frame: frameOf("schedule")}}},
		{"called from elsewhere", []string{ours, "do_wait+0x1/0x2 [x]"}, []report.Mention{{Line: 1, Frame: frameOf("do_wait")}}},
		{"the wrong way round", []string{ours, line("do_wait"), line("schedule")}, []report.Mention{{Line: 1, Frame: frameOf("do_wait")}}},
		{"no such function", []string{ours, "do_await+0x1/0x2", "+0x1/0x2", "do_wait+0x/0x2", "do_wait+0x11111111111111111/0x2"}, nil},
	} {
		if got := called(p, test.lines, 1, 0, frames); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	idle := []string{"CPU: 3 PID: 0 Comm: swapper/3", line("schedule"), "CPU: 2 PID: 0 Comm: swapper/2", line("schedule")}
	if got := called(p, idle, 0, 2, frames); len(got) != 1 || got[0].Line != 3 {
		t.Errorf("idle: %v", got)
	}
}

// An instruction's comment has what it refers to.
func TestComments(t *testing.T) {
	p := coretest.Open(t)
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	for f := range trace.Frames() {
		if symbol, err := f.Symbol(); err != nil || f.IsInline() || symbol.Name != "do_wait" {
			continue
		}
		all, err := Code(p, f)
		if err != nil {
			t.Fatal(err)
		}
		here := slices.IndexFunc(all, func(i report.Instruction) bool { return i.Here })
		if here < 0 || all[here].Comment != "schedule" {
			t.Errorf("%+v", all)
		}
		wentTo(all, trace.Frame(0)) // which has a symbol
		if all[here].Comment != "schedule" {
			t.Errorf("%q", all[here].Comment)
		}
		return
	}
	t.Error("no frame of do_wait")
}

func TestSymbolic(t *testing.T) {
	p := coretest.Open(t)
	symbol, err := p.Symbol("schedule")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[uint64]string{symbol.Address: "schedule", symbol.Address + 0x10: "schedule+0x10", 0x10: ""} {
		if got := symbolic(p, at); got != want {
			t.Errorf("%#x: %q, want %q", at, got, want)
		}
	}
}
