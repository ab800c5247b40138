package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/godrgn/drgn/internal/handover"
	"github.com/godrgn/drgn/mem"
)

// checkEvery is how often the calling thread looks for Ctrl-C while Go works.
const checkEvery = 20 * time.Millisecond

// Long runs f on another goroutine with the GIL released, so that other Python threads go on and Ctrl-C cancels f's
// context. f must not use c, nor anything of Python but through withGIL. After Ctrl-C, an f that does not look at its context
// continues by itself: it must not change anything that Python sees then. See [Call.Whole].
func (c Call) Long(f func(ctx context.Context) error) error { return long(f, abandonAfter) }

// Whole is [Call.Long] for an f that changes a program: after Ctrl-C it waits until f has ended, early or not, so that nothing
// changes any more once the prompt is back.
func (c Call) Whole(f func(ctx context.Context) error) error { return long(f, forEver) }

// How long a worker may continue after Ctrl-C before it is abandoned.
const (
	abandonAfter time.Duration = time.Second
	forEver      time.Duration = math.MaxInt64
)

func long(f func(ctx context.Context) error, after time.Duration) error {
	err, raised := attend(f, after)
	if raised {
		return raisedError{}
	}
	return err
}

// blocking runs work that any thread may have to wait for during a call: see [module.Set.SetBlocking]. A Python thread waits
// with the GIL released. After Ctrl-C the work is no longer waited for, and the call ends with what the signal handler raised,
// whatever else its result would have been.
func blocking(work func(ctx context.Context) error) error {
	switch C.sh_gil() {
	case C.NO_PYTHON: // the thread that waits for this goroutine looks for Ctrl-C
		return work(context.Background())
	case C.GIL_RELEASED:
		defer C.sh_release(C.sh_ensure())
	}
	checkNoLocks()
	if e := interruptHere(); e != nil {
		return e
	}
	err, raised := attend(work, 0)
	if !raised {
		return err
	}
	interrupt = &interruptError{raisedByHandler(), syscall.Gettid()}
	return interrupt
}

// An interruptError is the exception that a signal handler raised during a call. It is never cached as a result: it is a
// context.Canceled.
type interruptError struct {
	raised error
	thread int // the one that handles signals
}

func (e *interruptError) Error() string { return e.raised.Error() }

func (e *interruptError) Unwrap() error { return e.raised }

// Is reports whether target is context.Canceled.
func (e *interruptError) Is(target error) bool { return target == context.Canceled }

// interrupt is the error that ends the present call, or nil. Under the GIL.
var interrupt *interruptError

// interruptHere returns the error that ends the present call on this thread, or nil.
func interruptHere() *interruptError {
	if interrupt == nil || interrupt.thread != syscall.Gettid() {
		return nil
	}
	return interrupt
}

// takeInterrupt is interruptHere, and the call ends.
func takeInterrupt() *interruptError {
	e := interruptHere()
	if e != nil {
		interrupt = nil
	}
	return e
}

// A worker runs a function on a goroutine of its own.
type worker struct {
	cancel context.CancelFunc
	desk   *handover.Desk
	done   chan error
}

// begin starts a worker, which needs no interpreter yet: what f has Python do waits for attend.
func begin(f func(ctx context.Context) error) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{cancel, handover.NewDesk(), make(chan error, 1)}
	go w.desk.Work(func() {
		defer func() {
			if e := recover(); e != nil {
				if failed, ok := mem.FileErrorOf(e); ok {
					w.done <- failed
					return
				}
				w.done <- &panicError{fmt.Sprintf("Go panic: %v\n\n%s", e, debug.Stack())}
			}
		}()
		debug.SetPanicOnFault(true)
		w.done <- f(ctx)
	})
	return w
}

// attend runs f on another goroutine and waits for it: see [worker.attend].
func attend(f func(ctx context.Context) error, after time.Duration) (err error, raised bool) {
	return begin(f).attend(after)
}

// attend waits with the GIL released; what the worker has Python do is done on this thread. raised says that a signal handler
// raised an exception, which is set then; the worker is waited for no longer than after from then on.
func (w *worker) attend(after time.Duration) (err error, raised bool) {
	defer w.cancel()
	defer w.desk.Close()
	if err, ok := wait(w.done, w.desk); ok {
		return err, false
	}
	// Ctrl-C: the worker is told, and it gets a moment or as long as it needs.
	w.cancel()
	if after > 0 {
		exc := C.sh_take_exc()
		st := C.sh_save()
		for timer, ended := time.After(after), false; !ended; {
			select {
			case call := <-w.desk.Calls():
				call()
			case <-w.done:
				ended = true
			case <-timer:
				ended = true
			}
		}
		C.sh_restore(st)
		takeInterrupt() // of a later callback: the first one counts
		C.sh_raise_obj(exc)
	}
	return nil, true
}

// wait waits with the GIL released and calls Python for the one it waits for; ok is false when a signal handler raised an
// exception.
func wait[T any](done <-chan T, desk *handover.Desk) (v T, ok bool) {
	st := C.sh_save()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case call := <-desk.Calls():
			call()
			C.sh_restore(st)
			if e := takeInterrupt(); e != nil {
				raise(e.raised)
				return v, false
			}
			st = C.sh_save()
		case v := <-done:
			C.sh_restore(st)
			return v, true
		case <-tick.C:
			C.sh_restore(st)
			if C.sh_check_signals() != 0 {
				return v, false
			}
			st = C.sh_save()
		}
	}
}

// A panicError is a panic of a worker, with its stack.
type panicError struct{ text string }

func (e *panicError) Error() string { return e.text }
