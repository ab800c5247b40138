package drgn_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
)

func TestOperators(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		i := m.typ("int")
		wide := m.int("__int128", 16, true)
		m.put(0x1000, m.word(7, 4)...)
		m.put(0x2000, m.word(0xa5, 1)...)
		seven := m.ObjectAt(i, 0x1000)
		minus := m.Literal(-2)
		array := m.ObjectAt(m.array(i, 4), 0x1000)
		field := m.ObjectAt(m.structure("", 4, field{"f", 0, i, 4}), 0x2000).Member("f")
		f := int64(5)
		if m.big {
			f = -6
		}
		for _, x := range []struct {
			got  drgn.Object
			want int64
			typ  string
		}{
			{seven.Binary(c.Add, minus), 5, "int"}, {seven.Binary(c.Div, minus), -3, "int"}, {seven.Binary(c.Mod, minus), 1, "int"},
			{seven.Unary(c.Sub), -7, "int"}, {seven.Unary(c.Not), -8, "int"}, {seven.Binary(c.Shl, m.Literal(29)), -1 << 29, "int"},
			{seven.Binary(c.Add, m.Literal(math.MaxInt32)), math.MinInt32 + 6, "int"}, {field.Unary(c.Add), f, "int"},
			{array.Binary(c.Add, m.Literal(2)), 0x1008, "int *"}, {seven.AddressOf().Binary(c.Sub, m.Literal(-1)), 0x1004, "int *"},
			{array.Index(3).AddressOf().Binary(c.Sub, array.Index(1).AddressOf()), 2, m.typ("ptrdiff_t").String()},
			{minus.Cast(m.typ("unsigned char")), 254, "unsigned char"}, {minus.Cast(m.typ("long long")), -2, "long long"}, {m.Literal(-1).Cast(m.typ("_Bool")), 1, "_Bool"},
			{m.FloatLiteral(-2.9).Cast(i), -2, "int"}, {m.ScalarValue(m.typ("unsigned int"), 1<<31).Cast(m.typ("long long")), 1 << 31, "long long"},
			{seven.Convert(i, 3), -1, "int"}, {m.BoolLiteral(true), 1, "int"},
		} {
			wantInt(t, x.got, x.want)
			if x.got.Err() == nil && x.got.Type().String() != x.typ {
				t.Errorf("'%s', want '%s'", x.got.Type(), x.typ)
			}
		}
		v := minus.Cast(wide).Binary(c.Shl, m.Literal(100))
		want := new(big.Int).Lsh(big.NewInt(-2), 100)
		if got, err := v.BigInt(); err != nil || got.Cmp(want) != 0 {
			t.Error(got, err)
		}
		if got, err := v.Binary(c.Shr, m.Literal(100)).BigInt(); err != nil || got.Int64() != -2 {
			t.Error(got, err)
		}
		if o, err := seven.Compare(m.FloatLiteral(6.5)); err != nil || o != c.Greater {
			t.Error(o, err)
		}
		if o, err := seven.AddressOf().Compare(array); err != nil || o != c.Equal {
			t.Error(o, err)
		}
		if got, err := m.BigLiteral(new(big.Int).SetUint64(math.MaxUint64)).Uint(); err != nil || got != math.MaxUint64 {
			t.Error(got, err)
		}
	})
}

func TestOperatorErrors(t *testing.T) {
	m := newMock(t, arch.X86_64)
	one, s := m.Literal(1), m.ObjectAt(m.structure("s", 4), 0)
	if err := one.Binary(c.Div, m.Literal(0)).Err(); err != c.ErrDivisionByZero {
		t.Error(err)
	}
	if err := m.BigLiteral(new(big.Int).Lsh(big.NewInt(1), 64)).Err(); err != c.ErrLiteralRange {
		t.Error(err)
	}
	wantErr[*c.OperandError](t, one.Binary(c.Add, s).Err(), "invalid operands to binary + ('int' and 'struct s')")
	wantErr[*c.OperandError](t, s.Unary(c.Not).Err(), "invalid operand to unary ~ ('struct s')")
	wantErr[*c.ConversionError](t, one.Cast(s.Type()).Err(), "cannot cast to 'struct s'")
	wantErr[*drgn.PathError](t, m.ObjectAt(m.typ("int"), 0x10).Binary(c.Add, one).Err(), "*(int *)0x10: could not find memory segment: 0x10")
	wantErr[*drgn.PathError](t, m.ObjectAt(m.typ("int"), 0x10).Cast(m.typ("long")).Err(), "*(int *)0x10: could not find memory segment: 0x10")
	wantErr[*drgn.AbsentError](t, m.AbsentObject(m.typ("int"), drgn.OptimizedOut).Binary(c.Add, one).Err(), "object absent: optimized out")
	_, err := one.Compare(s)
	if err == nil {
		t.Error("compared with a structure")
	}
}

func TestFormat(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		node := family(m)
		for o, want := range map[drgn.Object]string{
			m.ObjectAt(node, 0x1000).Member("v"):            "(int [2]){ 13, 14 }",
			m.ObjectAt(node, 0x1000).Member("v").Read():     "(int [2]){ 13, 14 }",
			m.ObjectAt(node, 0x1000).Member("a"):            "(short)11",
			m.AbsentObject(node, drgn.OptimizedOut):         "(struct node)<optimized out>",
			m.AbsentObject(node, drgn.OtherAbsence):         "(struct node)<absent>",
			m.ScalarValue(m.PointerTo(m.typ("void")), 0x10): "(void *)0x10",
			m.ObjectAt(node, 0x9000).Member("a"):            fmt.Sprintf("<*(short *)%#x: could not find memory segment: %#[1]x>", 0x9000+2*m.ptr),
			m.ObjectAt(node, 0x1000).Member("x"):            "<'struct node' has no member 'x'>",
			m.ScalarValue(m.typ("char"), 'a'):               "(char)97",
		} {
			if got := o.String(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		f := c.DefaultFormat
		f.IntegerBase = 16
		if s, err := m.Literal(255).Format(f); err != nil || s != "(int)0xff" {
			t.Error(s, err)
		}
		if _, err := drgn.Failed(drgn.ErrNotFound).Format(f); err != drgn.ErrNotFound {
			t.Error(err)
		}
	})
}

func BenchmarkOperators(b *testing.B) {
	m := newMock(b, arch.X86_64)
	pid := m.ScalarValue(m.Types().Typedef(c.C, "pid_t", m.typ("int")), 5)
	one := m.Literal(1)
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if o := pid.Binary(c.Add, one); o.Err() != nil {
				b.Fatal(o.Err())
			}
		}
	})
	b.Run("compare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := pid.Compare(one); err != nil {
				b.Fatal(err)
			}
		}
	})
}
