package types_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	closed "github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// structure returns a structure of members of a type, each after the one before.
func structure(s *types.Set, lang types.Language, tag string, of *types.Type, names ...string) *types.Type {
	return s.Compound(lang, types.Struct, tag, 4*uint64(len(names)), func() (d types.Detail, err error) {
		for i, name := range names {
			d.Members = append(d.Members, types.Member{Name: name, BitOffset: 32 * uint64(i), Lazy: types.OfType(of)})
		}
		return d, nil
	})
}

// A type that is only declared is looked for when something depends on its definition: a pointer to it, or a name, does not. What was
// found stays; what was not is looked for again.
func TestDeclared(t *testing.T) {
	s := types.NewSet()
	var definition *types.Type
	var failure error
	asked := 0
	var generation atomic.Uint64
	s.SetDefinitions(&generation, func(kinds types.KindSet, name string) (*types.Type, error) {
		if asked++; name != "ns::foo" || !kinds.Has(types.Class) || !kinds.Has(types.Struct) || kinds.Has(types.Union) {
			t.Errorf("asked for %v %q", kinds, name)
		}
		return definition, failure
	})
	i := s.Int(c.CPP, "int", 4, true, false)
	foo := s.Declared(c.CPP, types.Class, "foo", "ns::foo", nil)
	if s.Declared(c.CPP, types.Class, "foo", "ns::foo", nil) != foo || s.Declared(c.CPP, types.Class, "foo", "foo", nil) == foo || s.IncompleteCompound(c.CPP, types.Class, "foo") == foo {
		t.Error("declared types are told apart by their names")
	}
	p := s.Pointer(c.CPP, foo.Qualified(types.Const), 8, false)
	if same, err := types.Compatible(p, s.Pointer(c.CPP, s.Pointer(c.CPP, foo, 8, false), 8, false)); same || err != nil {
		t.Error(same, err)
	}
	if got := s.Pointer(c.CPP, s.Typedef(c.CPP, "foo_t", p), 8, false).String(); got != "foo_t *" || p.String() != "const foo *" {
		t.Errorf("%q, %q", got, p)
	}
	if size, err := p.Size(); size != 8 || err != nil || types.CheckObject(p, 0) != nil || !p.IsComplete() || p.OwnSize() != 8 {
		t.Error(size, err)
	}
	if asked != 0 {
		t.Errorf("a pointer asked for the definition %d times", asked)
	}
	derived := s.Compound(c.CPP, types.Class, "derived", 12, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{{Base: true, Lazy: types.OfType(foo)}, {Name: "own", BitOffset: 64, Lazy: types.OfType(i)}}}, nil
	})
	array := s.Array(c.CPP, foo, 3)
	check := func(complete bool) {
		t.Helper()
		for _, typ := range []*types.Type{foo, p.Elem(), s.Typedef(c.CPP, "t", foo)} {
			members, _ := typ.WithoutTypedefs().Members()
			if typ.IsComplete() != complete || (typ.WithoutTypedefs().OwnSize() == 8) != complete || (len(members) == 2) != complete {
				t.Errorf("%s: complete %v, %d bytes, members %v", typ, typ.IsComplete(), typ.WithoutTypedefs().OwnSize(), members)
			}
			if _, _, err := typ.LookupMember("b"); (err == nil) != complete {
				t.Errorf("b of %s: %v", typ, err)
			}
		}
		if n, err := array.Size(); (err == nil) != complete || n != 24 && complete {
			t.Errorf("array: %d, %v", n, err)
		}
		if f, err := derived.FindMember("b"); (err == nil) != complete || complete && f.BitOffset != 32 {
			t.Errorf("b of a class that is made of it: %v, %v", f, err)
		}
		if _, err := derived.FindMember("own"); err != nil {
			t.Error(err)
		}
	}
	check(false)
	failure = &types.DefinitionError{Name: "ns::foo", Places: []string{"liba", "libb"}}
	check(false)
	const why = ": 'ns::foo' is only declared here, and liba and libb have different definitions of it"
	var missing *types.MemberError
	if _, err := foo.FindMember("b"); !errors.As(err, &missing) || err.Error() != "'foo' has no member 'b'"+why {
		t.Error(err)
	}
	var unsized *types.SizeError
	if _, err := foo.Size(); !errors.As(err, &unsized) || err.Error() != "cannot get size of incomplete class type"+why {
		t.Error(err)
	}
	failure = context.Canceled
	if _, err := foo.Size(); !errors.Is(err, failure) {
		t.Error(err)
	}
	if _, err := foo.FindMember("b"); !errors.Is(err, failure) {
		t.Error(err)
	}
	if _, err := foo.Members(); !errors.Is(err, failure) {
		t.Error(err)
	}
	failure, definition = nil, structure(s, c.CPP, "foo", i, "a", "b")
	check(true)
	asked, definition = 0, nil
	check(true)
	if asked != 0 {
		t.Errorf("what was found is asked for %d times", asked)
	}
	// Another file comes: what was found stays if there is none any more, but not if another one differs.
	generation.Add(1)
	check(true)
	generation.Add(1)
	failure = closed.ErrClosed
	check(true)
	failure = &types.DefinitionError{Name: "ns::foo", Places: []string{"liba", "libb"}}
	check(false)
	failure, definition = nil, structure(s, c.CPP, "foo", i, "c", "b")
	generation.Add(1)
	check(true)
	if _, err := derived.FindMember("c"); err != nil {
		t.Error(err)
	}
	if _, err := derived.FindMember("a"); err == nil {
		t.Error("a member of a definition that is none any more was found")
	}
}

// An enumerated type is a number once it is defined. One that can have no definition elsewhere is not looked for.
func TestDeclaredEnum(t *testing.T) {
	s := types.NewSet()
	i := s.Int(c.C, "int", 4, true, true)
	s.SetDefinitions(new(atomic.Uint64), func(kinds types.KindSet, name string) (*types.Type, error) {
		return s.Enum(c.C, name, i, func() (types.Detail, error) {
			return types.Detail{Enumerators: []types.Enumerator{{Name: "A", Value: 1}}}, nil
		}), nil
	})
	e := s.Declared(c.C, types.Enum, "e", "e", nil)
	if es, err := e.Enumerators(); len(es) != 1 || err != nil || e.Elem() != i || !e.IsSigned() || !e.BigEndian() || e.ValueBits() != 32 || e.Qualified(types.Const).OwnSize() != 4 {
		t.Error(es, err)
	}
	if local := s.Declared(c.C, types.Enum, "e", "", nil); local == e || local.IsComplete() || local.Elem() != nil || local.OwnSize() != 0 {
		t.Error("a type of an anonymous namespace was found elsewhere")
	}
	load := func() (types.Detail, error) {
		return types.Detail{TemplateParameters: []types.TemplateParameter{{Name: "T", Lazy: types.OfType(i)}}}, nil
	}
	if ps, err := s.Declared(c.CPP, types.Struct, "t<int>", "", load).TemplateParameters(); len(ps) != 1 || err != nil {
		t.Error(ps, err)
	}
}

func TestDefinitionError(t *testing.T) {
	for want, places := range map[string][]string{
		"'s' is only declared here, and a has different definitions of it":                      {"a"},
		"'s' is only declared here, and a, b and c have different definitions of it":            {"a", "b", "c"},
		"'s' is only declared here, and a, b, c, d and 2 more have different definitions of it": {"a", "b", "c", "d", "e", "f"},
	} {
		if got := (&types.DefinitionError{Name: "s", Places: places}).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSameDefinition(t *testing.T) {
	s := types.NewSet()
	i, u := s.Int(c.C, "int", 4, true, false), s.Int(c.C, "unsigned int", 4, false, false)
	made := func(of *types.Type, names ...string) *types.Type { return structure(s, c.C, "s", of, names...) }
	enum := func(name string, value uint64) *types.Type {
		return s.Enum(c.C, "e", i, func() (types.Detail, error) {
			return types.Detail{Enumerators: []types.Enumerator{{Name: name, Value: value}}}, nil
		})
	}
	unnamed := func(names ...string) *types.Type { return structure(s, c.C, "", i, names...) }
	pointer := func(to string) *types.Type { return s.Pointer(c.C, structure(s, c.C, to, i, "x"), 4, false) }
	bits := func(n uint64) *types.Type {
		return s.Compound(c.C, types.Struct, "s", 4, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Name: "b", Lazy: types.Evaluated(types.Slot{Type: i, BitFieldSize: n})}}}, nil
		})
	}
	var endless func() *types.Type
	endless = func() *types.Type {
		return s.Compound(c.C, types.Struct, "", 4, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Lazy: types.OfType(endless())}}}, nil
		})
	}
	tagged := func(tag string, names ...string) *types.Type { return structure(s, c.C, tag, i, names...) }
	base := func(of *types.Type) *types.Type {
		return s.Compound(c.CPP, types.Class, "d", 8, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Base: true, Lazy: types.OfType(of)}}}, nil
		})
	}
	typedef := func(t *types.Type) *types.Type { return s.Typedef(c.C, "t", t) }
	in, swapped := tagged("in", "a", "b"), tagged("in", "b", "a")
	float := func(name string) *types.Type { return s.Float(c.C, name, 16, false) }
	to := func(t *types.Type) *types.Type { return s.Pointer(c.C, t, 8, false) }
	for k, x := range []struct {
		a, b *types.Type
		same bool
	}{
		// What is held counts, what is pointed to only by its name.
		{made(in, "in"), made(tagged("in", "a", "b"), "in"), true},
		{made(in, "in"), made(swapped, "in"), false},
		{made(typedef(in), "in"), made(swapped.Qualified(types.Const), "in"), false},
		{made(s.Array(c.C, in, 2), "in"), made(s.Array(c.C, swapped, 2), "in"), false},
		{made(s.Array(c.C, in, 2), "in"), made(s.Array(c.C, in, 3), "in"), false},
		{made(s.Array(c.C, i, 2), "in"), made(s.Array(c.C, u, 2), "in"), false},
		{made(made(in, "in"), "w"), made(made(swapped, "in"), "w"), false},
		{base(in), base(tagged("in", "a", "b")), true}, {base(in), base(swapped), false},
		{made(enum("A", 1), "e"), made(enum("A", 1), "e"), true}, {made(enum("A", 1), "e"), made(enum("A", 2), "e"), false},
		{made(enum("A", 1), "e"), made(i, "e"), false},
		{made(to(in), "p"), made(to(swapped), "p"), true},
		{made(to(unnamed("x")), "p"), made(to(unnamed("y")), "p"), false},
		{made(to(i), "p"), made(s.Reference(c.CPP, i, 8, false, types.LvalueReference), "p"), false},
		{made(to(i), "p"), made(to(u), "p"), false},
		// Numbers are what they are, whatever they are called; of characters and formats of floating-point numbers only the names tell.
		{made(s.Bool(c.C, "_Bool", 1, false), "b"), made(s.Bool(c.CPP, "bool", 1, false), "b"), true},
		{made(to(s.Bool(c.C, "_Bool", 1, false)), "b"), made(to(s.Bool(c.CPP, "bool", 1, false)), "b"), true},
		{made(typedef(i), "w"), made(s.Int(c.CPP, "wchar_t", 4, true, false), "w"), true},
		{made(s.Int(c.C, "long", 8, true, false), "w"), made(s.Int(c.C, "unsigned long", 8, false, false), "w"), false},
		{made(s.Int(c.C, "char", 1, true, false), "w"), made(s.Int(c.C, "signed char", 1, true, false), "w"), false},
		{made(i, "w"), made(s.Int(c.C, "int", 4, true, true), "w"), false},
		{made(float("long double"), "w"), made(float("_Float128"), "w"), false},
		{made(i.Qualified(types.Const), "a"), made(typedef(i.Qualified(types.Volatile)), "a"), true},
		{made(to(i.Qualified(types.Const)), "a"), made(to(i), "a"), false},
		{made(i, "a", "b"), made(i, "a", "b"), true},
		{made(i, "a", "b"), made(i, "a", "c"), false},
		{made(i, "a", "b"), made(u, "a", "b"), false},
		{made(i, "a", "b"), made(i, "a"), false},
		{made(i, "a"), s.Compound(c.C, types.Class, "s", 4, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Name: "a", Lazy: types.OfType(i)}}}, nil
		}), true}, // C++ lets either declare the other
		{made(i, "a"), s.Compound(c.C, types.Union, "s", 4, nil), false},
		{made(unnamed("x"), ""), made(unnamed("x"), ""), true},
		{made(unnamed("x"), ""), made(unnamed("y"), ""), false},
		{made(pointer("to"), "p"), made(pointer("to"), "p"), true},
		{made(pointer("to"), "p"), made(pointer("other"), "p"), false},
		{bits(3), bits(3), true}, {bits(3), bits(4), false},
		{enum("A", 1), enum("A", 1), true}, {enum("A", 1), enum("A", 2), false}, {enum("A", 1), enum("B", 1), false}, {enum("A", 1), bits(3), false},
	} {
		if same, err := types.SameDefinition(x.a, x.b); same != x.same || err != nil {
			t.Errorf("%d: %v, %v", k, same, err)
		}
	}
	if _, err := types.SameDefinition(endless(), endless()); !errors.As(err, new(*types.DepthError)) {
		t.Error("types without an end:", err)
	}
}
