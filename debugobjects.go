package drgn

import (
	"fmt"
	"iter"
	"math/big"
	"strings"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// debugInfos walks the debugging information of each module that has some, the main module's first; an error is the last
// pair. What the main module lacks may be anywhere: those of the others are read several at once.
func (p *Program) debugInfos() iter.Seq2[moduleInfo, error] {
	return func(yield func(moduleInfo, error) bool) {
		if p.closed.Load() {
			yield(moduleInfo{}, ErrClosed)
			return
		}
		all := p.modules.All()
		for i, m := range all {
			if i == 1 {
				defer module.ReadAhead(all[i:])()
			}
			info, err := m.Info()
			if info == nil && err == nil {
				continue
			}
			if !yield(moduleInfo{info, m}, err) || err != nil {
				return
			}
		}
	}
}

// moduleInfo is the debugging information of a module.
type moduleInfo struct {
	debugdata.Info
	m *Module
}

// findDebugType is the type finder "dwarf".
func findDebugType(p *Program, kinds types.KindSet, name, filename string) (*types.Type, error) {
	for info, err := range p.debugInfos() {
		if err != nil {
			return nil, err
		}
		if t, err := info.FindType(kinds, name, filename); t != nil || err != nil {
			return t, err
		}
	}
	return nil, nil
}

// debugObjects is the name of the finder of the objects that debugging information tells of.
const debugObjects = "dwarf"

// findDebugObject is the object finder [debugObjects].
func findDebugObject(p *Program, name string, flags FindObjectFlags, filename string) (Object, error) {
	return p.findInModules(name, flags, filename, p.entity)
}

// An entityMaker makes the object of what a module's debugging information says of a name.
type entityMaker func(m *Module, name string, e *debugdata.Entity) Object

// findInModules returns the object of a name at the top level of the first module that has one.
func (p *Program) findInModules(name string, flags FindObjectFlags, filename string, of entityMaker) (Object, error) {
	for info, err := range p.debugInfos() {
		if err != nil {
			return Object{}, err
		}
		if o, ok, err := p.findInModule(info, name, flags, filename, of); ok || err != nil {
			return o, err
		}
	}
	return Object{}, ErrNotFound
}

// findInModule returns the object of a name at the top level of a module.
func (p *Program) findInModule(info moduleInfo, name string, flags FindObjectFlags, filename string, of entityMaker) (_ Object, ok bool, err error) {
	for _, k := range [...]struct {
		flag FindObjectFlags
		kind debugdata.Kind
	}{{FindConstant, debugdata.Constant}, {FindFunction, debugdata.Function}, {FindVariable, debugdata.Variable}} {
		if flags&k.flag == 0 {
			continue
		}
		e, ok, err := info.FindEntity(k.kind, name, filename, info.m.SymbolRank(name))
		if err != nil {
			return Object{}, false, err
		}
		if ok {
			return of(info.m, name, &e), true, nil
		}
	}
	return Object{}, false, nil
}

// entity makes the object of what a module's debugging information says of a name. Where that does not say the address,
// symbols do.
func (p *Program) entity(m *Module, name string, e *debugdata.Entity) Object {
	switch e.Where {
	case debugdata.InMemory:
		o := p.ObjectAt(e.Type, m.Start(e.Type, e.Address))
		o.bitOff = e.BitOffset
		return o
	case debugdata.IsNumber:
		return p.constant(e.Type, e.Number)
	case debugdata.IsBytes:
		return p.BytesValue(e.Type, e.Bytes)
	case debugdata.ByName:
		s, err := p.Symbol(name)
		switch {
		case IsNotFound(err):
			return p.AbsentObject(e.Type, OtherAbsence)
		case err != nil:
			return Failed(err)
		}
		return p.ObjectAt(e.Type, s.Address)
	case debugdata.ByAddress:
		isWhole := func(symbol string) bool { // not a copy that the compiler made for some callers: _ZN1KC2Ev.constprop.0
			return symbol == name || e.Type.Language() == c.CPP && strings.HasPrefix(symbol, "_Z") && !strings.Contains(symbol, ".")
		}
		if address, ok := m.FunctionEntry(e.Candidates, e.Copies, isWhole); ok {
			return p.ObjectAt(e.Type, address)
		}
	case debugdata.Declared:
		return p.AbsentObject(e.Type, OtherAbsence)
	}
	reason := OptimizedOut
	if e.Where == debugdata.NotImplemented || e.Where == debugdata.ThreadLocal { // which thread is meant is not known here
		reason = NotImplemented
	}
	o := p.AbsentObject(e.Type, reason)
	if e.Parts != nil && o.form == absent {
		o.x.parts = &knownParts{e.Parts, func(name string, e *debugdata.Entity) Object { return p.entity(m, name, e) }}
	}
	return o
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
	wide := new(big.Int).SetUint64(v)
	if t.Underlying().IsSigned() {
		wide.SetInt64(int64(v))
	}
	return p.BytesValue(t, bits.BigBytes(wide, int(n), p.bigEndian()))
}
