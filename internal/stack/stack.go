// Package stack makes frames of registers: it unwinds stacks by the tables of a program's modules, and splits each frame
// into the functions that were inlined at its address.
package stack

import (
	"fmt"
	"path/filepath"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/unwind"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// A Config says whose stacks are unwound.
type Config struct {
	Platform arch.Platform
	Modules  *module.Set
	Tables   *Tables // of Modules
	Memory   cfi.Memory
	// Code knows of the code in a kernel's memory; nil for a process.
	Code module.Code
	// InUserMode says that threads are in user mode: their stacks have no end there.
	InUserMode bool
	// Executable reports whether code that is of no module may lie at an address; nil: nowhere.
	Executable func(address uint64) bool
	// PACMask has the bits of a return address that a pointer authentication code takes; 0 if there is none.
	PACMask uint64
}

// An Unwinder unwinds stacks. It remembers rows: when a module changes a new one is needed. It is thread-safe.
type Unwinder struct {
	config Config
	rows   *unwind.Unwinder
	memory memoryRows
}

// New returns an unwinder.
func New(c Config) *Unwinder {
	u := &Unwinder{config: c}
	u.memory.config, u.memory.files = &u.config, u
	u.rows = unwind.New(c.Platform, u, unwind.Options{
		IsText:        u.memory.isText,
		Memory:        &u.memory,
		FramePointers: true,
		Process:       c.InUserMode,
		PACMask:       c.PACMask,
	})
	return u
}

// FindRow asks the files of the module that pc lies in: it implements [unwind.Finder].
func (u *Unwinder) FindRow(pc uint64) (*cfi.Row, error) {
	m := u.config.Modules.At(pc)
	if m == nil || u.config.Code != nil && u.config.Code.Misled(pc) {
		return nil, nil
	}
	tables, err := u.config.Tables.of(m, u.config.Platform)
	if err != nil {
		return nil, err
	}
	row, err := mem.Guarded(func() (*cfi.Row, error) { return tables.chain.FindRow(pc) })
	if row == nil && err == nil {
		err = tables.err
	}
	return tables.golang.amend(u.config.Platform.Arch, pc, row), err
}

// Left is a stack that a thread may have left for one that a runtime of its language works on.
type Left struct {
	Stack       mem.Range       // where it lies
	Registers   *arch.Registers // as the thread has left it
	Interrupted bool
	Err         error // why they are not known; else nil
}

// Unwind returns the frames of a stack that starts with registers, the innermost first, then those of the one that the thread has left for it, if left is not nil. What lies in
// a copy, which may be nil, is read from that. interrupted says that the thread
// was stopped between two instructions; returns, which may be nil, knows the return addresses that tracers have replaced. An error says why the stack could not be unwound to its end, or what could not be
// found out about a frame; the frames are there nevertheless.
func (u *Unwinder) Unwind(copied *mem.Copy, regs *arch.Registers, interrupted bool, left *Left, returns unwind.Returns) ([]Frame, error) {
	memory := over(u.config.Memory, copied, u.config.Platform)
	trace := u.rows.Unwind(memory, regs, interrupted, returns)
	if left != nil && trace.Err == nil && len(trace.Frames) > 0 {
		trace.Err = u.goOn(&trace, left, memory)
	}
	frames, err := Expand(u.config.Modules, trace.Frames)
	if u.config.InUserMode && err == nil {
		frames, err = u.addTailCalls(frames, memory)
	}
	switch {
	case trace.Err != nil:
		err = fmt.Errorf("the stack goes on: %w", trace.Err)
	case err == nil:
		err = u.doubt(frames)
	}
	return frames, err
}

// goOn adds the frames of the stack that the thread has left, unless the last frame lies on that already.
func (u *Unwinder) goOn(t *unwind.Trace, left *Left, memory cfi.Memory) error {
	sp, ok := t.Frames[len(t.Frames)-1].Register(u.config.Platform.Arch.SP)
	if !ok || left.Stack.Min <= sp && sp <= left.Stack.Max {
		return nil
	}
	if left.Err != nil {
		return fmt.Errorf("the stack goes on: %w", left.Err)
	}
	rest := u.rows.Unwind(memory, left.Registers, left.Interrupted, nil)
	frames := rest.Frames
	// Go itself shows the mark where it is that of systemstack, but a call of C goes on with what made it.
	if len(frames) > 1 && u.goKind(t.Frames[len(t.Frames)-1].PC) == goToC && u.goKind(frames[0].PC) == goMarker {
		frames = frames[1:]
	}
	t.Frames = append(t.Frames, frames...)
	return rest.Err
}

// doubt says why some of the frames may be wrong: their callers were found without the kernel's own tables, which can't be
// used.
func (u *Unwinder) doubt(frames []Frame) error {
	for i := range frames[:max(len(frames), 1)-1] {
		if m := frames[i].Module; m != nil {
			if tables, err := u.config.Tables.of(m, u.config.Platform); err == nil && tables.err != nil {
				return fmt.Errorf("the stack may be wrong from %#x on: %w", frames[i].Registers.PC, tables.err)
			}
		}
	}
	return nil
}

// A Frame is the frame of one function, which may be inlined into that of the next frame.
type Frame struct {
	Registers unwind.Frame
	Module    *module.Module // that the code is of, or nil

	functions []debugdata.CodeFunction // of the place; nil: none known
	index     int                      // in functions
}

// Expand splits frames into those of the functions that their addresses lie in, the innermost of those inlined first. An
// error says what could not be found out about a frame; the frame is there nevertheless.
func Expand(modules *module.Set, frames []unwind.Frame) (out []Frame, failed error) {
	out = make([]Frame, 0, 2*len(frames))
	all := make([]debugdata.CodeFunction, 0, 2*len(frames))
	for _, f := range frames {
		if f.User {
			out = append(out, Frame{Registers: f})
			continue
		}
		m := modules.At(f.LookupPC())
		first := len(all)
		info, err := infoOf(m)
		if code, ok := info.(debugdata.Code); ok && err == nil {
			all, err = code.AppendFunctions(all, f.LookupPC())
		}
		if err != nil && failed == nil {
			failed = err
		}
		functions := all[first:len(all):len(all)]
		if len(functions) == 0 {
			out = append(out, Frame{Registers: f, Module: m})
		}
		for i := range functions {
			out = append(out, Frame{Registers: f, Module: m, functions: functions, index: i})
		}
	}
	return out, failed
}

// Caller returns which of the frames is that of the function that has called the one frame i is of, inlined functions aside; ok is false
// where nothing has called it, or that is not known.
func Caller(frames []Frame, i int) (caller int, ok bool) {
	caller = i + max(len(frames[i].functions)-frames[i].index, 1)
	if caller >= len(frames) {
		return 0, false
	}
	r := &frames[caller].Registers
	return caller, !r.Interrupted && !r.Trampoline && !r.User && r.PC != 0
}

// Callers returns the index of the first frame whose function has called that of the innermost one, those that are inlined in each other aside.
func Callers(frames []Frame) int {
	if len(frames) == 0 {
		return 0
	}
	return max(len(frames[0].functions), 1)
}

// Argument returns what the function is called with in whose call the frame is: see [debugdata.Calls].
func (f *Frame) Argument(callee debugdata.Callee, a debugdata.Argument, of debugdata.Frame) (value uint64, ok bool, err error) {
	info, err := infoOf(f.Module)
	calls, is := info.(debugdata.Calls)
	if err != nil || !is {
		return 0, false, err
	}
	return calls.Argument(f.site(), callee, a, of)
}

func infoOf(m *module.Module) (debugdata.Info, error) {
	if m == nil {
		return nil, nil
	}
	return m.CodeInfo()
}

// Function returns the function of the frame; ok is false if it is not known.
func (f *Frame) Function() (fn debugdata.CodeFunction, ok bool) {
	if f.functions == nil {
		return fn, false
	}
	return f.functions[f.index], true
}

// Title returns the name of the frame's function with the namespaces and classes around it, "" if it is not known.
func (f *Frame) Title() string {
	fn, ok := f.Function()
	info, err := infoOf(f.Module)
	if titles, is := info.(debugdata.Titles); ok && is && err == nil {
		if title, err := titles.Title(fn); err == nil {
			return title
		}
	}
	return fn.Name
}

// Place says where the frame's code is, for one of which no more is known: in a process "libc.so.6+0x1234", counted from where the module
// begins in memory, elsewhere the address.
func (f *Frame) Place() string {
	if f.Module != nil {
		release, _ := f.Module.Set().KernelRelease()
		if ranges, ok := f.Module.Ranges(); ok && len(ranges) > 0 && release == "" {
			return fmt.Sprintf("%s+%#x", filepath.Base(f.Module.Name()), f.Registers.PC-ranges[0].Min)
		}
	}
	return fmt.Sprintf("%#x", f.Registers.PC)
}

// Scope returns the scope of the frame's function, or nil if that is not known.
func (f *Frame) Scope() debugdata.Scope {
	fn, ok := f.Function()
	info, err := infoOf(f.Module)
	code, isCode := info.(debugdata.Code)
	if !ok || !isCode || err != nil {
		return nil
	}
	return code.ScopeOf(fn)
}

// Source returns where in the source code the frame is; [failure.ErrNotFound] if debugging information does not say.
func (f *Frame) Source() (debugdata.Source, error) {
	info, err := infoOf(f.Module)
	if err != nil {
		return debugdata.Source{}, err
	}
	lines, ok := info.(debugdata.Lines)
	if !ok {
		return debugdata.Source{}, failure.ErrNotFound
	}
	sources, err := lines.SourcesAt(f.Registers.LookupPC())
	if err != nil {
		return debugdata.Source{}, err
	}
	if f.index >= len(sources) || sources[f.index].File == "" && sources[f.index].Line == 0 {
		return debugdata.Source{}, failure.ErrNotFound
	}
	return sources[f.index], nil
}
