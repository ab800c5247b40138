package c

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn/types"
)

// A Lookup finds the types that a type name is made of.
type Lookup interface {
	// Find returns the type of one of the kinds with the given name or tag; nil if there is none. In C++ the name may be
	// qualified ("ns::foo"; "::foo" is global) and have template arguments.
	Find(kinds types.KindSet, name string) (*types.Type, error)
	// Primitive returns one of C's own types; size_t and ptrdiff_t are among them.
	Primitive(p types.Primitive) (*types.Type, error)
	// Pointer returns the type of pointers to elem.
	Pointer(elem *types.Type) (*types.Type, error)
	// BigEndian reports the byte order of the program.
	BigEndian() bool
}

// A NotFoundError says that there is no type of a name.
type NotFoundError struct {
	Kinds types.KindSet
	Name  string // as it is written, with its keyword: "struct foo"
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("could not find '%s'", e.Name) }

// maxDeclarators bounds the pointers, arrays and functions of one type name, and its parentheses in each other.
const maxDeclarators = 1000

// ParseTypeName returns the type called name: "unsigned long", "const struct foo *", "int (*)[2]". Errors are
// [*SyntaxError], [*NotFoundError], a [*types.DepthError] if
// more than 1,000 declarators or parentheses are put around one another, and those of lookup.
func (l *Language) ParseTypeName(name string, lookup Lookup) (*types.Type, error) {
	// Names with namespaces are those of C++ or Rust, whatever the program is written in.
	p := typeParser{lexer: newTypeLexer(name, l.cpp || strings.Contains(name, "::")), lang: l, lookup: lookup}
	t := p.typeName()
	if p.err == nil && p.tok.kind != tokenEnd {
		p.fail(p.tok.pos, "extra tokens after type name")
	}
	if syntax, missing := (*SyntaxError)(nil), (*NotFoundError)(nil); errors.As(p.err, &syntax) || errors.As(p.err, &missing) && strings.HasPrefix(name, "map[") {
		if t, err := verbatim(name, lookup); t != nil && err == nil {
			return t, nil
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return t, nil
}

// verbatim finds a type whose name is no name of C, by all of it: Rust's "&str", "&[u8]" and "(i32, &str)", Go's "[]string",
// "map[string]int" and "func(int) bool".
func verbatim(name string, lookup Lookup) (*types.Type, error) {
	name = strings.TrimSpace(name)
	for _, keyword := range []string{"struct ", "union ", "enum "} {
		name = strings.TrimPrefix(name, keyword)
	}
	if strings.IndexByte("&([{", (name + " ")[0]) < 0 && !strings.ContainsAny(name, "<{") && !strings.HasPrefix(name, "map[") && !strings.HasPrefix(name, "func(") {
		return nil, nil
	}
	return lookup.Find(types.KindsOf(types.Struct, types.Union, types.Class, types.Enum, types.Typedef, types.Int, types.Bool, types.Float), name)
}

// A typeParser parses one type name. The lexer's sticky error is also its own.
type typeParser struct {
	*lexer
	lang   *Language
	lookup Lookup
	count  int // declarators so far
	depth  int // parentheses around
}

// A declarator is what is put around a type.
type declarator struct {
	kind     types.Kind // Pointer, Array or Function
	quals    types.Qualifiers
	length   uint64 // of an array
	open     bool   // array of unknown length
	variadic bool
	params   []types.Parameter
	pos      int
}

// typeName parses specifiers and an abstract declarator.
func (p *typeParser) typeName() *types.Type {
	t := p.specifiers()
	if p.err != nil {
		return nil
	}
	switch p.tok.kind {
	case tokenEnd:
		return t
	case '*', '(', '[':
		t, _ = p.declarators(t, false)
		return t
	}
	p.fail(p.tok.pos, "expected abstract declarator")
	return nil
}

// declarators parses a declarator, which may hold a name if named is set, and puts it around t.
func (p *typeParser) declarators(t *types.Type, named bool) (*types.Type, string) {
	ds, name := p.declarator(nil, named)
	for _, d := range ds {
		if p.err != nil {
			return nil, ""
		}
		t = p.apply(t, d)
	}
	return t, name
}

func (p *typeParser) add(ds []declarator, d declarator) []declarator {
	if p.count++; p.count > maxDeclarators {
		p.tooDeep("declarators")
	}
	return append(ds, d)
}

// tooDeep ends the parsing of what has more declarators or parentheses than a type may have.
func (p *typeParser) tooDeep(what string) {
	if p.err == nil {
		p.err = &types.DepthError{Problem: fmt.Sprintf("maximum type depth exceeded: a type name has more than %d %s", maxDeclarators, what)}
	}
	p.tok = token{kind: tokenEnd, pos: p.tok.pos}
}

// declarator appends the parts of a declarator to ds, those that bind to the specifiers first.
func (p *typeParser) declarator(ds []declarator, named bool) (_ []declarator, name string) {
	for p.tok.kind == '*' {
		d := declarator{kind: types.Pointer, pos: p.tok.pos}
		p.next()
		for q := p.qualifier(); q != 0; q = p.qualifier() {
			d.quals |= q
		}
		ds = p.add(ds, d)
	}
	var inner []declarator
	switch {
	case p.tok.kind == '(' && p.startsDeclarator(named):
		if p.depth++; p.depth > maxDeclarators {
			p.tooDeep("parentheses")
			return nil, ""
		}
		p.next()
		inner, name = p.declarator(nil, named)
		p.expect(')')
		p.depth--
	case p.tok.kind == tokenName && named:
		name = p.tok.text
		p.next()
	}
	first := len(ds)
	for p.err == nil {
		if p.tok.kind == '[' {
			ds = p.add(ds, p.array())
		} else if p.tok.kind == '(' {
			ds = p.add(ds, p.function())
		} else {
			break
		}
	}
	slices.Reverse(ds[first:])
	return append(ds, inner...), name
}

// startsDeclarator tells a declarator in parentheses from a function's parameters.
func (p *typeParser) startsDeclarator(named bool) bool {
	after := *p.lexer
	after.next()
	switch after.tok.kind {
	case '*', '(', '[':
		return true
	case tokenName:
		return named && words[after.tok.text].kind == wordNone && !p.isType(after.tok.text)
	}
	return false
}

// isType reports whether a name in a parameter's parentheses is a type's, as in "int (size_t)".
func (p *typeParser) isType(name string) bool {
	t, err := p.findAny(identifierKinds(p.lang, name), name)
	return err == nil && t != nil
}

func (p *typeParser) expect(kind tokenKind) {
	if p.tok.kind != kind {
		p.fail(p.tok.pos, "expected '%c'", byte(kind))
		return
	}
	p.next()
}

func (p *typeParser) qualifier() types.Qualifiers {
	if p.tok.kind != tokenName {
		return 0
	}
	w := words[p.tok.text]
	if w.kind != wordQualifier {
		return 0
	}
	p.next()
	return w.quals
}

func (p *typeParser) array() declarator {
	d := declarator{kind: types.Array, pos: p.tok.pos}
	p.next()
	switch p.tok.kind {
	case ']':
		d.open = true
	case tokenNumber:
		d.length = p.number()
	}
	p.expect(']')
	return d
}

// number returns the value of the present token, a number.
func (x *lexer) number() uint64 {
	n, err := parseNumber(x.tok.text)
	if err != nil { // one that is no number at all is no token
		x.fail(x.tok.pos, numberTooLarge)
		return 0
	}
	x.next()
	return n
}

func (p *typeParser) function() declarator {
	d := declarator{kind: types.Function, pos: p.tok.pos}
	if p.depth++; p.depth > maxDeclarators {
		p.tooDeep("parentheses")
		return d
	}
	defer func() { p.depth-- }()
	p.next()
	if p.tok.kind == ')' {
		d.variadic = !p.lang.cpp // "()" leaves the parameters unspecified in C; in C++ it means that there are none
		p.next()
		return d
	}
	for p.err == nil {
		if p.tok.kind == tokenDots && len(d.params) > 0 {
			d.variadic = true
			p.next()
			break
		}
		pos := p.tok.pos
		t := p.specifiers()
		if p.err != nil {
			return d
		}
		t, name := p.declarators(t, true)
		if p.err != nil {
			return d
		}
		if t.Kind() == types.Void && len(d.params) == 0 && name == "" && p.tok.kind == ')' {
			break
		}
		if t.Kind() == types.Void && p.tok.kind != tokenEnd {
			p.fail(pos, "parameter of type void")
			return d
		}
		d.params = append(d.params, types.Parameter{Name: name, Lazy: types.OfType(t)})
		if p.tok.kind != ',' {
			break
		}
		p.next()
	}
	p.expect(')')
	return d
}

// apply puts one declarator around t.
func (p *typeParser) apply(t *types.Type, d declarator) *types.Type {
	switch d.kind {
	case types.Pointer:
		t, err := p.lookup.Pointer(t)
		if err != nil {
			p.err = err
			return nil
		}
		return t.Qualified(d.quals)
	case types.Array:
		if t.Kind() == types.Function {
			p.fail(d.pos, "array of functions")
			return nil
		}
		if d.open {
			return t.Set().IncompleteArray(t.Language(), t)
		}
		return t.Set().Array(t.Language(), t, d.length)
	}
	if isSuffixed(t) {
		p.fail(d.pos, "function returning %s", t.Kind())
		return nil
	}
	params := d.params
	return t.Set().Function(p.lang, t, d.variadic, func() (types.Detail, error) {
		return types.Detail{Parameters: params}, nil
	})
}

// identifierKinds returns the kinds of types that a name without a keyword is looked for among: those that it has by C's
// rules, then those that a compiler has such names for (wchar_t in C++, _Float16).
func identifierKinds(l *Language, name string) []types.KindSet {
	first := types.KindsOf(types.Typedef)
	if l.cpp || strings.Contains(name, "::") {
		first = types.KindsOf(types.Typedef, types.Struct, types.Union, types.Class, types.Enum)
	}
	return []types.KindSet{first, types.KindsOf(types.Int, types.Bool, types.Float)}
}

// findAny returns the first type of a name that is found among one set of kinds after the other.
func (p *typeParser) findAny(kinds []types.KindSet, name string) (*types.Type, error) {
	for _, k := range kinds {
		if t, err := p.lookup.Find(k, name); t != nil || err != nil {
			return t, err
		}
	}
	return nil, nil
}

// find looks for a named type; keyword is "struct", "union", "class", "enum" or "".
func (p *typeParser) find(kinds []types.KindSet, keyword, name string) *types.Type {
	var t *types.Type
	var err error
	for _, name := range TemplateSpellings(name) {
		if t, err = p.findAny(kinds, name); t != nil || err != nil {
			break
		}
	}
	if err == nil && t == nil {
		if keyword != "" {
			name = keyword + " " + name
		}
		err = &NotFoundError{kinds[0], name}
	}
	if err != nil && p.err == nil {
		p.err = err
	}
	return t
}
