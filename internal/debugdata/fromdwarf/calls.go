package fromdwarf

import (
	"runtime"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/mem"
)

// Argument implements [debugdata.Calls].
func (s *source) Argument(at debugdata.CallSite, callee debugdata.Callee, a debugdata.Argument, frame debugdata.Frame) (value uint64, ok bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() error {
		site, found, err := s.File.CallSiteAt(at.PC, at.AtJump)
		if err != nil || !found {
			return err
		}
		called, err := site.Called()
		if err != nil {
			return err
		}
		if called.IsZero() {
			if entry, known, err := site.Target(dwarfFrame{frame}); err != nil || !known || entry != callee.Entry {
				return err
			}
		} else if is, err := s.isCallee(called, callee); err != nil || !is {
			return err
		}
		value, ok, err = site.Argument(expr.Argument(a), dwarfFrame{frame})
		return err
	})
	return value, ok, err
}

// Called implements [debugdata.Calls].
func (s *source) Called(at debugdata.CallSite, frame debugdata.Frame) (c debugdata.Called, ok bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() error {
		site, found, err := s.File.CallSiteAt(at.PC, at.AtJump)
		if err != nil || !found {
			return err
		}
		d, err := site.Called()
		if err != nil {
			return err
		}
		if d.IsZero() {
			c.Entry, ok, err = site.Target(dwarfFrame{frame})
			return err
		}
		if c.Entry, ok, err = s.entry(d); ok || err != nil {
			return err
		}
		c.Name, err = linkerName(d)
		ok = c.Name != ""
		return err
	})
	return c, ok, err
}

// TailCalls implements [debugdata.Calls].
func (s *source) TailCalls(from uint64, to debugdata.CodeFunction) ([]debugdata.CallSite, error) {
	defer runtime.KeepAlive(s)
	fn, ok := to.Of.(*dwarf.Function)
	if !ok {
		return nil, nil
	}
	return mem.Guarded(func() ([]debugdata.CallSite, error) {
		// Nearly always that is the very function that was called, by no tail call.
		if entered, ok, err := s.entry(fn.Outer); err != nil || ok && entered == from {
			return nil, err
		}
		functions, err := s.File.Functions(from)
		if err != nil || len(functions) == 0 {
			return nil, err
		}
		first := functions[0].Outer
		if at, ok, err := s.entry(first); err != nil || !ok || at != from {
			return nil, err
		}
		jumps, err := first.Jumps(fn.Outer)
		out := make([]debugdata.CallSite, len(jumps))
		for i, j := range jumps {
			out[i] = debugdata.CallSite{PC: j.PC, AtJump: j.At}
		}
		return out, err
	})
}

// entry returns where a function with code is entered; ok is false of others.
func (s *source) entry(d dwarf.DIE) (at uint64, ok bool, err error) {
	pc, ok, err := d.Entry()
	if err != nil || !ok {
		return 0, false, err
	}
	at, ok = s.place.ToProgram(pc)
	return at, ok, nil
}

// linkerName returns the name that linkers know a function by.
func linkerName(d dwarf.DIE) (string, error) {
	fn := dwarf.Function{DIE: d}
	name, err := fn.LinkageName()
	if err == nil && name == "" {
		name, err = d.FullName()
	}
	return name, err
}

// isCallee reports whether the function that a DIE describes, which may only declare it, is the one that was called.
func (s *source) isCallee(d dwarf.DIE, callee debugdata.Callee) (bool, error) {
	if _, ok, err := d.Entry(); ok || err != nil {
		at, ok, err := s.entry(d)
		return ok && at == callee.Entry, err
	}
	name, err := linkerName(d)
	if err != nil || name == "" {
		return false, err
	}
	external, err := d.Inherited(dwarf.AttrExternal)
	return err == nil && callee.Is(name, external.Exists()), err
}
