package types

import (
	"errors"
	"sync"
	"testing"
)

type nameless struct{}

func (nameless) Name() string                              { return "test" }
func (nameless) TypeName(t *Type) string                   { return t.Kind().String() }
func (nameless) Declaration(*Type, string) (string, error) { return "", nil }
func (nameless) Definition(*Type) (string, error)          { return "", nil }

func TestPrimitives(t *testing.T) {
	s := NewSet()
	for name, want := range map[string]Primitive{
		"int": CInt, "signed": CInt, "long": CLong, "int long": CLong, "long long int": CLongLong, "short signed": CShort, "char": CChar,
		"signed char": CSignedChar, "": NotPrimitive, " int": NotPrimitive, "\t": NotPrimitive, "int int": NotPrimitive, "short long": NotPrimitive,
		"long long long": NotPrimitive, "signed unsigned": NotPrimitive, "char int": NotPrimitive, "double": NotPrimitive, "unsigned": NotPrimitive, "x": NotPrimitive,
	} {
		typ := s.Int(nameless{}, name, 4, true, false)
		if got := typ.Primitive(); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
		if want != NotPrimitive && typ.Name() != want.String() {
			t.Errorf("%q: name %q", name, typ.Name())
		}
	}
	if p := s.Float(nameless{}, "double long", 16, false).Primitive(); p != CLongDouble {
		t.Error(p)
	}
}

func TestRetry(t *testing.T) {
	s := NewSet()
	i := s.Int(nameless{}, "int", 4, true, false)
	fail, calls := errors.New("not yet"), 0
	l := Retry(func() (Slot, error) {
		if calls++; calls < 3 {
			return Slot{}, fail
		}
		return Slot{Type: i}, nil
	})
	for n, want := range []error{fail, fail, nil, nil} {
		if slot, err := l.Slot(); err != want || err == nil && slot.Type != i {
			t.Error(n, slot, err)
		}
	}
	if calls != 3 {
		t.Error(calls)
	}
	// It may ask for itself, and many may ask at once: all get the first result.
	var own Lazy
	depth := 0
	own = Retry(func() (Slot, error) {
		if depth++; depth < 3 {
			return own.Slot()
		}
		return Slot{Type: i}, nil
	})
	if slot, err := own.Slot(); err != nil || slot.Type != i {
		t.Error(slot, err)
	}
	shared := Retry(func() (Slot, error) { return Slot{Type: i, Value: new(int)}, nil })
	var wg sync.WaitGroup
	var values [8]any
	for n := range values {
		wg.Go(func() {
			slot, _ := shared.Slot()
			values[n] = slot.Value
		})
	}
	wg.Wait()
	for _, v := range values {
		if v != values[0] {
			t.Fatal("different results")
		}
	}
}

func TestLookupMember(t *testing.T) {
	s := NewSet()
	i := s.Int(nameless{}, "int", 4, true, false)
	compound := func(ms ...Member) *Type {
		return s.Compound(nameless{}, Struct, "", 8, func() (Detail, error) { return Detail{Members: ms}, nil })
	}
	never := Later(func() (Slot, error) { t.Error("evaluated"); return Slot{Type: i}, nil })
	inner := compound(Member{Name: "a", BitOffset: 32, Lazy: OfType(i)})
	typ := compound(Member{Name: "late", Lazy: never}, Member{BitOffset: 64, Lazy: OfType(inner)})
	if m, index, err := typ.LookupMember("late"); err != nil || m.Name != "late" || index != 0 {
		t.Error(m, index, err)
	}
	if m, index, err := typ.LookupMember("a"); err != nil || m.BitOffset != 96 || index != 1 {
		t.Error(m, index, err)
	}
	if f, err := typ.FindMember("a"); err != nil || f.Type != i || f.BitOffset != 96 || f.Index != 1 {
		t.Error(f, err)
	}
	var missing *MemberError
	if _, err := typ.FindMember("b"); !errors.As(err, &missing) {
		t.Error(err)
	}
	var none *NoMembersError
	if _, err := i.FindMember("b"); !errors.As(err, &none) || !errors.As(err, new(*KindError)) {
		t.Error(err)
	}
	// Anonymous members that hold each other end, even when each level has two.
	var self *Type
	self = s.Compound(nameless{}, Struct, "", 8, func() (Detail, error) {
		return Detail{Members: []Member{{Lazy: OfType(self)}, {Lazy: OfType(self)}}}, nil
	})
	if _, err := self.FindMember("b"); !errors.As(err, new(*DepthError)) {
		t.Error(err)
	}
	wide := inner
	for range 40 {
		wide = compound(Member{Lazy: OfType(wide)}, Member{Lazy: OfType(wide)})
	}
	if _, err := wide.FindMember("b"); !errors.As(err, new(*DepthError)) {
		t.Error(err)
	}
	// A declared template has parameters but no members.
	decl := s.IncompleteTemplate(nameless{}, Class, "V", func() (Detail, error) {
		return Detail{TemplateParameters: []TemplateParameter{{Name: "T", Lazy: OfType(i)}}}, nil
	})
	if ps, err := decl.TemplateParameters(); err != nil || len(ps) != 1 || decl.IsComplete() {
		t.Error(ps, err)
	}
	if ms, err := decl.Members(); ms != nil || err != nil {
		t.Error(ms, err)
	}
}
