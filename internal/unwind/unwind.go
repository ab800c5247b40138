// Package unwind recovers the frames of a stack from registers, unwind rows and memory.
package unwind

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
)

// A Finder says how to unwind from a program counter. It returns nil if it has no row for it. pc lies within the
// calling instruction, not after it. An [Unwinder] keeps the rows: when the answers
// change, such as when a module was added, it takes a new one.
type Finder interface {
	FindRow(pc uint64) (*cfi.Row, error)
}

// A Chain asks its finders in turn: those of modules, or .debug_frame before .eh_frame. One that fails is passed over
// if another one knows.
type Chain []Finder

// FindRow implements [Finder].
func (c Chain) FindRow(pc uint64) (*cfi.Row, error) {
	var errs []error
	for _, f := range c {
		row, err := f.FindRow(pc)
		if row != nil && err == nil {
			return row, nil
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return nil, errors.Join(errs...)
}

// Options are the policy of an [Unwinder].
type Options struct {
	// MaxFrames bounds the number of frames; 0 means DefaultMaxFrames.
	MaxFrames int
	// PACMask has the bits of a return address that a pointer authentication code takes; 0 if there is none.
	PACMask uint64
	// Process means that the stacks are those of a process. The default is a kernel's, which end at the first frame in
	// user mode.
	Process bool
	// IsText says whether an address lies in code. nil means that all but 0 may.
	IsText func(pc uint64) bool
	// Memory is asked where the finder has no row; its answers are not kept, as those of a finder that reads memory. May
	// be nil.
	Memory Finder
	// FramePointers makes the unwinder follow the chain of frame pointers from code about which no row is known.
	FramePointers bool
}

// DefaultMaxFrames is the number of frames after which a stack is taken to have no end.
const DefaultMaxFrames = 16384

// An Unwinder unwinds stacks. It serves any number of goroutines.
type Unwinder struct {
	platform arch.Platform
	finder   Finder
	options  Options
	cache    [cacheSize]atomic.Pointer[cached]
	ordinary [cacheSize]atomic.Uint64 // see keepOrdinary
}

// cacheSize is a power of two; there are a few hundred different return addresses on all stacks of an idle system.
const cacheSize = 4096

type cached struct {
	pc  uint64
	row *cfi.Row
}

// New returns an unwinder.
func New(p arch.Platform, f Finder, o Options) *Unwinder {
	if o.MaxFrames <= 0 {
		o.MaxFrames = DefaultMaxFrames
	}
	return &Unwinder{platform: p, finder: f, options: o}
}

// slot says where a program counter is kept in a cache.
func slot(pc uint64) uint64 { return pc * 0x9e3779b97f4a7c15 >> (64 - 12) }

// keepOrdinary remembers that handlers of signals do not return to the code at a program counter, of which there is a row: to read it again from a
// process that runs is most of the work of a step. It stays as it is as long as the row.
func (u *Unwinder) keepOrdinary(pc uint64) { u.ordinary[slot(pc)].Store(^pc) } // of an empty slot it is an address without code

func (u *Unwinder) isOrdinary(pc uint64) bool { return u.ordinary[slot(pc)].Load() == ^pc }

// row finds the row for a program counter. That there is none is remembered too: every stack of a user's thread ends so.
func (u *Unwinder) row(pc uint64) (*cfi.Row, error) {
	at := &u.cache[slot(pc)]
	c := at.Load()
	if c == nil || c.pc != pc {
		row, err := u.finder.FindRow(pc)
		if err != nil {
			return nil, err
		}
		c = &cached{pc, row}
		at.Store(c)
	}
	if c.row == nil && u.options.Memory != nil {
		return u.options.Memory.FindRow(pc)
	}
	return c.row, nil
}

// A Frame is a frame of a stack.
type Frame struct {
	// PC is the program counter: the return address, or the instruction to execute next if Interrupted.
	PC uint64
	// CFA is the canonical frame address, if HasCFA.
	CFA    uint64
	HasCFA bool
	// Interrupted says that the frame did not call the one before it: it is the frame of registers as they were when the
	// thread stopped, or was interrupted by a signal or an interrupt.
	Interrupted bool

	// User says that a kernel's stack ends here: the processor ran a process, at an address of which the kernel knows nothing.
	User bool

	// Trampoline says that nothing called from PC: it is the first instruction of code that somebody put in the way of a
	// return, such as that which a signal handler returns to.
	Trampoline bool

	// TailCall says that the function has ended with a jump to that of the frame before: there is no frame of it any more. PC is the address after the jump.
	TailCall bool
	// AtJump says of one that PC is that of the jump.
	AtJump bool

	known  uint64
	values []uint64 // those of known registers, in their order
}

// TailCalls returns the frame of a function that f, in whose midst it called, has called, and that has ended with a jump: pc, atJump. called is the frame of the function
// that the jump was to. a says which registers are not what they were in f: those that are known were kept for f.
func (f *Frame) TailCalls(pc uint64, atJump bool, called *Frame, a *arch.Arch) Frame {
	regs := f.Registers()
	regs.Forget(a.SP)
	if regs.Known()>>a.PC&1 != 0 {
		regs.Set(a.PC, pc)
	}
	t := Frame{PC: pc, TailCall: true, AtJump: atJump, CFA: called.CFA, HasCFA: called.HasCFA, known: regs.Known()}
	for rest := t.known; rest != 0; rest &= rest - 1 {
		v, _ := regs.Get(bits.TrailingZeros64(rest))
		t.values = append(t.values, v)
	}
	return t
}

// LookupPC returns an address within the instruction that the frame executes: a call may be the last instruction of its
// function, so that the return address belongs to something else.
func (f *Frame) LookupPC() uint64 {
	if f.Interrupted || f.Trampoline || f.AtJump || f.PC == 0 {
		return f.PC
	}
	return f.PC - 1
}

// Known returns the set of registers whose value is known, bit i for register i.
func (f *Frame) Known() uint64 { return f.known }

// Register returns the value of a register by its number in the architecture's list, if it is known.
func (f *Frame) Register(register int) (uint64, bool) {
	if uint(register) >= arch.MaxRegisters || f.known>>register&1 == 0 {
		return 0, false
	}
	return f.values[bits.OnesCount64(f.known&(1<<register-1))], true
}

// Registers returns all known registers.
func (f *Frame) Registers() arch.Registers {
	var r arch.Registers
	rest := f.known
	for _, v := range f.values {
		r.Set(bits.TrailingZeros64(rest), v)
		rest &= rest - 1
	}
	return r
}

// Returns finds the address that a function really returns to where its return address, ra, which lies at an address on the
// stack, is that of a trampoline: tracers put that there and keep the other. hooked is false for all other return
// addresses. It fails if what ra stands for is not known. It is called from the innermost frame on.
type Returns func(ra, at uint64) (real uint64, hooked bool, err error)

// A Trace is what was found of a stack.
type Trace struct {
	// Frames are the frames, the innermost first.
	Frames []Frame
	// Err says why the stack was not unwound to its end; it is nil if it was.
	Err error
}

// ErrNoPC says that the program counter isn't among the registers to start from.
var ErrNoPC = errors.New("the program counter is not known")

// A NoRowError says that a stack was not unwound to its end since nothing tells the caller of a frame: no table describes its
// code, and its frame pointer leads to no frame.
type NoRowError struct {
	PC   uint64
	Text bool // code is known to lie there
}

func (e *NoRowError) Error() string {
	if !e.Text {
		return fmt.Sprintf("no code is known at %#x", e.PC)
	}
	return fmt.Sprintf("there is no unwind information for %#x", e.PC)
}

// A LoopError says that unwinding came to the same place again, or found no end.
type LoopError struct {
	PC     uint64
	Frames int
}

func (e *LoopError) Error() string {
	return fmt.Sprintf("stack does not end: frame %d is at %#x again, or too far from the first", e.Frames, e.PC)
}
