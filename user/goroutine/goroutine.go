// Package goroutine finds the goroutines of a program of Go, alive or dead, by what Go's runtime keeps of them (runtime.allgs,
// runtime/runtime2.go). The program needs its debugging information: it must not be linked with -s or -w.
//
// The stack of one is [drgn.Program.StackTraceOf] of its object, in Python prog.stack_trace(g.object).
//
//drgn:module drgn.helpers.golang
package goroutine

import (
	"fmt"
	"iter"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A Goroutine is one of a program's goroutines.
//
//drgn:namedtuple Goroutine
type Goroutine struct {
	ID         uint64
	Status     string      // as Go's own tracebacks name it: "running", "waiting" …
	WaitReason string      // what a waiting one waits for: "chan receive", "sleep" …; "" of others
	TID        uint64      // ID of the thread that runs it, 0 if none does
	Start      string      // function that it began with
	Created    string      // function, file and line of the go statement that made it; "" if there is none
	Parent     uint64      // ID of the goroutine that made it; 0 if there is none, or Go is older than 1.21
	Object     drgn.Object // runtime.g *
}

// Statuses of goroutines (runtime/runtime2.go), which are the same in all versions.
const (
	idle      = 0 // has just been allocated
	waiting   = 4
	dead      = 6 // has ended; the runtime keeps it for the next one
	copying   = 8 // its stack is being moved
	leaked    = 10
	deadExtra = 11     // dead, of a thread that waits for callbacks from C
	scanning  = 0x1000 // a bit: its stack is being scanned
)

// ForEach walks the goroutines of a program of Go, those of its runtime included, in the order in which they were allocated.
//
//drgn:helper for_each_goroutine
func ForEach(p *drgn.Program) iter.Seq2[Goroutine, error] {
	return func(yield func(Goroutine, error) bool) {
		names := names{p: p, places: map[uint64]string{}}
		for g, err := range all(p) {
			if err == nil {
				var r Goroutine
				if r, err = names.describe(g); err == nil && r.Status == "" {
					continue
				}
				if err == nil {
					if !yield(r, nil) {
						return
					}
					continue
				}
			}
			yield(Goroutine{}, err)
			return
		}
	}
}

// In reports whether a program's main module has Go's runtime.
func In(p *drgn.Program) bool {
	m, err := p.MainModule()
	if err != nil {
		return false
	}
	f := m.Files()
	return f != nil && f.IsGo()
}

// OfThread returns the goroutine, a runtime.g *, that a thread runs; ok is false if it runs none. The thread must not run.
func OfThread(p *drgn.Program, tid uint64) (g drgn.Object, ok bool, err error) {
	m, ok, err := machineOf(p, tid)
	if !ok || err != nil {
		return g, false, err
	}
	g = m.Member("curg").Read()
	null, err := g.IsNull()
	return g, !null && err == nil, err
}

// StacksOf returns where the stacks lie that a thread may be on: the runtime's own, that of signals and that of the goroutine that it runs. The thread must not
// run. There are none of a thread that the runtime does not know.
func StacksOf(p *drgn.Program, tid uint64) ([]mem.Range, error) {
	m, ok, err := machineOf(p, tid)
	if !ok || err != nil {
		return nil, err
	}
	var all []mem.Range
	for _, member := range []string{"g0", "gsignal", "curg"} {
		g := m.Member(member).Read()
		if null, err := g.IsNull(); null || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		r, err := stackOf(g)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// machineOf returns the runtime.m * of a thread; ok is false if the runtime does not know the thread.
func machineOf(p *drgn.Program, tid uint64) (m drgn.Object, ok bool, err error) {
	known, err := drgn.Memo(p, machinesKey{}, func() (*machines, error) { return &machines{of: map[uint64]drgn.Object{}}, nil })
	if err != nil {
		return m, false, err
	}
	return known.find(p, tid)
}

// machines are the runtime.m * of the threads that have been asked for or stand before them in the runtime's list, by the threads' IDs: walking
// the list for each of a thousand threads would take a million steps.
type machines struct {
	mu sync.Mutex
	of map[uint64]drgn.Object
}

type machinesKey struct{}

// find returns the runtime.m * of a thread; ok is false if the runtime does not know the thread.
func (known *machines) find(p *drgn.Program, tid uint64) (m drgn.Object, ok bool, err error) {
	known.mu.Lock()
	m, ok = known.of[tid]
	known.mu.Unlock()
	if ok { // unless the thread of that ID is another by now
		if id, err := m.Member("procid").Uint(); err == nil && id == tid {
			return m, true, nil
		}
	}
	of := map[uint64]drgn.Object{}
	defer func() {
		known.mu.Lock()
		known.of = of
		known.mu.Unlock()
	}()
	m = p.Variable("runtime.allm").Read()
	if err := m.Err(); err != nil {
		return m, false, noRuntime(p, err)
	}
	seen := map[uint64]bool{}
	for range maxThreads {
		if null, err := m.IsNull(); null || err != nil {
			m, ok = of[tid]
			return m, ok, err
		}
		id, err := m.Member("procid").Uint()
		if err != nil {
			return m, false, err
		}
		address, err := m.Uint()
		if err != nil {
			return m, false, err
		}
		if seen[address] {
			return m, false, fmt.Errorf("the list of the runtime's threads comes back to the runtime.m at %#x", address)
		}
		if _, again := of[id]; again && id != 0 { // one that has not started yet has no ID
			return m, false, fmt.Errorf("the list of the runtime's threads has thread %d twice", id)
		}
		of[id], seen[address] = m, true
		m = m.Member("alllink").Read()
	}
	return m, false, fmt.Errorf("the list of the runtime's threads has more than %d, or no end", maxThreads)
}

// maxThreads bounds the list of the runtime's threads: so many processes the kernel has at most (PID_MAX_LIMIT).
const maxThreads = 1 << 22

// noRuntime says what a program lacks that has no goroutines.
func noRuntime(p *drgn.Program, err error) error {
	if !drgn.IsNotFound(err) {
		return err
	}
	if p.Flags()&drgn.IsLinuxKernel != 0 {
		return &drgn.ValueError{Problem: "only programs of Go have goroutines"}
	}
	return fmt.Errorf("goroutines are found by the debugging information of Go's runtime, which is missing (-ldflags with -s or -w leaves it out): %w", err)
}

// all walks the runtime.g * of all goroutines there ever were.
func all(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		// The length first: a runtime that makes the list longer changes the pointer to it before its length (atomicAllG, runtime/proc.go).
		n, err := p.Variable("runtime.allglen").Uint()
		if err != nil {
			yield(drgn.Object{}, noRuntime(p, err))
			return
		}
		list := p.Variable("runtime.allgptr")
		if drgn.IsNotFound(list.Err()) { // Go before 1.16
			list = p.Variable("runtime.allgs").Member("array")
		}
		list = list.Read()
		for i := uint64(0); i < n; i++ {
			g := list.Index(int64(i)).Read()
			if !yield(g, g.Err()) || g.Err() != nil {
				return
			}
		}
	}
}

// names finds the names of things of a program.
type names struct {
	p      *drgn.Program
	places map[uint64]string
}

// maxPlaces bounds how many places in code a walk remembers.
const maxPlaces = 1 << 14

// place returns what is at an address of code, which is remembered.
func (n *names) place(key uint64, find func() string) string {
	if s, ok := n.places[key]; ok {
		return s
	}
	s := find()
	if len(n.places) < maxPlaces {
		n.places[key] = s
	}
	return s
}

// describe returns what is told of a goroutine; it has no status if it has ended.
func (n *names) describe(g drgn.Object) (r Goroutine, err error) {
	s, err := status(g)
	if err != nil {
		return r, err
	}
	if s == idle || s == dead || s == deadExtra {
		return r, nil
	}
	r.Object = g
	if r.ID, err = g.Member("goid").Uint(); err != nil {
		return r, err
	}
	if r.Status, err = n.text("runtime.gStatusStrings", s); err != nil {
		return r, err
	}
	if reason, err := g.Member("waitreason").Uint(); err != nil {
		return r, err
	} else if reason != 0 && (s == waiting || s == leaked) {
		if r.WaitReason, err = n.text("runtime.waitReasonStrings", reason); err != nil {
			return r, err
		}
	}
	thread, ok, err := threadOf(g)
	if err != nil {
		return r, err
	}
	if ok {
		if r.TID, err = thread.Member("procid").Uint(); err != nil {
			return r, err
		}
	}
	if g.HasMember("parentGoid") {
		if r.Parent, err = g.Member("parentGoid").Uint(); err != nil {
			return r, err
		}
	}
	start, err := g.Member("startpc").Uint()
	if err != nil {
		return r, err
	}
	made, err := g.Member("gopc").Uint()
	if err != nil {
		return r, err
	}
	if start != 0 {
		r.Start = n.place(start, func() string { return n.function(start) })
	}
	// What the runtime's own first steps made was made by nothing that has a place.
	if made != 0 && r.ID != 1 {
		r.Created = n.place(^made, func() string { return n.caller(made) }) // an address may be both
	}
	return r, nil
}

// text returns an element of one of the runtime's arrays of texts.
func (n *names) text(array string, i uint64) (string, error) {
	list := n.p.Variable(array)
	if err := list.Err(); err != nil {
		return "", noRuntime(n.p, err)
	}
	if n, err := list.Len(); err != nil || i >= n {
		return fmt.Sprint(i), err
	}
	b, err := list.Index(int64(i)).CString()
	return string(b), err
}

// function returns the name of the function that begins at an address.
func (n *names) function(address uint64) string {
	t, err := n.p.CodeAt(address)
	if err != nil || t.Len() == 0 {
		return fmt.Sprintf("%#x", address)
	}
	return t.Frame(t.Len() - 1).Title()
}

// caller returns the place of the call that returns to an address: "main.main (main.go:7)".
func (n *names) caller(address uint64) string {
	t, err := n.p.StackTraceFromPCs([]uint64{address})
	if err != nil || t.Len() == 0 {
		return fmt.Sprintf("%#x", address)
	}
	f := t.Frame(0)
	if source, err := f.Source(); err == nil {
		return fmt.Sprintf("%s (%s)", f.Title(), source)
	}
	return f.Title()
}

// status returns the status of a goroutine without the bit that says that it is being scanned.
func status(g drgn.Object) (uint64, error) {
	s := g.Member("atomicstatus")
	if err := s.Err(); err != nil {
		return 0, err
	}
	if s.Type().Underlying().Kind() == types.Struct { // atomic.Uint32, since Go 1.20
		s = s.Member("value")
	}
	v, err := s.Uint()
	return v &^ scanning, err
}

// threadOf returns the runtime.m * of the thread that runs a goroutine; ok is false if none does. That its status says that it runs tells
// less: it is not running while the runtime looks at its own stack, and runs in calls of the kernel.
func threadOf(g drgn.Object) (m drgn.Object, ok bool, err error) {
	m = g.Member("m").Read()
	if null, err := m.IsNull(); null || err != nil {
		return m, false, err
	}
	now, err := m.Member("curg").Uint()
	if err != nil {
		return m, false, err
	}
	this, err := g.Uint()
	return m, now == this, err
}
