package user_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/lang/c"
)

// TestClonedLocals has a variable that all instances of a function share among the locals of one that GCC made for certain arguments.
func TestClonedLocals(t *testing.T) {
	for _, core := range []string{"varying.gcc-O0", "varying.gcc-O2"} {
		p := openCore(t, core)
		load(t, p)
		thread, err := p.CrashedThread()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for frame := range trace(t, thread).Frames() {
			if frame.Name() != "cloned" {
				continue
			}
			found = true
			names, err := frame.Locals()
			slices.Sort(names)
			if want := []string{"c", "calls", "n"}; !slices.Equal(names, want) || err != nil {
				t.Errorf("%s: %q %v", core, names, err)
			}
			if n, err := frame.Object("calls").Int(); n != 42 || err != nil {
				t.Errorf("%s: %d %v", core, n, err)
			}
		}
		if !found {
			t.Error(core)
		}
	}
}

// TestVarying has structures of GNU C whose members have lengths that are known at run time only. The values are those that
// testdata/process/varying.c gives them, sizes those that gcc 12's sizeof has; what debugging information does not say is an error.
func TestVarying(t *testing.T) {
	const (
		text  = `"\x01\v\x15\x1f)"`
		lies  = ` lies is not known here: it depends on sizes that are known at run time only`
		ends  = "cannot get size of variable-length structure type: debugging information does not say where it ends"
		tail  = "(struct tail){\n\t.n = (int)7,\n\t.a = (char [5])" + text + ",\n}"
		union = "(union <anonymous>){\n\t.a = (char [5])" + text + ",\n\t.b = (short)2817,\n}"
	)
	middle := func(n, b string) string {
		return "(struct middle){\n\t.n = (int)" + n + ",\n\t.a = (char [5])" + text + ",\n\t.b = (int)" + b + ",\n}"
	}
	for _, test := range []struct{ core, variable, want string }{
		{"varying.gcc-O0", "s", middle("2", "200")},
		{"varying.gcc-O0", "list[0]", middle("0", "0")},
		{"varying.gcc-O0", "list[2]", middle("2", "200")},
		{"varying.gcc-O0", "*to", middle("1", "100")},
		{"varying.gcc-O0", "to[1]", middle("2", "200")},
		{"varying.gcc-O0", "outer.first", "(char)102"},
		{"varying.gcc-O0", "outer.in.b", "(int)100"},
		{"varying.gcc-O0", "outer.two", "(short [5][3]){ { 0, 1, 2 }, { 3, 4, 5 }, { 6, 7, 8 }, { 9, 10, 11 }, { 12, 13, 14 } }"},
		{"varying.gcc-O0", "outer.last", "(char)108"},
		{"varying.gcc-O0", "packed[1].b", "(long)1000"},
		{"varying.gcc-O0", "packed[0].b", "(long)2000"},
		{"varying.gcc-O0", "t", tail},
		{"varying.gcc-O0", "tails", "(struct tail [2])<incomplete>"}, // its elements would be 9 bytes, if it were packed
		{"varying.gcc-O0", "tails[1]", ends},
		{"varying.gcc-O0", "u", union},
		{"varying.gcc-O0", "c.a", "(char [5])" + text},
		{"varying.gcc-O0", "other.n", "(int)1"},
		{"varying.gcc-O0", "other.b", `where member "b"` + lies},
		{"varying.gcc-O0", "own", "(row){}"},
		{"varying.gcc-O0", "own[2]", "(char)21"},
		{"varying.gcc-O2", "own", "(row){}"},
		{"varying.gcc-O2", "s.n", "(int)2"},
		{"varying.gcc-O2", "s.a", "(char [5])" + text},
		{"varying.gcc-O2", "s.b", `where member "b"` + lies},
		{"varying.gcc-O2", "outer.in.n", "(int)1"},
		{"varying.gcc-O2", "outer.in.b", `where member "b"` + lies},
		{"varying.gcc-O2", "outer.two[3][2]", "(short)11"}, // lists of locations say where the members lie
		{"varying.gcc-O2", "outer.last", "(char)108"},
		{"varying.gcc-O2", "list[1]", ends},
		{"varying.gcc-O2", "packed[1].b", "(long)1000"},
		{"varying.gcc-O2", "t", tail},
		{"varying.gcc-O2", "u", union},
		{"varying.gcc-O2", "c", "cannot format incomplete struct object"},
	} {
		t.Run(test.core+"/"+test.variable, func(t *testing.T) {
			p := openCore(t, test.core)
			load(t, p)
			thread, err := p.CrashedThread()
			if err != nil {
				t.Fatal(err)
			}
			function := "varying"
			switch name, _, _ := strings.Cut(strings.TrimLeft(test.variable, "*"), "."); name {
			case "c":
				function = "cloned"
			case "other", "own", "own[2]":
				function = "nested"
			}
			for frame := range trace(t, thread).Frames() {
				if frame.Name() != function {
					continue
				}
				got, err := expression.Evaluate(p, test.variable, &frame).Format(c.DefaultFormat)
				if err != nil {
					got = err.Error()
				}
				if got != test.want && (err == nil || !strings.HasSuffix(got, test.want)) {
					t.Errorf("%s, want %s", got, test.want)
				}
				return
			}
			t.Error("no frame of ", function)
		})
	}
}
