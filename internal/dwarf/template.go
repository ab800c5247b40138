package dwarf

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A class of a template whose name lacks the arguments, as clang writes it with -gsimple-template-names, is known by the name that it has otherwise: else
// all instances would have one name, and two of the same size could not be told apart. Its tag is what the file says.

// className returns the name of a class with its template's arguments.
func (d DIE) className() (string, error) {
	name, err := d.FullName()
	if err != nil || name == "" || !d.isClass() || !d.HasChildren() || strings.HasSuffix(name, ">") {
		return name, err
	}
	if info, err := d.Unit.Info(); err != nil || !d.Unit.File.isCPP(info) {
		return name, err
	}
	return d.withArguments(name), nil
}

// withArguments returns the name of a class of C++ with its template's arguments, if it has some that can be read: what is wrong with others is said
// where these are asked for.
func (d DIE) withArguments(name string) string {
	w := templateWriter{left: maxTemplateName}
	args, ok, err := w.arguments(d)
	if err != nil || !ok || w.left <= 0 {
		return name
	}
	return name + bracketed(args)
}

func bracketed(args string) string {
	if strings.HasSuffix(args, ">") {
		args += " "
	}
	return "<" + args + ">"
}

// maxTemplateName bounds the text of a template's arguments, and maxTemplateDepth how deep they nest: those of bad files refer to themselves.
const maxTemplateName, maxTemplateDepth = 1 << 14, 64

// templateWriter writes types as clang does among the arguments of templates.
type templateWriter struct {
	left  int // how many bytes may be written
	depth int
}

// arguments returns the arguments of a class's template; ok is false where it is no template.
func (w *templateWriter) arguments(d DIE) (text string, ok bool, err error) {
	var all []string
	if all, ok, err = w.appendArguments(nil, d, 0); err != nil {
		return "", false, err
	}
	return strings.Join(all, ", "), ok, nil
}

func (w *templateWriter) appendArguments(to []string, d DIE, packs int) (_ []string, ok bool, err error) {
	for c, err := range d.Children() {
		if err != nil {
			return nil, false, err
		}
		text := ""
		switch c.Tag {
		case TagTemplateTypeParam:
			text, err = w.typeOf(c, "")
		case TagTemplateValueParam:
			text, err = w.value(c)
		case TagGNUTemplateTemplateParam:
			text, err = c.Text(AttrGNUTemplateName)
		case TagGNUTemplateParamPack:
			if ok = true; packs < maxPackDepth {
				if to, _, err = w.appendArguments(to, c, packs+1); err != nil {
					return nil, false, err
				}
			}
			continue
		default: // they come first
			return to, ok, nil
		}
		if err != nil {
			return nil, false, err
		}
		w.left -= len(text) + 2
		to, ok = append(to, text), true
	}
	return to, ok, nil
}

// typeOf writes what is declared to be of the type that a DIE refers to.
func (w *templateWriter) typeOf(d DIE, declarator string) (string, error) {
	t, ok, err := d.Ref(AttrType)
	if err != nil {
		return "", err
	}
	if !ok {
		return spaced("void", declarator), nil
	}
	return w.declare(t, declarator)
}

func spaced(name, declarator string) string {
	if declarator == "" || declarator[0] == '[' {
		return name + declarator
	}
	return name + " " + declarator
}

// declare writes what is declared to be of a type.
func (w *templateWriter) declare(t DIE, declarator string) (string, error) {
	if w.left -= len(declarator) + 1; w.left <= 0 || w.depth >= maxTemplateDepth {
		w.left = 0
		return "", nil
	}
	w.depth++
	defer func() { w.depth-- }()
	switch t.Tag {
	case TagPointerType:
		return w.refer(t, "*"+declarator)
	case TagReferenceType:
		return w.refer(t, "&"+declarator)
	case TagRvalueReferenceType:
		return w.refer(t, "&&"+declarator)
	case TagPtrToMemberType:
		class, ok, err := t.Ref(AttrContainingType)
		if err != nil || !ok {
			return "", err
		}
		of, err := w.declare(class, "")
		if err != nil {
			return "", err
		}
		return w.refer(t, of+"::*"+declarator)
	case TagConstType:
		return w.qualify(t, "const", declarator)
	case TagVolatileType:
		return w.qualify(t, "volatile", declarator)
	case TagArrayType:
		return w.array(t, declarator)
	case TagSubroutineType:
		return w.function(t, declarator)
	}
	name, err := w.named(t)
	return spaced(name, declarator), err
}

// refer writes a declarator of a pointer or reference, in parentheses before those of functions and arrays.
func (w *templateWriter) refer(t DIE, declarator string) (string, error) {
	to, ok, err := t.Ref(AttrType)
	if err == nil && ok && (to.Tag == TagSubroutineType || to.Tag == TagArrayType) {
		declarator = "(" + declarator + ")"
	}
	if err != nil {
		return "", err
	}
	return w.typeOf(t, declarator)
}

// qualify writes a qualifier: of a pointer behind its "*", else before the type.
func (w *templateWriter) qualify(t DIE, word, declarator string) (string, error) {
	to, ok, err := t.Ref(AttrType)
	if err != nil {
		return "", err
	}
	if ok && (to.Tag == TagPointerType || to.Tag == TagPtrToMemberType) {
		return w.declare(to, spaced(word, declarator))
	}
	text, err := w.typeOf(t, declarator)
	return word + " " + text, err
}

func (w *templateWriter) array(t DIE, declarator string) (string, error) {
	for c, err := range t.Children() {
		if err != nil {
			return "", err
		}
		if c.Tag != TagSubrangeType {
			continue
		}
		n, ok, err := c.Uint(AttrCount)
		if err == nil && !ok {
			if n, ok, err = c.Uint(AttrUpperBound); ok {
				n++
			}
		}
		switch {
		case err != nil:
			return "", err
		case ok:
			declarator += "[" + strconv.FormatUint(n, 10) + "]"
		default:
			declarator += "[]"
		}
	}
	return w.typeOf(t, declarator)
}

// function writes the parameters of a function; of a method, the object's qualifiers come behind them.
func (w *templateWriter) function(t DIE, declarator string) (string, error) {
	var parameters []string
	behind := ""
	for c, err := range t.Children() {
		if err != nil {
			return "", err
		}
		switch c.Tag {
		case TagFormalParameter:
			text, err := w.typeOf(c, "")
			if err != nil {
				return "", err
			}
			if this, err := c.Flag(AttrArtificial); err != nil {
				return "", err
			} else if this {
				if strings.HasPrefix(text, "const ") {
					behind = " const"
				}
				continue
			}
			parameters = append(parameters, text)
		case TagUnspecifiedParameters:
			parameters = append(parameters, "...")
		}
	}
	return w.typeOf(t, declarator+"("+strings.Join(parameters, ", ")+")"+behind)
}

// named returns the name of a type with the scopes around it.
func (w *templateWriter) named(t DIE) (string, error) {
	name, err := w.complete(t)
	if err != nil || name == "" {
		return name, err
	}
	switch {
	case name == "decltype(nullptr)":
		return "std::nullptr_t", nil
	case t.Tag == TagBaseType || t.Tag == TagUnspecifiedType:
		return name, nil
	}
	around, err := t.parents(false)
	if err != nil {
		return "", err
	}
	return within(around, name, w.complete)
}

// complete returns the name of a type or namespace, that of a class with its template's arguments.
func (w *templateWriter) complete(d DIE) (string, error) {
	d, err := d.definition()
	if err != nil {
		return "", err
	}
	name, err := d.Name()
	if err != nil || name == "" || !d.isClass() || strings.HasSuffix(name, ">") {
		return name, err
	}
	args, ok, err := w.arguments(d)
	if ok {
		name += bracketed(args)
	}
	return name, err
}

// value returns an argument that is a number.
func (w *templateWriter) value(d DIE) (string, error) {
	v, err := d.Attr(AttrConstValue)
	if err != nil {
		return "", err
	}
	t, ok, err := d.Ref(AttrType)
	if err != nil || !ok || !v.Exists() {
		return "", err
	}
	for n := 0; ok && n < maxOrigins && (t.Tag == TagTypedef || t.Tag == TagConstType || t.Tag == TagVolatileType); n++ {
		if t, ok, err = t.Ref(AttrType); err != nil {
			return "", err
		}
	}
	number := strconv.FormatUint(v.u, 10)
	if v.Form == FormSdata || v.Form == FormImplicitConst {
		number = strconv.FormatInt(int64(v.u), 10)
	}
	name, err := t.Name()
	if err != nil {
		return "", err
	}
	switch {
	case t.Tag == TagEnumerationType:
		of, err := w.named(t)
		return "(" + of + ")" + number, err
	case name == "bool":
		return strconv.FormatBool(v.u != 0), nil
	case name == "char":
		return charLiteral(v.u), nil
	case name == "signed char", name == "unsigned char":
		return "(" + name + ")" + charLiteral(v.u), nil
	case name == "short", name == "unsigned short":
		return "(" + name + ")" + number, nil
	}
	return number + map[string]string{"long": "L", "long long": "LL", "unsigned int": "U", "unsigned long": "UL", "unsigned long long": "ULL"}[name], nil
}

func charLiteral(v uint64) string {
	if c := byte(v); c >= 0x20 && c < 0x7f || c == '\n' || c == '\t' || c == '\r' || c == '\a' || c == '\b' || c == '\f' || c == '\v' {
		return strconv.QuoteRune(rune(c))
	}
	if byte(v) == 0 {
		return `'\0'`
	}
	return fmt.Sprintf(`'\x%02x'`, byte(v))
}

// complete adds the arguments to the name of a class of a template that lacks them.
func (s *scanner) complete(r *record, die, pos uint64) error {
	if !r.nameOK || pos >= uint64(len(s.data)) {
		return nil
	}
	code, n := uleb(s.data[pos:])
	if p := s.t.plan(code); n == 0 || p == nil || !p.argument {
		return nil
	}
	name, err := s.text(r.name)
	if err != nil || bytes.HasSuffix(name, []byte(">")) {
		return err
	}
	d, err := s.f.DIE(die)
	if err != nil {
		return err
	}
	full := d.withArguments(string(name))
	if s.copied += uint64(len(full)); s.copied > maxCopied+maxCopiedForByte*s.splitBytes() {
		return s.fail("names of more than %d bytes", s.copied-1)
	}
	r.name = inlineRef([]byte(full))
	return nil
}
