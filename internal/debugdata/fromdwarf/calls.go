package fromdwarf

import (
	"runtime"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/mem"
)

// Argument implements [debugdata.Calls].
func (s *source) Argument(returns uint64, callee debugdata.Callee, register uint64, frame debugdata.Frame) (value uint64, ok bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() error {
		site, found, err := s.File.CallSiteAt(returns)
		if err != nil || !found {
			return err
		}
		called, err := site.Called()
		if err != nil {
			return err
		}
		if called.IsZero() {
			if at, known, err := site.Target(dwarfFrame{frame}); err != nil || !known || at != callee.Entry {
				return err
			}
		} else if is, err := s.isCallee(called, callee); err != nil || !is {
			return err
		}
		value, ok, err = site.Argument(register, dwarfFrame{frame})
		return err
	})
	return value, ok, err
}

// isCallee reports whether the function that a DIE describes, which may only declare it, is the one that was called.
func (s *source) isCallee(d dwarf.DIE, callee debugdata.Callee) (bool, error) {
	entry, ok, err := d.Entry()
	if err != nil {
		return false, err
	}
	if ok {
		at, ok := s.place.ToProgram(entry)
		return ok && at == callee.Entry, nil
	}
	fn := dwarf.Function{DIE: d}
	name, err := fn.LinkageName()
	if err == nil && name == "" {
		name, err = d.FullName()
	}
	if err != nil || name == "" {
		return false, err
	}
	external, err := d.Inherited(dwarf.AttrExternal)
	return err == nil && callee.Is(name, external.Exists()), err
}
