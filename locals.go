package drgn

import (
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/dwarf/expr"
)

// function returns the function of the frame, or nil.
func (f *frame) function() *dwarf.Function {
	if f.functions == nil {
		return nil
	}
	return &f.functions[f.index]
}

// Locals returns the names of the parameters and variables in the scope of the frame.
func (f StackFrame) Locals() ([]string, error) {
	fn := f.frame().function()
	if fn == nil {
		return nil, nil
	}
	locals, err := fn.Locals()
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(locals))
	for _, l := range locals {
		names = append(names, l.Name)
	}
	return names, nil
}

// HasLocal reports whether a name is in the scope of the frame.
func (f StackFrame) HasLocal(name string) (bool, error) {
	fn := f.frame().function()
	if fn == nil {
		return false, nil
	}
	_, ok, err := fn.Find(name)
	return ok, err
}

// Object returns what a name means in the frame: its own parameters and variables first, then those of the program that
// are defined in the same file, then all others. A variable that the compiler did not keep is absent.
func (f StackFrame) Object(name string) Object {
	p, fr := f.trace.prog, f.frame()
	if fn := fr.function(); fn != nil {
		l, ok, err := fn.Find(name)
		if err != nil {
			return Failed(err)
		}
		if ok {
			info, err := fr.file.dwarf()
			if err != nil {
				return Failed(err)
			}
			return fr.file.local(p, info, l, fr.regs.LookupPC(), fn, &dwarfFrame{p, fr})
		}
		if unit, err := fn.DIE.Unit.Info(); err == nil && unit.Name != "" {
			if o := p.FindObject(name, FindAny, unit.Name); !IsNotFound(o.Err()) {
				return o
			}
		}
	}
	return p.Object(name)
}

// dwarfFrame is a frame as the locations of variables see it.
type dwarfFrame struct {
	p *Program
	f *frame
}

// Register returns a register's value by its DWARF number.
func (d *dwarfFrame) Register(number uint64) (uint64, bool) {
	n, ok := d.p.Platform().Arch.FromDWARF(number)
	if !ok {
		return 0, false
	}
	return d.f.regs.Register(n)
}

// CFA returns the canonical frame address.
func (d *dwarfFrame) CFA() (uint64, error) {
	if !d.f.regs.HasCFA {
		return 0, &expr.UnavailableError{Reason: "the canonical frame address is not known"}
	}
	return d.f.regs.CFA, nil
}

// Read reads the program's memory.
func (d *dwarfFrame) Read(buf []byte, address uint64) error {
	return d.p.mem.Read(buf, address, false)
}
