package c

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

func TestResolve(t *testing.T) {
	m := newMock(le64, C)
	foo, i := m.named["struct foo"], m.prim(types.CInt)
	u := m.compound(types.Union, "", 8, field{"l", 0, m.prim(types.CLong), 0}, field{"foo", 0, foo, 0})
	al := m.compound(types.Struct, "al", 64, field{"n", 0, i, 0}, field{"b", 64, m.array(foo, 2), 0}, field{"q", 192, m.ptr(i), 0},
		field{"", 256, u, 0}, field{"bf", 320, i, 3}, field{"bg", 323, i, 5}, field{"fl", 384, m.open(foo), 0})
	for _, c := range []struct {
		typ        *types.Type
		designator string
		want       uint64
		err        string
	}{
		{foo, "y", 4, ""}, {al, "b", 8, ""}, {al, "b[1].y", 20, ""}, {al, "b[5].y", 52, ""}, {al, "b [ 0x1 ] . y", 20, ""},
		{m.typedef("alt", al), "b[1].y", 20, ""}, {al.Qualified(types.Const), "b[1].y", 20, ""}, {al, "fl[3].x", 72, ""},
		{al, "foo.y", 36, ""}, {al, "l", 32, ""}, {al, "bf", 40, ""},
		{al, "", 0, "expected identifier or '[' at"}, {al, "b.", 0, "expected identifier after '.'"}, {al, "[1]", 0, "'struct al' is not an array"},
		{al, "b[", 0, "expected number after '['"}, {al, "b[a]", 0, "expected number after '['"}, {al, "b[1", 0, "expected ']' after number"},
		{al, "b]", 0, "expected '.' or '[' after identifier"}, {al, "b z", 0, "expected '.' or '[' after identifier"}, {al, "b[1]z", 0, "expected '.' or '[' after ']'"},
		{al, "1", 0, "expected identifier or '[' at"}, {al, "b->y", 0, `invalid character \x2d ('-')`}, {al, "b[1u]", 0, "invalid number"},
		{al, "zz", 0, "'struct al' has no member 'zz'"}, {al, "b[1].zz", 0, "'struct foo' has no member 'zz'"},
		{al, "b.y", 0, "'struct foo [2]' is not a structure, union, or class"}, {al, "n[1]", 0, "'int' is not an array"}, {al, "q[1]", 0, "'int *' is not an array"},
		{i, "x", 0, "'int' is not a structure, union, or class"},
		{al, "b[18446744073709551615].y", 0, "offset is too large"}, {al, "b[288230376151711743].y", 0, "offset is too large"},
	} {
		p, err := Resolve(c.typ, c.designator)
		got := p.BitOffset / 8
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("offsetof(%s, %s) = %d, %v; want %d %s", c.typ, c.designator, got, err, c.want, c.err)
		}
	}
	if p, err := Resolve(al, "bg"); err != nil || p != (Place{Type: i, BitOffset: 323, BitFieldSize: 5}) {
		t.Errorf("%v, %v", p, err)
	}
	var missing *types.MemberError
	if _, err := Resolve(al, "zz"); !errors.As(err, &missing) || missing.Name != "zz" {
		t.Errorf("%#v", err)
	}
}

func FuzzDesignator(f *testing.F) {
	f.Add("b[1].y")
	m := newMock(le64, C)
	s := m.compound(types.Struct, "s", 64, field{"b", 64, m.array(m.named["struct foo"], 2), 0})
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := ParseDesignator(text)
		if (len(steps) == 0) == (err == nil) {
			t.Fatalf("%v, %v", steps, err)
		}
		if p, err := ResolveSteps(s, steps); err == nil && p.Type == nil {
			t.Fatal("no type")
		}
	})
}
