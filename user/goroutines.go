package user

import (
	"context"
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/user/goroutine"
)

// ThreadOf returns the thread that a goroutine is, of a program of Go: its object is the runtime.g *. No other object describes a thread of a process.
func (u *Process) ThreadOf(o drgn.Object) *drgn.Thread {
	if !goroutine.Is(o) {
		return nil
	}
	return &drgn.Thread{Prog: o.Prog(), Object: o}
}

// stoppedThread returns where a thread is. If it is on the stack on which Go's runtime works for a goroutine, it has left that of the goroutine.
func (u *Process) stoppedThread(p *drgn.Program, tid uint64) (s drgn.Stopped, err error) {
	if !goroutine.In(p) {
		return u.source.stopped(p, tid, nil)
	}
	err = u.whileStopped(func() error {
		if s, err = u.stoppedOnStack(p, tid); err != nil {
			return err
		}
		g, ok, err := goroutine.OfThread(p, tid)
		if err == nil && ok {
			_, err = u.leave(p, &s, g)
		}
		var none *drgn.NoStackError
		if err != nil && !errors.As(err, &none) { // then that of the thread is all there is
			s.Left = &drgn.Left{Err: err}
		}
		return nil
	})
	return s, err
}

// stoppedOnStack returns where a thread of a program of Go is. Its stack may lie within a large mapping of others: where the runtime says how far it goes, no
// more is copied.
func (u *Process) stoppedOnStack(p *drgn.Program, tid uint64) (drgn.Stopped, error) {
	var stacks []mem.Range
	if p.Flags()&drgn.IsLive != 0 {
		stacks, _ = goroutine.StacksOf(p, tid) // else as of any other thread
	}
	return u.source.stopped(p, tid, stacks)
}

// whileStopped calls a function while all threads of a running process are stopped: any of them may go on with a goroutine.
func (u *Process) whileStopped(do func() error) error {
	release, err := u.Stop(context.Background())
	if err != nil {
		return err
	}
	defer release()
	return do()
}

// stoppedGoroutine returns where a goroutine is.
func (u *Process) stoppedGoroutine(p *drgn.Program, g drgn.Object) (s drgn.Stopped, err error) {
	err = u.whileStopped(func() error {
		tid, err := u.leave(p, &s, g)
		if err != nil {
			return err
		}
		if tid == 0 {
			s.Registers, s.Interrupted, s.Left, err = s.Left.Registers, s.Left.Interrupted, nil, s.Left.Err
			return err
		}
		at, err := u.stoppedOnStack(p, tid)
		if err != nil {
			return fmt.Errorf("the thread that runs it: %w", err)
		}
		at.Left = s.Left
		if at.Stack != nil {
			at.Stack.Next = s.Stack
		}
		s = at
		return nil
	})
	return s, err
}

// leave says where a goroutine has left its stack, and the ID of the thread that runs it, 0 if none does.
func (u *Process) leave(p *drgn.Program, s *drgn.Stopped, g drgn.Object) (tid uint64, err error) {
	place, err := goroutine.Of(g)
	if err != nil {
		return 0, err
	}
	s.Left = &drgn.Left{Stack: place.Stack, Registers: place.Saved, Interrupted: place.Interrupted}
	if place.Saved == nil {
		s.Left.Err = &drgn.NoStackError{Reason: "where the goroutine has left its stack is not known"}
		return place.TID, nil
	}
	if p.Flags()&drgn.IsLive == 0 {
		return place.TID, nil
	}
	sp, _ := place.Saved.Get(p.Platform().Arch.SP)
	c := &mem.Copy{Address: max(sp-min(sp, redZone), place.Stack.Min)}
	c.Data, err = p.Read(c.Address, min(place.Stack.Max-c.Address+1, maxStack), false)
	if s.Stack == nil {
		s.Stack = c
	} else {
		s.Stack.Next = c
	}
	return place.TID, err
}
