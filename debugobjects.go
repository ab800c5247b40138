package drgn

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// findDebugType is the type finder "dwarf".
func findDebugType(p *Program, kinds types.KindSet, name, filename string) (*types.Type, error) {
	return p.modules.FindType(kinds, name, filename)
}

// debugObjects is the name of the finder of the objects that debugging information tells of.
const debugObjects = "dwarf"

// findDebugObject is the object finder [debugObjects].
func findDebugObject(p *Program, name string, flags FindObjectFlags, filename string) (Object, error) {
	return p.findInModules(name, flags, filename, p.entity)
}

// An entityMaker makes the object of what a module's debugging information says of a name.
type entityMaker func(m *Module, name string, e *debugdata.Entity) Object

// findInModules returns the object of a name at the top level of the first module that has one, as it is written or as compilers write templates.
func (p *Program) findInModules(name string, flags FindObjectFlags, filename string, of entityMaker) (Object, error) {
	for _, name := range c.TemplateSpellings(name) {
		for m, err := range p.modules.Informed() {
			if err != nil {
				return Object{}, err
			}
			e, ok, err := m.FindEntity(flags.kinds(), name, filename)
			if err != nil {
				return Object{}, err
			}
			if !ok {
				continue
			}
			o := of(m, name, &e)
			if at, inMemory := o.Address(); !((inMemory || o.form == absent) && m.Unloaded(name, at)) {
				return o, nil
			}
		}
	}
	return Object{}, ErrNotFound
}

// kinds returns what debugging information calls the kinds of objects that are looked for, in the order in which they count.
func (f FindObjectFlags) kinds() []debugdata.Kind {
	var kinds []debugdata.Kind
	for i, kind := range [...]debugdata.Kind{debugdata.Constant, debugdata.Function, debugdata.Variable} {
		if f&(FindConstant<<i) != 0 {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// entity makes the object of what a module's debugging information says of a name. Where that does not say the address,
// symbols do.
func (p *Program) entity(m *Module, name string, e *debugdata.Entity) Object {
	switch e.Where {
	case debugdata.InMemory:
		if err := types.CheckAligned(e.Type, uint64(e.BitOffset)); err != nil {
			return Failed(err)
		}
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
	if n > 16 || n < 8 && v>>(8*n) != 0 {
		return Failed(&TypeError{Problem: fmt.Sprintf("a constant can't be of type '%s'", t)})
	}
	wide := new(big.Int).SetUint64(v)
	if t.Underlying().IsSigned() {
		wide.SetInt64(int64(v))
	}
	return p.BytesValue(t, bits.BigBytes(wide, int(n), p.bigEndian()))
}
