package user_test

import (
	"testing"

	"github.com/godrgn/drgn/lang/c"
)

// TestFloats has numbers in wide registers, and of formats that few machines have. The values are those that testdata/process/floats.c gives
// them, with the digits that gdb 13 shows; it writes whole numbers without a point, and fewer digits of float.
func TestFloats(t *testing.T) {
	format := c.DefaultFormat
	format.Flags = format.Flags&^(c.MemberTypeNames|c.Symbolize|c.TypeName|c.ElementTypeNames) | c.MembersSameLine | c.ElementsSameLine
	format.Columns = -1
	const large = "10000000000000000159028911097599180468360808563945281389781327557747838772170381060813469985856815104.0"  // 1e+100
	const larger = "30000000000000002419755625518526612324544332515354750811750821725383037568323552921344695162778943488.0" // 3.0000000000000002e+100
	for build, locals := range map[string][]map[string]string{
		"gcc-O0": {{"a": "0.10000000149011612", "b": large, "sum": "0.20000000298023224", "product": larger, "c": "{ 5.0, 6.0, 7.0, 8.0 }", "more": "{ 10.0, 12.0, 14.0, 16.0 }"},
			{"gone": "0.20000000298023224", "kept": "0.10000000149011612", "n": "0"}},
		// What the caller had in registers of vectors is gone: no function keeps them.
		"gcc-O2": {{"a": "0.10000000149011612", "b": large, "sum": "0.20000000298023224", "product": larger, "c": "{ 5.0, 6.0, 7.0, 8.0 }", "more": "{ 10.0, 12.0, 14.0, 16.0 }"},
			{"gone": "<optimized out>", "kept": "<optimized out>", "n": "<optimized out>"}},
	} {
		p := openCore(t, "floats."+build)
		load(t, p)
		for name, want := range map[string]string{
			"half":              "{ 1.5, -0.0, 65504.0, 5.9605e-08 }",
			"single":            "{ 1.5, -340282346638528859811704183484516925440.0, 1.4012984643248171e-45, 0.10000000149011612 }",
			"twice":             "{ 1.5, 0.10000000000000001, 4.9406564584124654e-324 }",
			"extended":          "{ 1.5, 0.100000000000000000001, -1.18973149535723176502e+4932, 3.64519953188247460253e-4951 }",
			"quadruple":         "{ 1.5, 0.100000000000000000000000000000000005, -1.18973149535723176508575932662800702e+4932, 6.47517511943802511092443895822764655e-4966 }",
			"gnu":               "0.29999999999999999999999999999999999",
			"complex_single":    "{ .real = 1.5, .imag = 2.5 }",
			"complex_double":    "{ { .real = 1.5, .imag = -0.10000000000000001 } }",
			"complex_extended":  "{ .real = 1.5, .imag = 0.100000000000000000001 }",
			"mixed":             "{ .before = 1, .c = { .real = 2.0, .imag = 3.0 }, .l = 4.0, .after = 5 }",
			"four":              "{ 1.0, 2.0, 3.0, 4.5 }",
			"ints":              "{ -1, 2 }",
			"infinite":          "{ inf, -inf, nan }",
			"infinite_extended": "{ inf, -inf, nan }",
		} {
			if got, err := p.Variable(name).Format(format); got != want || err != nil {
				t.Errorf("%s: %s is %s, %v, want %s", build, name, got, err, want)
			}
		}
		if x, err := p.Variable("extended").Index(1).Float(); x != 0.1 || err != nil {
			t.Errorf("%s: %v, %v, want 0.1", build, x, err)
		}
		if x, err := p.Variable("extended").Index(2).Float(); err == nil {
			t.Errorf("%s: %v, want that it does not fit", build, x)
		}
		thread, err := p.CrashedThread()
		if err != nil {
			t.Fatal(err)
		}
		stack, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range locals {
			frame := stack.Frame(i)
			for name, want := range want {
				got, err := frame.Object(name).Format(format)
				if got != want || err != nil {
					t.Errorf("%s: %s in %s is %s, %v, want %s", build, name, frame.Name(), got, err, want)
				}
			}
		}
	}
}
