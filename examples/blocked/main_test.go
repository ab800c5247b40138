package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/godrgn/drgn/attach"
)

const core = "../../testdata/tiny-6.12/"

func TestOutput(t *testing.T) {
	prog, err := attach.Core(core+"vmcore", attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, prog, "DS"); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s", &out)
	}
	out.Reset()
	if err := run(&out, prog, "D"); err != nil || out.Len() > 0 {
		t.Errorf("%v, and of threads in state D, of which there are none:\n%s", err, &out)
	}

	// The reference has a trace for each thread: those of a group are the group's.
	traces, err := os.ReadFile(core + "expected/stack-traces.txt")
	if err != nil {
		t.Fatal(err)
	}
	user := regexp.MustCompile(`(?m)^#\d+ +0x[0-9a-f]+\n?`)
	number := regexp.MustCompile(`(?m)^#\d+ +`)
	offset := regexp.MustCompile(`\+0x[0-9a-f]+/0x[0-9a-f]+`)
	groups, err := groupsOf(prog, "DS")
	if err != nil {
		t.Fatal(err)
	}
	threads := 0
	for _, g := range groups {
		for _, thread := range g.threads {
			threads++
			_, trace, ok := strings.Cut(string(traces), fmt.Sprintf("Call stack for PID %d\n", thread.tid))
			trace, _, _ = strings.Cut(trace, "\n\n")
			trace = offset.ReplaceAllString(number.ReplaceAllString(user.ReplaceAllString(trace, ""), ""), "")
			if got := strings.Join(g.stack, "\n"); !ok || strings.TrimSpace(trace) != got {
				t.Errorf("thread %d:\n%s\nthe reference:\n%s", thread.tid, got, trace)
			}
		}
	}
	tasks, err := os.ReadFile(core + "expected/tasks.txt")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(tasks), " S "); n != threads {
		t.Errorf("%d threads, the reference has %d in state S", threads, n)
	}
}
