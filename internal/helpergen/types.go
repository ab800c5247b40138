package main

import (
	"go/ast"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// A form says how a Go type crosses to Python.
type form int

const (
	invalid form = iota
	object
	program
	scope
	typeLike // *types.Type, or a type parameter of drgn.TypeLike
	integer  // signed or unsigned: bits
	boolean
	float
	text
	data // []byte
	slice
	array
	mapping
	record // struct
	pointer
	walk // iter.Seq, iter.Seq2 with an error
	failure
	anything
	foreign // a type of package drgn that has a class of its own
	contextForm
	lines // table.Table: what print_* writes
)

// A goType is a type in a helper's signature.
type goType struct {
	form     form
	name     string // as Go writes it; package names stand for imports
	imports  []string
	signed   bool
	bits     int  // of an integer: 0 for int, uint, uintptr
	named    bool // an integer, string, … that needs a conversion
	key      *goType
	elem     *goType
	pair     *goType // of a mapping that is a slice: the struct of key and value
	record   *structType
	fallible bool   // a walk with errors
	class    string // of a foreign type
}

// A structType is a struct that is a tuple in Python.
type structType struct {
	spec   *ast.TypeSpec
	module string // of the package that declares it
	goName string
	name   string // in Python
	doc    string
	tuple  bool // a plain one
	plain  bool // a class like any other, not a tuple
	forced bool // said so by a directive
	fields []field
}

type field struct {
	goName, name string
	typ          *goType
	doc          string
}

// foreigns are the types of package drgn that Python has classes for.
var foreigns = map[string]string{
	"drgn.Symbol": "Symbol", "drgn.SymbolIndex": "SymbolIndex", "drgn.Module": "Module", "drgn.Thread": "Thread", "drgn.StackTrace": "StackTrace", "drgn.StackFrame": "StackFrame",
}

var integers = map[string]struct {
	bits   int
	signed bool
}{
	"int": {0, true}, "int8": {8, true}, "int16": {16, true}, "int32": {32, true}, "rune": {32, true}, "int64": {64, true},
	"uint": {0, false}, "uint8": {8, false}, "byte": {8, false}, "uint16": {16, false}, "uint32": {32, false}, "uint64": {64, false}, "uintptr": {0, false},
}

// A resolver turns expressions of a file into types.
type resolver struct {
	p          *pkg
	file       *ast.File
	typeParams map[string]bool
	depth      int
}

// resolve returns the type of an expression, or nil when it has no form in Python.
func (r resolver) resolve(e ast.Expr) *goType {
	if r.depth++; r.depth > 20 {
		return nil
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return r.resolve(e.X)
	case *ast.Ident:
		return r.ident(e.Name)
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return r.qualified(importPath(r.file, x.Name), e.Sel.Name)
		}
	case *ast.StarExpr:
		return r.pointer(e)
	case *ast.ArrayType:
		return r.array(e)
	case *ast.MapType:
		k, v := r.resolve(e.Key), r.resolve(e.Value)
		if k == nil || v == nil || k.form != text && k.form != integer {
			return nil
		}
		return &goType{form: mapping, name: "map[" + k.name + "]" + v.name, key: k, elem: v, imports: append(k.imports, v.imports...)}
	case *ast.IndexExpr: // iter.Seq[T]
		if r.isIter(e.X, "Seq") {
			return r.walk(e.Index, false)
		}
	case *ast.IndexListExpr: // iter.Seq2[T, error]
		if r.isIter(e.X, "Seq2") && len(e.Indices) == 2 {
			if second := r.resolve(e.Indices[1]); second != nil && second.form == failure {
				return r.walk(e.Indices[0], true)
			}
		}
	case *ast.InterfaceType:
		if e.Methods.NumFields() == 0 {
			return &goType{form: anything, name: "any"}
		}
	case *ast.StructType:
		return nil // one without a name has no fields that others may write
	}
	return nil
}

func (r resolver) isIter(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && s.Sel.Name == name && importPath(r.file, x.Name) == "iter"
}

func (r resolver) walk(e ast.Expr, fallible bool) *goType {
	elem := r.resolve(e)
	if elem == nil {
		return nil
	}
	if elem.record != nil && !elem.record.forced {
		elem.record.tuple = true
	}
	return &goType{form: walk, elem: elem, fallible: fallible, imports: elem.imports}
}

func (r resolver) pointer(e *ast.StarExpr) *goType {
	elem := r.resolve(e.X)
	if elem == nil {
		return nil
	}
	switch elem.form {
	case program, typeLike:
		if !strings.HasPrefix(elem.name, "*") { // drgn.Program, types.Type: only pointers to them are used
			elem.name = "*" + elem.name
			return elem
		}
	case foreign:
		elem.name = "*" + elem.name
		return elem
	case object, record, integer, boolean, text:
		return &goType{form: pointer, name: "*" + elem.name, elem: elem, imports: elem.imports}
	}
	return nil
}

func (r resolver) array(e *ast.ArrayType) *goType {
	elem := r.resolve(e.Elt)
	if elem == nil || elem.form == program {
		return nil
	}
	if e.Len == nil {
		if elem.form == integer && elem.bits == 8 && !elem.signed && !elem.named {
			return &goType{form: data, name: "[]byte"}
		}
		return &goType{form: slice, name: "[]" + elem.name, elem: elem, imports: elem.imports}
	}
	n, ok := e.Len.(*ast.BasicLit)
	if !ok || n.Kind != token.INT {
		return nil
	}
	return &goType{form: array, name: "[" + n.Value + "]" + elem.name, elem: elem, imports: elem.imports}
}

func (r resolver) ident(name string) *goType {
	if r.typeParams[name] {
		return &goType{form: typeLike, name: name}
	}
	if i, ok := integers[name]; ok {
		return &goType{form: integer, name: name, bits: i.bits, signed: i.signed}
	}
	switch name {
	case "bool":
		return &goType{form: boolean, name: name}
	case "string":
		return &goType{form: text, name: name}
	case "float64", "float32":
		return &goType{form: float, name: name, named: name == "float32"}
	case "error":
		return &goType{form: failure, name: name}
	case "any":
		return &goType{form: anything, name: name}
	}
	return r.named(r.p, name)
}

// qualified returns the type of a name of another package.
func (r resolver) qualified(path, name string) *goType {
	if path == "context" && name == "Context" {
		return &goType{form: contextForm, name: "context.Context"}
	}
	if path != r.p.l.modulePath && !strings.HasPrefix(path, r.p.l.modulePath+"/") {
		return nil
	}
	short := path[strings.LastIndex(path, "/")+1:] + "." + name
	known := &goType{name: short, imports: []string{path}}
	switch strings.TrimPrefix(path, r.p.l.modulePath) + "." + name {
	case ".Object":
		known.form = object
		return known
	case ".Program":
		known.form = program
		return known
	case ".Scope":
		known.form = scope
		return known
	case "/types.Type":
		known.form = typeLike
		return known
	case "/helper/table.Table":
		known.form = lines
		return known
	}
	if class, ok := foreigns[short]; ok && path == r.p.l.modulePath {
		known.form, known.class = foreign, class
		return known
	}
	p, err := r.p.l.load(path)
	if err != nil {
		return nil
	}
	return r.named(p, name)
}

// named returns the form of a type that a package of the module declares.
func (r resolver) named(p *pkg, name string) *goType {
	d, ok := p.types[name]
	if !ok || d.spec.TypeParams != nil {
		return nil
	}
	if st, ok := d.spec.Type.(*ast.StructType); ok && !d.spec.Assign.IsValid() {
		s := r.structType(p, d, st)
		if s == nil {
			return nil
		}
		return &goType{form: record, name: p.name + "." + name, imports: []string{p.path}, record: s}
	}
	t := resolver{p: p, file: d.file, depth: r.depth}.resolve(d.spec.Type)
	if t == nil || d.spec.Assign.IsValid() {
		return t
	}
	if _, ok := directive(d.doc, "dict"); ok && t.form == slice {
		return t.dict(p, name)
	}
	switch t.form {
	case integer, boolean, text, float:
		t.name, t.named, t.imports = p.name+"."+name, true, []string{p.path}
	case data, slice, array, mapping:
		t.name, t.imports = p.name+"."+name, []string{p.path}
	case walk:
	default:
		return nil
	}
	return t
}

// dict makes a mapping of a slice of structs with two fields, a key and a value.
func (t *goType) dict(p *pkg, name string) *goType {
	if t.elem.form != record || len(t.elem.record.fields) != 2 {
		return nil
	}
	f := t.elem.record.fields
	return &goType{form: mapping, name: p.name + "." + name, imports: []string{p.path}, key: f[0].typ, elem: f[1].typ, pair: t.elem}
}

// structType returns what a struct is in Python; nil when a field of it has no form there.
func (r resolver) structType(p *pkg, d typeDecl, st *ast.StructType) *structType {
	if s, ok := p.l.structs[d.spec]; ok {
		return s
	}
	s := &structType{spec: d.spec, module: p.module, goName: d.spec.Name.Name, name: d.spec.Name.Name, doc: d.doc.Text()}
	p.l.structs[d.spec] = nil // one that holds itself has no end
	if _, ok := directive(d.doc, "tuple"); ok {
		s.tuple, s.forced = true, true
	}
	for _, kind := range []string{"namedtuple", "class"} {
		name, ok := directive(d.doc, kind)
		if !ok {
			continue
		}
		s.forced, s.plain = true, kind == "class"
		if name != "" {
			s.name = name
		}
	}
	for _, f := range st.Fields.List {
		t := resolver{p: p, file: d.file, depth: r.depth}.resolve(f.Type)
		tag := ""
		if f.Tag != nil {
			if unquoted, err := strconv.Unquote(f.Tag.Value); err == nil {
				tag = reflect.StructTag(unquoted).Get("py")
			}
		}
		for _, n := range f.Names {
			if !n.IsExported() || tag == "-" {
				continue
			}
			if t == nil {
				return nil
			}
			name := tag
			if name == "" {
				name = snake(n.Name)
			}
			doc := f.Doc.Text()
			if doc == "" {
				doc = f.Comment.Text()
			}
			s.fields = append(s.fields, field{n.Name, name, t, strings.TrimSpace(doc)})
		}
	}
	if len(s.fields) == 0 {
		return nil
	}
	p.l.structs[d.spec] = s
	return s
}

// eachStruct calls f for every struct in a type.
func (t *goType) eachStruct(f func(*structType)) {
	if t == nil {
		return
	}
	t.key.eachStruct(f)
	t.elem.eachStruct(f)
	if t.record != nil {
		f(t.record)
		for _, field := range t.record.fields {
			field.typ.eachStruct(f)
		}
	}
}

// snake turns a Go name into one of Python: pidType to pid_type, NSName to ns_name.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if unicode.IsUpper(r) {
			if i > 0 && (!unicode.IsUpper(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
				b.WriteByte('_')
			}
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
