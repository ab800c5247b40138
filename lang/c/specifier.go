package c

import (
	"strings"

	"github.com/godrgn/drgn/types"
)

// A wordKind is what a word does in a type name.
type wordKind uint8

const (
	wordNone wordKind = iota // an identifier
	wordQualifier
	wordSign
	wordLength
	wordBase
	wordTag
)

type word struct {
	kind  wordKind
	quals types.Qualifiers
	tag   types.Kind
	cpp   bool // a keyword in C++ only
}

// words are the keywords of type names.
var words = map[string]word{
	"const": {kind: wordQualifier, quals: types.Const}, "volatile": {kind: wordQualifier, quals: types.Volatile},
	"restrict": {kind: wordQualifier, quals: types.Restrict}, "_Atomic": {kind: wordQualifier, quals: types.Atomic},
	"signed": {kind: wordSign}, "unsigned": {kind: wordSign},
	"short": {kind: wordLength}, "long": {kind: wordLength},
	"char": {kind: wordBase}, "int": {kind: wordBase}, "float": {kind: wordBase}, "double": {kind: wordBase},
	"_Bool": {kind: wordBase}, "void": {kind: wordBase}, "__int128": {kind: wordBase},
	"bool":   {kind: wordBase, cpp: true},
	"struct": {kind: wordTag, tag: types.Struct}, "union": {kind: wordTag, tag: types.Union},
	"enum": {kind: wordTag, tag: types.Enum}, "class": {kind: wordTag, tag: types.Class, cpp: true},
}

// word returns what the present token does in a type name.
func (p *typeParser) word() word {
	if p.tok.kind != tokenName {
		return word{}
	}
	w := words[p.tok.text]
	if w.cpp && !p.lang.cpp {
		return word{}
	}
	return w
}

// specifier collects the words of one of C's own types.
type specifier struct {
	sign, length, base string // "unsigned", "long long", "int"
}

func (s specifier) String() string {
	return strings.Join(strings.Fields(s.sign+" "+s.length+" "+s.base), " ")
}

// add takes one more word; it reports whether that goes together with those before.
func (s *specifier) add(kind wordKind, text string) bool {
	old := *s
	switch kind {
	case wordSign:
		s.sign = text
		if old.sign != "" {
			return false
		}
	case wordLength:
		s.length = text
		if old.length != "" {
			s.length = "long long"
			if old.length != "long" || text != "long" {
				return false
			}
		}
	default:
		s.base = text
		if old.base != "" {
			return false
		}
	}
	switch s.base {
	case "", "int":
		return true
	case "char":
		return s.length == ""
	case "double":
		return s.sign == "" && (s.length == "" || s.length == "long")
	case "__int128":
		return s.length == ""
	}
	return s.sign == "" && s.length == ""
}

// specifiers parses the specifiers and qualifiers a type name starts with.
func (p *typeParser) specifiers() *types.Type {
	var (
		quals types.Qualifiers
		spec  specifier
		what  string             // "identifier", "'struct'": what named stands for
		named func() *types.Type // finds a tag's, typedef's or _Atomic's type, once all words are there
	)
loop:
	for p.tok.kind == tokenName {
		w, tok := p.word(), p.tok
		switch w.kind {
		case wordQualifier:
			quals |= w.quals
			p.next()
			if w.quals == types.Atomic && p.tok.kind == '(' && named == nil && spec == (specifier{}) {
				t := p.atomic()
				named, what = func() *types.Type { return t }, "'_Atomic'"
			}
		case wordSign, wordLength, wordBase:
			before := spec.String()
			if named != nil || !spec.add(w.kind, tok.text) {
				p.cannotCombine(tok, before, what)
				return nil
			}
			p.next()
		case wordTag:
			if named != nil {
				what = "identifier"
			}
			if named != nil || spec != (specifier{}) {
				p.cannotCombine(tok, spec.String(), what)
				return nil
			}
			named, what = p.tag(w, tok), "'"+tok.text+"'"
		default:
			if named != nil || spec != (specifier{}) {
				break loop
			}
			p.next()
			named, what = func() *types.Type { return p.identifier(tok.text) }, "identifier"
		}
		if p.err != nil {
			return nil
		}
	}
	if p.err == nil && named == nil && spec == (specifier{}) {
		p.fail(p.tok.pos, "expected type specifier")
	}
	if p.err != nil {
		return nil
	}
	var t *types.Type
	if named != nil {
		t = named()
	} else {
		t = p.primitive(spec)
	}
	if p.err != nil {
		return nil
	}
	return t.Qualified(t.Qualifiers() | quals)
}

// cannotCombine says that a word does not go with those of one of C's own types, before, or with what else there is.
func (p *typeParser) cannotCombine(tok token, before, what string) {
	if what == "" {
		what = "'" + before + "'"
	}
	p.fail(tok.pos, "cannot combine '%s' with %s", tok.text, what)
}

// atomic parses the parentheses of "_Atomic(int)".
func (p *typeParser) atomic() *types.Type {
	if p.depth++; p.depth > maxDeclarators {
		p.tooDeep("parentheses")
		return nil
	}
	p.next()
	t := p.specifiers()
	if p.err != nil {
		return nil
	}
	t, _ = p.declarators(t, false)
	p.expect(')')
	p.depth--
	if p.err != nil {
		return nil
	}
	return t.Qualified(t.Qualifiers() | types.Atomic)
}

// tag parses what follows "struct", "union", "class" or "enum".
func (p *typeParser) tag(w word, keyword token) func() *types.Type {
	p.next()
	if p.err == nil && (p.tok.kind != tokenName || p.word().kind != wordNone) {
		p.fail(p.tok.pos, "expected identifier after '%s'", keyword.text)
	}
	if p.err != nil {
		return nil
	}
	name := p.tok.text
	p.next()
	kinds := []types.KindSet{types.KindsOf(w.tag)}
	if p.lang.cpp && (w.tag == types.Struct || w.tag == types.Class) { // C++ lets both keywords name either
		kinds = append(kinds, types.KindsOf(types.Struct+types.Class-w.tag))
	}
	if p.err != nil {
		return nil
	}
	return func() *types.Type { return p.find(kinds, keyword.text, name) }
}

// identifier finds the type a name that is no keyword stands for.
func (p *typeParser) identifier(name string) *types.Type {
	if p.err != nil {
		return nil
	}
	switch name {
	case "size_t":
		return p.builtin(types.CSizeT)
	case "ptrdiff_t":
		return p.builtin(types.CPtrdiffT)
	}
	return p.find(identifierKinds(p.lang, name), "", name)
}

// primitive finds the type that a combination of C's keywords stands for.
func (p *typeParser) primitive(s specifier) *types.Type {
	if s.base == "__int128" {
		return p.int128(s.sign == "unsigned")
	}
	if s.base == "void" {
		return p.builtin(types.CVoid)
	}
	return p.builtin(types.SpelledPrimitive(s.String()))
}

func (p *typeParser) builtin(prim types.Primitive) *types.Type {
	t, err := p.lookup.Primitive(prim)
	if err == nil && t == nil {
		err = &NotFoundError{types.KindsOf(KindOf(prim)), prim.String()}
	}
	if err != nil {
		p.err = err
		return nil
	}
	return t
}

// int128 finds the 128-bit integer type, which is no standard type and known under each compiler's own name.
func (p *typeParser) int128(unsigned bool) *types.Type {
	names := []string{"__int128", "__int128_t"}
	if unsigned {
		names = []string{"__int128 unsigned", "unsigned __int128", "__uint128_t"}
	}
	for _, name := range names {
		t, err := p.lookup.Find(types.KindsOf(types.Int, types.Typedef), name)
		if t != nil || err != nil {
			p.err = err
			return t
		}
	}
	name := "__int128"
	if unsigned {
		name = "unsigned __int128"
	}
	p.err = &NotFoundError{types.KindsOf(types.Int), name}
	return nil
}
