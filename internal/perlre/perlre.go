// Package perlre writes regular expressions of Perl's kind in Go's syntax, for Python's scripts.
package perlre

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// ToGo returns in Go's syntax a regular expression of Perl's kind: what PCRE2 and Python's re have in common. It rewrites what
// means something else to Go: \s has the vertical tab; {,n} is {0,n}; \h, \v, \N and \e are classes and an escape; under (?x) white space and comments are left out; in expressions over
// bytes only ASCII letters have two cases. What Go does not have (look-around, back-references) is left as it is, for
// [regexp.Compile] to refuse. wide says that the expression is over bytes, each written as the character of the same number.
func ToGo(pattern string, wide bool) (string, error) {
	d := &dialect{in: pattern, wide: wide, groups: []group{{}}}
	for d.in != "" {
		if err := d.next(); err != nil {
			return "", fmt.Errorf("regular expression %s: %w", pattern, err)
		}
	}
	return d.out.String(), nil
}

// dialect rewrites an expression from its beginning to its end.
type dialect struct {
	in     string // what is left
	out    strings.Builder
	wide   bool
	groups []group // those that are open
}

// group is what counts in a group, from where it was said on.
type group struct {
	fold     bool // case is ignored
	extended bool // white space and comments are left out
}

// Classes that Go lacks or that differ, as they are written between brackets.
var perlClasses = map[byte]string{
	's': `\t-\r `,
	'S': `\x00-\x08\x0e-\x1f!-\x{10ffff}`,
	'h': `\t \x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}`,
	'H': `\x00-\x08\n-\x1f!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{180d}\x{180f}-\x{1fff}\x{200b}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}`,
	'v': `\n-\r\x{85}\x{2028}\x{2029}`,
	'V': `\x00-\t\x0e-\x{84}\x{86}-\x{2027}\x{202a}-\x{10ffff}`,
	'N': `\x00-\t\x0b-\x{10ffff}`,
}

var (
	flagGroup = regexp.MustCompile(`^\(\?([imsUx]*)(?:-([imsUx]+))?([:)])`)
	noLeast   = regexp.MustCompile(`^\{,([0-9]+)\}`)
	number    = regexp.MustCompile(`^\\(?:x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|(0[0-7]{0,2}|[1-7][0-7]{2}))`)
	repeats   = regexp.MustCompile(`^(?:[*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)\})`)
	reference = regexp.MustCompile(`^\\[1-9][0-9]+`)
	posix     = regexp.MustCompile(`^\[:\^?[a-z]+:\]`)
)

// ignoresCase reports whether case is ignored where the rewriting is, and that has to be said otherwise than Go would take it.
func (d *dialect) ignoresCase() bool { return d.wide && d.now().fold }

// now returns what counts where the rewriting is.
func (d *dialect) now() *group { return &d.groups[len(d.groups)-1] }

// take moves n bytes of the expression to the result.
func (d *dialect) take(n int) {
	d.out.WriteString(d.in[:n])
	d.in = d.in[n:]
}

// put writes text for n bytes of the expression.
func (d *dialect) put(text string, n int) {
	d.out.WriteString(text)
	d.in = d.in[n:]
}

func (d *dialect) next() error {
	switch c := d.in[0]; {
	case c == '\\':
		return d.escape()
	case c == '[':
		return d.class()
	case c == '{':
		if m := noLeast.FindStringSubmatch(d.in); m != nil {
			d.put("{0,"+m[1]+"}", len(m[0]))
			return nil
		}
	case c == '(':
		m := flagGroup.FindStringSubmatch(d.in)
		if m == nil {
			d.groups = append(d.groups, *d.now())
			break
		}
		set := func(old bool, flag string) bool {
			return (old || strings.Contains(m[1], flag)) && !strings.Contains(m[2], flag)
		}
		inner := group{set(d.now().fold, "i"), set(d.now().extended, "x")}
		flags := strings.ReplaceAll(m[1], "x", "")
		if off := strings.ReplaceAll(m[2], "x", ""); off != "" {
			flags += "-" + off
		}
		if m[3] == ":" {
			d.groups = append(d.groups, inner)
			d.put("(?"+flags+":", len(m[0]))
			return nil
		}
		if rest := d.in[len(m[0]):]; repeats.MatchString(rest) { // Go would repeat what is before the flags
			return fmt.Errorf("%s is no item that %s can repeat", m[0], repeats.FindString(rest))
		}
		*d.now() = inner
		if flags != "" {
			flags = "(?" + flags + ")"
		}
		d.put(flags, len(m[0]))
		return nil
	case c == ')':
		if len(d.groups) > 1 {
			d.groups = d.groups[:len(d.groups)-1]
		}
	case d.now().extended && strings.IndexByte(" \t\n\v\f\r", c) >= 0:
		d.in = d.in[1:]
		return nil
	case d.now().extended && c == '#':
		_, d.in, _ = strings.Cut(d.in, "\n")
		return nil
	case c >= utf8.RuneSelf:
		_, n := utf8.DecodeRuneInString(d.in)
		d.literal(n)
		return nil
	}
	d.take(1)
	return nil
}

// literal moves n bytes that stand for a character past ASCII.
func (d *dialect) literal(n int) {
	if d.ignoresCase() {
		d.put("(?-i:"+d.in[:n]+")", n)
		return
	}
	d.take(n)
}

// escape rewrites an escape sequence outside of brackets.
func (d *dialect) escape() error {
	if len(d.in) < 2 {
		d.take(1)
		return nil
	}
	if m := number.FindStringSubmatch(d.in); m != nil {
		if n := 0; d.ignoresCase() {
			_, _ = fmt.Sscanf(m[1]+m[2], "%x", &n) // digits, or nothing
			_, _ = fmt.Sscanf(m[3], "%o", &n)
			if n >= utf8.RuneSelf {
				d.literal(len(m[0]))
				return nil
			}
		}
		d.take(len(m[0]))
		return nil
	}
	if m := reference.FindString(d.in); m != "" {
		return fmt.Errorf("%s would be a back-reference, which can't be had; a byte is \\xHH or an octal number of three digits", m)
	}
	c := d.in[1]
	switch class, ok := perlClasses[c]; {
	case ok:
		d.put("["+class+"]", 2)
	case c == 'e':
		d.put(`\x1b`, 2)
	case c == 'Q':
		text, rest, _ := strings.Cut(d.in[2:], `\E`)
		d.in = rest
		for _, r := range text {
			q := regexp.QuoteMeta(string(r))
			if r >= utf8.RuneSelf && d.ignoresCase() {
				q = "(?-i:" + q + ")"
			}
			d.out.WriteString(q)
		}
	default:
		_, n := utf8.DecodeRuneInString(d.in[1:])
		d.take(1 + n)
	}
	return nil
}

// class rewrites a class in brackets.
func (d *dialect) class() error {
	rest, negated := d.in[1:], false
	if rest, negated = strings.CutPrefix(rest, "^"); rest == "" {
		d.take(len(d.in)) // not closed: Go says so
		return nil
	}
	var in strings.Builder
	for first := true; ; first = false {
		if rest == "" {
			d.take(len(d.in))
			return nil
		}
		if rest[0] == ']' && !first {
			rest = rest[1:]
			break
		}
		n, text := 1, ""
		if m := posix.FindString(rest); m != "" {
			n = len(m)
		} else if rest[0] == '\\' && len(rest) > 1 {
			n = 2
			switch class, ok := perlClasses[rest[1]]; {
			case ok && rest[1] != 'N':
				text = class
			case rest[1] == 'e':
				text = `\x1b`
			case rest[1] == 'b':
				text = `\x08`
			}
			if m := number.FindString(rest); m != "" {
				n = len(m)
			}
		}
		if text == "" {
			text = rest[:n]
		}
		in.WriteString(text)
		rest = rest[n:]
	}
	class := "[^" + in.String() + "]"
	switch {
	case d.ignoresCase():
		set, err := bytesOf(in.String())
		if err != nil {
			return err
		}
		class = "(?-i:" + classOf(set, negated) + ")"
	case !negated:
		class = "[" + in.String() + "]"
	}
	d.put(class, len(d.in)-len(rest))
	return nil
}

// bytesOf returns the bytes that are in a class, and the other case of its ASCII letters.
func bytesOf(class string) (*[256]bool, error) {
	re, err := regexp.Compile("[" + class + "]")
	if err != nil {
		return nil, err
	}
	var s [256]bool
	for c := range s {
		s[c] = re.MatchString(string(rune(c)))
	}
	for c := 'a'; c <= 'z'; c++ {
		upper := c - 'a' + 'A'
		either := s[c] || s[upper]
		s[c], s[upper] = either, either
	}
	return &s, nil
}

// classOf writes the bytes of a set, or those that are not in it, as a class.
func classOf(s *[256]bool, negated bool) string {
	var b strings.Builder
	b.WriteString(`[`)
	for c := range s {
		if s[c] != negated {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	if b.Len() == 1 {
		return `[^\x00-\x{10ffff}]`
	}
	return b.String() + "]"
}
