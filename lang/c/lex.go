package c

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A SyntaxError says where a type name or designator is not one.
type SyntaxError struct {
	Text    string // all of it
	Pos     int    // offset in bytes
	Problem string // "expected abstract declarator"
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at column %d of '%s'", e.Problem, e.Pos+1, e.Text)
}

const numberTooLarge = "number is too large"

// TooLarge reports whether the text is well-formed but for a number that does not fit 64 bits.
func (e *SyntaxError) TooLarge() bool { return e.Problem == numberTooLarge }

// A tokenKind tells tokens apart: one of the constants, or the character of a punctuator.
type tokenKind byte

const (
	tokenEnd    tokenKind = 0
	tokenName   tokenKind = 'a' // identifier or keyword; in C++ with "::" and template arguments
	tokenNumber tokenKind = '0'
	tokenDots   tokenKind = '3' // "..."
)

type token struct {
	kind tokenKind
	pos  int
	text string
}

// A lexer splits a type name or designator into tokens. Its first error sticks; after it there are only ends.
type lexer struct {
	text   string
	pos    int
	scoped bool  // names may have "::"
	cpp    bool  // names may have template arguments
	tok    token // the present token
	err    error
}

// newTypeLexer splits a type name. Programs in C may have parts in C++, whose names are no other thing in C.
func newTypeLexer(text string, cpp bool) *lexer {
	x := &lexer{text: text, scoped: true, cpp: cpp}
	x.next()
	return x
}

// newLexer splits a designator.
func newLexer(text string) *lexer {
	x := &lexer{text: text}
	x.next()
	return x
}

func (x *lexer) fail(pos int, format string, args ...any) {
	if x.err == nil {
		x.err = &SyntaxError{x.text, pos, fmt.Sprintf(format, args...)}
	}
	x.tok = token{kind: tokenEnd, pos: pos}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// letter returns the length of the letter at the present position, 0 if there is none: '$' and those beyond ASCII are letters, too (C23, section 6.4.2.1; GCC, "Dollar Signs
// in Identifier Names"), but a '$' alone is no name. first says that the name begins with it.
func (x *lexer) letter(first bool) int {
	switch c := x.at(0); {
	case isLetter(c) || !first && isDigit(c):
		return 1
	case c == '$':
		if n := x.at(1); first && !isLetter(n) && !isDigit(n) && n != '$' && n < utf8.RuneSelf {
			return 0
		}
		return 1
	case c >= utf8.RuneSelf:
		if r, n := utf8.DecodeRuneInString(x.text[x.pos:]); unicode.IsLetter(r) || !first && (unicode.IsMark(r) || unicode.IsDigit(r)) {
			return n
		}
	}
	return 0
}

// at returns the byte n after the present position, or 0.
func (x *lexer) at(n int) byte {
	if x.pos+n < len(x.text) {
		return x.text[x.pos+n]
	}
	return 0
}

// next goes to the next token.
func (x *lexer) next() {
	if x.err != nil {
		return
	}
	for x.pos < len(x.text) && isSpace(x.text[x.pos]) {
		x.pos++
	}
	start := x.pos
	if start == len(x.text) {
		x.tok = token{kind: tokenEnd, pos: start}
		return
	}
	kind, text := tokenKind(x.text[start]), ""
	switch c := x.text[start]; {
	case x.letter(true) > 0 || x.scoped && (x.scopeAt(x.pos) || strings.HasPrefix(x.text[x.pos:], anonymousNamespace+"::")):
		kind = tokenName
		text = x.name()
	case isDigit(c):
		kind = tokenNumber
		for isDigit(x.at(0)) || isLetter(x.at(0)) {
			x.pos++
		}
		if _, err := parseNumber(x.text[start:x.pos]); err != nil && !errors.Is(err, strconv.ErrRange) {
			x.fail(start, "invalid number")
		}
	case c == '.' && x.at(1) == '.' && x.at(2) == '.':
		kind = tokenDots
		x.pos += 3
	case strings.IndexByte("()[]*.", c) >= 0 || x.scoped && c == ',':
		x.pos++
	default:
		r, _ := utf8.DecodeRuneInString(x.text[start:])
		x.fail(start, `invalid character \x%02x (%q)`, c, r)
		return
	}
	if x.err != nil {
		return
	}
	if text == "" {
		text = x.text[start:x.pos]
	}
	x.tok = token{kind, start, text}
}

// parseNumber parses an integer constant of C without a suffix.
func parseNumber(s string) (uint64, error) {
	if strings.ContainsAny(s, "_oO") { // Go's own
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 0, 64)
}

// scopeAt reports whether "::" is at pos.
func (x *lexer) scopeAt(pos int) bool { return strings.HasPrefix(x.text[pos:], "::") }

// afterSpace returns the position of the first byte from pos on that is no space.
func (x *lexer) afterSpace(pos int) int {
	for pos < len(x.text) && isSpace(x.text[pos]) {
		pos++
	}
	return pos
}

// anonymousNamespace stands for the name of a namespace of C++ that has none.
const anonymousNamespace = "(anonymous namespace)"

// name passes over an identifier with its scopes and returns it without the spaces between its parts.
func (x *lexer) name() string {
	start, spaced := x.pos, []string(nil) // spaced has what was before the last space
	skip := func(to int) {
		if to > x.pos {
			spaced = append(spaced, x.text[start:x.pos])
			start, x.pos = to, to
		}
	}
	for first := true; ; first = false {
		if x.scoped && x.scopeAt(x.pos) {
			x.pos += 2
			skip(x.afterSpace(x.pos))
			if strings.HasPrefix(x.text[x.pos:], anonymousNamespace) {
				x.pos += len(anonymousNamespace)
			} else if x.letter(true) == 0 {
				x.fail(x.pos, "expected identifier after '::'")
				return ""
			}
		}
		if first && strings.HasPrefix(x.text[x.pos:], anonymousNamespace) {
			x.pos += len(anonymousNamespace)
		}
		for n := x.letter(true); n > 0; n = x.letter(false) {
			x.pos += n
		}
		if first {
			if _, keyword := words[x.text[start:x.pos]]; keyword {
				break // "struct ::foo" is no member of "struct"
			}
			x.path()
		}
		next := x.afterSpace(x.pos)
		if x.cpp && next < len(x.text) && x.text[next] == '<' {
			skip(next)
			n := templateArguments(x.text[x.pos:])
			if n == 0 {
				x.fail(x.pos, "invalid template arguments")
				return ""
			}
			x.pos += n
			next = x.afterSpace(x.pos)
		}
		if !x.scoped || !x.scopeAt(next) {
			break
		}
		skip(next)
	}
	return strings.Join(append(spaced, x.text[start:x.pos]), "")
}

// path passes over the rest of a name of Go, which has the package before it, by its path: "main.T", "internal/abi.Type", "example.com/a-b.T".
func (x *lexer) path() {
	for x.scoped && strings.IndexByte("./-", x.at(0)) >= 0 && x.at(0) != 0 {
		before := x.pos
		x.pos++
		n := x.letter(false)
		if n == 0 {
			x.pos = before
			return
		}
		for ; n > 0; n = x.letter(false) {
			x.pos += n
		}
	}
}

// templateArguments returns the length of the template arguments s starts with, from '<' to the '>' that belongs to it, or of what is in
// parentheses; 0 if there is no end. A '>' within parentheses, brackets or quotes is an operator or character.
func templateArguments(s string) int {
	var open []byte
	for i := 0; i < len(s); i++ {
		top := byte(0)
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		switch c := s[i]; c {
		case '<':
			if top == 0 || top == '>' {
				open = append(open, '>')
			}
		case '(':
			open = append(open, ')')
		case '[':
			open = append(open, ']')
		case '{':
			open = append(open, '}')
		case '>', ')', ']', '}':
			if c == '>' && top != '>' {
				continue
			}
			if c != top {
				return 0
			}
			open = open[:len(open)-1]
			if len(open) == 0 {
				return i + 1
			}
		case '\'', '"':
			end := quoted(s[i:])
			if end == 0 {
				return 0
			}
			i += end - 1
		}
	}
	return 0
}

// quoted returns the length of the character or string literal that s starts with; 0 if it does not end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 0
}

// IsIdentifier reports whether a name is made of letters, digits and underscores and does not begin with a digit.
func IsIdentifier(name string) bool {
	for i := range len(name) {
		if b := name[i]; b != '_' && (b|0x20 < 'a' || b|0x20 > 'z') && (i == 0 || b < '0' || b > '9') {
			return false
		}
	}
	return name != ""
}
