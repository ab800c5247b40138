package types

import (
	"errors"
	"testing"
)

type lang struct{ Language }

func (lang) TypeName(*Type) string { return "" }

// TestCompatible compares types that refer to themselves, and more than can be compared one by one; the others are in
// python/testdata/parity/types_compatible.py.
func TestCompatible(t *testing.T) {
	s, l := NewSet(), lang{}
	void := s.Void(l)
	cycle := func() *Type {
		var p *Type
		parameter := Parameter{Lazy: Later(func() (Slot, error) { return Slot{Type: p}, nil })}
		f := s.Function(l, void, false, func() (Detail, error) { return Detail{Parameters: []Parameter{parameter, parameter}}, nil })
		p = s.Pointer(l, f, 8, false)
		return f
	}
	if ok, err := Compatible(cycle(), cycle()); !ok || err != nil {
		t.Error("functions that take themselves: ", ok, err)
	}
	wide := func(end *Type) *Type { // each level doubles the paths through it
		f := end
		for range 60 {
			below := f
			f = s.Function(l, void, false, func() (Detail, error) {
				p := Parameter{Lazy: OfType(s.Pointer(l, below, 8, false))}
				return Detail{Parameters: []Parameter{p, p}}, nil
			})
		}
		return f
	}
	i, u := s.Int(l, "int", 4, true, false), s.Int(l, "unsigned int", 4, false, false)
	for _, c := range []struct {
		a, b *Type
		want bool
	}{{wide(i), wide(i), true}, {wide(i), wide(u), false}} {
		if ok, err := Compatible(c.a, c.b); ok != c.want || err != nil {
			t.Error("functions with many paths: ", ok, err)
		}
	}
	var endless func() *Type
	endless = func() *Type {
		return s.Function(l, void, false, func() (Detail, error) {
			return Detail{Parameters: []Parameter{{Lazy: OfType(s.Pointer(l, endless(), 8, false))}}}, nil
		})
	}
	var depth *DepthError
	if _, err := Compatible(endless(), endless()); !errors.As(err, &depth) {
		t.Error("functions without end: ", err)
	}
	if _, err := (Alignments{1, 2, 4, 8, 16}).Of(holder(s, l)); !errors.As(err, &depth) {
		t.Error("alignment of a structure that contains itself: ", err)
	}
}

func holder(s *Set, l Language) *Type {
	var t *Type
	t = s.Compound(l, Struct, "s", 8, func() (Detail, error) {
		return Detail{Members: []Member{{Name: "self", Lazy: Later(func() (Slot, error) { return Slot{Type: t}, nil })}}}, nil
	})
	return t
}
