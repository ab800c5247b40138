package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/printer"
	"go/token"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/helper/call"
)

func exprString(e ast.Expr) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return "?"
	}
	return b.String()
}

// A goFile is a file of adapters being written.
type goFile struct {
	bytes.Buffer
	imports map[string]bool
}

func (g *goFile) use(paths ...string) {
	for _, p := range paths {
		g.imports[p] = true
	}
}

func (g *goFile) line(format string, args ...any) { fmt.Fprintf(g, format+"\n", args...) }

// adapters returns the Go file of a module.
func (m *module) adapters(modulePath string) ([]byte, error) {
	g := &goFile{imports: map[string]bool{}}
	g.use(modulePath + "/helper/call")
	g.line("var %s = call.Module{", m.goName())
	g.line("Name: %q,", m.name)
	g.line("Doc: %q,", pythonDoc(m.doc))
	g.line("Funcs: []call.Func{")
	for _, h := range m.helpers {
		h.adapter(g)
	}
	g.line("},")
	classes := m.classes()
	if len(classes) > 0 {
		g.line("Structs: []*call.Struct{")
		for _, s := range classes {
			g.line("&%s,", s.variable())
		}
		g.line("},")
	}
	g.line("}")
	for _, s := range classes {
		g.line("\nvar %s = call.Struct{Module: %q, Name: %q, Fields: []string{", s.variable(), s.module, s.name)
		for _, f := range s.fields {
			g.line("%q,", f.name)
		}
		g.line("}}")
	}
	return finish(g, "registry")
}

// classes are the named tuples of the module.
func (m *module) classes() []*structType {
	var out []*structType
	for _, s := range m.structs {
		if !s.tuple {
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func (s *structType) variable() string {
	return (&module{name: s.module}).goName() + s.name
}

func finish(g *goFile, name string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s. DO NOT EDIT.\n\npackage %s\n\nimport (\n", marker, name)
	paths := make([]string, 0, len(g.imports))
	for p := range g.imports {
		paths = append(paths, p)
	}
	sort.Slice(paths, func(i, j int) bool {
		a, b := strings.Contains(paths[i], "."), strings.Contains(paths[j], ".")
		if a != b {
			return b // the standard library first
		}
		return paths[i] < paths[j]
	})
	for i, p := range paths {
		if i > 0 && strings.Contains(p, ".") && !strings.Contains(paths[i-1], ".") {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%q\n", p)
	}
	b.WriteString(")\n\n")
	b.Write(g.Bytes())
	src, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated code is bad: %w\n%s", err, b.Bytes())
	}
	return src, nil
}

// index returns the Go file that lists the modules.
func index(modules []*module, modulePath string) ([]byte, error) {
	g := &goFile{imports: map[string]bool{modulePath + "/helper/call": true}}
	g.line("// Modules are the Python modules with helpers that are Go functions, in the order of their names.")
	g.line("var Modules = []*call.Module{")
	for _, m := range modules {
		g.line("&%s,", m.goName())
	}
	g.line("}")
	return finish(g, "registry")
}

// adapter writes the description of a helper and the function that calls it.
func (h *helper) adapter(g *goFile) {
	g.use(h.p.path)
	g.line("{")
	g.line("Name: %q,", h.name)
	if len(h.params) > 0 {
		g.line("Params: []call.Param{")
		for i := range h.params {
			h.params[i].describe(g)
		}
		g.line("},")
	}
	g.line("Returns: %q,", h.returns)
	g.line("Doc: %q,", h.doc)
	if h.slow && !h.isWalk() {
		g.line("Slow: true,")
	}
	g.line("Do: func(c *call.Call) error {")
	var args []string
	if h.context {
		args = append(args, "c.Context")
	}
	from, failed := h.programOf(), "return err"
	if h.isWalk() && h.eager == "" { // a walk says at its first element what is wrong
		failed = "return c.Return(call.Stream(call.Failing(err)))"
	}
	fields := 0
	if h.options != nil {
		fields = len(h.options.record.fields)
	}
	var options []string
	for i := range h.params {
		arg := h.params[i].argument(g, i, from, failed)
		if i >= len(h.params)-fields {
			options = append(options, h.params[i].goName+": "+arg)
		} else {
			args = append(args, arg)
		}
	}
	if h.options != nil {
		g.use(h.options.imports...)
		args = append(args, h.options.name+"{"+strings.Join(options, ", ")+"}")
	}
	h.callAndReturn(g, h.p.name+"."+h.decl.Name.Name+"("+strings.Join(args, ", ")+")")
	g.line("},\n},")
}

func (h *helper) isWalk() bool { return len(h.results) == 1 && h.results[0].form == walk }

// describe writes a parameter's call.Param.
func (q *param) describe(g *goFile) {
	kinds := map[call.Kind]string{call.KindObject: "Object", call.KindProgram: "Program", call.KindScope: "Scope", call.KindUint: "Uint", call.KindWord: "Word", call.KindLiteral: "Literal",
		call.KindInt: "Int", call.KindBool: "Bool", call.KindString: "String", call.KindBytes: "Bytes", call.KindText: "Text",
		call.KindPath: "Path", call.KindType: "Type", call.KindThread: "Thread", call.KindAny: "Any"}
	s := fmt.Sprintf("{Name: %q, Kind: call.Kind%s, Annotation: %q", q.Name, kinds[q.Kind], q.Annotation)
	if q.Default != "" {
		s += fmt.Sprintf(", Default: %q", q.Default)
	}
	if q.KeywordOnly {
		s += ", KeywordOnly: true"
	}
	if q.None {
		s += ", None: true"
	}
	g.line("%s},", s)
}

// programOf returns the expression for the program that types are looked up in, and that walks are live in.
func (h *helper) programOf() (expr string) {
	for i := range h.params {
		q := &h.params[i]
		switch {
		case q.Kind == call.KindProgram:
			return fmt.Sprintf("c.Program(%d)", i)
		case q.Kind == call.KindScope:
			return fmt.Sprintf("call.ScopeProgram(c.Scope(%d))", i)
		case q.Kind == call.KindObject && !q.None:
			return fmt.Sprintf("c.Object(%d).Prog()", i)
		}
	}
	return "nil"
}

// argument writes what comes before the call, and returns the argument's expression. from is the program that types are looked
// up in, failed the statement for those that are not found.
func (q *param) argument(g *goFile, i int, from, failed string) string {
	t := q.typ
	if t.form == pointer {
		inner := *q
		inner.typ, inner.Default = t.elem, ""
		g.use(t.imports...)
		g.line("var a%d %s", i, t.name)
		g.line("if c.Has(%d) {", i)
		value := inner.argument(g, i, from, failed)
		g.line("v := %s\na%d = &v\n}", value, i)
		return fmt.Sprintf("a%d", i)
	}
	switch t.form {
	case object:
		return fmt.Sprintf("c.Object(%d)", i)
	case program:
		return fmt.Sprintf("c.Program(%d)", i)
	case scope:
		return fmt.Sprintf("c.Scope(%d)", i)
	case anything:
		if q.Kind == call.KindThread {
			return fmt.Sprintf("c.Thread(%d)", i)
		}
		if def, ok := goLiteral(q.Default); ok {
			return fmt.Sprintf("c.AnyOr(%d, %s)", i, def)
		}
		return fmt.Sprintf("c.Any(%d)", i)
	case data:
		return fmt.Sprintf("c.Bytes(%d)", i)
	case typeLike:
		if name, ok := literal(q.Default); ok {
			g.line("a%d, err := c.TypeOr(%d, %s, %q)", i, i, from, name)
		} else {
			g.line("a%d, err := c.Type(%d, %s)", i, i, from)
		}
		g.line("if err != nil {\n%s\n}", failed)
		return fmt.Sprintf("a%d", i)
	case boolean:
		return t.convert(g, pick(q.Default == "True", fmt.Sprintf("c.BoolOr(%d, true)", i), fmt.Sprintf("c.Bool(%d)", i)))
	case text:
		if def, ok := literal(q.Default); ok && def != "" {
			return t.convert(g, fmt.Sprintf("c.StrOr(%d, %q)", i, def))
		}
		return t.convert(g, fmt.Sprintf("c.Str(%d)", i))
	case integer:
		get := "Uint"
		if t.signed {
			get = "Int"
		}
		value := fmt.Sprintf("c.%s(%d)", get, i)
		if n, err := strconv.ParseInt(q.Default, 0, 64); err == nil && n != 0 {
			value = fmt.Sprintf("c.%sOr(%d, %d)", get, i, n)
		}
		if t.bits == 64 {
			return t.convert(g, value)
		}
		g.use(t.imports...)
		g.line("a%d, err := call.Narrow[%s](%s)", i, t.name, value)
		g.line("if err != nil {\nreturn err\n}")
		return fmt.Sprintf("a%d", i)
	}
	panic("parameter " + q.Name + " was let through")
}

// goLiteral returns Go's form of a Python literal, as a parameter of any type gets it.
func goLiteral(s string) (string, bool) {
	if s == "True" || s == "False" {
		return strings.ToLower(s), true
	}
	if text, ok := literal(s); ok {
		return strconv.Quote(text), true
	}
	if n, err := strconv.ParseInt(s, 0, 64); err == nil {
		return fmt.Sprintf("int64(%d)", n), true
	}
	return "", false
}

func pick(cond bool, a, b string) string {
	if cond {
		return a
	}
	return b
}

// convert makes an expression of a basic type one of t.
func (t *goType) convert(g *goFile, expr string) string {
	if !t.named {
		return expr
	}
	g.use(t.imports...)
	return t.name + "(" + expr + ")"
}

// callAndReturn writes the call and what becomes of its results.
func (h *helper) callAndReturn(g *goFile, expr string) {
	var vars []string
	for i := range h.results {
		vars = append(vars, "v"+strconv.Itoa(i))
	}
	if h.found {
		vars = append(vars, "ok")
	}
	if h.fails {
		vars = append(vars, "err")
	}
	switch {
	case len(vars) == 0:
		g.line("%s", expr)
	case len(vars) == 1 && !h.fails && !h.optional:
		vars[0] = expr
	case len(vars) == 1 && h.fails:
		g.line("if err := %s; err != nil {\nreturn err\n}", expr)
	default:
		g.line("%s := %s", strings.Join(vars, ", "), expr)
		if h.fails {
			g.line("if err != nil {\nreturn err\n}")
		}
	}
	if h.optional {
		test := map[form]string{text: `v0 == ""`}[h.results[0].form]
		if test == "" {
			test = "v0 == nil"
		}
		if h.found {
			test = "!ok"
		}
		g.line("if %s {\nreturn c.Return(call.None)\n}", test)
	}
	switch len(h.results) {
	case 0:
		g.line("return c.Return(call.None)")
	case 1:
		t := h.results[0]
		if t.form != walk && t.form != lines {
			v := t.value(g, vars[0])
			if strings.HasPrefix(h.returns, "Mapping[") || strings.HasPrefix(h.returns, "Sequence[") {
				v = "call.ReadOnly(" + v + ")"
			}
			g.line("return c.Return(%s)", v)
			return
		}
		if t.form == lines { // whose numbers change from walk to walk: once is enough
			g.line("return c.Return(call.Lines(call.FromSlow(%s.Lines(), call.Str)))", vars[0])
			return
		}
		seq := vars[0]
		if !t.fallible {
			seq = "call.NoError(" + seq + ")"
		}
		if h.slow {
			g.line("return c.Return(call.Stream(call.FromSlow(%s, %s)))", seq, t.elem.function(g))
			return
		}
		switch h.eager {
		case "faults":
			g.line("return c.Return(call.Begun(%s, %s, call.Live(%s)))", seq, t.elem.function(g), h.programOf())
			return
		case "arguments":
			at := max(0, slices.IndexFunc(h.params, func(q param) bool { return q.Kind == call.KindObject }))
			g.line("return c.Return(call.BegunAt(%s, %s, call.Live(%s), c.Object(%d)))", seq, t.elem.function(g), h.programOf(), at)
			return
		}
		g.line("return c.Return(call.Stream(call.FromSeq(%s, %s, call.Live(%s))))", seq, t.elem.function(g), h.programOf())
	default:
		var parts []string
		for i, t := range h.results {
			parts = append(parts, t.value(g, vars[i]))
		}
		g.line("return c.Return(call.Tuple(%s))", strings.Join(parts, ", "))
	}
}

// simple returns the function of package call that makes a value of the type as it is, or "".
func (t *goType) simple() string {
	switch {
	case t.form == object:
		return "call.Object"
	case t.named:
		return ""
	case t.form == integer && t.bits == 64 && t.signed:
		return "call.Int"
	case t.form == integer && t.bits == 64:
		return "call.Uint"
	case t.form == boolean:
		return "call.Bool"
	case t.form == float:
		return "call.Float"
	case t.form == text:
		return "call.Str"
	case t.form == data:
		return "call.Bytes"
	}
	return ""
}

// function returns an expression of a function from the type to call.Value.
func (t *goType) function(g *goFile) string {
	if s := t.simple(); s != "" {
		return s
	}
	g.use(t.imports...)
	return "func(v " + t.name + ") call.Value { return " + t.value(g, "v") + " }"
}

// value returns an expression of the call.Value for an expression of the type. expr is used once, unless the type is an array
// or a struct.
func (t *goType) value(g *goFile, expr string) string {
	if s := t.simple(); s != "" {
		return s + "(" + expr + ")"
	}
	switch t.form {
	case integer:
		return pick(t.signed, "call.Int(int64(", "call.Uint(uint64(") + expr + "))"
	case boolean:
		return "call.Bool(bool(" + expr + "))"
	case float:
		return "call.Float(float64(" + expr + "))"
	case text:
		return "call.Str(string(" + expr + "))"
	case slice:
		return "call.Each(" + expr + ", " + t.elem.function(g) + ")"
	case array:
		g.use(t.imports...)
		return "call.Fixed(func(v " + t.name + ") []" + t.elem.name + " { return v[:] }(" + expr + "), " + t.elem.function(g) + ")"
	case mapping:
		if t.pair != nil {
			g.use(t.pair.imports...)
			f := t.pair.record.fields
			return "call.Pairs(" + expr + ", func(v " + t.pair.name + ") (key, value call.Value) { return " +
				t.key.value(g, "v."+f[0].goName) + ", " + t.elem.value(g, "v."+f[1].goName) + " })"
		}
		return "call.Map(" + expr + ", " + t.key.function(g) + ", " + t.elem.function(g) + ")"
	case pointer:
		return "call.Maybe(" + expr + ", " + t.elem.function(g) + ")"
	case program, typeLike, foreign:
		if strings.HasPrefix(t.name, "*") {
			return "call.Pointer(" + expr + ")"
		}
		return "call.Other(" + expr + ")"
	case record:
		var parts []string
		v := expr
		if !isName(expr) {
			v = "v"
		}
		for _, f := range t.record.fields {
			parts = append(parts, f.typ.value(g, v+"."+f.goName))
		}
		made := "call.Tuple(" + strings.Join(parts, ", ") + ")"
		if !t.record.tuple {
			made = "call.Record(&" + t.record.variable() + ", " + strings.Join(parts, ", ") + ")"
		}
		if v != expr {
			g.use(t.imports...)
			made = "func(v " + t.name + ") call.Value { return " + made + " }(" + expr + ")"
		}
		return made
	}
	return "call.Anything(" + expr + ")"
}
