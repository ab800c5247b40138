package fromdwarf

import (
	"fmt"
	"runtime"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/mem"
)

// AppendFunctions implements [debugdata.Code].
func (s *source) AppendFunctions(to []debugdata.CodeFunction, pc uint64) ([]debugdata.CodeFunction, error) {
	defer runtime.KeepAlive(s)
	functions, err := mem.Guarded(func() ([]dwarf.Function, error) { return s.File.Functions(pc) })
	for i := range functions {
		fn := &functions[i]
		to = append(to, debugdata.CodeFunction{Name: fn.Name, Inline: fn.Inline, Of: fn})
	}
	return to, unreadable(s.place.ELF, err)
}

// ScopeOf implements [debugdata.Code].
func (s *source) ScopeOf(f debugdata.CodeFunction) debugdata.Scope {
	fn, ok := f.Of.(*dwarf.Function)
	if !ok {
		return nil
	}
	return &scope{s, fn}
}

// Title implements [debugdata.Titles].
func (s *source) Title(f debugdata.CodeFunction) (string, error) {
	defer runtime.KeepAlive(s)
	fn, ok := f.Of.(*dwarf.Function)
	if !ok {
		return f.Name, nil
	}
	return mem.Guarded(fn.Title)
}

// SourcesAt implements [debugdata.Lines].
func (s *source) SourcesAt(pc uint64) ([]debugdata.Source, error) {
	defer runtime.KeepAlive(s)
	sources, err := mem.Guarded(func() ([]dwarf.Source, error) { return s.File.Sources(pc) })
	if err != nil {
		return nil, unreadable(s.place.ELF, err)
	}
	out := make([]debugdata.Source, len(sources))
	for i, source := range sources {
		out[i] = debugdata.Source(source)
	}
	return out, nil
}

// A scope is that of a function.
type scope struct {
	source *source
	fn     *dwarf.Function
}

// Names implements [debugdata.Scope].
func (s *scope) Names() ([]string, error) {
	defer runtime.KeepAlive(s)
	locals, err := mem.Guarded(s.fn.Locals)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(locals))
	for _, l := range locals {
		names = append(names, l.Name)
	}
	return names, nil
}

// Contains implements [debugdata.Scope].
func (s *scope) Contains(name string) (bool, error) {
	defer runtime.KeepAlive(s)
	return mem.Guarded(func() (bool, error) {
		_, ok, err := s.fn.Find(name)
		return ok, err
	})
}

// FindStatic implements [debugdata.Scope].
func (s *scope) FindStatic(name string) (debugdata.Entity, bool, error) {
	defer runtime.KeepAlive(s)
	return s.source.find(func() (dwarf.Entity, bool, error) { return s.fn.FindStatic(name) })
}

// Filename implements [debugdata.Scope].
func (s *scope) Filename() string {
	defer runtime.KeepAlive(s)
	unit, err := mem.Guarded(s.fn.Home)
	if err != nil {
		return "" // what is looked for in the unit says so
	}
	return unit.Name
}

// Find implements [debugdata.Scope].
func (s *scope) Find(name string, pc uint64, frame debugdata.Frame) (e debugdata.Entity, ok bool, err error) {
	return s.found(func() (dwarf.Local, bool, error) { return s.fn.Find(name) }, pc, frame)
}

// found returns what a look-up has found, if anything, with its place.
func (s *scope) found(find func() (dwarf.Local, bool, error), pc uint64, frame debugdata.Frame) (e debugdata.Entity, ok bool, err error) {
	defer runtime.KeepAlive(s)
	err = mem.Guard(func() error {
		l, there, err := find()
		if err == nil && there {
			e, err = s.local(&l, pc, frame)
			ok = err == nil
		}
		return err
	})
	return e, ok, err
}

// Around implements [debugdata.Scope].
func (s *scope) Around() ([]debugdata.Outer, error) {
	defer runtime.KeepAlive(s)
	around, err := mem.Guarded(s.fn.Around)
	out := make([]debugdata.Outer, len(around))
	for i := range around {
		out[i] = debugdata.Outer{Name: around[i].Name, Find: func(name string, pc uint64, frame debugdata.Frame) (debugdata.Entity, bool, error) {
			return s.findOuter(&around[i], name, pc, frame)
		}}
	}
	return out, err
}

func (s *scope) findOuter(o *dwarf.Outer, name string, pc uint64, frame debugdata.Frame) (e debugdata.Entity, ok bool, err error) {
	e, ok, err = s.found(func() (dwarf.Local, bool, error) { return o.Find(name) }, pc, noFrame{frame.Read})
	if e.Where == debugdata.OptimizedOut {
		e = debugdata.Entity{Type: e.Type, Where: debugdata.NotImplemented}
	}
	return e, ok, err
}

func (s *scope) local(l *dwarf.Local, pc uint64, frame debugdata.Frame) (debugdata.Entity, error) {
	switch {
	case !l.Enum.IsZero():
		t, err := s.source.TypeOf(l.Enum)
		if err != nil {
			return debugdata.Entity{}, err
		}
		list, err := t.Enumerators()
		if err != nil {
			return debugdata.Entity{}, err
		}
		for _, e := range list {
			if e.Name == l.Name {
				return debugdata.Entity{Type: t, Where: debugdata.IsNumber, Number: e.Value}, nil
			}
		}
		return debugdata.Entity{}, fmt.Errorf("%s has no enumerator '%s', which is in its scope", t, l.Name)
	case l.DIE.Tag == dwarf.TagSubprogram:
		e, err := s.source.EntityOf(l.DIE)
		if err != nil {
			return debugdata.Entity{}, err
		}
		return s.source.entity(&e)
	}
	t, err := s.source.TypeIn(l.DIE, pc, s.fn, dwarfFrame{frame})
	if err != nil {
		return debugdata.Entity{}, err
	}
	return s.source.located(l.DIE, t, pc, s.fn, dwarfFrame{frame})
}

// dwarfFrame is a frame as DWARF's expressions see it.
type dwarfFrame struct{ debugdata.Frame }

// CFA returns the canonical frame address.
func (f dwarfFrame) CFA() (uint64, error) {
	cfa, ok := f.Frame.CFA()
	if !ok {
		return 0, &expr.UnavailableError{Reason: "the canonical frame address is not known"}
	}
	return cfa, nil
}

// EntryValue returns what an argument was when the function was called.
func (f dwarfFrame) EntryValue(entry uint64, a expr.Argument) (uint64, error) {
	v, ok, err := f.Frame.EntryValue(entry, debugdata.Argument(a))
	if err == nil && !ok {
		err = &expr.UnavailableError{Reason: "the value at the function's entry is not known"}
	}
	return v, err
}

// noFrame is what the locations of variables outside of functions see: memory only.
type noFrame struct {
	read func(buf []byte, address uint64) error
}

// Register knows no register.
func (noFrame) Register(uint64) (uint64, bool) { return 0, false }

// Wide knows no register.
func (noFrame) Wide(uint64) []byte { return nil }

// LongDouble knows no machine.
func (noFrame) LongDouble() int { return 0 }

// EntryValue knows no caller.
func (noFrame) EntryValue(uint64, debugdata.Argument) (uint64, bool, error) { return 0, false, nil }

// CFA says that there is none.
func (noFrame) CFA() (uint64, bool) { return 0, false }

// Read reads the program's memory.
func (f noFrame) Read(buf []byte, address uint64) error { return f.read(buf, address) }
