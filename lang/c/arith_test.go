package c

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

type operatorRecord struct {
	Operands map[string]struct {
		Type  *described
		Bits  uint64
		Value string
	}
	Casts   map[string]*described
	Op, A   string
	Results []string
}

// describe writes a result as the records do.
func describe(r Operand, err error) string {
	if err != nil {
		return "!" + err.Error()
	}
	value := r.big().String()
	switch r.kind() {
	case types.Float:
		value = pythonFloat(r.Float)
	}
	if r.BitFieldSize != 0 {
		value += fmt.Sprint(":", r.BitFieldSize)
	}
	return r.Type.String() + "|" + value
}

// pythonFloat writes a number as Python's repr does.
func pythonFloat(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if a := math.Abs(x); a == 0 || a >= 1e-4 && a < 1e16 {
		s = strconv.FormatFloat(x, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}

// operatorDifference explains where this package means to differ from the reference (0.0.22); "" where it does not.
func operatorDifference(op, a, b, want string) string {
	switch {
	case op == "cast _Bool" && want == "_Bool|0":
		return "what is not zero is true, also if its low byte is zero or its whole part is"
	case strings.HasPrefix(op, "cast ") && a == "huge":
		return "newer versions take the nearest number of the type, as this package does"
	case (op == "+" || op == "-") && want == "!cannot get size of function type" && (a == "fn" || b == "fn"):
		return "the operands are looked at before the size"
	case strings.Contains(want, "incomplete struct type") || strings.Contains(want, "incomplete void type"):
		return "another wording"
	case want == "!cannot convert 'struct point' to '_Bool'":
		return "newer versions say bool, as this package does"
	}
	return ""
}

func TestOperatorsReference(t *testing.T) {
	records := records[operatorRecord](t, "operators.jsonl.gz")
	m := newMock(le64, C)
	operands := map[string]Operand{}
	for name, o := range records[0].Operands {
		typ := m.build(o.Type)
		if typ.UnderlyingKind() == types.Float {
			x, _ := strconv.ParseFloat(o.Value, 64)
			operands[name] = FloatOf(typ, x)
			continue
		}
		v, _ := new(big.Int).SetString(o.Value, 10)
		operands[name] = Operand{Type: typ, BitFieldSize: o.Bits, Bits: v.Uint64()}
		if v.Sign() < 0 {
			operands[name] = Operand{Type: typ, BitFieldSize: o.Bits, Bits: uint64(v.Int64())}
		}
	}
	// The struct and pointer operands share their types in the reference.
	st := operands["st"]
	st.Type = operands["ps"].Type.Elem()
	operands["st"] = st
	casts := map[string]*types.Type{}
	for name, d := range records[0].Casts {
		casts[name] = m.build(d)
	}
	n, differ := 0, 0
	for _, r := range records[1:] {
		for _, result := range r.Results {
			b, want := "", result
			binary := r.Op != "bool" && !strings.HasPrefix(r.Op, "cast ") && operands[prefix(result)].Type != nil
			if binary {
				b = prefix(result)
				want = result[len(b)+1:]
			}
			got := evaluate(m, operands, casts, r.Op, r.A, b)
			n++
			if operatorDifference(r.Op, r.A, b, want) != "" {
				differ++
			} else if got != want {
				t.Errorf("%s %s %s: %s; want %s", r.A, r.Op, b, got, want)
			}
		}
	}
	t.Logf("%d results, %d known differences", n, differ)
}

func prefix(result string) string {
	name, _, _ := strings.Cut(result, "=")
	return name
}

var binaryOperators = map[string]Operator{"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Mod, "<<": Shl, ">>": Shr, "&": And, "^": Xor, "|": Or}

func evaluate(m *mock, operands map[string]Operand, casts map[string]*types.Type, op, a, b string) string {
	x, y := operands[a], operands[b]
	switch {
	case op == "bool":
		v, err := Truth(x)
		if err != nil {
			return "!" + err.Error()
		}
		return map[bool]string{true: "True", false: "False"}[v]
	case strings.HasPrefix(op, "cast "):
		return describe(Cast(casts[op[5:]], x, m))
	case op == "<" || op == "==":
		order, err := Compare(x, y, m)
		if err != nil {
			return "!" + err.Error()
		}
		return map[bool]string{true: "True", false: "False"}[op == "<" && order == Less || op == "==" && order == Equal]
	case b == "":
		unary := map[string]Operator{"+": Add, "-": Sub, "~": Not}[op]
		return describe(Unary(unary, x, m))
	}
	return describe(Binary(binaryOperators[op], x, y, m))
}

// TestOperators has what the reference does not do, or does wrong.
func TestOperators(t *testing.T) {
	m := newMock(le64, C)
	i128, u128 := m.set.Int(C, "__int128", 16, true, false), m.set.Int(C, "unsigned __int128", 16, false, false)
	one := func(p types.Primitive, v int64) Operand { return Int(m.prim(p), 0, uint64(v)) }
	wide := func(typ *types.Type, s string) Operand {
		v, _ := new(big.Int).SetString(s, 0)
		return BigInt(typ, v)
	}
	nan := FloatOf(m.prim(types.CDouble), math.NaN())
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s = %s; want %s", what, got, want)
		}
	}
	minimum := one(types.CLong, math.MinInt64)
	check("LONG_MIN / -1", describe(Binary(Div, minimum, one(types.CInt, -1), m)), "long|-9223372036854775808")
	check("LONG_MIN % -1", describe(Binary(Mod, minimum, one(types.CInt, -1), m)), "long|0")
	check("1 << 128", describe(Binary(Shl, wide(i128, "1"), one(types.CInt, 128), m)), "__int128|0")
	check("1 << 127", describe(Binary(Shl, wide(i128, "1"), one(types.CInt, 127), m)), "__int128|-170141183460469231731687303715884105728")
	check("-1 >> 200", describe(Binary(Shr, wide(i128, "-1"), one(types.CInt, 200), m)), "__int128|-1")
	check("1 << huge", describe(Binary(Shl, one(types.CInt, 1), wide(u128, "0x100000000000000000"), m)), "int|0")
	check("1 << -huge", describe(Binary(Shl, one(types.CInt, 1), wide(i128, "-0x100000000000000000"), m)), "!negative shift count")
	check("wide + ulong", describe(Binary(Add, wide(u128, "0xffffffffffffffffffffffffffffffff"), one(types.CUnsignedLong, 2), m)), "unsigned __int128|1")
	check("wide * wide", describe(Binary(Mul, wide(i128, "-0x10000000000000001"), wide(i128, "3"), m)), "__int128|-55340232221128654851")
	check("wide / 0", describe(Binary(Div, wide(i128, "1"), one(types.CInt, 0), m)), "!division by zero")
	check("-wide", describe(Unary(Sub, wide(u128, "1"), m)), "unsigned __int128|340282366920938463463374607431768211455")
	check("~wide", describe(Unary(Not, wide(i128, "1"), m)), "__int128|-2")
	check("int(wide)", describe(Cast(m.prim(types.CInt), wide(i128, "-0x100000000000000005"), m)), "int|-5")
	check("wide(int)", describe(Cast(u128, one(types.CInt, -1), m)), "unsigned __int128|340282366920938463463374607431768211455")
	check("double(wide)", describe(Cast(m.prim(types.CDouble), wide(i128, "-0x100000000000000000"), m)), "double|-2.9514790517935283e+20")
	check("wide(double)", describe(Cast(i128, FloatOf(m.prim(types.CDouble), -1e20), m)), "__int128|-100000000000000000000")
	check("int(nan)", describe(Cast(m.prim(types.CInt), nan, m)), "int|0")
	check("bool(256)", describe(Cast(m.prim(types.CBool), one(types.CInt, 256), m)), "_Bool|1")
	check("bool(0.5)", describe(Cast(m.prim(types.CBool), FloatOf(m.prim(types.CDouble), 0.5), m)), "_Bool|1")
	if order, err := Compare(nan, nan, m); order != Unordered || err != nil {
		t.Errorf("nan and nan: %d, %v", order, err)
	}
	if v, _ := Truth(nan); !v {
		t.Error("nan is false")
	}
	if _, err := Binary(Add, Operand{Type: m.ptr(m.set.IncompleteCompound(C, types.Struct, "inc")), Bits: 1}, one(types.CInt, 1), m); !errors.As(err, new(*types.SizeError)) {
		t.Errorf("pointer to an incomplete type: %v", err)
	}
	check("long + unsigned on 32 bits", func() string {
		m := newMock(le32, C)
		return describe(Binary(Add, Int(m.prim(types.CLong), 0, ^uint64(0)), Int(m.prim(types.CUnsignedInt), 0, 3), m))
	}(), "unsigned long|2")
	check("pointer wrap on 32 bits", func() string {
		m := newMock(le32, C)
		return describe(Binary(Add, Operand{Type: m.ptr(m.prim(types.CInt)), Bits: 0xfffffffc}, Int(m.prim(types.CInt), 0, 2), m))
	}(), "int *|4")
	check("pointer difference on 32 bits", func() string {
		m := newMock(le32, C)
		p := m.ptr(m.prim(types.CInt))
		return describe(Binary(Sub, Operand{Type: p, Bits: 4}, Operand{Type: p, Bits: 0xfffffffc}, m))
	}(), "ptrdiff_t|2")
}

func TestLiterals(t *testing.T) {
	long := newMock(le64, C)
	short := newMock(le32, C)
	for _, c := range []struct {
		m    *mock
		v    string
		want string
	}{
		{long, "1", "int|1"}, {long, "-1", "int|-1"}, {long, "2147483647", "int|2147483647"}, {long, "2147483648", "long|2147483648"},
		{long, "-2147483648", "long|-2147483648"}, {long, "9223372036854775808", "unsigned long long|9223372036854775808"},
		{long, "-9223372036854775808", "unsigned long long|9223372036854775808"}, {long, "18446744073709551615", "unsigned long long|18446744073709551615"},
		{long, "18446744073709551616", "!" + ErrLiteralRange.Error()}, {long, "-18446744073709551616", "!" + ErrLiteralRange.Error()},
		{short, "2147483648", "long long|2147483648"}, {short, "4294967296", "long long|4294967296"}, {short, "9223372036854775808", "unsigned long long|9223372036854775808"},
	} {
		v, _ := new(big.Int).SetString(c.v, 10)
		if got := describe(Literal(v, c.m)); got != c.want {
			t.Errorf("%s: %s; want %s", c.v, got, c.want)
		}
	}
	if got := describe(FloatLiteral(1.5, long)); got != "double|1.5" {
		t.Error(got)
	}
	if got := describe(BoolLiteral(true, long)); got != "int|1" {
		t.Error(got)
	}
}

func TestConvert(t *testing.T) {
	m := newMock(le64, C)
	for _, c := range [][3]string{
		{"int", "unsigned long", "unsigned long|5"}, {"int", "double", "double|5.0"}, {"double", "int", "int|5"}, {"int *", "_Bool", "_Bool|1"},
		{"int *", "void *", "void *|5"}, {"void *", "int *", "int *|5"}, {"int *", "const int *", "const int *|5"}, {"int", "u64", "u64|5"},
		{"int [2]", "int *", "int *|5"}, {"int [2]", "const void *", "const void *|5"}, {"enum e", "int", "int|5"}, {"int", "enum e", "enum e|5"},
		{"const int *", "int *", "!cannot convert 'const int *' to incompatible type 'int *'"},
		{"int *", "struct foo *", "!cannot convert 'int *' to incompatible type 'struct foo *'"},
		{"int", "int *", "!cannot convert 'int' to incompatible type 'int *'"},
		{"int *", "int", "!cannot convert 'int *' to incompatible type 'int'"},
		{"int *", "double", "!cannot convert 'int *' to incompatible type 'double'"},
		{"struct foo", "int", "!cannot convert 'struct foo' to incompatible type 'int'"},
		{"int", "struct foo", "!cannot convert 'int' to incompatible type 'struct foo'"}, {"int", "void", "!cannot convert to 'void'"},
		{"int [2]", "int", "!cannot convert 'int [2]' to incompatible type 'int'"}, {"struct foo", "_Bool", "!cannot convert 'struct foo' to bool"},
		{"int", "int [2]", "!cannot convert to 'int [2]'"},
	} {
		from, err := C.ParseTypeName(c[0], m)
		if err != nil {
			t.Fatal(err)
		}
		to, err := C.ParseTypeName(c[1], m)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(Convert(to, 0, Operand{Type: from, Bits: 5, Float: 5}, m)); got != c[2] {
			t.Errorf("%s to %s: %s; want %s", c[0], c[1], got, c[2])
		}
	}
	if got := describe(Convert(m.prim(types.CInt), 3, Int(m.prim(types.CInt), 0, 13), m)); got != "int|-3:3" {
		t.Error(got)
	}
	if _, err := Convert(m.prim(types.CInt), 33, Int(m.prim(types.CInt), 0, 13), m); err == nil {
		t.Error("a bit-field of 33 bits of an int")
	}
}

// FuzzArithmetic holds the operators against math/big on every pair of integer types.
func FuzzArithmetic(f *testing.F) {
	f.Add(uint8(0), uint8(3), uint8(5), uint64(1), uint64(1<<63))
	m := newMock(le64, C)
	var all []*types.Type
	for p := types.CChar; p <= types.CBool; p++ {
		all = append(all, m.prim(p))
	}
	all = append(all, m.named["enum e"], m.named["u64"], m.set.Int(C, "__int128", 16, true, false), m.set.Int(C, "unsigned __int128", 16, false, false), m.set.Int(C, "i24", 3, true, false))
	f.Fuzz(func(t *testing.T, op, i, j uint8, x, y uint64) {
		operand := func(i uint8, v uint64) Operand {
			typ := all[int(i)%len(all)]
			if typ.OwnSize() > 8 {
				w := new(big.Int).SetUint64(v)
				return BigInt(typ, w.Mul(w, w))
			}
			return Int(typ, uint64(i/32)%(typ.Underlying().OwnSize()*8), v)
		}
		a, b := operand(i, x), operand(j, y)
		o := Operator(op) % Not
		got, err := Binary(o, a, b, m)
		p, q, z := a.big(), b.big(), new(big.Int)
		switch {
		case (o == Div || o == Mod) && q.Sign() == 0:
			if err != ErrDivisionByZero {
				t.Fatalf("%v, %v", got, err)
			}
			return
		case (o == Shl || o == Shr) && q.Sign() < 0:
			if err != ErrNegativeShift {
				t.Fatalf("%v, %v", got, err)
			}
			return
		case err != nil:
			t.Fatal(err)
		case o == Shl || o == Shr:
			n := uint(256)
			if q.IsUint64() && q.Uint64() < 256 {
				n = uint(q.Uint64())
			}
			if o == Shl {
				z.Lsh(p, n)
			} else {
				z.Rsh(p, n)
			}
		default:
			// Both are first converted to the common type, which is the result's.
			p, q = wrap(p, got), wrap(q, got)
			if q.Sign() == 0 && (o == Div || o == Mod) {
				t.Fatal("a divisor became zero")
			}
			z = bigs(o, p, q)
		}
		if want := wrap(z, got); got.big().Cmp(want) != 0 {
			t.Fatalf("%s %s %s = %s; want %s", describe(a, nil), o, describe(b, nil), describe(got, nil), want)
		}
	})
}

// wrap takes v into the range of r's type.
func wrap(v *big.Int, r Operand) *big.Int {
	n := uint(r.width())
	mod := new(big.Int).Lsh(big.NewInt(1), n)
	v = new(big.Int).Mod(v, mod)
	if r.isSigned() && v.Bit(int(n)-1) != 0 {
		v.Sub(v, mod)
	}
	return v
}

func BenchmarkBinary(b *testing.B) {
	m := newMock(le64, C)
	i, ul, p := Int(m.prim(types.CInt), 0, 5), Int(m.prim(types.CUnsignedLong), 0, 7), Int(m.ptr(m.prim(types.CInt)), 0, 4096)
	for _, c := range []struct {
		name string
		x, y Operand
	}{{"int+int", i, i}, {"int+unsigned long", i, ul}, {"pointer+int", p, i}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Binary(Add, c.x, c.y, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
