package types_test

import (
	"testing"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// A class's own static members hide those of its base classes, of which several make a name mean nothing. Classes that claim to be their own
// base classes have an end.
func TestFindStatic(t *testing.T) {
	set := types.NewSet()
	class := func(name string, statics []types.Static, bases ...func() *types.Type) *types.Type {
		return set.Compound(c.CPP, types.Class, name, 8, func() (d types.Detail, err error) {
			d.Statics = statics
			for _, b := range bases {
				d.Members = append(d.Members, types.Member{Base: true, Lazy: types.OfType(b())})
			}
			return d, nil
		})
	}
	of := func(t *types.Type) func() *types.Type { return func() *types.Type { return t } }
	a := class("a", []types.Static{{Name: "x", Variable: "a::x"}, {Name: "y", Variable: "a::y"}})
	b := class("b", []types.Static{{Name: "x", Variable: "b::x"}})
	both := class("both", nil, of(a), of(b))
	hides := class("hides", []types.Static{{Name: "x", Variable: "hides::x"}}, of(a), of(b))
	diamond := class("diamond", nil, of(class("l", nil, of(a))), of(class("r", nil, of(a))))
	var circle *types.Type
	circle = class("circle", nil, func() *types.Type { return circle }, of(b))
	for _, x := range []struct {
		t          *types.Type
		name, want string
	}{
		{a, "x", "a::x"}, {a, "z", ""}, {both, "x", ""}, {both, "y", "a::y"}, {hides, "x", "hides::x"}, {diamond, "x", "a::x"}, {circle, "x", "b::x"}, {circle, "z", ""},
		{set.Typedef(c.CPP, "t", a), "x", "a::x"}, {set.Int(c.CPP, "int", 4, true, false), "x", ""}, {set.IncompleteCompound(c.CPP, types.Class, "none"), "x", ""},
	} {
		if got, ok, err := x.t.FindStatic(x.name); got != x.want || ok != (x.want != "") || err != nil {
			t.Errorf("%s of %s: %q, %v, %v, want %q", x.name, x.t, got, ok, err, x.want)
		}
	}
}
