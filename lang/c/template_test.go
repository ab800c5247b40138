package c

import (
	"slices"
	"strings"
	"testing"
)

// templateNames are the names that GCC 12 and Clang 14 give the same instances of templates.
var templateNames = [][2]string{
	{"box<long int>", "box<long>"},
	{"box<box<int> >", "box<box<int> >"},
	{"box<int*>", "box<int *>"},
	{"box<char const* const*>", "box<const char *const *>"},
	{"box<int&>", "box<int &>"},
	{"box<int&&, int**&>", "box<int &&, int **&>"},
	{"box<void(int)>", "box<void (int)>"},
	{"box<void (*)(long int, char)>", "box<void (*)(long, char)>"},
	{"box<int [3]>", "box<int[3]>"},
	{"box<int (*)[3]>", "box<int (*)[3]>"},
	{"box<int ns::s::*>", "box<int ns::s::*>"},
	{"box<int (ns::s::*)(long int)>", "box<int (ns::s::*)(long)>"},
	{"val<'a'>", "val<'a'>"},
	{"ll<-3>", "ll<-3>"},
	{"bo<true>", "bo<true>"},
	{"box<>", "box<>"},
	{"box<long long unsigned int const volatile>", "box<const volatile unsigned long long>"},
	{"box<std::nullptr_t>", "box<std::nullptr_t>"},
	{"box<unsigned char, signed char, unsigned int, short int, short unsigned int, long double>", "box<unsigned char, signed char, unsigned int, short, unsigned short, long double>"},
	{"box<box<int>*>", "box<box<int> *>"},
	{"box<int* const>", "box<int *const>"},
	{"box<box<int>&>", "box<box<int> &>"},
	{"box<void (&)(int)>", "box<void (&)(int)>"},
	{"box<int (* (*)(int*))(char*)>", "box<int (*(*)(int *))(char *)>"},
	{"box<void()>", "box<void ()>"},
	{"box<void() const>", "box<void () const>"},
	{"box<int (*)()>", "box<int (*)()>"},
	{"box<int(int, ...)>", "box<int (int, ...)>"},
	{"box<int []>", "box<int[]>"},
	{"box<int [2][3]>", "box<int[2][3]>"},
	{"box<int const [2]>", "box<const int[2]>"},
	{"box<void() noexcept>", "box<void () noexcept>"},
	{"box<const ns::s* const>", "box<const ns::s *const>"},
	{"box<const volatile ns::s&>", "box<const volatile ns::s &>"},
	{"box<const box<long int const> >", "box<const box<const long> >"},
	{"box<const s (*)(const s*, int const*)>", "box<const s (*)(const s *, const int *)>"},
	{"box<const s [3]>", "box<const s[3]>"},
	{"box<const s s::*>", "box<const s s::*>"},
	{"box<void const*>", "box<const void *>"},
	{"box<wchar_t const>", "box<const wchar_t>"},
	{"box<char16_t const>", "box<const char16_t>"},
	{"box<__int128 const>", "box<const __int128>"},
	{"box<__int128 unsigned const*>", "box<const unsigned __int128 *>"},
	{"box<__complex__ long int const>", "box<const _Complex long>"},
	{`au<'\"'>`, `au<'"'>`},
	{"ns::box<long int, (anonymous namespace)::s<long int>*>::in<short int>::x", "ns::box<long, (anonymous namespace)::s<long> *>::in<short>::x"},
}

func TestTemplateSpellings(t *testing.T) {
	for _, n := range templateNames {
		for i, name := range n {
			for _, written := range []string{name, strings.ReplaceAll(name, ", ", ","), strings.ReplaceAll(strings.ReplaceAll(name, "<", " < "), ">", " >"), strings.ReplaceAll(name, "> >", ">>")} {
				all := TemplateSpellings(written)
				if all[0] != written || !slices.Contains(all, n[0]) || !slices.Contains(all, n[1]) {
					t.Errorf("%q of compiler %d becomes %q", written, i, all)
				}
			}
		}
	}
	for _, name := range []string{"box", "unsigned long", "operator<", "a::operator< <int>", "Option<&str>", "Option<&[u8]>", "Foo<(u8, *mut i8)>", "val<(E)1>", "f<", "f<int", "f<(>", "f<int (>"} {
		for _, s := range TemplateSpellings(name) {
			if s != name && s != strings.ReplaceAll(name, ">>", "> >") {
				t.Errorf("%q becomes %q", name, s)
			}
		}
	}
	for written, want := range map[string][]string{
		// Whatever a suffix says is of the instance. What is none is left.
		"val<3UL, -1u>": {"val<3UL, -1u>", "val<3ul, -1u>", "val<3UL, -1U>"},
		"val<5l>":       {"val<5l>", "val<5L>"},
		"val<5lu>":      {"val<5lu>", "val<5ul>", "val<5UL>"},
		"val<5LLu>":     {"val<5LLu>", "val<5ull>", "val<5ULL>"},
		"val<5>":        {"val<5>"},
		"val<5lll>":     {"val<5lll>"},
		"val<5lL>":      {"val<5lL>"},
		"val<5lul>":     {"val<5lul>"},
		"val<5uu>":      {"val<5uu>"},
		"val<0x5u>":     {"val<0x5u>"},
		"val<5.0l>":     {"val<5.0l>"},
		"val<-u>":       {"val<-u>"},
		// What only users write.
		"box<struct s*>":      {"box<struct s*>", "box<s*>", "box<s *>"},
		"box<::ns::s>":        {"box<::ns::s>", "box<ns::s>"},
		"box<const class s>":  {"box<const class s>", "box<const s>"},
		"box<int (void)>":     {"box<int (void)>", "box<int()>", "box<int ()>"},
		"box<int(*)( void )>": {"box<int(*)( void )>", "box<int (*)()>"},
		"box<box<s>const>":    {"box<box<s>const>", "box<const box<s> >", "box<const box<s>>"},
		"box<s const>":        {"box<s const>", "box<const s>"},
	} {
		if got := TemplateSpellings(written); !slices.Equal(got, want) {
			t.Errorf("%q becomes %q", written, got)
		}
	}
	if got := TemplateSpellings("Vec<Vec<u8>>"); !slices.Equal(got, []string{"Vec<Vec<u8>>", "Vec<Vec<u8> >"}) {
		t.Errorf("%q", got)
	}
}

func FuzzTemplateSpellings(f *testing.F) {
	for _, n := range templateNames {
		f.Add(n[0])
	}
	f.Add("a<> > >long int int>")
	f.Add(strings.Repeat("a<b(", 50))
	f.Fuzz(func(t *testing.T, name string) {
		all := TemplateSpellings(name)
		if len(all) > len(templateStyles)+1 || all[0] != name {
			t.Errorf("%q becomes %q", name, all)
		}
		for _, s := range all {
			if len(s) > 8*len(name)+8 {
				t.Errorf("%q becomes %q", name, s)
			}
		}
	})
}
