package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/stack"
)

// Locals returns the names of the parameters and variables in the scope of the frame.
func (f StackFrame) Locals() ([]string, error) {
	scope := f.frame().Scope()
	if scope == nil {
		return nil, f.trace.prog.unlessClosed(nil)
	}
	return scope.Names()
}

// HasLocal reports whether a name is in the scope of the frame.
func (f StackFrame) HasLocal(name string) (bool, error) {
	scope := f.frame().Scope()
	if scope == nil {
		return false, f.trace.prog.unlessClosed(nil)
	}
	return scope.Contains(name)
}

// Object returns what a name means in the frame: its own parameters and variables first, then what only the compilation
// unit of its function can see, then what of its module was compiled from the same file, then all of its module, then all
// of the program. A variable that the compiler did not keep is absent.
func (f StackFrame) Object(name string) Object {
	o := f.object(name)
	if err := f.trace.prog.unlessClosed(o.Err()); err != nil {
		return Failed(err)
	}
	return o
}

func (f StackFrame) object(name string) Object {
	p, fr := f.trace.prog, f.frame()
	if scope := f.frame().Scope(); scope != nil {
		e, ok, err := scope.Find(name, fr.Registers.LookupPC(), f.variables())
		if err != nil {
			return Failed(err)
		}
		if ok {
			return f.own(name, &e)
		}
		if e, ok, err = scope.FindStatic(name); err != nil {
			return Failed(err)
		}
		if ok {
			return f.entity(fr.Module, name, &e)
		}
		info, err := fr.Module.Info()
		if err != nil {
			return Failed(err)
		}
		files := []string{""}
		if file := scope.Filename(); file != "" {
			files = []string{file, ""}
		}
		for _, file := range files {
			o, ok, err := p.findInModule(moduleInfo{info, fr.Module}, name, FindAny, file, f.entity)
			if err != nil {
				return Failed(err)
			}
			if ok {
				return o
			}
		}
	}
	o := p.Object(name)
	if o.form == absent && o.x.reason == NotImplemented { // of a thread, it may be known
		if own, err := p.findInModules(name, FindVariable, "", f.entity); err == nil {
			return own
		}
	}
	return o
}

// own returns one of the frame's own variables or a part of one.
func (f StackFrame) own(name string, e *debugdata.Entity) Object {
	if e.Where == debugdata.InMemory && stack.Overwritten(f.trace.frames, f.index, e.Address, f.trace.prog.Platform().Arch) {
		e.Where = debugdata.OptimizedOut
	}
	o := f.unlessLeft(f.entity(f.frame().Module, name, e))
	if o.form == absent && o.x.parts != nil {
		o.x.parts.of = f.own
	}
	return o
}

// entity is [Program.entity] where variables are those of the frame's thread.
func (f StackFrame) entity(m *Module, name string, e *debugdata.Entity) Object {
	p := f.trace.prog
	threads, ok := p.Personality().(ThreadLocals)
	if e.Where != debugdata.ThreadLocal || !ok {
		return p.entity(m, name, e)
	}
	registers := f.trace.frames[0].Registers.Registers()
	address, err := threads.ThreadLocal(p, &registers, m, e.Address)
	if err != nil {
		return Failed(fmt.Errorf("thread-local variable '%s': %w", name, err))
	}
	return p.ObjectAt(e.Type, address)
}

// unlessLeft returns a variable of the frame, or a *ValueError if it lies on the stack of a thread that has gone on since the trace was taken.
func (f StackFrame) unlessLeft(o Object) Object {
	p, copied := f.trace.prog, f.trace.copied
	address, ok := o.Address()
	if !ok || copied.At(address, 1) == nil {
		return o
	}
	changed, err := stack.Changed(copied, f.frame(), p.Platform().Arch, address, f.variables().Read)
	if err != nil {
		return Failed(err)
	}
	if changed {
		return Failed(&ValueError{Problem: "the thread has run since its stack was traced: its variables can be looked at while the process is stopped"})
	}
	return o
}

// variables is the frame as the places of variables see it.
func (f StackFrame) variables() *stack.Variables {
	p := f.trace.prog
	return &stack.Variables{Frames: f.trace.frames, Index: f.index, Vectors: f.trace.wide, Arch: p.Platform().Arch,
		Memory: func(buf []byte, address uint64) error { return p.mem.Read(buf, address, false) }}
}
