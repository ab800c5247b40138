package c

import (
	"fmt"
	"strconv"

	"github.com/godrgn/drgn/types"
)

// Bounds on what is printed of a type: debug info may refer in circles.
const (
	maxNameDepth = maxDeclarators + 1 // the last is what they are put around
	maxNameLen   = 1 << 20
	maxDefLen    = 16 << 20
)

// TypeName returns the type's name: "struct foo *", "int (*)[2]", "struct <anonymous>".
func (l *Language) TypeName(t *types.Type) string {
	return string(AppendTypeName(nil, t))
}

// AppendTypeName appends the name of t to b. It is the same in C and C++.
func AppendTypeName(b []byte, t *types.Type) []byte {
	p := printer{b: b, limit: len(b) + maxNameLen}
	p.declaration(t, "")
	return p.b
}

// FullTypeName returns the type's name, and an error where [Language.TypeName] would leave a part of it out: a
// [*types.DepthError] if more than 1,000 types lie in each other.
func (l *Language) FullTypeName(t *types.Type) (string, error) {
	p := printer{limit: maxNameLen}
	p.declaration(t, "")
	if p.err != nil {
		return "", p.err
	}
	return string(p.b), nil
}

// Declaration returns the declaration of a variable, member or function of type t without a semicolon: "int x[2]". An
// anonymous structure, union or enumerated type is written out.
func (l *Language) Declaration(t *types.Type, name string) (string, error) {
	p := printer{limit: maxDefLen}
	p.full(t, name, 0)
	return string(p.b), p.err
}

// Definition returns the type written out: the members of a structure, the values of an enumerated type, the type a
// typedef stands for. The definition of other types, and of types that are not complete, is their name.
func (l *Language) Definition(t *types.Type) (string, error) {
	p := printer{limit: maxDefLen}
	switch k := t.Kind(); {
	case k == types.Typedef && t.IsComplete() || k == types.Typedef && t.UnderlyingKind() == types.Function:
		p.typedef(t)
	case (k.IsCompound() || k == types.Enum) && t.IsComplete():
		p.define(t, 0)
	default:
		p.declaration(t, "")
	}
	if p.err != nil {
		return "", p.err
	}
	return string(p.b), nil
}

// A printer writes declarations. When space is set, a space has to come before anything but a closing parenthesis.
type printer struct {
	b     []byte
	limit int // of len(b)
	depth int
	space bool
	err   error // why a definition is not whole
}

// write appends one token.
func (p *printer) write(s string) {
	if p.space {
		p.b = append(p.b, ' ')
		p.space = false
	}
	p.b = append(p.b, s...)
}

// word appends a token that must be kept apart from the next.
func (p *printer) word(s string) {
	p.write(s)
	p.space = true
}

func (p *printer) qualifiers(q types.Qualifiers) {
	if q&types.Const != 0 {
		p.word("const")
	}
	if q&types.Volatile != 0 {
		p.word("volatile")
	}
	if q&types.Restrict != 0 {
		p.word("restrict")
	}
	if q&types.Atomic != 0 {
		p.word("_Atomic")
	}
}

// enter reports whether another level may be printed.
func (p *printer) enter(t *types.Type) bool {
	if p.depth >= maxNameDepth || len(p.b) > p.limit {
		if p.err == nil {
			p.err = &types.DepthError{Problem: fmt.Sprintf("maximum type depth exceeded: %s type is too large or nests too deeply to be printed", t.Kind())}
		}
		return false
	}
	p.depth++
	return true
}

func (p *printer) declaration(t *types.Type, name string) {
	p.before(t, 0)
	if name != "" {
		p.write(name)
	}
	p.after(t)
	p.space = false
}

// before writes what stands left of the declared name. quals are those of arrays around t: in C the elements have them.
func (p *printer) before(t *types.Type, quals types.Qualifiers) {
	if !p.enter(t) {
		p.word("...")
		return
	}
	defer func() { p.depth-- }()
	switch t.Kind() {
	case types.Pointer:
		elem := t.Elem()
		p.before(elem, 0)
		if isSuffixed(elem) {
			p.write("(")
		}
		p.write([...]string{types.NoReference: "*", types.LvalueReference: "&", types.RvalueReference: "&&"}[t.Reference()])
		p.space = quals|t.Qualifiers() != 0
		p.qualifiers(quals | t.Qualifiers())
	case types.Array:
		p.before(t.Elem(), quals|t.Qualifiers())
	case types.Function:
		p.before(t.Elem(), 0)
	default:
		p.qualifiers(quals | t.Qualifiers())
		p.base(t)
	}
}

// isSuffixed reports whether a part of t's declaration stands right of the name, so that a pointer to it needs
// parentheses.
func isSuffixed(t *types.Type) bool { return t.Kind() == types.Array || t.Kind() == types.Function }

// base writes the name of a type that is no pointer, array or function.
func (p *printer) base(t *types.Type) {
	name := t.Name()
	switch t.Kind() {
	case types.Struct, types.Union, types.Class, types.Enum:
		name = t.Tag()
		if l, ok := t.Language().(*Language); name == "" || !ok || !l.cpp { // in C++ a tag is a name
			p.word(t.Kind().String())
		}
		if name == "" {
			name = "<anonymous>"
		}
	case types.Int, types.Float:
		if prim := t.Primitive(); prim != types.NotPrimitive {
			name = prim.String()
		}
	}
	p.word(name)
}

// after writes what stands right of the declared name.
func (p *printer) after(t *types.Type) {
	if !p.enter(t) {
		return
	}
	defer func() { p.depth-- }()
	switch t.Kind() {
	case types.Pointer:
		if isSuffixed(t.Elem()) {
			p.space = false
			p.write(")")
		}
		p.after(t.Elem())
	case types.Array:
		p.write("[")
		if n, ok := t.Length(); ok {
			p.b = strconv.AppendUint(p.b, n, 10)
		}
		p.write("]")
		p.after(t.Elem())
	case types.Function:
		p.parameters(t)
		p.after(t.Elem())
	}
}

func (p *printer) parameters(t *types.Type) {
	p.write("(")
	params, err := t.Parameters()
	if err != nil {
		p.fail(err)
		p.write("?")
	}
	for i, param := range params {
		if i > 0 {
			p.write(", ")
		}
		if len(p.b) > p.limit {
			p.write("...")
			break
		}
		slot, err := param.Slot()
		if err != nil {
			p.fail(err)
			p.write("?")
			continue
		}
		p.declaration(slot.Type, param.Name)
	}
	switch {
	case len(params) == 0 && !t.IsVariadic() && err == nil:
		p.write("void")
	case len(params) > 0 && t.IsVariadic():
		p.write(", ...")
	}
	p.write(")")
}

func (p *printer) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *printer) tabs(n int) {
	for range n {
		p.b = append(p.b, '\t')
	}
}

func (p *printer) typedef(t *types.Type) {
	p.qualifiers(t.Qualifiers())
	p.word("typedef")
	p.full(t.Elem(), t.Name(), 0)
}

// full writes a declaration in which an anonymous type is written out.
func (p *printer) full(t *types.Type, name string, indent int) {
	if k := t.Kind(); (k.IsCompound() || k == types.Enum) && t.Tag() == "" && t.IsComplete() {
		p.define(t, indent)
		if name != "" {
			p.write(" ")
			p.write(name)
		}
		return
	}
	p.declaration(t, name)
}

// define writes a complete structure, union, class or enumerated type.
func (p *printer) define(t *types.Type, indent int) {
	if !p.enter(t) {
		return
	}
	defer func() { p.depth-- }()
	p.qualifiers(t.Qualifiers())
	p.word(t.Kind().String())
	if t.Tag() != "" {
		p.word(t.Tag())
	}
	p.bases(t)
	p.write("{\n")
	if t.Kind() == types.Enum {
		p.enumerators(t, indent+1)
	} else {
		p.members(t, indent+1)
	}
	p.tabs(indent)
	p.write("}")
}

// bases writes the base classes of a class.
func (p *printer) bases(t *types.Type) {
	if !t.Kind().IsCompound() {
		return
	}
	ms, err := t.Members()
	if err != nil {
		return // members says so
	}
	virtual, err := t.OwnVirtualBases()
	if err != nil {
		return
	}
	first := true
	base := func(l types.Lazy, virtual bool) {
		slot, err := l.Slot()
		if err != nil {
			p.fail(err)
			return
		}
		if first {
			p.word(":")
		} else {
			p.space = false
			p.word(",")
		}
		first = false
		if virtual {
			p.word("virtual")
		}
		p.base(slot.Type)
	}
	for _, m := range ms {
		if m.Base {
			base(m.Lazy, false)
		}
	}
	for _, v := range virtual {
		base(v.Lazy, true)
	}
}

func (p *printer) enumerators(t *types.Type, indent int) {
	es, err := t.Enumerators()
	if err != nil {
		p.fail(err)
		return
	}
	for _, e := range es {
		p.tabs(indent)
		p.write(e.Name)
		p.write(" = ")
		if t.IsSigned() {
			p.b = strconv.AppendInt(p.b, int64(e.Value), 10)
		} else {
			p.b = strconv.AppendUint(p.b, e.Value, 10)
		}
		p.write(",\n")
	}
}

func (p *printer) members(t *types.Type, indent int) {
	ms, err := t.Members()
	if err != nil {
		p.fail(err)
		return
	}
	for _, m := range ms {
		if m.Base {
			continue
		}
		slot, err := m.Slot()
		if err != nil {
			p.fail(err)
			return
		}
		p.tabs(indent)
		p.full(slot.Type, m.Name, indent)
		if slot.BitFieldSize != 0 {
			p.write(" : ")
			p.b = strconv.AppendUint(p.b, slot.BitFieldSize, 10)
		}
		p.write(";")
		if m.Variant != nil {
			p.write(" /* variant: " + m.Variant.String() + " */")
		}
		p.write("\n")
		if p.err != nil {
			return
		}
	}
}
