package c

import (
	"fmt"
	"strings"
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
	text string
	pos  int
	cpp  bool
	tok  token // the present token
	err  error
}

func newLexer(text string, cpp bool) *lexer {
	x := &lexer{text: text, cpp: cpp}
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
	kind := tokenKind(x.text[start])
	switch c := x.text[start]; {
	case isLetter(c) || x.cpp && c == ':' && x.at(1) == ':' && isLetter(x.at(2)):
		kind = tokenName
		x.name()
		if x.err != nil {
			return
		}
	case isDigit(c):
		kind = tokenNumber
		for isDigit(x.at(0)) || isLetter(x.at(0)) {
			x.pos++
		}
	case c == '.' && x.at(1) == '.' && x.at(2) == '.':
		kind = tokenDots
		x.pos += 3
	case strings.IndexByte("()[]*.,", c) >= 0:
		x.pos++
	default:
		x.fail(start, "invalid character %q", c)
		return
	}
	x.tok = token{kind, start, x.text[start:x.pos]}
}

// name passes over an identifier.
func (x *lexer) name() {
	for {
		if x.cpp && x.at(0) == ':' && x.at(1) == ':' {
			if !isLetter(x.at(2)) {
				x.fail(x.pos, "expected identifier after '::'")
				return
			}
			x.pos += 2
		}
		for isLetter(x.at(0)) || isDigit(x.at(0)) {
			x.pos++
		}
		if x.cpp && x.at(0) == '<' {
			n := templateArguments(x.text[x.pos:])
			if n == 0 {
				x.fail(x.pos, "invalid template arguments")
				return
			}
			x.pos += n
		}
		if !x.cpp || x.at(0) != ':' || x.at(1) != ':' {
			return
		}
	}
}

// templateArguments returns the length of the template arguments s starts with, from '<' to the '>' that belongs to it;
// 0 if there is none. A '>' within parentheses, brackets or quotes is an operator or character.
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
