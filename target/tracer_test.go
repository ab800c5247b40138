package target

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/internal/childtest"
)

// work has a thread that traces do nothing, and returns its ID.
func work(free bool) (tid int) {
	<-traced(func() bool {
		tid = unix.Gettid()
		return free
	})
	return tid
}

// isThread reports whether a thread of ours is there.
func isThread(tid int) bool { return unix.Tgkill(unix.Getpid(), tid, 0) == nil }

// A thread that is free traces again; one that is not has ended before anybody goes on, and one that has nothing to do ends after a while.
func TestTracers(t *testing.T) {
	first := work(true)
	if again := work(false); again != first && isThread(first) { // or else it had nothing to do for too long
		t.Errorf("thread %d, then %d", first, again)
	} else if isThread(again) {
		t.Error("a thread that may still trace others has not ended")
	}
	// Many at once are threads of their own, of which some stay.
	tids := make(chan int)
	leave := make(chan struct{})
	var all []int
	var ended []<-chan struct{}
	for range maxIdle + 2 {
		ended = append(ended, traced(func() bool {
			tids <- unix.Gettid()
			<-leave
			return true
		}))
		all = append(all, <-tids)
	}
	close(leave)
	for _, e := range ended {
		<-e
	}
	if slices.Sort(all); len(slices.Compact(all)) != maxIdle+2 {
		t.Errorf("threads %v", all)
	}
	idle.Lock()
	n := len(idle.tracers)
	idle.Unlock()
	if n > maxIdle {
		t.Errorf("%d idle threads", n)
	}
	await(t, "idle threads end", func() bool { return !slices.ContainsFunc(all, isThread) })
}

// TestWhileStopped stops all threads of a child while something is done, and says why that can't be.
func TestWhileStopped(t *testing.T) {
	c, end := childtest.Answering(t, "cat")
	p := program(t, c)
	tid := uint64(c.Process.Pid)
	state := func() byte {
		stat, err := p.File("stat")
		if err != nil {
			t.Fatal(err)
		}
		return stat[slices.Index(stat, ')')+2]
	}
	failed := errors.New("failed")
	for _, tids := range [][]uint64{nil, {tid}} {
		err := p.WhileStopped(t.Context(), func(s *Stop) error {
			if got := state(); got != 't' {
				t.Errorf("state %c", got)
			}
			for range 2 { // the second time they are known
				for _, note := range []uint32{NT_PRSTATUS, 2 /* NT_PRFPREG */} {
					if set, err := s.RegisterSet(tid, note); err != nil || len(set) == 0 {
						t.Errorf("register set %d: %d bytes, %v", note, len(set), err)
					}
				}
			}
			if set, err := s.RegisterSet(tid, 0x7ffffff); err == nil {
				t.Errorf("a register set that no machine has: %d bytes", len(set))
			}
			if _, err := s.RegisterSet(tid+1<<30, NT_PRSTATUS); !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
			return failed
		}, tids...)
		if err != failed { //nolint:errorlint // that very one
			t.Error(err)
		}
	}
	await(t, "it goes on", func() bool { return state() == 'S' })
	called := false
	if err := p.WhileStopped(t.Context(), func(*Stop) error { called = true; return nil }, tid+1<<30); called || !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("no such thread: called %v, %v", called, err)
	}
	end()
	await(t, "it has ended", func() bool { return state() == 'Z' })
	if err := p.WhileStopped(t.Context(), func(*Stop) error { called = true; return nil }); called || err == nil {
		t.Errorf("it has ended: called %v, %v", called, err)
	}
}
