// Package stacks groups the threads of a program by what their stacks are, and shows the groups as text, as JSON, in folded form and as
// a flame graph.
package stacks

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/user/goroutine"
)

// A Group is the threads that have the same stack.
type Group struct {
	Frames  []Frame  // the innermost first; of a thread of the kernel those of its kernel stack
	Err     error    // why the stack is not known, or not to its end
	Threads []Thread // in the order of their IDs; at least one
	// Goroutines says that the threads are goroutines.
	Goroutines bool
}

// A Frame is a frame of a stack, without what differs between threads.
type Frame struct {
	Function string // as [drgn.StackFrame.Title] names it
	Inline   bool   // it was inlined into the next one
	TailCall bool   // it ended with a jump to that of the frame before: see [drgn.StackFrame.IsTailCall]
	Source   drgn.SourceLocation
}

// String returns "schedule (kernel/sched/core.c:6842:2)".
func (f Frame) String() string {
	if f.Source.Filename == "" {
		return f.Function
	}
	return f.Function + " (" + f.Source.String() + ")"
}

// A Thread is what is told of one of a group's threads.
type Thread struct {
	TID     uint64        // of a goroutine its ID
	Name    string        // "" where it is not known; of a goroutine the function that it began with
	State   string        // the letter that ps has for it: "S", "D", "R" …; "" of threads of processes; of a goroutine what it waits for, or its status
	Waiting time.Duration // for how long it has been what it is, as [sched.SinceArrival] says; 0 where that is not known
}

// Options say what is collected. The zero Options are all threads.
type Options struct {
	States string // letters that ps has for the states of tasks, such as "DS": only threads in one of them; "": all
	// Goroutines is for those of a program of Go instead of its threads.
	Goroutines bool
}

// Of returns the groups of a program's threads: those with a thread in an uninterruptible sleep (D) first, then those with most threads.
// A running process is stopped until it is known of all of them where they are and what is on their stacks, which then fit together.
// What can't be had of a thread, as the stack of one that runs now, is the error of its group. Where the threads can't be listed to
// their end, the groups of those that were are returned with the error; ctx's error is one, too.
func Of(ctx context.Context, p *drgn.Program, o Options) ([]Group, error) {
	kernel := p.Flags()&drgn.IsLinuxKernel != 0
	if o.States != "" && (!kernel || o.Goroutines) {
		return nil, &drgn.ValueError{Problem: "only tasks of a kernel have states"}
	}
	release, err := stop(ctx, p, o)
	if err != nil {
		return nil, err
	}
	defer release()
	c := collection{kernel: kernel, options: o, groups: map[string]*Group{}}
	if kernel {
		c.clock, c.noClock = sched.Clock(p)
	}
	var work sync.WaitGroup
	next := make(chan each)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for t := range next {
				c.add(t)
			}
		})
	}
	var failed error
	var asked []each // of a process that is stopped
	copied := 0
	add := func() {
		for _, t := range asked {
			next <- t
		}
		asked, copied = nil, 0
	}
	for t, err := range threads(p, o.Goroutines) {
		if failed = cmp.Or(err, ctx.Err()); failed != nil {
			break
		}
		if !isRunning(p) {
			next <- t
			continue
		}
		copied += t.ask()
		if asked = append(asked, t); copied > maxCopied {
			add()
		}
	}
	release()
	add()
	close(next)
	work.Wait()
	return c.sorted(), failed
}

// maxCopied bounds how many bytes of stacks and registers are copied before they are looked at: then a process is stopped for longer.
var maxCopied = 64 << 20 // a test has a smaller one

// isRunning reports whether a program is a process that runs.
func isRunning(p *drgn.Program) bool {
	return p.Flags()&(drgn.IsLive|drgn.IsLinuxKernel) == drgn.IsLive
}

// stop stops a process that runs, so that its stacks are all of one moment. Where only its threads are wanted and it can't be stopped, each stack says why.
func stop(ctx context.Context, p *drgn.Program, o Options) (release func(), err error) {
	if !isRunning(p) {
		return func() {}, nil
	}
	release, err = p.Stop(ctx)
	if err != nil && !o.Goroutines && ctx.Err() == nil {
		return func() {}, nil
	}
	return release, err
}

// each is a thread of which the stack is wanted.
type each struct {
	Thread
	of    *drgn.Thread
	trace func() (*drgn.StackTrace, error) // nil: of's
}

// sizeOfAsked is about how many bytes are kept of a thread beside its stack: a program of Go may have a million goroutines.
const sizeOfAsked = 3 << 10

// ask asks now where the thread is, and returns how many bytes were copied for that.
func (t *each) ask() (copied int) {
	var at drgn.Stopped
	err := mem.Guard(func() (err error) {
		at, err = t.of.Stopped()
		return err
	})
	t.trace = func() (*drgn.StackTrace, error) { return t.of.StackTraceFrom(at, err) }
	copied = sizeOfAsked
	for c := at.Stack; c != nil; c = c.Next {
		copied += len(c.Data)
	}
	return copied
}

func (t *each) stack() (*drgn.StackTrace, error) {
	if t.trace == nil {
		return t.of.StackTrace()
	}
	return t.trace()
}

// threads walks a program's threads or its goroutines.
func threads(p *drgn.Program, goroutines bool) iter.Seq2[each, error] {
	return func(yield func(each, error) bool) {
		if goroutines {
			for g, err := range goroutine.ForEach(p) {
				t := each{Thread: Thread{TID: g.ID, Name: g.Start, State: cmp.Or(g.WaitReason, g.Status)}, of: &drgn.Thread{Prog: p, Object: g.Object}}
				if !yield(t, err) {
					return
				}
			}
			return
		}
		for t, err := range p.Threads() {
			if err != nil {
				yield(each{}, err)
				return
			}
			if !yield(each{Thread: Thread{TID: t.TID, Name: t.Name}, of: t}, nil) {
				return
			}
		}
	}
}

type collection struct {
	kernel  bool
	options Options
	mu      sync.Mutex
	groups  map[string]*Group

	clock   uint64 // of the scheduler, in nanoseconds
	noClock error  // why that is not known
}

func (c *collection) add(t each) {
	thread := t.Thread
	var frames []Frame
	wanted := true
	err := mem.Guard(func() error {
		var unknown error
		if c.kernel {
			if wanted, unknown = c.task(&thread, t.of.Object); !wanted {
				return nil
			}
		}
		trace, err := t.stack()
		if err == nil {
			frames, err = c.frames(trace), trace.Err
		}
		return errors.Join(unknown, err)
	})
	if !wanted {
		return
	}
	var stop *failure.StopError
	if errors.As(err, &stop) { // threads that can't be stopped for one reason are one group
		err = &failure.StopError{Problem: stop.Problem, Err: stop.Err}
	}
	key := keyOf(frames, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups[key] == nil {
		c.groups[key] = &Group{Frames: frames, Err: err, Goroutines: c.options.Goroutines}
	}
	c.groups[key].Threads = append(c.groups[key].Threads, thread)
}

// task adds what only the kernel's tasks have; wanted is false if the task is in none of the states that are asked for.
func (c *collection) task(thread *Thread, task drgn.Object) (wanted bool, err error) {
	if thread.State, err = sched.TaskStateChar(task); err != nil {
		return true, err
	}
	if c.options.States != "" && !strings.Contains(c.options.States, thread.State) {
		return false, nil
	}
	// Kernels without CONFIG_SCHED_INFO do not know it.
	if n, ok, err := sched.SinceArrival(task, c.clock); err == nil && ok && c.noClock == nil {
		thread.Waiting = time.Duration(n)
	}
	return true, nil
}

// frames returns the frames of a stack; of a task, up to where the kernel was entered: a process's own addresses would keep apart
// what waits for the same thing.
func (c *collection) frames(trace *drgn.StackTrace) []Frame {
	var frames []Frame
	for f := range trace.Frames() {
		if c.kernel && f.InUserMode() {
			break
		}
		frame := Frame{Function: f.Title(), Inline: f.IsInline(), TailCall: f.IsTailCall()}
		frame.Source, _ = f.Source() // what is not known is left out
		frames = append(frames, frame)
	}
	return frames
}

// keyOf returns what two stacks have in common if they are the same.
func keyOf(frames []Frame, err error) string {
	var b strings.Builder
	for _, f := range frames {
		b.WriteString(f.String())
		if f.Inline {
			b.WriteByte('i')
		}
		b.WriteByte('\n')
	}
	if err != nil {
		b.WriteString(err.Error())
	}
	return b.String()
}

func (c *collection) sorted() []Group {
	for _, g := range c.groups {
		slices.SortFunc(g.Threads, func(a, b Thread) int { return cmp.Compare(a.TID, b.TID) })
	}
	all := slices.SortedFunc(maps.Values(c.groups), func(a, b *Group) int {
		return cmp.Or(-compareBool(a.Hangs(), b.Hangs()), cmp.Compare(len(b.Threads), len(a.Threads)), cmp.Compare(a.Threads[0].TID, b.Threads[0].TID))
	})
	groups := make([]Group, len(all))
	for i, g := range all {
		groups[i] = *g
	}
	return groups
}

// Hangs reports whether one of the threads is in an uninterruptible sleep.
func (g *Group) Hangs() bool {
	return slices.ContainsFunc(g.Threads, func(t Thread) bool { return t.State == "D" })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
