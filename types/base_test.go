package types

import (
	"errors"
	"slices"
	"testing"
)

// classOf returns a class that has members of type int and base classes, virtual ones behind a nil.
func classOf(s *Set, tag string, members []string, bases ...*Type) *Type {
	number := s.Int(nil, "int", 4, true, false)
	return s.Compound(nil, Class, tag, 64, func() (d Detail, err error) {
		virtual := false
		for i, b := range bases {
			switch {
			case b == nil:
				virtual = true
			case virtual:
				d.VirtualBases = append(d.VirtualBases, VirtualBase{Lazy: OfType(b), Number: number, Below: 24})
			default:
				d.Members = append(d.Members, Member{Base: true, BitOffset: uint64(64 * (i + 1)), Lazy: OfType(b)})
			}
		}
		for _, name := range members {
			d.Members = append(d.Members, Member{Name: name, Lazy: OfType(number)})
		}
		return d, nil
	})
}

// TestBases has which member a name means, by the rules of C++ (class.member.lookup).
func TestBases(t *testing.T) {
	s := NewSet()
	a := classOf(s, "A", []string{"a", "x"})
	b := classOf(s, "B", []string{"b", "x"})
	v := classOf(s, "V", []string{"v", "x"})
	l := classOf(s, "L", []string{"l", "x"}, nil, v)
	r := classOf(s, "R", []string{"r"}, nil, v)
	both := classOf(s, "Both", nil, a, b)
	for _, test := range []struct {
		t         *Type
		name      string
		bases     []string // ambiguous
		bitOffset uint64
		via       int
	}{
		{both, "a", nil, 64, 0},
		{both, "b", nil, 128, 0},
		{both, "A", nil, 64, 0},
		{both, "x", []string{"A", "B"}, 0, 0},
		{classOf(s, "Own", []string{"x"}, a, b), "x", nil, 0, 0},
		{classOf(s, "Under", nil, both, b), "x", []string{"Both", "B"}, 0, 0},
		{classOf(s, "Under", nil, both), "x", []string{"A", "B"}, 0, 0},
		{classOf(s, "Under", nil, both), "b", nil, 192, 0},
		{l, "v", nil, 0, 1},
		{l, "x", nil, 0, 0},
		{classOf(s, "D", nil, l, r), "v", nil, 0, 1}, // one V
		{classOf(s, "D", nil, l, r), "V", nil, 0, 1},
		{classOf(s, "D", nil, l, r), "x", nil, 64, 0}, // L's hides V's
		{classOf(s, "D", nil, r, l), "x", nil, 128, 0},
		{classOf(s, "D", nil, r, v), "v", []string{"R", "V"}, 0, 0}, // two of V
		{classOf(s, "D", nil, nil, l), "v", nil, 0, 2},
		{classOf(s, "Twice", nil, classOf(s, "L2", nil, l), classOf(s, "L3", nil, l)), "l", []string{"L2", "L3"}, 0, 0},
		{classOf(s, "Twice", nil, classOf(s, "L2", nil, l), classOf(s, "L3", nil, l)), "v", nil, 0, 1},
	} {
		f, err := test.t.FindMember(test.name)
		var missing *MemberError
		if errors.As(err, &missing) {
			if !slices.Equal(missing.Bases, test.bases) {
				t.Errorf("%s.%s: in %v, want %v", test.t.Tag(), test.name, missing.Bases, test.bases)
			}
			continue
		}
		if err != nil || test.bases != nil || f.BitOffset != test.bitOffset || len(f.Via) != test.via {
			t.Errorf("%s.%s: at %d behind %d virtual base classes, %v; want %d, %d, %v", test.t.Tag(), test.name, f.BitOffset, len(f.Via), err,
				test.bitOffset, test.via, test.bases)
		}
	}
	d := classOf(s, "D", nil, classOf(s, "L2", nil, l), r)
	virtual, err := d.VirtualBases()
	if err != nil || len(virtual) != 1 || virtual[0].Type != v {
		t.Fatalf("%v, %v, want V once", virtual, err)
	}
	// L lies at 8 bytes in L2, which lies at 8 bytes. Its table says that V is 40 bytes behind it.
	start, err := virtual[0].Start(func(_ *Type, bitOffset, _ uint64) (uint64, error) {
		if bitOffset != 128 {
			t.Errorf("read at %d", bitOffset)
		}
		return 0x1000, nil
	}, func(_ *Type, address uint64) (uint64, error) {
		if address != 0x1000-24 {
			t.Errorf("read at %#x", address)
		}
		return 40, nil
	})
	if start != 128+40*8 || err != nil {
		t.Errorf("V is at %d, %v, want %d", start, err, 128+40*8)
	}
}

// A class that bad debug info makes its own base class, twice, has no end.
func TestBasesWithoutEnd(t *testing.T) {
	s := NewSet()
	var own *Type
	base := Later(func() (Slot, error) { return Slot{Type: own}, nil })
	own = s.Compound(nil, Class, "own", 8, func() (Detail, error) {
		return Detail{Members: []Member{{Base: true, Lazy: base}, {Base: true, Lazy: base}}, VirtualBases: []VirtualBase{{Lazy: base}}}, nil
	})
	if _, err := own.FindMember("x"); !errors.As(err, new(*DepthError)) {
		t.Errorf("%v, want that it is too deep", err)
	}
	if _, err := own.VirtualBases(); !errors.As(err, new(*DepthError)) {
		t.Errorf("%v, want that it is too deep", err)
	}
}
