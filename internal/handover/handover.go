// Package handover runs callbacks on the thread of the one who waits for the goroutine that wants them.
//
// What takes long runs on a goroutine of its own, so that the thread that called can look for Ctrl-C meanwhile. A callback
// into Python belongs on that thread all the same: Python's locks and thread-local values are the thread's.
package handover

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// A Desk is where one goroutine waits for another, and runs meanwhile what that wants run.
type Desk struct {
	calls  chan func()
	closed chan struct{}
	close  func()
}

// NewDesk returns a desk, which has to be closed.
func NewDesk() *Desk {
	d := &Desk{calls: make(chan func()), closed: make(chan struct{})}
	d.close = sync.OnceFunc(func() { close(d.closed) })
	return d
}

// Calls gives the functions that the one who waits is to call, each before the next.
func (d *Desk) Calls() <-chan func() { return d.calls }

// Close says that nobody waits any more.
func (d *Desk) Close() { d.close() }

// desks are those of the goroutines that Work runs on, by their threads.
var desks struct {
	sync.RWMutex
	of map[int]*Desk
}

// Work calls f on this goroutine, which stays on its thread meanwhile: what [Run] is given by it goes to the desk.
func (d *Desk) Work(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread := unix.Gettid()
	desks.Lock()
	if desks.of == nil {
		desks.of = map[int]*Desk{}
	}
	before := desks.of[thread]
	desks.of[thread] = d
	desks.Unlock()
	defer func() {
		desks.Lock()
		defer desks.Unlock()
		if before == nil {
			delete(desks.of, thread)
		} else {
			desks.of[thread] = before
		}
	}()
	f()
}

// Run calls f and returns when it has: on the goroutine that waits at the desk of this one, or on this one if it has no desk or
// nobody waits there any more. A panic of f is this goroutine's.
func Run(f func()) {
	// Without a desk the goroutine may change its thread here, but then no thread that it may be on has one: a thread with a
	// desk runs no other goroutine.
	desks.RLock()
	d := desks.of[unix.Gettid()]
	desks.RUnlock()
	if d == nil {
		f()
		return
	}
	var panicked any
	done := make(chan struct{})
	call := func() {
		returned := false
		defer close(done)
		defer func() {
			if panicked = recover(); panicked == nil && !returned {
				panicked = "the callback ended its goroutine"
			}
		}()
		f()
		returned = true
	}
	select {
	case d.calls <- call:
		<-done
		if panicked != nil {
			panic(panicked)
		}
	case <-d.closed:
		f()
	}
}
