package drgn

import (
	"context"
	"iter"
)

// ThreadSeq walks threads; an error is the last pair.
type ThreadSeq = iter.Seq2[*Thread, error]

// A Thread is a thread of a program: a task of a kernel, a thread of a process.
type Thread struct {
	Prog   *Program // the program it is of; nil: that of Object
	TID    uint64
	Name   string // "" where it is not known: cores of processes have that of the main thread only
	Object Object // of the kernel: the struct task_struct *; a failed object for other programs
}

// Threads walks the program's threads in the order of their IDs.
func (p *Program) Threads() ThreadSeq {
	if p.Personality() == nil {
		return func(func(*Thread, error) bool) {}
	}
	return p.Personality().Threads(p)
}

// Thread returns the thread of an ID, or a *ThreadNotFoundError.
func (p *Program) Thread(tid uint64) (*Thread, error) {
	if p.Personality() == nil {
		return nil, &ThreadNotFoundError{ID: tid}
	}
	return p.Personality().FindThread(p, tid)
}

// CrashedThread returns the thread that caused a core dump; an *UnsupportedError for a live program.
func (p *Program) CrashedThread() (*Thread, error) {
	if p.Flags()&IsLive != 0 {
		return nil, &UnsupportedError{Problem: "crashed thread is only defined for core dumps"}
	}
	if p.Personality() == nil {
		return nil, &ThreadNotFoundError{Role: "crashed"}
	}
	return p.Personality().CrashedThread(p)
}

// MainThread returns the first thread of a process.
func (p *Program) MainThread() (*Thread, error) {
	if p.Personality() == nil {
		return nil, &ThreadNotFoundError{Role: "main"}
	}
	return p.Personality().MainThread(p)
}

// Stop keeps all threads of a running process from running until the function it returns is called or the program is closed, so that what is
// read of them fits together. A thread that can't be stopped, such as one in an uninterruptible sleep, runs on: its stack trace says so. Several
// stops last until the last one is released. A core has always stopped. Other programs are a *ValueError; see package user for more errors.
func (p *Program) Stop(ctx context.Context) (release func(), err error) {
	if s, ok := p.Personality().(Stopper); ok {
		return s.Stop(ctx)
	}
	return nil, &ValueError{Problem: "only a process can be stopped"}
}
