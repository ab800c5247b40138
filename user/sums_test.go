package user_test

import "testing"

// TestSums has variables that are nowhere but in expressions: of clang's with integers of different types, of floating-point numbers, of arguments that gcc
// found out to be the same in each call. The values are those that testdata/process/sums.c gives them. gdb 18 doesn't know "less" of "floats", nor "bits" of clang's.
func TestSums(t *testing.T) {
	for core, functions := range map[string]map[string]map[string]string{
		"sums.gcc": {
			"products": {"product": "(long long)600000000000", "bits": "(unsigned long long)3298534883334", "third": "(int)-5", "less": "(_Bool)1"},
			"floats":   {"n": "(int)6", "f": "(float)2.25", "less": "(float)1.25", "converted": "(double)6.0"},
			"removed":  {"d": "(double)3.5", "added": "(long)70", "sum": "(long)75"},
		},
		"sums.clang19": {
			"products": {"product": "(long long)600000000000", "bits": "(unsigned long long)3298534883334", "third": "(int)-5", "less": "(_Bool)1"},
			"floats":   {"n": "(int)6", "f": "(float)2.25"},
		},
	} {
		for function, variables := range functions {
			frame := frameOf(t, core, function)
			for name, want := range variables {
				if got := frame.Object(name).String(); got != want {
					t.Errorf("%s: %s of %s is %s, want %s", core, name, function, got, want)
				}
			}
		}
	}
}

// Of a class that clang declares without its name, since that is in a type unit, functions and variables are found by it.
func TestNamesOfTypeUnits(t *testing.T) {
	p := openCore(t, "classes.clang19-O2-5-types")
	load(t, p)
	if got, err := p.Variable("outer::inner::Nested::count").Int(); err != nil || got != 13 {
		t.Errorf("outer::inner::Nested::count: %d, %v", got, err)
	}
}
