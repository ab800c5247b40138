package target

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A tracer is a thread of ours that traces threads: the system takes all requests from one thread only, and lets go of those that it traces when it
// ends.
type tracer struct{ work chan tracing }

// A tracing is work for a thread that traces.
type tracing struct {
	do    func() (free bool)
	ended chan struct{}
}

// idle are the threads that have nothing to trace at present: to start one takes longer than to stop and ask another thread.
var idle struct {
	sync.Mutex
	tracers []*tracer
}

// Bounds on idle threads, which end after a while.
const (
	maxIdle = 4
	idleFor = time.Second
)

// traced calls a function on a thread that traces, and closes the channel it returns after that. The function says whether the thread is free: if it still
// traces others, it ends first.
func traced(do func() (free bool)) (ended <-chan struct{}) {
	w := tracing{do, make(chan struct{})}
	idle.Lock()
	var t *tracer
	if n := len(idle.tracers) - 1; n >= 0 {
		t, idle.tracers = idle.tracers[n], idle.tracers[:n]
	}
	idle.Unlock()
	if t == nil {
		t = &tracer{make(chan tracing, 1)}
		go t.run()
	}
	t.work <- w
	return w.ended
}

// run does the work of the thread that it makes its own.
func (t *tracer) run() {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	if unix.Gettid() == unix.Getpid() {
		// The main thread does not end with a goroutine. While this one has it, another one gets a thread of its own.
		locked := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(locked)
			t.serve()
		}()
		<-locked
		runtime.UnlockOSThread()
		return
	}
	t.serve()
}

func (t *tracer) serve() {
	for {
		w, ok := t.next()
		if !ok {
			return
		}
		if !w.do() {
			go awaitEnd(unix.Gettid(), w.ended)
			return
		}
		again := t.rest()
		close(w.ended)
		if !again {
			return
		}
	}
}

// rest makes the thread one of those that are idle, unless there are enough.
func (t *tracer) rest() bool {
	idle.Lock()
	defer idle.Unlock()
	if len(idle.tracers) >= maxIdle {
		return false
	}
	idle.tracers = append(idle.tracers, t)
	return true
}

// next waits for work; ok is false if there was none for a while.
func (t *tracer) next() (w tracing, ok bool) {
	timer := time.NewTimer(idleFor)
	defer timer.Stop()
	select {
	case w = <-t.work:
		return w, true
	case <-timer.C:
	}
	idle.Lock()
	i := slices.Index(idle.tracers, t)
	if i >= 0 {
		idle.tracers = slices.Delete(idle.tracers, i, i+1)
	}
	idle.Unlock()
	if i >= 0 {
		return w, false
	}
	return <-t.work, true // which somebody is about to give it
}

// awaitEnd waits until a thread that traces has ended, and the system has let go of those that have not stopped: until then, the next to stop them would be
// told that they are traced.
func awaitEnd(tid int, ended chan struct{}) {
	for end := time.Now().Add(stopWithin); unix.Tgkill(unix.Getpid(), tid, 0) == nil && time.Now().Before(end); {
		time.Sleep(10 * time.Microsecond)
	}
	close(ended)
}
