package demangle

import "testing"

// The names are those that c++filt of binutils 2.40 makes of the symbols, but for the numbers of Rust's crates and functions.
func TestName(t *testing.T) {
	for symbol, want := range map[string][2]string{
		"_ZN5outer5inner4callENS0_5ChainIiEE":       {"outer::inner::call(outer::inner::Chain<int>)", "outer::inner::call"},
		"_ZN5outer12_GLOBAL__N_115hidden_variableE": {"outer::(anonymous namespace)::hidden_variable", "outer::(anonymous namespace)::hidden_variable"},
		"_ZTV7Diamond":         {"vtable for Diamond", "vtable for Diamond"},
		"_ZZ4mainENKUliE_clEi": {"main::{lambda(int)#1}::operator()(int) const", "main::{lambda(int)#1}::operator()"},
		"_ZNK5outer5inner5ChainIiE3runERKNS_3BoxIiLi3EEE": {"outer::inner::Chain<int>::run(outer::Box<int, 3> const&) const", "outer::inner::Chain<int>::run"},
		"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE":  {"core::fmt::Formatter::pad", "core::fmt::Formatter::pad"},
		"_RNvCs6DXkGYLi8lr_2cc8runs_far":                  {"cc::runs_far", "cc::runs_far"},
	} {
		full, ok := Name(symbol)
		function, _ := Function(symbol)
		if !ok || full != want[0] || function != want[1] {
			t.Errorf("%s: %q, %q, %v, want %q", symbol, full, function, ok, want)
		}
	}
	for _, symbol := range []string{"", "_Z", "main", "_start", "__x64_sys_read", "_raw_spin_lock", "_Read", "_Zzz", "_RRRRR"} {
		if name, ok := Name(symbol); ok {
			t.Errorf("%s: %q, want no mangled name", symbol, name)
		}
	}
}

// FuzzName looks for names that take time or memory.
func FuzzName(f *testing.F) {
	for _, s := range []string{"_ZN5outer5inner4callENS0_5ChainIiEE", "_ZZ4mainENKUliE_clEi", "_RNvCs6DXkGYLi8lr_2cc8runs_far", "_ZTV7Diamond",
		"_RNvMs_NtCs1234_7mycrate3fooINtB2_3BarpE3new", "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "_ZNSt3mapISsiSt4lessISsESaISt4pairIKSsiEEEixERS3_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, symbol string) {
		name, ok := Name(symbol)
		if len(name) > 2<<maxLength || !ok && name != "" {
			t.Errorf("a name of %d bytes", len(name))
		}
		Function(symbol)
	})
}
