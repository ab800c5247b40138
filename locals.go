package drgn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/stack"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
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

// Object returns what a name means in the frame: its own parameters and variables first, then members of its "this", variables of
// the functions that it is nested in, and what its classes and namespaces have; then what only the compilation
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
		if o, ok := f.memberOfThis(scope, name); ok {
			return o
		}
		around, err := scope.Around()
		if err != nil {
			return Failed(err)
		}
		for _, outer := range around {
			if e, ok, err = outer.Find(name, fr.Registers.LookupPC(), f.variables()); err != nil {
				return Failed(err)
			}
			if ok {
				return f.entity(fr.Module, name, &e)
			}
			if outer.Name == "" {
				continue
			}
			if o, ok := f.static(scope, outer.Name+"::"+name, FindFunction|FindVariable); ok {
				return o
			}
		}
		if o, ok := f.static(scope, name, FindAny); ok {
			return o
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

// memberOfThis returns what a name means in the class of C++ of whose objects the frame's function is a method, or in that which has made a lambda.
func (f StackFrame) memberOfThis(scope debugdata.Scope, name string) (Object, bool) {
	e, ok, err := scope.Find("this", f.frame().Registers.LookupPC(), f.variables())
	if err != nil || !ok || e.Type.Language() != c.CPP {
		return Failed(err), err != nil
	}
	this := f.own("this", &e)
	for range 2 {
		if this.form == absent && !this.KnownInParts() && this.typ.WithoutTypedefs().Kind() == types.Pointer {
			this = f.trace.prog.AbsentObject(this.typ.WithoutTypedefs().Elem(), this.x.reason)
		}
		o := this.Member(name)
		var missing *types.MemberError
		if !errors.As(o.Err(), &missing) || missing.Bases != nil || missing.Why != nil { // it may have one nevertheless
			return o, true
		}
		this = this.Member("this") // which a lambda has captured
	}
	return Object{}, false
}

// static returns what a name means in the compilation unit of the frame's function, in what was compiled from the same file or in the module.
func (f StackFrame) static(scope debugdata.Scope, name string, flags FindObjectFlags) (Object, bool) {
	m := f.frame().Module
	e, ok, err := scope.FindStatic(name)
	if err != nil || ok {
		if ok {
			return f.entity(m, name, &e), true
		}
		return Failed(err), true
	}
	for _, file := range slices.Compact([]string{scope.Filename(), ""}) {
		e, ok, err = m.FindEntity(flags.kinds(), name, file)
		switch {
		case err != nil:
			return Failed(err), true
		case ok:
			return f.entity(m, name, &e), true
		}
	}
	return Object{}, false
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
