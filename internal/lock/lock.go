// Package lock has the locks of the house. In tests they know which goroutine holds them, so that a call that may wait
// for another lock, such as Python's GIL, can be refused while one is held: a thread that has the GIL and waits for
// the lock would deadlock.
package lock

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// tracking says that holders are remembered. It is set before any lock is used, and by tests only.
var tracking bool

// holders counts the locks that each thread holds. Who holds a lock while that is tracked stays on its thread: Go has no cheap
// way to tell goroutines apart.
var holders struct {
	sync.Mutex
	count map[int]int
}

// Track has locks remember who holds them, which slows them down: it is for tests, before other goroutines run.
func Track() {
	tracking = true
	holders.count = map[int]int{}
}

// Held returns how many locks of this package the calling goroutine holds, functions that run under a Once included. It is
// always 0 unless [Track] was called.
func Held() int {
	if !tracking {
		return 0
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	holders.Lock()
	defer holders.Unlock()
	return holders.count[syscall.Gettid()]
}

// acquired remembers that the calling goroutine got a lock.
func acquired() {
	runtime.LockOSThread()
	holders.Lock()
	defer holders.Unlock()
	holders.count[syscall.Gettid()]++
}

// released takes back what acquired did.
func released() {
	defer runtime.UnlockOSThread()
	holders.Lock()
	defer holders.Unlock()
	id := syscall.Gettid()
	if holders.count[id]--; holders.count[id] == 0 {
		delete(holders.count, id)
	}
}

// A Mutex is a [sync.Mutex] for use within one goroutine's call: the one that locks it unlocks it.
type Mutex struct{ mu sync.Mutex }

// Lock locks m.
func (m *Mutex) Lock() {
	m.mu.Lock()
	if tracking {
		acquired()
	}
}

// Unlock unlocks m.
func (m *Mutex) Unlock() {
	if tracking {
		released()
	}
	m.mu.Unlock()
}

// A Once is a [sync.Once] whose later calls panic, too, if the first has: what it should have made is not there.
type Once struct {
	once   sync.Once
	failed any // what f panicked with
}

// Do calls f if it is the first call of Do. f must not call what may wait for Python.
func (o *Once) Do(f func()) {
	o.once.Do(func() {
		if tracking {
			acquired()
			defer released()
		}
		defer func() { o.failed = recover() }()
		f()
	})
	if o.failed != nil {
		panic(o.failed)
	}
}

// OnceValues is like [sync.OnceValues]: f is called once. It must not call what may wait for Python; see [First].
func OnceValues[T any](f func() (T, error)) func() (T, error) {
	return sync.OnceValues(func() (T, error) {
		if tracking {
			acquired()
			defer released()
		}
		return f()
	})
}

// A First holds the result of the first call to end of several that may run at once.
type First[T any] struct{ result atomic.Pointer[result[T]] }

type result[T any] struct {
	value T
	err   error
}

// Do returns the first result, which it calls f for when there is none yet. Nothing is locked while f runs, so it may call
// anything, this Do, too, and may run on several goroutines at once: f should be cheap, and its result the same each time.
// A call that was interrupted (context.Canceled) has no result: the next Do calls f again.
func (first *First[T]) Do(f func() (T, error)) (T, error) {
	return first.do(f, func(err error) bool { return !errors.Is(err, context.Canceled) })
}

// Succeed is like Do, but an error is no result either.
func (first *First[T]) Succeed(f func() (T, error)) (T, error) {
	return first.do(f, func(error) bool { return false })
}

func (first *First[T]) do(f func() (T, error), counts func(error) bool) (T, error) {
	r := first.result.Load()
	if r == nil {
		r = &result[T]{}
		if r.value, r.err = f(); r.err != nil && !counts(r.err) {
			return r.value, r.err
		}
		if !first.result.CompareAndSwap(nil, r) {
			r = first.result.Load()
		}
	}
	return r.value, r.err
}
