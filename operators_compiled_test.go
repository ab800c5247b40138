package drgn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// Operators give the types and values that C compilers give them: see testdata/programs/ops.c.
func TestCompiledOperators(t *testing.T) {
	for _, file := range []string{"ops.gcc-O0-5", "ops.clang-m32-O0-4", "ops.s390x-O0-5"} {
		p := openProgram(t, "testdata/programs/"+file)
		result := p.Variable("result")
		if err := result.Err(); err != nil {
			t.Fatal(err)
		}
		members, err := result.Type().Members()
		if err != nil || len(members) < 1000 {
			t.Fatal(len(members), err)
		}
		for _, m := range members {
			operands := strings.Split(m.Name, "_")
			left := p.Variable("left").Member(operands[1])
			right := func(variable string) drgn.Object { return p.Variable(variable).Member(operands[2]) }
			var got drgn.Object
			switch operands[0] {
			case "add":
				got = left.Binary(c.Add, right("right"))
			case "div":
				got = left.Binary(c.Div, right("right"))
			case "and":
				got = left.Binary(c.And, right("right"))
			case "shr":
				got = left.Binary(c.Shr, right("count"))
			case "neg":
				got = left.Unary(c.Sub)
			case "inv":
				got = left.Unary(c.Not)
			case "pos":
				got = p.Variable("fields").Member(operands[1]).Unary(c.Add)
			case "lt":
				order, err := left.Compare(right("right"))
				if err != nil {
					t.Errorf("%s: %s: %v", file, m.Name, err)
				}
				if want, err := result.Member(m.Name).Bool(); err != nil || (order == c.Less) != want {
					t.Errorf("%s: %s is %t, %v", file, m.Name, order == c.Less, err)
				}
				continue
			default:
				t.Fatal(m.Name)
			}
			want := result.Member(m.Name).Read()
			if got.Err() != nil || want.Err() != nil || got.Type() != want.Type() || !sameNumber(got, want) {
				t.Errorf("%s: %s: %s is %s, want %s", file, m.Name, operands[0], got, want)
			}
		}
	}
}

// sameNumber compares two values of the same type.
func sameNumber(a, b drgn.Object) bool {
	if a.Type().UnderlyingKind() == types.Float {
		x, err1 := a.Float()
		y, err2 := b.Float()
		return err1 == nil && err2 == nil && math.Float64bits(x) == math.Float64bits(y)
	}
	x, err1 := a.BigInt()
	y, err2 := b.BigInt()
	return err1 == nil && err2 == nil && x.Cmp(y) == 0
}
