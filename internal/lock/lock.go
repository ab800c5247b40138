// Package lock has the locks of the house. In tests they know which goroutine holds them, so that a call that may wait
// for somebody else, such as for Python's GIL, can be refused while one is held: a thread that has the GIL and waits for
// the lock would wait for ever.
package lock

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
)

// tracking says that holders are remembered. It is set before any lock is used, and by tests only.
var tracking bool

// holders counts the locks that each goroutine holds.
var holders struct {
	sync.Mutex
	count map[uint64]int
}

// Track has locks remember who holds them, which costs microseconds a lock: it is for tests, before other goroutines run.
func Track() {
	tracking = true
	holders.count = map[uint64]int{}
}

// Held returns how many locks of this package the calling goroutine holds, functions that run under a Once included. It is
// always 0 unless [Track] was called.
func Held() int {
	if !tracking {
		return 0
	}
	holders.Lock()
	defer holders.Unlock()
	return holders.count[goroutine()]
}

func add(n int) {
	id := goroutine()
	holders.Lock()
	defer holders.Unlock()
	if holders.count[id] += n; holders.count[id] == 0 {
		delete(holders.count, id)
	}
}

// goroutine returns the calling goroutine's number. Go tells it in stack traces only.
func goroutine() uint64 {
	var buf [64]byte
	fields := bytes.Fields(buf[:runtime.Stack(buf[:], false)]) // "goroutine 7 [running]:"
	id, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return id
}

// A Mutex is a [sync.Mutex] for use within one goroutine's call: the one that locks it unlocks it.
type Mutex struct{ mu sync.Mutex }

// Lock locks m.
func (m *Mutex) Lock() {
	m.mu.Lock()
	if tracking {
		add(1)
	}
}

// Unlock unlocks m.
func (m *Mutex) Unlock() {
	if tracking {
		add(-1)
	}
	m.mu.Unlock()
}

// A Once is a [sync.Once].
type Once struct{ once sync.Once }

// Do calls f if it is the first call of Do. f must not call what may wait for Python.
func (o *Once) Do(f func()) {
	if !tracking {
		o.once.Do(f)
		return
	}
	o.once.Do(func() {
		add(1)
		defer add(-1)
		f()
	})
}

// OnceValues is like [sync.OnceValues]: f is called once. It must not call what may wait for Python; see [First].
func OnceValues[T any](f func() (T, error)) func() (T, error) {
	return sync.OnceValues(func() (T, error) {
		if tracking {
			add(1)
			defer add(-1)
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
func (first *First[T]) Do(f func() (T, error)) (T, error) {
	r := first.result.Load()
	if r == nil {
		r = &result[T]{}
		r.value, r.err = f()
		if !first.result.CompareAndSwap(nil, r) {
			r = first.result.Load()
		}
	}
	return r.value, r.err
}
