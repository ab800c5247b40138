//go:build linux && amd64

package stacks_test

import (
	"errors"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/childtest"
	"github.com/godrgn/drgn/stacks"
)

// startRunning starts testdata/process/runs, and opens it once its threads are where they stay.
func startRunning(t *testing.T) *drgn.Program {
	t.Helper()
	p, _ := startRunningTwice(t)
	return p
}

// startRunningTwice is startRunning, with the process opened once more.
func startRunningTwice(t *testing.T) (p, again *drgn.Program) {
	t.Helper()
	const program = "../testdata/process/runs"
	c := exec.Command(program)
	if line := childtest.Start(t, c); line != "ready\n" {
		t.Fatal(line)
	}
	for _, to := range []**drgn.Program{&p, &again} {
		var err error
		if *to, err = attach.Process(c.Process.Pid, attach.Options{Symbols: []string{program}, CacheDir: "-"}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*to).Close() })
	}
	return p, again
}

// Threads that somebody else has stopped are one group: that of each was one of its own, by its ID in the error.
func TestTraced(t *testing.T) {
	p, other := startRunningTwice(t)
	release, err := other.Stop(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	groups, err := stacks.Of(t.Context(), p, stacks.Options{})
	if err != nil || len(groups) != 1 || len(groups[0].Threads) < 2 {
		t.Fatalf("%d groups, %v, want one of all threads", len(groups), err)
	}
	var stop *failure.StopError
	if err := groups[0].Err; !errors.As(err, &stop) || stop.TID != 0 || !strings.HasPrefix(err.Error(), "the thread can't be stopped: process ") {
		t.Errorf("%v", err)
	}
}

// The stacks of a process that runs are those of one moment, after which it goes on, however many of them are copied at once.
func TestRunning(t *testing.T) {
	p := startRunning(t)
	for _, most := range []int{1 << 30, 1, 20000} {
		stacks.SetMaxCopied(t, most)
		groups, err := stacks.Of(t.Context(), p, stacks.Options{})
		if err != nil {
			t.Fatal(err)
		}
		threads := 0
		var begin []string
		for _, g := range groups {
			if g.Err != nil {
				t.Errorf("%v: %v", g.Threads, g.Err)
			}
			threads += len(g.Threads)
			begin = append(begin, g.Frames[len(g.Frames)-2].Function)
		}
		slices.Sort(begin)
		if want := []string{"begin", "run", "run", "run", "run", "run"}; threads != 6 || !slices.Equal(begin, want) {
			t.Errorf("%d threads, which begin with %v", threads, begin)
		}
		counter := func() uint64 {
			n, err := p.Variable("counter").Uint()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for before := counter(); counter() == before; { // until the test is too long
			runtime.Gosched()
		}
	}
}
