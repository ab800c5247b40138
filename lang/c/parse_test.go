package c

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// typeNames are type names and how the type is called, or "!" and the error.
var typeNames = [][2]string{
	{"int", "int"},
	{"unsigned", "unsigned int"},
	{"signed", "int"},
	{"long", "long"},
	{"long unsigned int", "unsigned long"},
	{"int long unsigned", "unsigned long"},
	{"unsigned long long", "unsigned long long"},
	{"long unsigned int long", "unsigned long long"},
	{"long int long", "long long"},
	{"long signed int", "long"},
	{"short", "short"},
	{"short int unsigned", "unsigned short"},
	{"char", "char"},
	{"signed char", "signed char"},
	{"char unsigned", "unsigned char"},
	{"float", "float"},
	{"double", "double"},
	{"double long", "long double"},
	{"_Bool", "_Bool"},
	{"void", "void"},
	{"size_t", "size_t"},
	{"const ptrdiff_t", "const ptrdiff_t"},
	{"int const", "const int"},
	{"volatile const const int", "const volatile int"},
	{"const unsigned volatile long", "const volatile unsigned long"},
	{"unsigned const", "const unsigned int"},
	{"_Atomic int", "_Atomic int"},
	{"_Atomic(int) *", "_Atomic int *"}, {"const _Atomic (int (*)[2])", "int (* const _Atomic)[2]"}, {"_Atomic(_Atomic(struct foo) *)[2]", "_Atomic struct foo * _Atomic [2]"},
	{"_Atomic(int", "!expected ')'"}, {"_Atomic(int) int", "!cannot combine 'int' with '_Atomic'"}, {"_Atomic()", "!expected type specifier"}, {"int _Atomic (*)[2]", "_Atomic int (*)[2]"},
	{"restrict int", "restrict int"},
	{"int * restrict", "int * restrict"},
	{"int *const volatile *", "int * const volatile *"},
	{"int * const * volatile", "int * const * volatile"},
	{"const int *const", "const int * const"},
	{"int * const const", "int * const"},
	{"struct  foo", "struct foo"},
	{"struct foo const", "const struct foo"},
	{"struct foo\t*\n*", "struct foo **"},
	{"union foo", "union foo"},
	{"enum e *", "enum e *"},
	{"foo_t", "foo_t"},
	{"u64 const *", "const u64 *"},
	{"int[2]", "int [2]"},
	{"int [2][3]", "int [2][3]"},
	{"int *[2]", "int *[2]"},
	{"int (*)[2]", "int (*)[2]"},
	{"int (*[3])[2]", "int (*[3])[2]"},
	{"struct foo *(*)[2]", "struct foo *(*)[2]"},
	{"int **(*(*)[2])[3]", "int **(*(*)[2])[3]"},
	{"int (* const)[2]", "int (* const)[2]"},
	{"int []", "int []"},
	{"int [][2]", "int [][2]"},
	{"int [2][]", "int [2][]"},
	{"int [0]", "int [0]"},
	{"int [0x10]", "int [16]"},
	{"int [010]", "int [8]"},
	{"int [18446744073709551615]", "int [18446744073709551615]"},
	{"int ((*))", "int *"},
	{"int (((*)))[2]", "int (*)[2]"},
	{"const int [2]", "const int [2]"},
	{"int const [2]", "const int [2]"},
	{"int ()", "int ()"},
	{"int (void)", "int (void)"},
	{"int (*)(void)", "int (*)(void)"},
	{"int (*)(struct foo *, unsigned)", "int (*)(struct foo *, unsigned int)"},
	{"void (*)(struct foo *f, const char *fmt, ...)", "void (*)(struct foo *f, const char *fmt, ...)"},
	{"void (*(*)(int))(char)", "void (*(*)(int))(char)"},
	{"void (*[2])(int (*cb)(u64))", "void (*[2])(int (*cb)(u64))"},
	{"void (int (u64))", "void (int (u64))"},
	{"void (int (x))", "void (int x)"},

	{"", "!expected type specifier at column 1 of ''"},
	{" *", "!expected type specifier at column 2 of ' *'"},
	{"1", "!expected type specifier at column 1 of '1'"},
	{"const", "!expected type specifier at column 6 of 'const'"},
	{"long long long", "!cannot combine 'long' with 'long long' at column 11 of 'long long long'"},
	{"short long", "!cannot combine 'long' with 'short'"},
	{"signed unsigned", "!cannot combine 'unsigned' with 'signed'"},
	{"char char", "!cannot combine 'char' with 'char'"},
	{"long char", "!cannot combine 'char' with 'long'"},
	{"long float", "!cannot combine 'float' with 'long'"},
	{"unsigned long double", "!cannot combine 'double' with 'unsigned long'"},
	{"long long double", "!cannot combine 'double' with 'long long'"},
	{"unsigned void", "!cannot combine 'void' with 'unsigned'"},
	{"unsigned int int", "!cannot combine 'int' with 'unsigned int'"},
	{"float _Complex", "!expected abstract declarator"},
	{"_Complex float", "!cannot combine 'float' with identifier"},
	{"struct foo int", "!cannot combine 'int' with 'struct'"},
	{"int struct foo", "!cannot combine 'struct' with 'int'"},
	{"bar union foo", "!cannot combine 'union' with identifier"},
	{"struct foo enum e", "!cannot combine 'enum' with identifier"},
	{"u64 int", "!cannot combine 'int' with identifier"},
	{"unsigned u64", "!expected abstract declarator at column 10 of 'unsigned u64'"},
	{"int x", "!expected abstract declarator"},
	{"int 1", "!expected abstract declarator"},
	{"int )", "!expected abstract declarator"},
	{"struct foo bar", "!expected abstract declarator"},
	{"int *x", "!extra tokens after type name"},
	{"int [2] x", "!extra tokens after type name"},
	{"int (*x)", "!expected ')' at column 7 of 'int (*x)'"},
	{"int (*", "!expected ')'"},
	{"int *[", "!expected ']'"},
	{"int [2", "!expected ']'"},
	{"int [a]", "!expected ']'"},
	{"int [1UL]", "!invalid number"},
	{"int [0xg]", "!invalid number"},
	{"int [1_0]", "!invalid number"},
	{"int [0b1]x", "!extra tokens after type name"},
	{"int [18446744073709551616]", "!number is too large"},
	{"int [-1]", `!invalid character \x2d ('-')`},
	{"int &", `!invalid character \x26 ('&')`},
	{"foo::bar", "!could not find 'foo::bar'"}, {"foo:bar", `!invalid character \x3a (':')`}, {"foo::", "!expected identifier after '::'"},
	{"foo<int>", `!invalid character \x3c ('<')`},
	{"struct", "!expected identifier after 'struct'"},
	{"struct *", "!expected identifier after 'struct'"},
	{"struct int", "!expected identifier after 'struct'"},
	{"struct {", `!invalid character \x7b ('{')`},
	{"int\x00", `!invalid character \x00 ('\x00')`},
	{"\xc3\xa9", "!could not find 'é'"}, {"struct $a\xc3\xa9\xcc\x81 *", "!could not find 'struct $aé́'"}, {"$", `!invalid character \x24 ('$')`}, {"int $", `!invalid character \x24 ('$')`}, {"\xe2\x86\x92", `!invalid character \xe2 ('→')`}, {"\xff", "!invalid character"},
	{"foo", "!could not find 'foo'"},
	{"main.foo *", "!could not find 'main.foo'"}, {"internal/abi.foo", "!could not find 'internal/abi.foo'"}, {"example.com/a-b.foo", "!could not find 'example.com/a-b.foo'"},
	{"int.x", "!expected abstract declarator at column 4 of 'int.x'"}, {"foo.", "!could not find 'foo'"}, {"map[string]int", "!could not find 'map'"},
	{"struct bar *", "!could not find 'struct bar'"},
	{"class foo", "!could not find 'class'"},
	{"int [2](void)", "!array of functions"},
	{"int (void)[2]", "!function returning array"},
	{"int (", "!expected type specifier"},
	{"int (void", "!expected ')'"},
	{"int (int,)", "!expected type specifier"},
	{"int (...)", "!expected type specifier"},
	{"int (void, int)", "!parameter of type void at column 6 of 'int (void, int)'"},
	{"int (int, void)", "!parameter of type void"},
	{"int (void x)", "!parameter of type void"},
	{"int (void, ...)", "!parameter of type void"},
	{"int (void (void))", "int (void (void))"},
	{"int (void *, ...)", "int (void *, ...)"},
}

func TestParseTypeName(t *testing.T) {
	for _, model := range []Model{le64, be64, le32, be32} {
		m := newMock(model, C)
		checkNames(t, m, typeNames)
	}
}

func checkNames(t *testing.T, m *mock, names [][2]string) {
	t.Helper()
	for _, n := range names {
		typ, err := m.lang.ParseTypeName(n[0], m)
		problem, bad := strings.CutPrefix(n[1], "!")
		switch {
		case bad && (err == nil || typ != nil || !strings.HasPrefix(err.Error(), problem)):
			t.Errorf("%q: %v, %v; want error %q", n[0], typ, err, problem)
		case !bad && err != nil:
			t.Errorf("%q: %v", n[0], err)
		case !bad && typ.String() != n[1]:
			t.Errorf("%q: %q; want %q", n[0], typ, n[1])
		}
	}
}

func TestParseTypeNameCPP(t *testing.T) {
	m := newMock(le64, CPP)
	for _, tag := range []string{"ns::S", "K", "Arr<int, 3>", "W<ns::Arr<W<int>, 3> >", "L<(1>2), '>'>", "V<W<int>>", "A<char const*>", "B<long int>", "B<long>", "B<short int>"} {
		m.named["class "+tag] = m.compound(types.Class, tag, 4)
	}
	m.named["wchar_t"] = m.set.Int(CPP, "wchar_t", 4, true, false)
	m.named["unsigned __int128"] = m.set.Int(CPP, "unsigned __int128", 16, false, false)
	checkNames(t, m, [][2]string{
		{"bool", "bool"}, {"_Bool", "bool"}, {"wchar_t *", "wchar_t *"},
		{"class K", "K"}, {"K *", "K *"}, {"struct K", "K"},
		{"ns::S", "ns::S"}, {"class ns::S *", "ns::S *"},
		{"Arr<int, 3>", "Arr<int, 3>"}, {"Arr<int,3>", "Arr<int, 3>"}, {"class Arr< int,  3 > *", "Arr<int, 3> *"},
		{"W<ns::Arr<W<int>,3>>", "W<ns::Arr<W<int>, 3> >"},
		{"V< W<int> >", "V<W<int>>"}, {"ns :: S *", "ns::S *"}, {"Arr <int, 3> *", "Arr<int, 3> *"},
		{"L<(1>2), '>'>", "L<(1>2), '>'>"},
		{"A<const char *>", "A<char const*>"}, {"B<short> *", "B<short int> *"},
		{"B<long>", "B<long>"}, {"B<long int>", "B<long int>"}, {"B< int long >", "B<long int>"}, // what is there exactly comes first
		{"unsigned __int128", "unsigned __int128"}, {"__int128 unsigned *", "unsigned __int128 *"},
		{"__int128", "!could not find '__int128'"},
		{"unsigned bool", "!cannot combine 'bool' with 'unsigned'"},
		{"foo<", "!invalid template arguments"}, {"struct foo<int", "!invalid template arguments"}, {"foo<(>", "!invalid template arguments"},
		{"foo<')>", "!invalid template arguments"},
		{"foo::", "!expected identifier after '::'"}, {"foo:bar", `!invalid character \x3a (':')`}, {"::", "!expected identifier after '::'"}, {"foo :: < int >", "!expected identifier after '::'"},
		{"foo::bar", "!could not find 'foo::bar'"}, {"struct ::foo", "!could not find 'struct ::foo'"},
		{"int &", `!invalid character \x26 ('&')`},
	})
}

func TestParseTypeNameErrors(t *testing.T) {
	m := newMock(le64, C)
	var syntax *SyntaxError
	if _, err := C.ParseTypeName("int x", m); !errors.As(err, &syntax) || syntax.Pos != 4 || syntax.Text != "int x" {
		t.Errorf("%#v", err)
	}
	var missing *NotFoundError
	if _, err := C.ParseTypeName("union bar", m); !errors.As(err, &missing) || missing.Name != "union bar" || !missing.Kinds.Has(types.Union) {
		t.Errorf("%#v", err)
	}
	for _, name := range []string{"int " + strings.Repeat("*", 100000), "int " + strings.Repeat("(", 100000), "int " + strings.Repeat("[1]", 100000), "int" + strings.Repeat("(int", 100000), "foo" + strings.Repeat("::a", 1000000)} {
		if _, err := C.ParseTypeName(name, m); err == nil {
			t.Errorf("%.20q…: no error", name)
		}
	}
}

// TestParseDepth: drgn 0.3.0 names types of 1,000 declarators, and raises RecursionError for more.
func TestParseDepth(t *testing.T) {
	m := newMock(le64, C)
	deep := func(n int) []string {
		return []string{strings.Repeat("*", n), strings.Repeat("[2]", n), strings.Repeat("(", n) + "*" + strings.Repeat(")", n)}
	}
	for i, d := range deep(1000) {
		typ, err := C.ParseTypeName("int "+d, m)
		if err != nil {
			t.Fatalf("%.20s: %v", d, err)
		}
		want := "int " + d
		if i == 2 {
			want = "int *"
		}
		if name, err := C.FullTypeName(typ); err != nil || name != want {
			t.Errorf("%.20s: %.20s…, %v", d, name, err)
		}
		if i != 2 {
			if _, err := C.FullTypeName(m.ptr(typ)); !isDepth(err) {
				t.Errorf("a name of 1,001 declarators: %v", err)
			}
		}
	}
	for _, d := range deep(1001) {
		if _, err := C.ParseTypeName("int "+d, m); !isDepth(err) {
			t.Errorf("%.20s: %v", d, err)
		}
	}
	for _, d := range []string{"int" + strings.Repeat("(int", 1001), "int" + strings.Repeat(" (*", 1001), strings.Repeat("_Atomic(", 1001) + "int"} {
		if _, err := C.ParseTypeName(d, m); !isDepth(err) {
			t.Errorf("%.20s: %v", d, err)
		}
	}
}

func isDepth(err error) bool {
	var depth *types.DepthError
	return errors.As(err, &depth)
}

func TestParseSameType(t *testing.T) {
	m := newMock(le64, C)
	a, _ := C.ParseTypeName("const struct foo *(*)[2]", m)
	b, _ := C.ParseTypeName("struct foo const * ( * ) [ 0x2 ]", m)
	if a == nil || a != b {
		t.Errorf("%p %p", a, b)
	}
}

func FuzzParseTypeName(f *testing.F) {
	for _, n := range typeNames {
		f.Add(n[0])
	}
	f.Add("W<ns::Arr<W<int>,3>>")
	ms := []*mock{newMock(le64, C), newMock(le64, CPP)}
	f.Fuzz(func(t *testing.T, name string) {
		for _, m := range ms {
			typ, err := m.lang.ParseTypeName(name, m)
			if (typ == nil) == (err == nil) {
				t.Fatalf("%q: %v, %v", name, typ, err)
			}
			if err != nil {
				continue
			}
			again, err := m.lang.ParseTypeName(typ.String(), m)
			if err != nil || again.String() != typ.String() {
				t.Fatalf("%q is %q, which is %v, %v", name, typ, again, err)
			}
		}
	})
}

func BenchmarkParseTypeName(b *testing.B) {
	for _, name := range []string{"struct foo *", "unsigned long", "const struct foo *(*)[2]"} {
		b.Run(name, func(b *testing.B) {
			m := newMock(le64, C)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := C.ParseTypeName(name, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
