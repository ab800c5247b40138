package user_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

var classes = []string{"gcc-O0", "gcc-O2", "clang-O0", "clang-O2"}

// TestClasses has what C++ has and C has not. The values are those that testdata/process/classes.cc gives them, and gdb 13 shows, which
// takes "diamond.hides" for ambiguous: the compilers know that Left's hides Root's.
func TestClasses(t *testing.T) {
	format := c.DefaultFormat
	format.Flags = format.Flags&^(c.MemberTypeNames|c.Symbolize|c.TypeName|c.ElementTypeNames) | c.MembersSameLine | c.ElementsSameLine
	format.Columns = -1
	for _, build := range classes {
		p := openCore(t, "classes."+build)
		load(t, p)
		// Addresses of tables differ, and clang writes "_vptr$Root".
		text := func(o drgn.Object) string {
			s, err := o.Format(format)
			if err != nil {
				return err.Error()
			}
			words := strings.Fields(s)
			for i := 0; i < len(words); i++ {
				if strings.HasPrefix(words[i], "._vptr") {
					words = append(words[:i], words[i+3:]...)
					i--
				}
			}
			return strings.Join(words, " ")
		}
		const root, leftRight = "<Root> = { .root = 8, .hides = 9 }, ", "<Left> = { .left = 10, .hides = 11 }, <Right> = { .right = 12 }, "
		for name, want := range map[string]string{
			"single":                      "{ <Base> = { .b = 1 }, .s = 4 }",
			"both":                        "{ <Base> = { .b = 1 }, <Other> = { .o = 2, .b = 3 }, .x = 5 }",
			"own":                         "{ <Base> = { .b = 1 }, <Other> = { .o = 2, .b = 3 }, .b = 6 }",
			"with_empty":                  "{ <Box<short, 2>> = { .values = {} }, .e = 7 }",
			"diamond":                     "{ " + root + leftRight + ".bottom = 13 }",
			"twice":                       "{ " + root + "<Two> = { <Right> = { .right = 12 }, .two = 14 }, <Diamond> = { " + leftRight + ".bottom = 13 }, .twice = 15 }",
			"holder":                      "{ <First> = { }, .left = { " + root + ".left = 10, .hides = 11 }, .inside = { " + root + leftRight + ".bottom = 13 } }",
			"box":                         "{ .values = { 1, 2, 3 } }",
			"nested":                      "{ .d = { .deep = 10 } }",
			"deep":                        "{ .deep = 21 }",
			"inlined":                     "{ .in = 22 }",
			"hidden":                      "{ .hidden = 23 }",
			"colour":                      "green",
			"plain":                       "plain_b",
			"member_pointer":              "0",
			"member_pointer2":             "12",
			"no_member":                   "-1",
			"null":                        "0x0",
			"outer::hidden_variable":      "12",
			"outer::inline_variable":      "11",
			"outer::v1::inline_variable":  "11",
			"outer::inner::Nested::count": "13",
			"outer::(anonymous namespace)::hidden_variable": "12",
		} {
			if got := strings.ReplaceAll(text(p.Variable(name)), "<Box<short int, 2>>", "<Box<short, 2>>"); got != want {
				t.Errorf("%s: %s is %s, want %s", build, name, got, want)
			}
		}
		for _, test := range []struct {
			object drgn.Object
			want   string
		}{
			{p.Constant("outer::inner::Colour::green"), "green"},
			{p.Constant("outer::inner::plain_b"), "plain_b"},
			{p.Variable("single").Member("b"), "1"},
			{p.Variable("both").Member("Other").Member("b"), "3"},
			{p.Variable("own").Member("b"), "6"}, // hides those of the base classes
			{p.Variable("own").Member("Base").Member("b"), "1"},
			{p.Variable("diamond").Member("root"), "8"},
			{p.Variable("diamond").Member("hides"), "11"}, // Left's hides Root's
			{p.Variable("diamond").Member("Root").Member("hides"), "9"},
			{p.Variable("diamond").Read().Member("root"), "8"},
			{p.Variable("left_of").Member("root"), "8"},
			{p.Variable("twice").Member("root"), "8"}, // one Root, though two ways lead to it
			{p.Variable("twice").Member("Two").Member("right"), "12"},
			{p.Variable("holder").Member("left").Member("root"), "8"},
			{p.Variable("left_of").Deref(), "{ " + root + ".left = 10, .hides = 11 }"},
			{p.Variable("left_of").Deref().Read(), "{ <Root> = <outside of this value>, .left = 10, .hides = 11 }"},
			{p.Variable("reference").Deref(), "12"},
		} {
			if got := text(test.object); got != test.want {
				t.Errorf("%s: %s, want %s", build, got, test.want)
			}
		}
		// The compilers have one Root in a Diamond, and Right leads to it, too.
		at := func(o drgn.Object) uint64 { a, _ := o.Address(); return a }
		if a, b := at(p.Variable("diamond").Member("root")), at(p.Variable("diamond").Member("Right").Member("root")); a == 0 || a != b {
			t.Errorf("%s: root is at %#x and, by Right, at %#x", build, a, b)
		}
		var missing *types.MemberError
		if err := p.Variable("both").Member("b").Err(); !errors.As(err, &missing) || len(missing.Bases) != 2 {
			t.Errorf("%s: both.b: %v, want it to be in both base classes", build, err)
		}
		if err := p.Variable("twice").Member("right").Err(); !errors.As(err, &missing) || len(missing.Bases) != 2 {
			t.Errorf("%s: twice.right: %v, want it to be in both base classes", build, err)
		}
		if err := p.Variable("left_of").Deref().Read().Member("root").Err(); !errors.As(err, new(*drgn.BoundsError)) {
			t.Errorf("%s: a part of a value that lies outside: %v", build, err)
		}
		diamond, err := p.Type("Diamond")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := drgn.OffsetOf(diamond, "root"); !errors.As(err, new(*types.VirtualBaseError)) {
			t.Errorf("%s: offset of a member of a virtual base class: %v", build, err)
		}
		for name, want := range map[string]string{
			"Both":                                  "struct Both : Base, Other {\n\tint x;\n}",
			"Right":                                 "struct Right : virtual Root {",
			"outer::Inline":                         "struct Inline {\n\tint in;\n}",
			"outer::Hidden":                         "struct Hidden {\n\tint hidden;\n}",
			"outer::(anonymous namespace)::Hidden":  "struct Hidden {\n\tint hidden;\n}",
			"struct outer::v1::Inline":              "struct Inline {\n\tint in;\n}",
			"outer::inner::Nested::Deep":            "struct Deep {\n\tint deep;\n}",
			"outer::Box<int,3>":                     "struct Box<int, 3> {\n\tint values[3];\n}",
			"const outer::inner::Nested::Deep *[2]": "const Deep *[2]",
		} {
			typ, err := p.Type(name)
			if err != nil {
				t.Errorf("%s: %v", build, err)
				continue
			}
			if got, err := typ.Language().Definition(typ); err != nil || !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s is %s, %v, want %s", build, name, got, err, want)
			}
		}
	}
}

// TestTitles has names of functions as gdb 13 shows them in backtraces of testdata/process/classes.cc, but that it leaves out what is
// around "operator()" where GCC compiled.
func TestTitles(t *testing.T) {
	for _, build := range classes {
		p := openCore(t, "classes."+build)
		load(t, p)
		thread, err := p.CrashedThread()
		if err != nil {
			t.Fatal(err)
		}
		stack, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		var titles, names []string
		for i, line := range strings.Split(stack.String(), "\n")[:6] {
			title, _, _ := strings.Cut(strings.TrimSpace(line[3:]), " (/src")
			titles, names = append(titles, title), append(names, stack.Frame(i).Name())
		}
		lambda := "operator()"
		if strings.HasPrefix(build, "clang") {
			lambda = "main::$_0::operator()"
		}
		want := "stop, outer::inner::Chain<int>::run, outer::inner::Chain<int>::inlined, outer::inner::call, " + lambda + ", main"
		if got := strings.Join(titles, ", "); got != want {
			t.Errorf("%s: %s, want %s", build, got, want)
		}
		if got, want := strings.Join(names, ", "), "stop, run, inlined, call, operator(), main"; got != want {
			t.Errorf("%s: names %s, want %s", build, got, want)
		}
		s, err := p.Symbol("_ZTV7Diamond")
		if err != nil || s.Demangled() != "vtable for Diamond" {
			t.Errorf("%s: %s, %v", build, s.Demangled(), err)
		}
	}
}

// TestNamesInClasses asks frames for names of the classes and namespaces around their functions, as C++ has them: members of the object, static members, variables of
// namespaces, inline and unnamed ones, before others of the program. The values are those that testdata/process/classes.cc gives them.
func TestNamesInClasses(t *testing.T) {
	for _, build := range []string{"gcc-O0", "clang-O0", "clang19-O2-5-types"} {
		for _, tt := range []struct {
			function, name string
			want           int64
		}{
			{"run", "value", 31},            // of *this
			{"run", "plain_a", 5},           // of outer::inner
			{"call", "inline_variable", 11}, // of outer::v1, which is inline
			{"call", "hidden_variable", 12},
		} {
			if got, err := frameOf(t, "classes."+build, tt.function).Object(tt.name).Int(); err != nil || got != tt.want {
				t.Errorf("%s: %s of %s is %d, %v, want %d", build, tt.name, tt.function, got, err, tt.want)
			}
		}
	}
}
