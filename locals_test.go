package drgn_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// methodInfo is debugging information of one method, whose only variable is "this".
type methodInfo struct {
	debugdata.Info
	debugdata.Scope
	this debugdata.Entity
}

func (methodInfo) AppendFunctions(to []debugdata.CodeFunction, _ uint64) ([]debugdata.CodeFunction, error) {
	return append(to, debugdata.CodeFunction{Name: "method"}), nil
}
func (i methodInfo) ScopeOf(debugdata.CodeFunction) debugdata.Scope { return i }
func (i methodInfo) Find(name string, _ uint64, _ debugdata.Frame) (debugdata.Entity, bool, error) {
	return i.this, name == "this", nil
}
func (methodInfo) Around() ([]debugdata.Outer, error)                      { return nil, nil }
func (methodInfo) FindStatic(string) (e debugdata.Entity, _ bool, _ error) { return e, false, nil }
func (methodInfo) Filename() string                                        { return "" }
func (i methodInfo) FindEntity(kind debugdata.Kind, name, _ string, _ func(uint64) (int, bool)) (debugdata.Entity, bool, error) {
	e := i.this
	e.Address = 0x3000
	return e, kind == debugdata.Variable && name != "this", nil // a global of each name
}

// A name that several base classes of "this" have is an error in a method, not the global of that name; so is one that the class might
// have, of which nobody knows the definition.
func TestMemberOfThis(t *testing.T) {
	m := newMock(t, arch.X86_64)
	set := m.Types()
	i := set.Int(c.CPP, "int", 4, true, false)
	class := func(name string, members ...types.Member) *types.Type {
		return set.Compound(c.CPP, types.Class, name, 8, func() (types.Detail, error) { return types.Detail{Members: members}, nil })
	}
	base := func(name string) types.Member {
		return types.Member{Base: true, Lazy: types.OfType(class(name, types.Member{Name: "x", Lazy: types.OfType(i)}))}
	}
	set.SetDefinitions(new(atomic.Uint64), func(types.KindSet, string) (*types.Type, error) {
		return nil, &types.DefinitionError{Name: "unknown", Places: []string{"a", "b"}}
	})
	info := methodInfo{}
	mod := m.addModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "a", Ranges: []mem.Range{{Min: 0x1000, Max: 0x1fff}}})
	object := func(this *types.Type, name string) drgn.Object {
		t.Helper()
		info.this = debugdata.Entity{Type: set.Pointer(c.CPP, this, 8, false), Address: 0x2000}
		mod.SetFallback("made up", func() (debugdata.Info, string, error) { return info, "made up", nil })
		trace, err := m.StackTraceFromPCs([]uint64{0x1010})
		if err != nil {
			t.Fatal(err)
		}
		return trace.Frame(0).Object(name)
	}
	m.put(0x2000, 0, 0x28, 0, 0, 0, 0, 0, 0)
	both := class("both", base("one"), base("two"), types.Member{Name: "own", BitOffset: 32, Lazy: types.OfType(i)})
	if at, ok := object(both, "own").Address(); !ok || at != 0x2804 {
		t.Errorf("own: %#x, %v", at, ok)
	}
	if at, ok := object(both, "global").Address(); !ok || at != 0x3000 {
		t.Errorf("global: %#x, %v", at, ok)
	}
	var several *types.MemberError
	if err := object(both, "x").Err(); !errors.As(err, &several) || len(several.Bases) != 2 ||
		err.Error() != "'both' has several members 'x': ask its base class one or two for it, as a member of that name" {
		t.Error(err)
	}
	if err := object(set.Declared(c.CPP, types.Class, "unknown", "unknown", nil), "x").Err(); !errors.As(err, new(*types.MemberError)) {
		t.Error(err)
	}
}
