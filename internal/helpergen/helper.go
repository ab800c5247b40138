package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/helper/call"
)

// A helper is a Go function that Python sees.
type helper struct {
	p        *pkg
	decl     *ast.FuncDecl
	name     string
	doc      string
	context  bool // its first parameter is a context.Context
	params   []param
	options  *goType // its last parameter, a struct whose fields are the last params
	results  []*goType
	fails    bool // its last result is an error
	returns  string
	optional bool // it may return None
	found    bool // its last result before the error says whether there is one
	slow     bool
	eager    string // "arguments": a walk whose first element is looked for when the helper is called; "faults": which says there, too, that memory cannot be read
}

// A param is a parameter of a helper in Python.
type param struct {
	call.Param
	goName string
	typ    *goType
}

// A written is a parameter as a directive writes it.
type written struct {
	name, annotation, def string
	keyword               bool
}

// parseDirective takes "NAME(a, b: Path = None, *, c=False) -> T" apart.
func parseDirective(text string) (name string, params []written, hasParams bool, returns string, err error) {
	text, returns, _ = strings.Cut(text, "->")
	text, returns = strings.TrimSpace(text), strings.TrimSpace(returns)
	name, rest, hasParams := strings.Cut(text, "(")
	name = strings.TrimSpace(name)
	if !isName(name) {
		return "", nil, false, "", fmt.Errorf("%q is no name", name)
	}
	if !hasParams {
		return name, nil, false, returns, nil
	}
	rest, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return "", nil, false, "", fmt.Errorf("the parameters of %s do not end in )", name)
	}
	keyword := false
	for _, s := range splitTop(rest) {
		if s == "*" {
			keyword = true
			continue
		}
		w := written{keyword: keyword}
		decl, def, hasDef := cutTop(s, '=')
		if w.def = def; hasDef && def == "" {
			return "", nil, false, "", fmt.Errorf("no default after = in %q", s)
		}
		w.name, w.annotation, _ = strings.Cut(decl, ":")
		w.name, w.annotation = strings.TrimSpace(w.name), strings.TrimSpace(w.annotation)
		if !isName(w.name) {
			return "", nil, false, "", fmt.Errorf("%q is no parameter", s)
		}
		params = append(params, w)
	}
	return name, params, true, returns, nil
}

func isName(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// splitTop splits at the commas outside brackets and quotes.
func splitTop(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; {
		var part string
		part, s, _ = cutTop(s, ',')
		out = append(out, part)
	}
	return out
}

// cutTop cuts at the first sep outside brackets and quotes.
func cutTop(s string, sep byte) (before, after string, found bool) {
	depth := 0
	var quote byte
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')':
			depth--
		case c == sep && depth == 0:
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
		}
	}
	return strings.TrimSpace(s), "", false
}

// helper makes a helper of a function with a directive.
func (p *pkg) helper(file *ast.File, decl *ast.FuncDecl, text string) (*helper, error) {
	l := p.l
	bad := func(n ast.Node, format string, args ...any) error {
		return l.errorAt(n.Pos(), "%s: %s", decl.Name.Name, fmt.Sprintf(format, args...))
	}
	if decl.Recv != nil || !decl.Name.IsExported() {
		return nil, bad(decl, "a helper is an exported function, not a method")
	}
	name, wr, hasParams, returns, err := parseDirective(text)
	if err != nil {
		return nil, bad(decl, "%v", err)
	}
	h := &helper{p: p, decl: decl, name: name, returns: returns}
	_, h.slow = directive(decl.Doc, "slow")
	if text, is := directive(decl.Doc, "eager"); text != "" && text != "faults" {
		return nil, bad(decl, "eager %s: only eager faults is known", text)
	} else if is {
		h.eager = cmp.Or(text, "arguments")
	}
	if h.eager != "" && h.slow {
		return nil, bad(decl, "a slow walk cannot be eager: its first element may take long")
	}
	wrap, wraps := directive(decl.Doc, "wraps")
	word, ok := map[string]call.Kind{"": call.KindWord, "literals": call.KindLiteral}[wrap]
	if !ok {
		return nil, bad(decl, "wraps %s: only wraps literals is known", wrap)
	}
	r := resolver{p: p, file: file, typeParams: map[string]bool{}}
	if decl.Type.TypeParams != nil {
		for _, f := range decl.Type.TypeParams.List {
			s, ok := f.Type.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "TypeLike" {
				return nil, bad(f, "a type parameter that is no drgn.TypeLike")
			}
			for _, n := range f.Names {
				r.typeParams[n.Name] = true
			}
		}
	}
	if err := h.addParams(r, bad); err != nil {
		return nil, err
	}
	if hasParams {
		if len(wr)+1 == len(h.params) && h.params[0].Kind == call.KindProgram {
			wr = slices.Insert(wr, 0, written{name: "prog"})
		}
		if len(wr) != len(h.params) {
			return nil, bad(decl, "the directive has %d parameters, the function %d", len(wr), len(h.params))
		}
		for i := range wr {
			if err := h.params[i].apply(wr[i]); err != nil {
				return nil, bad(decl, "parameter %s: %v", wr[i].name, err)
			}
		}
	}
	if len(h.params) > call.MaxParams {
		return nil, bad(decl, "more than %d parameters", call.MaxParams)
	}
	optional := false
	for i := range h.params {
		q := &h.params[i]
		if optional && q.Default == "" && !q.KeywordOnly {
			return nil, bad(decl, "parameter %s must be given, but the one before it need not be", q.Name)
		}
		if q.KeywordOnly && q.Default == "" {
			return nil, bad(decl, "keyword-only parameter %s has no default", q.Name)
		}
		optional = optional || q.Default != "" && q.Default != "~"
	}
	if wraps && !h.wrapParams(word) {
		return nil, bad(decl, "there is no parameter of type uint64 that could wrap")
	}
	if err := h.addResults(r, bad); err != nil {
		return nil, err
	}
	h.doc = h.docstring()
	return h, nil
}

// wrapParams makes words of a kind of the parameters that are unsigned integers of 64 bits, and reports whether there are any.
func (h *helper) wrapParams(word call.Kind) (any bool) {
	for i := range h.params {
		if q := &h.params[i]; q.Kind == call.KindUint && q.typ.bits == 64 {
			q.Kind, any = word, true
		}
	}
	return any
}

type failFunc func(n ast.Node, format string, args ...any) error

func (h *helper) addParams(r resolver, bad failFunc) error {
	fields := h.decl.Type.Params.List
	for i, f := range fields {
		t := r.resolve(f.Type)
		if t == nil {
			return bad(f, "a parameter of type %s has no form in Python", exprString(f.Type))
		}
		if len(f.Names) == 0 {
			return bad(f, "a parameter without a name")
		}
		if t.form == contextForm {
			if i != 0 || len(f.Names) != 1 {
				return bad(f, "a context is the first parameter")
			}
			h.context, h.slow = true, true
			continue
		}
		if t.form == record {
			if i != len(fields)-1 || len(f.Names) != 1 {
				return bad(f, "only the last parameter may be a struct, of options")
			}
			h.options = t
			for _, field := range t.record.fields {
				q := param{goName: field.goName, typ: field.typ}
				if err := q.init(field.name, false); err != nil {
					return bad(f, "option %s: %v", field.goName, err)
				}
				q.KeywordOnly = true
				if q.Default = zero(field.typ); q.Default == "None" {
					q.None, q.Annotation = true, "Optional["+q.Annotation+"]"
				}
				h.params = append(h.params, q)
			}
			continue
		}
		for _, n := range f.Names {
			q := param{goName: n.Name, typ: t}
			if err := q.init(snake(n.Name), len(h.params) == 0); err != nil {
				return bad(f, "parameter %s: %v", n.Name, err)
			}
			h.params = append(h.params, q)
		}
	}
	return nil
}

// zero is what leaving out an option means.
func zero(t *goType) string {
	switch t.form {
	case boolean:
		return "False"
	case integer:
		return "0"
	}
	return "None"
}

// init sets what the Go type alone says of a parameter.
func (q *param) init(name string, first bool) error {
	q.Name = name
	t := q.typ
	if t.form == pointer {
		q.None, q.Default = true, "None"
		t = t.elem
	}
	switch t.form {
	case object:
		q.Kind, q.Annotation = call.KindObject, "Object"
	case program:
		if !strings.HasPrefix(t.name, "*") {
			return fmt.Errorf("type %s has no form in Python", t.name)
		}
		q.Name, q.Kind, q.Annotation = "prog", call.KindProgram, "Program"
		if first {
			q.Default = "~"
		}
	case scope:
		if !first {
			return fmt.Errorf("a scope is the first parameter")
		}
		q.Kind, q.Annotation, q.Default = call.KindScope, "Union[Object, Program]", "~"
	case typeLike:
		q.Kind, q.Annotation = call.KindType, "Union[str, Type]"
		if name == "typ" || name == "t" {
			q.Name = "type"
		}
	case integer:
		q.Kind, q.Annotation = call.KindUint, "IntegerLike"
		if t.signed {
			q.Kind = call.KindInt
		}
	case boolean:
		q.Kind, q.Annotation = call.KindBool, "bool"
	case text:
		q.Kind, q.Annotation = call.KindString, "str"
	case data:
		q.Kind, q.Annotation = call.KindBytes, "bytes"
	case anything:
		q.Kind, q.Annotation = call.KindAny, "Any"
	default:
		return fmt.Errorf("type %s has no form in Python", t.name)
	}
	if q.typ.form == pointer {
		q.Annotation = "Optional[" + q.Annotation + "]"
	}
	return nil
}

// apply adds what the directive says of a parameter.
func (q *param) apply(w written) error {
	q.Name = w.name
	q.KeywordOnly = q.KeywordOnly || w.keyword
	if w.annotation != "" {
		q.Annotation = w.annotation
		inner := w.annotation
		if s, ok := strings.CutPrefix(inner, "Optional["); ok {
			inner, q.None = strings.TrimSuffix(s, "]"), true
		}
		kind, ok := map[string]call.Kind{"Path": call.KindPath, "Union[str, bytes]": call.KindText, "str": call.KindString, "bytes": call.KindBytes,
			"Union[Object, IntegerLike]": call.KindThread, "Type": call.KindType}[inner]
		textual := q.typ.form == text || q.typ.form == data || q.typ.form == pointer && q.typ.elem.form == text
		switch {
		case ok && kind == call.KindThread:
			if q.typ.form != anything {
				return fmt.Errorf("%s takes a parameter of type any", inner)
			}
			q.Kind = kind
		case ok && kind != call.KindType:
			if !textual {
				return fmt.Errorf("%s takes a parameter of type string or []byte", inner)
			}
			q.Kind = kind
		}
	}
	if w.def == "" {
		return nil
	}
	if q.Default == "~" {
		return fmt.Errorf("it is the default program when left out")
	}
	q.Default = w.def
	if w.def == "None" {
		q.None = true
		if !strings.HasPrefix(q.Annotation, "Optional[") && q.Annotation != "Any" {
			q.Annotation = "Optional[" + q.Annotation + "]"
		}
		return nil
	}
	ok := false
	switch q.typ.form {
	case boolean:
		ok = w.def == "True" || w.def == "False"
	case integer:
		_, err := strconv.ParseInt(w.def, 0, 64)
		ok = err == nil
	case text, typeLike:
		_, ok = literal(w.def)
	case anything:
		_, ok = goLiteral(w.def)
	}
	if !ok {
		return fmt.Errorf("%s is no default for type %s", w.def, q.typ.name)
	}
	return nil
}

// literal returns the text of a Python str.
func literal(s string) (string, bool) {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' || strings.ContainsAny(s[1:len(s)-1], `'\`) {
		return "", false
	}
	return s[1 : len(s)-1], true
}

func (h *helper) addResults(r resolver, bad failFunc) error {
	if h.decl.Type.Results != nil {
		for _, f := range h.decl.Type.Results.List {
			t := r.resolve(f.Type)
			if t == nil || t.form == contextForm || t.form == scope || t.form == program && !strings.HasPrefix(t.name, "*") {
				return bad(f, "a result of type %s has no form in Python", exprString(f.Type))
			}
			for range max(len(f.Names), 1) {
				h.results = append(h.results, t)
			}
		}
	}
	if n := len(h.results); n > 0 && h.results[n-1].form == failure {
		h.results, h.fails = h.results[:n-1], true
	}
	said := h.returns
	h.optional = strings.HasPrefix(said, "Optional[")
	if n := len(h.results); h.optional && n == 2 && h.results[1].form == boolean {
		h.results, h.found = h.results[:1], true
	}
	for _, t := range h.results {
		if t.form == failure {
			return bad(h.decl, "an error that is not the last result")
		}
		if t.form == walk && len(h.results) > 1 {
			return bad(h.decl, "a walk that is not the only result")
		}
		if t.form == walk && h.context {
			return bad(h.decl, "a walk that has a context")
		}
	}
	if h.optional && !h.found {
		if len(h.results) != 1 {
			return bad(h.decl, "%s is no single result", said)
		}
		switch h.results[0].form {
		case pointer, data, slice, mapping, text, foreign:
		default:
			return bad(h.decl, "a result of type %s can't be None", h.results[0].name)
		}
	}
	if said != "" {
		return nil
	}
	switch len(h.results) {
	case 0:
		h.returns = "None"
	case 1:
		h.returns = h.results[0].annotation(h.p.module)
	default:
		var parts []string
		for _, t := range h.results {
			parts = append(parts, t.annotation(h.p.module))
		}
		h.returns = "Tuple[" + strings.Join(parts, ", ") + "]"
	}
	return nil
}

// annotation returns a result's type in Python, as seen from a module.
func (t *goType) annotation(module string) string {
	switch t.form {
	case object:
		return "Object"
	case program:
		return "Program"
	case typeLike:
		return "Type"
	case integer:
		return "int"
	case boolean:
		return "bool"
	case float:
		return "float"
	case text:
		return "str"
	case data:
		return "bytes"
	case slice:
		return "List[" + t.elem.annotation(module) + "]"
	case array:
		n := strings.Trim(t.name[:strings.Index(t.name, "]")], "[]")
		count, err := strconv.Atoi(n)
		if err != nil || count > 4 {
			return "Tuple[" + t.elem.annotation(module) + ", ...]"
		}
		return "Tuple[" + strings.Join(slices.Repeat([]string{t.elem.annotation(module)}, count), ", ") + "]"
	case mapping:
		return "Dict[" + t.key.annotation(module) + ", " + t.elem.annotation(module) + "]"
	case record:
		if !t.record.tuple {
			return t.record.name
		}
		var parts []string
		for _, f := range t.record.fields {
			parts = append(parts, f.typ.annotation(module))
		}
		return "Tuple[" + strings.Join(parts, ", ") + "]"
	case pointer:
		return "Optional[" + t.elem.annotation(module) + "]"
	case walk:
		return "Iterator[" + t.elem.annotation(module) + "]"
	case foreign:
		return t.class
	case lines:
		return "None"
	}
	return "Any"
}
