package user_test

import "testing"

// TestExtended has numbers of x87: what gcc 12 has not kept of them but says how to calculate, and those in x87's registers, which have 80 bits whatever
// the type of the variable is (System V ABI Intel386, table 2.14). The values are those of testdata/process/extended.c, and gdb 13 has the same.
func TestExtended(t *testing.T) {
	for build, more := range map[string]map[string]string{
		"gcc-m64": {"of_unsigned": "(long double)4294967295.0", "of_long": "(long double)-9007199254740993.0"},
		"gcc-m32": {"of_double": "(long double)3.5", "b": "(double)3.5"},
	} {
		p := openCore(t, "extended."+build)
		load(t, p)
		thread, err := p.CrashedThread()
		if err != nil {
			t.Fatal(err)
		}
		stack, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		frame := stack.Frame(0)
		check := func(values map[string]string) {
			for name, want := range values {
				if got := frame.Object(name).String(); got != want {
					t.Errorf("%s: %s is %s, want %s", build, name, got, want)
				}
			}
		}
		check(more)
		check(map[string]string{
			"a":         "(long double)2.0",
			"third":     "(long double)0.666666666666666666685",
			"half":      "(long double)0.5",
			"sum":       "(long double)3.0",
			"tenths":    "(long double)0.200000000000000000003",
			"negative":  "(long double)-2.0",
			"less":      "(long double)1.89999999999999999998",
			"of_int":    "(long double)-7.0",
			"of_float":  "(long double)0.100000001490116119385",
			"rounded":   "(double)0.66666666666666663",
			"seventh":   "(float)0.28571429848670959",
			"truncated": "(long)21",
			"below":     "(int)0",
			"above":     "(int)1",
			"three":     "(long double)0.200000000000000000003",
			"seven":     "(double)7.0",
		})
	}
}
