package drgn

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// dwarfFiles calls yield for the debugging information of each module that has some, the main module's first, until it
// returns false or an error.
func (p *Program) dwarfFiles(yield func(*debugFile, *dwarf.File) (bool, error)) error {
	for _, m := range p.modules.all() {
		d := m.files.Load()
		if d == nil || d.dwarf == nil {
			continue
		}
		info, err := d.dwarf()
		if err != nil {
			return err
		}
		if more, err := yield(d, info); err != nil || !more {
			return err
		}
	}
	return nil
}

// findDebugType is the type finder "dwarf".
func findDebugType(p *Program, kinds types.KindSet, name, filename string) (found *types.Type, err error) {
	err = p.dwarfFiles(func(_ *debugFile, info *dwarf.File) (bool, error) {
		t, err := info.FindType(kinds, name, filename)
		found = t
		return t == nil, err
	})
	return found, err
}

// findDebugObject is the object finder "dwarf".
func findDebugObject(p *Program, name string, flags FindObjectFlags, filename string) (found Object, err error) {
	found = Failed(ErrNotFound)
	err = p.dwarfFiles(func(d *debugFile, info *dwarf.File) (bool, error) {
		for _, k := range []struct {
			flag FindObjectFlags
			kind dwarf.EntityKind
		}{{FindConstant, dwarf.EntityConstant}, {FindFunction, dwarf.EntityFunction}, {FindVariable, dwarf.EntityVariable}} {
			if flags&k.flag == 0 {
				continue
			}
			e, ok, err := info.FindEntity(k.kind, name, filename)
			if err != nil {
				return false, err
			}
			if ok {
				found = d.entity(p, name, &e)
				return false, nil
			}
		}
		return true, nil
	})
	return found, err
}

// entity makes the object of a name at the top level.
func (d *debugFile) entity(p *Program, name string, e *dwarf.Entity) Object {
	switch {
	case e.HasAddress:
		if at, ok := d.addresses.ToProgram(e.Address); ok {
			return p.ObjectAt(e.Type, at)
		}
		return p.AbsentObject(e.Type, OtherAbsence) // its section was not loaded
	case e.HasValue:
		return p.constant(e.Type, e.Value)
	case e.Bytes != nil:
		return p.BytesValue(e.Type, e.Bytes)
	case e.Expr != nil:
		return d.variable(p, e.DIE, e.Type, 0, nil, noFrame{p})
	}
	for _, pc := range e.Instances {
		at, ok := d.addresses.ToProgram(pc)
		if !ok {
			continue
		}
		if s, ok := d.symbols.At(at); ok && s.Address == at && (s.Name == name || isWhole(e, s.Name)) {
			return p.ObjectAt(e.Type, at)
		}
	}
	if len(e.Instances) == 1 { // no symbol says that it is a copy
		if at, ok := d.addresses.ToProgram(e.Instances[0]); ok {
			if s, ok := d.symbols.At(at); !ok || s.Address != at {
				return p.ObjectAt(e.Type, at)
			}
		}
	}
	return p.AbsentObject(e.Type, OptimizedOut)
}

// isWhole reports whether a symbol is that of a C++ function itself (_ZN1KC2Ev), not of a copy that the compiler made for
// some callers (_ZN1KC2Ev.constprop.0).
func isWhole(e *dwarf.Entity, symbol string) bool {
	return e.Type.Language() == c.CPP && strings.HasPrefix(symbol, "_Z") && !strings.Contains(symbol, ".")
}

// constant makes a value of an enumerated or integer type, whose bits are those of a constant in debugging information.
func (p *Program) constant(t *types.Type, v uint64) Object {
	if o := p.ScalarValue(t, v); o.Err() == nil {
		return o
	}
	n, err := t.Size()
	if err != nil {
		return Failed(err)
	}
	if n > 16 {
		return Failed(&TypeError{Problem: fmt.Sprintf("a constant can't be of type '%s'", t)})
	}
	raw := make([]byte, n)
	fill := byte(0)
	if t.Underlying().IsSigned() && int64(v) < 0 {
		fill = 0xff
	}
	for i := range raw {
		raw[i] = fill
		if i < 8 {
			raw[i] = byte(v >> (8 * i))
		}
	}
	if p.bigEndian() {
		for i, j := 0, len(raw)-1; i < j; i, j = i+1, j-1 {
			raw[i], raw[j] = raw[j], raw[i]
		}
	}
	return p.BytesValue(t, raw)
}

// local makes the object of a name in the scope of a function.
func (d *debugFile) local(p *Program, info *dwarf.File, l dwarf.Local, pc uint64, fn *dwarf.Function, frame dwarf.Frame) Object {
	switch {
	case !l.Enum.IsZero():
		t, err := info.TypeOf(l.Enum)
		if err != nil {
			return Failed(err)
		}
		list, err := t.Enumerators()
		if err != nil {
			return Failed(err)
		}
		for _, e := range list {
			if e.Name == l.Name {
				return p.constant(t, e.Value)
			}
		}
		return Failed(&LookupError{Kind: "enumerator", Name: l.Name, IsObject: true})
	case l.DIE.Tag == dwarf.TagSubprogram:
		e, err := info.EntityOf(l.DIE)
		if err != nil {
			return Failed(err)
		}
		return d.entity(p, l.Name, &e)
	}
	t, err := info.TypeAttr(l.DIE)
	if err != nil {
		return Failed(err)
	}
	return d.variable(p, l.DIE, t, pc, fn, frame)
}

// variable makes the object of a variable by its location at pc.
func (d *debugFile) variable(p *Program, die dwarf.DIE, t *types.Type, pc uint64, fn *dwarf.Function, frame dwarf.Frame) Object {
	loc, err := die.Locate(pc, fn, frame)
	if err != nil {
		return Failed(err)
	}
	switch loc.Absence {
	case dwarf.OptimizedOut:
		return p.AbsentObject(t, OptimizedOut)
	case dwarf.NotImplemented:
		return p.AbsentObject(t, NotImplemented)
	case dwarf.Declared:
		return p.AbsentObject(t, OtherAbsence)
	}
	if address, bitOffset, ok := loc.Address(t.BitSize); ok {
		o := p.ObjectAt(t, address+bitOffset/8)
		o.bitOff = uint8(bitOffset % 8)
		return o
	}
	bits, err := t.BitSize()
	if err != nil { // a value of what has no size
		return p.AbsentObject(t, OptimizedOut)
	}
	raw, absence, err := loc.Bytes(bits)
	switch {
	case err != nil:
		return Failed(err)
	case absence == dwarf.NotImplemented:
		return p.AbsentObject(t, NotImplemented)
	case absence != dwarf.Present:
		return p.AbsentObject(t, OptimizedOut)
	}
	return p.BytesValue(t, raw)
}

// noFrame is what the locations of variables outside of functions see: memory only.
type noFrame struct{ p *Program }

// Register knows no register.
func (noFrame) Register(uint64) (uint64, bool) { return 0, false }

// CFA says that there is none.
func (noFrame) CFA() (uint64, error) {
	return 0, &expr.UnavailableError{Reason: "there is no stack frame"}
}

// Read reads the program's memory.
func (f noFrame) Read(buf []byte, address uint64) error { return f.p.mem.Read(buf, address, false) }

// argument makes the object of a template's value parameter.
func (d *debugFile) argument(p *Program, die dwarf.DIE, t *types.Type) (any, error) {
	e, err := die.Unit.File.EntityOf(die)
	if err != nil {
		return nil, err
	}
	o := d.entity(p, "", &e)
	return o, o.Err()
}

// debugInfoHint tells the user what to do when nothing can be found because nothing is loaded.
func (p *Program) debugInfoHint() string {
	all := p.modules.all()
	if len(all) == 0 {
		return ""
	}
	for _, m := range all {
		if d := m.files.Load(); d != nil && d.dwarf != nil {
			return ""
		}
	}
	return "no debugging information is loaded: name the file that has it with -s"
}
