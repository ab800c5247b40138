package perlre

import (
	"regexp"
	"strings"
	"testing"
)

// What expressions find in text is what Python's re finds, but for \h, \v and \N, which are PCRE2's.
func TestToGo(t *testing.T) {
	latin1 := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	for _, tt := range []struct {
		pattern, text string
		want          string // the matches, separated by |
		wide          bool
	}{
		{`a\sb`, "a\vb a b", "a\vb|a b", true},
		{`a\Sb`, "a\vb a b axb", "axb", true},
		{`a[\s]b`, "a\vb", "a\vb", false},
		{`a[^\s]b`, "a\vb a.b", "a.b", false},
		{`a[\Sx ]b`, "a\vb a b axb", "a b|axb", false},
		{`a[^\S]b`, "a\vb axb", "a\vb", true},
		{`a{,2}b`, "aaab", "aab", true},
		{`a{,}b{`, "a{,}b{", "a{,}b{", true},
		{`(?i)\xe9`, "\xc9\xe9", "\xe9", true},
		{"(?i)\xe9+", "\xc9\xe9\xe9", "\xe9\xe9", true},
		{`(?i)[\xe0-\xe9a]+`, "\xe0\xc0\xe9aA\xb5\xff", "\xe0|\xe9aA", true},
		{`(?i)[^\xe9a]`, "Aa\xe9\xc9b", "\xc9|b", true},
		{`(?i)[^\x00-\xff]`, "Aa\xe9\xc9b", "", true},
		{`(?i:\Q\xe9\E|é)é(?-i)é`, "É", "", false},
		{`(?i)é`, "Éé", "É|é", false},
		{"(?i)x(?:(?-i)k)K", "XkKxKk", "XkK", true},
		{"(?i)(\xe9)(?-i:A\xe9)a", "\xe9A\xe9A\xe9a\xe9A", "\xe9A\xe9A", true},
		{`\e[\e]`, "\x1b\x1b", "\x1b\x1b", true},
		{`[\b]`, "a\bb", "\b", true},
		{`[]a]+[^]a]`, "]ab", "]ab", true},
		{`[[:alpha:]\]]+`, "a]1", "a]", true},
		{`(?i)[[:^alpha:]]`, "aB1\xe9", "1|\xe9", true},
		{`\Qa.b[\E.`, "a.b[c axb[c", "a.b[c", true},
		{`a\hb`, "a\tb a\xa0b", "a\tb|a\xa0b", true},
		{`[\H]`, " x", "x", true},
		{`a\v+b`, "a\n\r\x85b", "a\n\r\x85b", true},
		{`a\V`, "a\na1", "a1", true},
		{`(?s)a\N`, "a\na1", "a1", true},
		{`\x41\x{42}\103\0`, "ABC\x00", "ABC\x00", true},
		{"(?x) z a + p # the end\n \\ [ ]x", "zaap  x", "zaap  x", true},
		{`(?x: a b ) c`, "ab c abc", "ab c", true}, {`(?ix) A (?-x: b)C`, "a bc", "a bc", true}, {`a(?x) b(?-x) c`, "ab c", "ab c", true},
		{`(?P<n>a)(?<m>b)`, "ab", "ab", true},
	} {
		text, pattern := tt.text, tt.pattern
		want := tt.want
		if tt.wide {
			text, pattern, want = latin1(text), latin1(pattern), latin1(want)
		}
		rewritten, err := ToGo(pattern, tt.wide)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		re, err := regexp.Compile(rewritten)
		if err != nil {
			t.Errorf("%q became %q: %v", tt.pattern, rewritten, err)
			continue
		}
		if got := strings.Join(re.FindAllString(text, -1), "|"); got != want {
			t.Errorf("%q became %q: in %q it found %q, want %q", tt.pattern, rewritten, text, got, want)
		}
	}
}

// What Go does not have is refused, by this package or by Go's.
func TestRefused(t *testing.T) {
	for _, pattern := range []string{`(?=a)`, `(?!a)`, `(?<=a)`, `(a)\1`, `(a)\12`, `a++`, `(?>a)`, `\K`, `\R`, `a\`, `[a`, `[`, `(`, `)`, `[z-a]`, `(?#c)a`, `(?i)[z-a]`, `[\`, `(?i)[\xe9`, `a(?)*`, `(()?(?)*)`, `a(?i)+`, `a(?-i){2}`, `(?s){,3}`} {
		if rewritten, err := ToGo(pattern, true); err == nil {
			if _, err := regexp.Compile(rewritten); err == nil {
				t.Errorf("%q became %q", pattern, rewritten)
			}
		}
	}
}

func FuzzToGo(f *testing.F) {
	for _, s := range []string{`(?i)[\xe9-\xff\s]{,3}\Qa\E`, `[]\h]`, `(?-i:é)`, `\123\x{e9}`, `(()?(?)*)`} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, pattern string, wide bool) {
		if _, err := regexp.Compile(pattern); err != nil {
			_, _ = ToGo(pattern, wide) // it must end
			return
		}
		rewritten, err := ToGo(pattern, wide)
		if err != nil {
			return
		}
		// What is text to Go and a repetition to Perl may have nothing to repeat.
		if _, err := regexp.Compile(rewritten); err != nil && !noLeast.MatchString(pattern[max(0, strings.Index(pattern, "{,")):]) && !strings.Contains(err.Error(), "too large") && !strings.Contains(err.Error(), "too deep") {
			t.Errorf("%q became %q, which is none: %v", pattern, rewritten, err)
		}
	})
}
