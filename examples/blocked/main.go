// Command blocked prints what the threads of a kernel core dump wait for: those in the given states, grouped by their
// stacks, the largest group first. It is the first thing one wants of a machine that hung.
//
//	go run ./examples/blocked -states D testdata/tiny-6.12/vmcore
package main

import (
	"bufio"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/sched"
)

func main() {
	log.SetFlags(0)
	states := flag.String("states", "DS", "the `letters` that ps has for the states")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: blocked [-states LETTERS] CORE")
	}
	if err := open(flag.Arg(0), *states); err != nil {
		log.Fatal(err)
	}
}

func open(path string, states string) error {
	prog, err := attach.Core(path)
	if err != nil {
		return err
	}
	defer prog.Close() // was only read
	return run(os.Stdout, prog, states)
}

// A group is the threads with the same stack.
type group struct {
	stack   []string // a frame each, the innermost first
	err     error    // why the stack is not known to its end
	threads []thread
}

// A thread is what is printed of one.
type thread struct {
	tid         uint64
	state, name string
}

func run(w io.Writer, prog *drgn.Program, states string) error {
	groups, err := groupsOf(prog, states)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, g := range groups {
		fmt.Fprintf(out, "%d threads:", len(g.threads))
		for _, t := range g.threads {
			fmt.Fprintf(out, " %d (%s, %s)", t.tid, t.name, t.state)
		}
		fmt.Fprintln(out)
		for _, frame := range g.stack {
			fmt.Fprintf(out, "    %s\n", frame)
		}
		if g.err != nil {
			fmt.Fprintf(out, "    %v\n", g.err)
		}
	}
	return out.Flush()
}

// groupsOf returns the threads that are in one of the states. Stacks are unwound in parallel: a program may be used by
// many goroutines.
func groupsOf(prog *drgn.Program, states string) ([]*group, error) {
	var (
		mu     sync.Mutex
		groups = map[string]*group{}
		work   errgroup.Group
	)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for t, err := range prog.Threads() {
		if err != nil {
			return nil, errors.Join(err, work.Wait())
		}
		state, err := sched.TaskStateChar(t.Object)
		if err != nil {
			return nil, errors.Join(err, work.Wait())
		}
		if !strings.Contains(states, state) {
			continue
		}
		work.Go(func() error {
			trace, err := t.StackTrace()
			if err != nil {
				return fmt.Errorf("thread %d: %w", t.TID, err)
			}
			stack := kernelFrames(trace)
			key := strings.Join(stack, "\n")
			mu.Lock()
			defer mu.Unlock()
			if groups[key] == nil {
				groups[key] = &group{stack: stack, err: trace.Err}
			}
			groups[key].threads = append(groups[key].threads, thread{t.TID, state, t.Name})
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	for _, g := range groups {
		slices.SortFunc(g.threads, func(a, b thread) int { return cmp.Compare(a.tid, b.tid) })
	}
	return slices.SortedFunc(maps.Values(groups), func(a, b *group) int {
		return cmp.Or(cmp.Compare(len(b.threads), len(a.threads)), cmp.Compare(a.threads[0].tid, b.threads[0].tid))
	}), nil
}

// kernelFrames describes the frames of a stack up to where the kernel was entered: a program's own addresses would keep
// apart what waits for the same thing.
func kernelFrames(trace *drgn.StackTrace) []string {
	var stack []string
	for frame := range trace.Frames() {
		if _, err := frame.Symbol(); drgn.IsNotFound(err) {
			break
		}
		line := frame.Name()
		if source, err := frame.Source(); err == nil {
			line += " (" + source.String() + ")"
		}
		stack = append(stack, line)
	}
	return stack
}
