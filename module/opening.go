package module

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/mem"
)

// An opening is debugging information that is read when first asked for, on a goroutine of its own, which finishes even if
// no caller waits for it any more. A waiting caller reports the progress: the callback may be written in Python and wait for a
// thread that holds the GIL and waits here, so reading must never wait for the callback.
type opening struct {
	open   func(report func(done, total uint64)) (debugdata.Info, error)
	report func(done, total uint64) // or nil

	started atomic.Bool
	looked  atomic.Bool   // whether all of it is read, which a warning says if not
	missing atomic.Int64  // how many files the last such warning counted
	done    chan struct{} // closed once info and err are there
	info    debugdata.Info
	err     error

	telling atomic.Bool // a waiting caller reports the progress; told belongs to it
	told    progress
	newest  atomic.Pointer[progress]
	more    chan struct{} // there is a newer one; of capacity 1
}

// progress is how much of some work is done.
type progress struct{ done, total uint64 }

func newOpening(report func(done, total uint64), open func(report func(done, total uint64)) (debugdata.Info, error)) *opening {
	return &opening{open: open, report: report, done: make(chan struct{}), more: make(chan struct{}, 1)}
}

// ready reports whether the debugging information was read.
func (o *opening) ready() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// get returns the debugging information; block, if not nil, runs what waits for it. See [Set.SetBlocking].
func (o *opening) get(block func(work func(ctx context.Context) error) error) (debugdata.Info, error) {
	if !o.ready() {
		o.start()
		if block == nil {
			block = func(work func(context.Context) error) error { return work(context.Background()) }
		}
		if err := block(o.wait); err != nil {
			return nil, err
		}
		<-o.done
	}
	return o.info, o.err
}

// start has the debugging information read unless that was begun already.
func (o *opening) start() {
	if !o.started.Swap(true) {
		go o.read()
	}
}

// wait waits until the debugging information is there, and reports the progress unless another caller does. Reading has begun.
func (o *opening) wait(ctx context.Context) error {
	var more chan struct{}
	if o.report != nil && o.telling.CompareAndSwap(false, true) {
		defer o.telling.Store(false)
		more = o.more
	}
	for {
		select {
		case <-more:
			o.tell()
		case <-o.done:
			if more != nil {
				o.tell() // the end of it
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell reports the newest progress, if that was not told yet.
func (o *opening) tell() {
	if p := o.newest.Load(); p != nil && *p != o.told {
		o.told = *p
		o.report(p.done, p.total)
	}
}

// advance takes how much is done, from any goroutine and without waiting. Less of the same work than before is out of date and
// ignored.
func (o *opening) advance(done, total uint64) {
	for p := (&progress{done, total}); ; {
		old := o.newest.Load()
		if old != nil && old.total == total && old.done >= done {
			return
		}
		if o.newest.CompareAndSwap(old, p) {
			break
		}
	}
	select {
	case o.more <- struct{}{}:
	default:
	}
}

func (o *opening) read() {
	defer close(o.done)
	debug.SetPanicOnFault(true)
	defer func() {
		if r := recover(); r != nil {
			if failed, ok := mem.FileErrorOf(r); ok {
				o.info, o.err = nil, failed
				return
			}
			o.info, o.err = nil, fmt.Errorf("reading debugging information has failed: %v", r)
		}
	}()
	var report func(done, total uint64)
	if o.report != nil {
		report = o.advance
	}
	o.info, o.err = o.open(report)
}

// maxAhead bounds how many files are read at the same time, and so the memory that takes.
const maxAhead = 8

// ReadAhead begins to read the debugging information of modules of which that was not read yet, several at once, in their
// order, until stop is called. Errors come when the information is asked for.
func ReadAhead(modules []*Module) (stop func()) {
	var todo []*opening
	for _, m := range modules {
		if o := m.opening(); o != nil && !o.started.Load() {
			todo = append(todo, o)
		}
	}
	var next atomic.Int64
	for range min(len(todo), runtime.GOMAXPROCS(0), maxAhead) {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(todo) {
					return
				}
				if o := todo[i]; !o.started.Swap(true) {
					o.read()
				}
			}
		}()
	}
	return func() { next.Add(int64(len(todo))) }
}
