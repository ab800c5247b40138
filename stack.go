package drgn

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/stack"
	"github.com/godrgn/drgn/internal/unwind"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A StackTrace is the stack of a thread as it was when the trace was taken, the innermost frame first. A function that
// was inlined has a frame of its own.
type StackTrace struct {
	prog   *Program
	frames []stack.Frame
	copied *mem.Copy // the stack of a thread that may run since; nil: the thread has not run
	wide   arch.Wide // of the innermost frame
	// Err says why the stack could not be unwound to its end, or what about its frames is in doubt; it is nil if the trace is
	// whole.
	Err error
}

// A StackFrame is one frame of a trace.
type StackFrame struct {
	trace *StackTrace
	index int
}

// StackTrace returns the stack of the thread with an ID. A task of a live kernel that runs now is a *ValueError. A thread of a running
// process is stopped for a moment; what its frames' variables are can be asked as long as it has not left them.
func (p *Program) StackTrace(tid uint64) (*StackTrace, error) {
	if !p.Platform().Known() {
		return nil, &ValueError{Problem: "cannot unwind stack without platform"}
	}
	t, err := p.Thread(tid)
	if err != nil {
		return nil, err
	}
	return t.StackTrace()
}

// StackTraceOf returns the stack of what an object stands for: a struct task_struct *, or registers as a struct pt_regs
// or a pointer to one.
func (p *Program) StackTraceOf(o Object) (*StackTrace, error) {
	if err := o.Err(); err != nil {
		return nil, err
	}
	if o.prog != p {
		return nil, &ValueError{Problem: "object is from another program"}
	}
	u := o.typ.Underlying()
	isPointer := u.Kind() == types.Pointer
	if isPointer {
		u = u.Elem().Underlying()
	}
	if u.Kind() == types.Struct && u.Tag() == "pt_regs" {
		if isPointer {
			o = o.Deref()
		}
		data, err := o.Bytes()
		if err != nil {
			return nil, err
		}
		var regs arch.Registers
		if err := p.Platform().ParsePtRegs(data, &regs); err != nil {
			return nil, err
		}
		return p.unwind(Stopped{Registers: &regs, Interrupted: true}, nil), nil
	}
	if s, ok := p.Personality().(Stacks); ok {
		if t := s.ThreadOf(o); t != nil {
			return t.StackTrace()
		}
	}
	if u.Kind() == types.Int && !isPointer {
		n, err := o.Uint()
		if err != nil {
			return nil, err
		}
		return p.StackTrace(n)
	}
	tasks := ""
	if p.Flags()&IsLinuxKernel != 0 {
		tasks = "struct task_struct *, "
	}
	return nil, &TypeError{Problem: fmt.Sprintf("expected struct pt_regs, struct pt_regs *, %sor int, not '%s'", tasks, o.typ)}
}

// StackTrace returns the thread's stack.
func (t *Thread) StackTrace() (*StackTrace, error) { return t.StackTraceFrom(t.Stopped()) }

// Stopped returns where the thread is, for [Thread.StackTraceFrom]: of a running process that is all that changes, so that threads can be asked while
// they are stopped, and their stacks made of it when they run again. Its error is as that of [Personality].
func (t *Thread) Stopped() (Stopped, error) {
	p := cmp.Or(t.Prog, t.Object.prog)
	if p == nil {
		return Stopped{}, t.Object.Err()
	}
	if p.Personality() == nil {
		return Stopped{}, &ThreadNotFoundError{ID: t.TID}
	}
	return p.Personality().Stopped(p, t)
}

// StackTraceFrom returns the thread's stack as it was when [Thread.Stopped] returned at and err.
func (t *Thread) StackTraceFrom(at Stopped, err error) (*StackTrace, error) {
	none := (*NoStackError)(nil)
	if err != nil && !errors.As(err, &none) {
		return nil, err
	}
	p := cmp.Or(t.Prog, t.Object.prog)
	if at.Registers != nil {
		if trace := p.unwind(at, t); none == nil || trace.Err == nil {
			return trace, nil
		}
	}
	return &StackTrace{prog: p, Err: err}, nil // what is left of the stack is not whole
}

// StackTraceFromPCs returns a trace of which only the addresses are known, those that calls return to.
func (p *Program) StackTraceFromPCs(pcs []uint64) (*StackTrace, error) { return p.traceOf(pcs, false) }

// CodeAt returns the functions, some of them inlined, that the instruction at an address is in, as a trace of nothing else.
func (p *Program) CodeAt(pc uint64) (*StackTrace, error) { return p.traceOf([]uint64{pc}, true) }

func (p *Program) traceOf(pcs []uint64, interrupted bool) (*StackTrace, error) {
	if !p.Platform().Known() {
		return nil, &ValueError{Problem: "cannot create stack trace without platform"}
	}
	frames := make([]unwind.Frame, len(pcs))
	for i, pc := range pcs {
		frames[i] = unwind.Frame{PC: pc & p.addressMask.Load(), Interrupted: interrupted}
	}
	t := &StackTrace{prog: p}
	t.frames, t.Err = stack.Expand(p.modules, frames)
	return t, p.unlessClosed(nil)
}

// unwind unwinds the stack of a thread, which may be nil.
func (p *Program) unwind(at Stopped, thread *Thread) *StackTrace {
	t := &StackTrace{prog: p, copied: at.Stack, wide: at.Wide}
	var returns unwind.Returns
	if k, ok := p.Personality().(KernelCode); ok {
		returns = k.Returns(thread)
	}
	t.frames, t.Err = p.unwinder().Unwind(at.Stack, at.Registers, at.Interrupted, (*stack.Left)(at.Left), returns)
	t.Err = p.unlessClosed(t.Err)
	return t
}

// unwinder returns what unwinds the program's stacks, which remembers rows until what can be found changes.
func (p *Program) unwinder() *stack.Unwinder {
	now := p.now()
	if u := now.unwinder.Load(); u != nil {
		return u
	}
	c := stack.Config{Platform: p.Platform(), Modules: p.modules, Tables: &p.unwindTables, Memory: unwindMemory{p}}
	if s, ok := p.Personality().(Stacks); ok {
		c.InUserMode, c.PACMask = s.InUserMode(), s.PACMask()
	}
	if e, ok := p.Personality().(ExecutableMemory); ok {
		c.Executable = e.Executable
	}
	if k, ok := p.Personality().(KernelCode); ok {
		c.Code = k
	}
	now.unwinder.CompareAndSwap(nil, stack.New(c))
	return now.unwinder.Load()
}

// unwindMemory is the program's memory as the unwinder sees it.
type unwindMemory struct{ p *Program }

// Uint reads an integer in the program's byte order.
func (m unwindMemory) Uint(address uint64, size int) (uint64, error) {
	return m.p.ReadUint(address, size, false)
}

// Prog returns the program the trace was taken of.
func (t *StackTrace) Prog() *Program { return t.prog }

// Len returns the number of frames.
func (t *StackTrace) Len() int { return len(t.frames) }

// Frame returns frame i, counted from the innermost; i must be less than Len.
func (t *StackTrace) Frame(i int) StackFrame { return StackFrame{t, i} }

// Frames walks the frames from the innermost on.
func (t *StackTrace) Frames() iter.Seq[StackFrame] {
	return func(yield func(StackFrame) bool) {
		for i := range t.frames {
			if !yield(t.Frame(i)) {
				return
			}
		}
	}
}

// String is [StackTrace.Text] without its error.
func (t *StackTrace) String() string { s, _ := t.Text(); return s }

// Text returns the trace a line a frame: "#0  schedule (kernel/sched/core.c:6842:2)". If it isn't whole a last line says why. The error
// is the first of a symbol finder; the text then lacks symbols.
func (t *StackTrace) Text() (string, error) {
	text, unread := stack.Text(t.frames, t.prog.symbolized)
	if t.Err != nil {
		text = strings.TrimPrefix(fmt.Sprintf("%s\n[%v]", text, t.Err), "\n")
	}
	return text, unread
}

func (f StackFrame) frame() *stack.Frame { return &f.trace.frames[f.index] }

// Index returns the frame's number in its trace.
func (f StackFrame) Index() int { return f.index }

// Trace returns the trace the frame is in.
func (f StackFrame) Trace() *StackTrace { return f.trace }

// PC returns the program counter: the address that the called function returns to or, in an interrupted frame, of the
// instruction that comes next.
func (f StackFrame) PC() uint64 { return f.frame().Registers.PC }

// SP returns the stack pointer, if it is known.
func (f StackFrame) SP() (uint64, bool) {
	return f.frame().Registers.Register(f.trace.prog.Platform().Arch.SP)
}

// Interrupted reports whether the frame did not call the one before it but was stopped.
func (f StackFrame) Interrupted() bool { return f.frame().Registers.Interrupted }

// IsInline reports whether the frame is of a function that was inlined into that of the next frame.
func (f StackFrame) IsInline() bool {
	fn, _ := f.frame().Function()
	return fn.Inline
}

// IsTailCall reports whether the frame is that of a function which ended with a jump to that of the frame before: nothing is left of it on the stack,
// the compiler's description of calls tells that it was there.
func (f StackFrame) IsTailCall() bool { return f.frame().Registers.TailCall }

// InUserMode reports whether the frame is that of a process that entered the kernel, at the end of a kernel's stack.
func (f StackFrame) InUserMode() bool { return f.frame().Registers.User }

// InterruptsOff reports whether the processor took no interrupts in an interrupted frame; known is false if registers don't tell.
func (f StackFrame) InterruptsOff() (off, known bool) {
	a := f.trace.prog.Platform().Arch
	if f.InUserMode() && a.InterruptsOff.Register >= len(a.Registers) { // the address was all that told user mode
		return false, false
	}
	return a.InterruptsOff.In(f.frame().Registers.Register)
}

// FunctionName returns the name of the frame's function in the debugging information.
func (f StackFrame) FunctionName() (string, bool) {
	fn, _ := f.frame().Function()
	return fn.Name, fn.Name != ""
}

// Name returns the name of the frame's function, else that of its symbol, else its address.
func (f StackFrame) Name() string {
	if name, ok := f.FunctionName(); ok {
		return name
	}
	if s, err := f.Symbol(); err == nil {
		return s.Name
	}
	return fmt.Sprintf("%#x", f.PC())
}

// Title names the frame as people want to read it, the same in every process: its function with the namespaces and classes around it, else
// its symbol, demangled, else the module and the offset in it ("libc.so.6+0x1234"), else the address.
func (f StackFrame) Title() string {
	if name := f.frame().Title(); name != "" {
		return name
	}
	if s, err := f.Symbol(); err == nil {
		return s.Demangled()
	}
	return f.frame().Place()
}

// Symbol returns the symbol that the frame's code lies in, by a finder or else by what the kernel keeps of modules and BPF.
func (f StackFrame) Symbol() (Symbol, error) { return f.trace.prog.symbolOf(f.frame()) }

func (p *Program) symbolOf(f *stack.Frame) (Symbol, error) {
	pc := f.Registers.LookupPC()
	if f.Registers.User {
		return Symbol{}, &NoSymbolAtError{Address: pc}
	}
	s, err := p.SymbolAt(pc)
	if k, ok := p.Personality().(KernelCode); ok && IsNotFound(err) {
		if kept, ok, err := k.CodeSymbol(pc); ok || err != nil {
			return kept, err
		}
	}
	return s, err
}

// symbolized is a [stack.Symbolizer].
func (p *Program) symbolized(f *stack.Frame) (string, error) {
	s, err := p.symbolOf(f)
	return fmt.Sprintf("%s+%#x/%#x", s.Demangled(), f.Registers.PC-s.Address, s.Size), err
}

// A SourceLocation is a place in the source code.
type SourceLocation struct {
	Filename string // as the compiler was given it
	Line     int    // 0: not known; below 0: the compiler says that the code belongs to no line, as that of Go does
	Column   int    // 0: not known
}

// String returns "kernel/pid.c:42:7".
func (s SourceLocation) String() string {
	return stack.Location(debugdata.Source{File: s.Filename, Line: int64(s.Line), Column: uint64(s.Column)})
}

// Source returns where in the source code the frame is; [ErrNotFound] if debugging information does not say, another error
// if it can't be read.
func (f StackFrame) Source() (SourceLocation, error) {
	s, err := f.frame().Source()
	return SourceLocation{s.File, int(s.Line), int(s.Column)}, err
}

// String is [StackFrame.Text] without its error.
func (f StackFrame) String() string { s, _ := f.Text(); return s }

// Text describes the frame: "#0 at 0xffffffff810a0c05 (schedule+0x2d/0x3e) in schedule at kernel/sched/core.c:6842:2". The error is
// that of a symbol finder; the text then lacks the symbol.
func (f StackFrame) Text() (text string, unread error) {
	return f.frame().Text(f.index, f.trace.prog.symbolized)
}

// Register returns the value that a register had in the frame, by its name.
func (f StackFrame) Register(name string) (uint64, error) {
	n, ok := f.trace.prog.Platform().Arch.Register(name)
	if !ok {
		return 0, &ValueError{Problem: fmt.Sprintf("unknown register '%s'", name)}
	}
	v, ok := f.frame().Registers.Register(n)
	if !ok {
		return 0, &RegisterNotFoundError{Name: name}
	}
	return v, nil
}

// A RegisterValue is a register with the value it had in a frame.
type RegisterValue struct {
	Name  string
	Names []string // all its names, Name first
	Value uint64
}

// Registers returns all registers whose value in the frame is known.
func (f StackFrame) Registers() []RegisterValue {
	var out []RegisterValue
	for n, r := range f.trace.prog.Platform().Arch.Registers {
		if v, ok := f.frame().Registers.Register(n); ok {
			out = append(out, RegisterValue{r.Names[0], r.Names, v})
		}
	}
	return out
}
