package handover

import (
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// work runs f at d on a goroutine of its own. What it returns is closed once the desk is no longer the thread's, which is a
// moment after f has returned.
func work(d *Desk, f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Work(f)
	}()
	return done
}

// attend runs f at a desk and serves it until it is done.
func attend(f func(d *Desk)) {
	d := NewDesk()
	defer d.Close()
	done := work(d, func() { f(d) })
	for {
		select {
		case call := <-d.Calls():
			call()
		case <-done:
			return
		}
	}
}

func TestRun(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here := unix.Gettid()
	var inWork, inRun, nested, inNested int
	attend(func(*Desk) {
		inWork = unix.Gettid()
		Run(func() {
			inRun = unix.Gettid()
			attend(func(*Desk) { // what is called waits for something itself
				nested = unix.Gettid()
				Run(func() { inNested = unix.Gettid() })
			})
		})
	})
	if inWork == here || nested == here || inRun != here || inNested != here {
		t.Error(here, inWork, inRun, nested, inNested)
	}
	Run(func() { inRun = -unix.Gettid() }) // nobody waits for this goroutine
	if inRun != -here || len(desks.of) != 0 {
		t.Error(inRun, desks.of)
	}
}

// What one wants who waits at a desk of its own is handed on.
func TestHandedOn(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, inRun := unix.Gettid(), 0
	attend(func(*Desk) {
		inner := NewDesk()
		defer inner.Close()
		done := work(inner, func() { Run(func() { inRun = unix.Gettid() }) })
		Run(<-inner.Calls())
		<-done
	})
	if inRun != here {
		t.Error(here, inRun)
	}
}

// A panic is that of the goroutine that wanted the call; whoever waits goes on.
func TestPanic(t *testing.T) {
	var got any
	attend(func(*Desk) {
		defer func() { got = recover() }()
		Run(func() { panic("boom") })
	})
	if got != "boom" {
		t.Error(got)
	}
}

// Nobody waits at a desk that was closed, nor must anyone wait for it.
func TestClosed(t *testing.T) {
	d := NewDesk()
	waiting := make(chan struct{})
	var ran atomic.Bool
	done := work(d, func() {
		close(waiting)
		Run(func() { ran.Store(true) })
	})
	<-waiting
	d.Close()
	d.Close()
	<-done
	if !ran.Load() {
		t.Error("it did not run")
	}
}
