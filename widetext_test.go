package drgn_test

import (
	"strings"
	"testing"

	"github.com/godrgn/drgn/lang/c"
)

// Text of wide characters is printed as text: in C++ by the types of its characters, in C by the names of their typedefs.
func TestWideText(t *testing.T) {
	for _, tt := range []struct{ program, variable, want string }{
		{"c.gcc-O0-5", "wide_text", `(wchar_t [7])L"wide ☺"`},
		{"c.gcc-O0-5", "text16", `(char16_t [3])u"😀"`},
		{"c.clang-m32-O0-4", "text16", `(char16_t [3])u"😀"`},
		{"c.s390x-O2-5", "wide_text", `(wchar_t [7])L"wide ☺"`},
		{"c.s390x-O2-5", "text16", `(char16_t [3])u"😀"`},
		{"cpp.gcc-O0-5", "text16", `(char16_t [5])u"wide"`},
		{"cpp.clang-O2-5", "text16", `(char16_t [5])u"wide"`},
		{"cpp.gcc-O0-5", "c16", `(char16_t)9786`},
	} {
		p := openProgram(t, "testdata/programs/"+tt.program)
		o := p.Variable(tt.variable)
		if got, err := o.Format(c.DefaultFormat); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", tt.program, got, err, tt.want)
		}
		if got, err := o.Read().Format(c.DefaultFormat); got != tt.want || err != nil {
			t.Errorf("%s: value %s, %v, want %s", tt.program, got, err, tt.want)
		}
		elem := o.Type().Elem()
		if elem == nil {
			continue
		}
		// A pointer into it has the rest of the text, one past its end may have what follows: it need not be text.
		pointer := o.Index(1).AddressOf().Cast(p.PointerTo(elem))
		format := c.DefaultFormat
		format.Flags &^= c.TypeName | c.Symbolize
		got, err := pointer.Format(format)
		if _, text, ok := strings.Cut(got, " = "); !ok || err != nil || !strings.Contains(text, `"`) {
			t.Errorf("%s: pointer %s, %v", tt.program, got, err)
		}
		format.Flags &^= c.String | c.Dereference
		if got, err := pointer.Format(format); strings.Contains(got, `"`) || err != nil {
			t.Errorf("%s: pointer without text %s, %v", tt.program, got, err)
		}
	}
}
