package user_test

import (
	"strings"
	"testing"
)

// TestSimpleTemplateNames has classes whose names lack the arguments of their templates, as clang writes them with -gsimple-template-names. They are found by the
// names that it gives them otherwise, and instances of one size are types of their own. The values are those that testdata/process/templates.cc gives them.
func TestSimpleTemplateNames(t *testing.T) {
	for _, core := range []string{"templates.clang19", "templates.clang21"} {
		p := openCore(t, core)
		load(t, p)
		for name, want := range map[string]string{
			"whole": "(Box){\n\t.v = (int)7,\n}", "real": "(Box){\n\t.v = (float)2.5,\n}",
			"Box<int>::shared": "(int)5", "Box<float>::shared": "(float)<optimized out>",
			"none": "(Many){", "many": "(Many){", "shorts": "(Row){", "chars": "(Row){", "wrap": "(Wrap){\n\t.in = (Box){",
			"values": "(Values){", "two": "(Two){", "byDefault": "(Two){",
			"function": "(Box){", "array": "(Box){", "null": "(Box){", "member": "(Box){",
			"qualified": "(Box){",
		} {
			if got := p.Object(name).String(); !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %s, want %s", core, name, got, want)
			}
		}
		if got := p.Object("real").Member("shared").String(); got != "(float)<optimized out>" {
			t.Errorf("%s: the static member of a float is %s", core, got)
		}
		for _, name := range []string{"Box<float>", "ns::Two<Box<int>, const char*>", "ns::Two<float, float>::Inner", "Many<>", "Row<short, 2>", "Box<const volatile int *const *>"} {
			if _, err := p.Type(name); err != nil {
				t.Errorf("%s: %v", core, err)
			}
		}
		if found, err := p.Type("Box"); err == nil {
			t.Errorf("%s: Box alone is %s", core, found)
		}
	}
}
