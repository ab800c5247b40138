// Package expression evaluates what C calls postfix expressions over a program's objects: names, ".", "->", "[number]", "*", "&", and casts
// of numbers and expressions, as in "(struct page *)0xffffea0000000000". It is what front ends without Python let people type.
package expression

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/slice"
	"github.com/godrgn/drgn/names"
)

// Explain adds to the error of an expression what names may have been meant: those of the frame first, if there is one.
func Explain(p *drgn.Program, err error, frame *drgn.StackFrame) error {
	near := names.Near(p, err)
	var missing *drgn.ObjectNotFoundError
	if frame != nil && errors.As(err, &missing) {
		if locals, unread := frame.Locals(); unread == nil {
			if found := names.Among(missing.Name, locals); len(found) > 0 {
				near = found
			}
		}
	}
	if len(near) == 0 {
		return err
	}
	return fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
}

// A SyntaxError says what is wrong with an expression.
type SyntaxError struct {
	Expression string
	At         int // the byte at which it is wrong
	Problem    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at %q", e.Problem, e.Expression[min(e.At, len(e.Expression)):])
}

// Evaluate returns the object that an expression is; one that failed with a [SyntaxError], or with the error of what it could not find or
// follow. Names are those of the frame, unless it is nil, then the program's.
func Evaluate(prog *drgn.Program, text string, frame *drgn.StackFrame) drgn.Object {
	p := parser{prog: prog, text: text, frame: frame}
	o := p.unary()
	p.blanks()
	if p.err == nil && p.at < len(text) {
		p.fail("this is not understood")
	}
	if p.err != nil {
		return drgn.Failed(p.err)
	}
	return o
}

type parser struct {
	prog  *drgn.Program
	text  string
	at    int
	depth int
	frame *drgn.StackFrame
	err   error
}

func (p *parser) fail(problem string) drgn.Object {
	if p.err == nil {
		p.err = &SyntaxError{p.text, p.at, problem}
	}
	return drgn.Failed(p.err)
}

func (p *parser) blanks() {
	for p.at < len(p.text) && strings.ContainsRune(" \t\n", rune(p.text[p.at])) {
		p.at++
	}
}

// take consumes a mark if it comes next.
func (p *parser) take(mark string) bool {
	p.blanks()
	if strings.HasPrefix(p.text[p.at:], mark) {
		p.at += len(mark)
		return true
	}
	return false
}

// maxNesting bounds operators and parentheses in each other.
const maxNesting = 100

func (p *parser) unary() drgn.Object {
	if p.depth++; p.depth > maxNesting {
		return p.fail("this is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("*"):
		return p.unary().Deref()
	case p.take("&"):
		return p.unary().AddressOf()
	}
	return p.postfix(p.primary())
}

func (p *parser) postfix(o drgn.Object) drgn.Object {
	for p.err == nil {
		switch {
		case p.take("->"), p.take("."):
			name := p.word()
			if name == "" {
				return p.fail("the name of a member is expected")
			}
			o = o.Member(name)
		case p.take("["):
			p.blanks()
			start := p.at
			n, err := strconv.ParseInt(p.number(), 0, 64)
			if err != nil || !p.take("]") {
				p.at = start
				return p.fail("a number and ] are expected")
			}
			o = slice.At(o, n)
		default:
			return o
		}
	}
	return o
}

// word consumes an identifier, which may have "::" in C++.
func (p *parser) word() string {
	p.blanks()
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '_' || c == '$' || c >= 0x80 || 'a' <= c|0x20 && c|0x20 <= 'z' || p.at > start && '0' <= c && c <= '9':
			p.at++
			continue
		case strings.HasPrefix(p.text[p.at:], "::"):
			p.at += 2
			continue
		}
		break
	}
	return p.text[start:p.at]
}

// number consumes digits, letters among them.
func (p *parser) number() string {
	start := p.at
	for p.at < len(p.text) {
		if c := p.text[p.at]; '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '-' && p.at == start {
			p.at++
			continue
		}
		break
	}
	return p.text[start:p.at]
}

func (p *parser) primary() drgn.Object {
	p.blanks()
	if p.at >= len(p.text) {
		return p.fail("an expression is expected")
	}
	if c := p.text[p.at]; '0' <= c && c <= '9' || c == '-' {
		return p.value("unsigned long")
	}
	if p.text[p.at] == '(' {
		if o, ok := p.cast(); ok {
			return o
		}
		p.take("(")
		o := p.unary()
		if !p.take(")") {
			return p.fail(") is expected")
		}
		return o
	}
	name := p.word()
	switch {
	case name == "":
		return p.fail("this is not understood")
	case p.frame != nil:
		return p.frame.Object(name)
	}
	return p.prog.Object(name)
}

// value consumes a number, which has a type.
func (p *parser) value(name string) drgn.Object {
	digits := p.number()
	n, err := strconv.ParseUint(digits, 0, 64)
	if signed, e := strconv.ParseInt(digits, 0, 64); err != nil && e == nil {
		n, err = uint64(signed), nil
		name = "long"
	}
	if err != nil {
		return p.fail("a number is expected")
	}
	t, err := p.prog.Type(name)
	if err != nil {
		return drgn.Failed(err)
	}
	return p.prog.ScalarValue(t, n)
}

// cast consumes "(type) expression"; ok is false if what is in the parentheses is no type.
func (p *parser) cast() (o drgn.Object, ok bool) {
	depth := 0
	for i := p.at; i < len(p.text); i++ {
		switch p.text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth > 0 {
				continue
			}
			t, err := p.prog.Type(strings.TrimSpace(p.text[p.at+1 : i]))
			if err != nil {
				return o, false
			}
			rest := strings.TrimSpace(p.text[i+1:])
			if rest == "" || strings.ContainsRune(".[)", rune(rest[0])) || strings.HasPrefix(rest, "->") {
				return o, false // a variable of the type's name
			}
			p.at = i + 1
			return p.unary().Cast(t), true
		}
	}
	return o, false
}
