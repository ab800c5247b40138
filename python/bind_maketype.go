package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	cl "github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// language returns the argument that is a language; the program's own when it was left out.
func (c Call) language(i int) (types.Language, error) {
	if !c.Has(i) {
		return c.selfProg().Language(), nil
	}
	v, err := c.Any(i)
	if err != nil {
		return nil, err
	}
	return v.(instance).value.(types.Language), nil
}

// setProgramLanguage is the setter of Program.language.
func setProgramLanguage(c Call, v *C.PyObject) error {
	x, err := decodePy(v)
	if err != nil {
		return err
	}
	if i, ok := x.(instance); ok {
		if lang, ok := i.value.(*cl.Language); ok {
			c.selfProg().SetLanguage(lang)
			return c.None()
		}
	}
	return typeError("language must be Language")
}

// A maker makes a type in a language; the arguments qualifiers and language are those at q and q+1.
func maker(q int, f func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error)) func(c Call) error {
	return func(c Call) error {
		lang, err := c.language(q + 1)
		if err != nil {
			return err
		}
		p := c.selfProg()
		t, err := f(c, p, lang)
		if err != nil {
			return err
		}
		return c.Type(p, t.Qualified(types.Qualifiers(c.IntOr(q, 0))))
	}
}

// bigEndian returns the argument that is a byte order; the program's own when it was left out.
func (c Call) bigEndian(i int) (bool, error) {
	v, err := c.Any(i)
	if err != nil {
		return false, err
	}
	switch v {
	case nil:
		p := c.selfProg().Platform()
		if !p.Known() {
			return false, valueError("program byte order is not known")
		}
		return !p.IsLittleEndian(), nil
	case "little":
		return false, nil
	case "big":
		return true, nil
	}
	return false, valueError("expected 'little', 'big', or None for byteorder")
}

// tag returns the argument that is a tag.
func (c Call) tag(kind string) (string, error) {
	v, err := c.Any(0)
	if err != nil || v == nil {
		return "", err
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", typeError(kind + "_type() tag must be str or None")
}

func makeCompound(kind types.Kind) func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
	return func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
		tag, err := c.tag(kind.String())
		if err != nil {
			return nil, err
		}
		d := types.Detail{}
		load := func() (types.Detail, error) { return d, nil }
		if d.TemplateParameters, err = templates(c, 3, p); err != nil {
			return nil, err
		}
		if !c.Has(2) {
			switch {
			case c.Has(1):
				return nil, valueError("incomplete " + kind.String() + " type must not have size")
			case d.TemplateParameters != nil:
				return p.Types().IncompleteTemplate(lang, kind, tag, load), nil
			}
			return p.Types().IncompleteCompound(lang, kind, tag), nil
		}
		if !c.Has(1) {
			return nil, valueError(kind.String() + " type must have size")
		}
		parts, err := sequence[memberPart](c, 2, "members must be sequence or None", "member must be TypeMember")
		if err != nil {
			return nil, err
		}
		for _, m := range parts {
			if m.part.Lazy, err = attached(m.part.Lazy, m.prog, p); err != nil {
				return nil, err
			}
			d.Members = append(d.Members, m.part)
		}
		return p.Types().Compound(lang, kind, tag, c.Uint(1), load), nil
	}
}

func makeEnum(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
	tag, err := c.tag("enum")
	if err != nil {
		return nil, err
	}
	v, err := c.Any(1)
	if err != nil {
		return nil, err
	}
	of, isType := v.(typeRef)
	switch {
	case v != nil && !isType:
		return nil, typeError("enum_type() compatible type must be Type or None")
	case !c.Has(2) && isType:
		return nil, valueError("incomplete enum type must not have compatible type")
	case !c.Has(2):
		return p.Types().IncompleteEnum(lang, tag), nil
	case !isType:
		return nil, valueError("enum type must have compatible type")
	}
	parts, err := sequence[enumerator](c, 2, "enumerators must be sequence or None", "enumerator must be TypeEnumerator")
	switch {
	case err != nil:
		return nil, err
	case of.prog != p:
		return nil, valueError("type is from different program")
	case of.typ.Kind() != types.Int:
		return nil, valueError("enum_type() compatible type must be integer type")
	case of.typ.Qualifiers() != 0:
		return nil, valueError("enum_type() compatible type must be unqualified")
	}
	d := types.Detail{}
	for _, e := range parts {
		in, err := e.in(of.typ.IsSigned())
		if err != nil {
			return nil, err
		}
		d.Enumerators = append(d.Enumerators, in)
	}
	return p.Types().Enum(lang, tag, of.typ, func() (types.Detail, error) { return d, nil }), nil
}

func makeFunction(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
	t, err := c.TypeIn(0, p)
	if err != nil {
		return nil, err
	}
	parts, err := sequence[paramPart](c, 1, "parameters must be sequence", "parameter must be TypeParameter")
	if err != nil {
		return nil, err
	}
	d := types.Detail{}
	for _, m := range parts {
		if m.part.Lazy, err = attached(m.part.Lazy, m.prog, p); err != nil {
			return nil, err
		}
		d.Parameters = append(d.Parameters, m.part)
	}
	if d.TemplateParameters, err = templates(c, 3, p); err != nil {
		return nil, err
	}
	return p.Types().Function(lang, t, c.Bool(2), func() (types.Detail, error) { return d, nil }), nil
}

func makePointer(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
	t, err := c.TypeIn(0, p)
	if err != nil {
		return nil, err
	}
	size := c.UintOr(1, 0)
	if !c.Has(1) {
		if size, err = p.AddressSize(); err != nil {
			return nil, err
		}
	}
	big, err := c.bigEndian(2)
	if err != nil {
		return nil, err
	}
	return p.Types().Pointer(lang, t, size, big), nil
}

// typeMethods are the methods of Program that make types.
func typeMethods() []Func {
	const tail = "*, qualifiers: Qualifiers = 0, language: lang? = None)"
	const compound = "_type(tag: any, size: index? = None, members: any? = None, *, template_parameters: any = (), qualifiers: Qualifiers = 0, language: lang? = None)"
	return []Func{
		{Sig: "void_type(" + tail, Doc: "Make the void type.", Do: maker(0, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			return p.Types().Void(lang), nil
		})},
		{Sig: "int_type(name: str, size: index, is_signed: bool, byteorder: any? = None, " + tail, Doc: "Make an integer type.", Do: maker(4, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			big, err := c.bigEndian(3)
			if err != nil {
				return nil, err
			}
			return p.Types().Int(lang, c.Str(0), c.Uint(1), c.Bool(2), big), nil
		})},
		{Sig: "bool_type(name: str, size: index, byteorder: any? = None, " + tail, Doc: "Make a boolean type.", Do: maker(3, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			big, err := c.bigEndian(2)
			if err != nil {
				return nil, err
			}
			return p.Types().Bool(lang, c.Str(0), c.Uint(1), big), nil
		})},
		{Sig: "float_type(name: str, size: index, byteorder: any? = None, " + tail, Doc: "Make a floating-point type.", Do: maker(3, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			big, err := c.bigEndian(2)
			if err != nil {
				return nil, err
			}
			return p.Types().Float(lang, c.Str(0), c.Uint(1), big), nil
		})},
		{Sig: "struct" + compound, Doc: "Make a structure type; without size and members an incomplete one.", Do: maker(4, makeCompound(types.Struct))},
		{Sig: "union" + compound, Doc: "Make a union type; without size and members an incomplete one.", Do: maker(4, makeCompound(types.Union))},
		{Sig: "class" + compound, Doc: "Make a class type; without size and members an incomplete one.", Do: maker(4, makeCompound(types.Class))},
		{Sig: "enum_type(tag: any, type: any? = None, enumerators: any? = None, " + tail, Doc: "Make an enumerated type; without type and enumerators an incomplete one.", Do: maker(3, makeEnum)},
		{Sig: "typedef_type(name: str, type: onlytype, " + tail, Doc: "Make a typedef.", Do: maker(2, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			t, err := c.TypeIn(1, p)
			if err != nil {
				return nil, err
			}
			return p.Types().Typedef(lang, c.Str(0), t), nil
		})},
		{Sig: "pointer_type(type: onlytype, size: index? = None, byteorder: any? = None, " + tail, Doc: "Make a pointer type.", Do: maker(3, makePointer)},
		{Sig: "array_type(type: onlytype, length: index? = None, " + tail, Doc: "Make an array type.", Do: maker(2, func(c Call, p *drgn.Program, lang types.Language) (*types.Type, error) {
			t, err := c.TypeIn(0, p)
			if err != nil {
				return nil, err
			}
			if !c.Has(1) {
				return p.Types().IncompleteArray(lang, t), nil
			}
			return p.Types().Array(lang, t, c.Uint(1)), nil
		})},
		{Sig: "function_type(type: onlytype, parameters: any, is_variadic: bool = False, *, template_parameters: any = (), qualifiers: Qualifiers = 0, language: lang? = None)", Doc: "Make a function type.", Do: maker(4, makeFunction)},
	}
}

func templates(c Call, i int, p *drgn.Program) ([]types.TemplateParameter, error) {
	if c.args[i].kind == C.A_MISSING {
		return nil, nil
	}
	parts, err := sequence[templatePart](c, i, "", "template parameter must be TypeTemplateParameter")
	if err != nil {
		return nil, err
	}
	var out []types.TemplateParameter
	for _, t := range parts {
		if t.part.Lazy, err = attached(t.part.Lazy, t.prog, p); err != nil {
			return nil, err
		}
		out = append(out, t.part)
	}
	return out, nil
}

// sequence returns an argument that is a sequence of instances of one class, or, with noSequence empty, of what can be
// iterated over.
func sequence[T any](c Call, i int, noSequence, wrongItem string) ([]T, error) {
	if noSequence != "" && C.sh_sequence(c.py(i)) == 0 {
		return nil, typeError(noSequence)
	}
	v, err := c.Any(i)
	if err != nil {
		return nil, err
	}
	vs, ok := elements(v)
	if !ok {
		return nil, typeError(fmt.Sprintf("'%s' object is not iterable", className(c.py(i))))
	}
	out := make([]T, 0, len(vs))
	for _, x := range vs {
		in, _ := x.(instance)
		t, ok := in.value.(T)
		if !ok {
			return nil, typeError(wrongItem)
		}
		out = append(out, t)
	}
	return out, nil
}

// objectText returns the repr of an object.
func objectText(o drgn.Object) (string, error) {
	x, err := buildPy(o)
	if err != nil {
		return "", err
	}
	defer C.sh_decref(x)
	r := C.sh_repr(x)
	if r == nil {
		return "", raisedError{}
	}
	defer C.sh_decref(r)
	v, err := decodePy(r)
	if err != nil {
		return "", err
	}
	return v.(string), nil
}

// typeRepr writes the call that makes a type. Members and parameters show the names of their types only, so it ends.
func typeRepr(p *drgn.Program, t *types.Type) (string, error) {
	args, err := typeArgs(p, t)
	if err != nil {
		return "", err
	}
	if q := t.Qualifiers(); q != 0 {
		var names []string
		for i, n := range []string{"CONST", "VOLATILE", "RESTRICT", "ATOMIC"} {
			if q>>i&1 != 0 {
				names = append(names, n)
			}
		}
		args = append(args, fmt.Sprintf("qualifiers=<Qualifiers.%s: %d>", strings.Join(names, "|"), q))
	}
	if t.Language() != p.Language() {
		args = append(args, "language="+languageRepr(t.Language()))
	}
	return fmt.Sprintf("prog.%s_type(%s)", t.Kind(), strings.Join(args, ", ")), nil
}

func languageRepr(l types.Language) string {
	return "Language." + strings.ReplaceAll(l.Name(), "C++", "CPP")
}

func typeArgs(p *drgn.Program, t *types.Type) ([]string, error) {
	name := "name=" + pyQuote(t.Name())
	tag := "tag=None"
	if t.Tag() != "" {
		tag = "tag=" + pyQuote(t.Tag())
	}
	size := fmt.Sprintf("size=%d", t.OwnSize())
	var order []string
	if plat := p.Platform(); !plat.Known() || plat.IsLittleEndian() == t.BigEndian() {
		order = []string{"byteorder='" + map[bool]string{true: "big", false: "little"}[t.BigEndian()] + "'"}
	}
	of := func() (string, error) {
		s, err := typeRepr(p, t.Elem())
		return "type=" + s, err
	}
	switch t.Kind() {
	case types.Int:
		return append([]string{name, size, "is_signed=" + map[bool]string{true: "True", false: "False"}[t.IsSigned()]}, order...), nil
	case types.Bool, types.Float:
		return append([]string{name, size}, order...), nil
	case types.Struct, types.Union, types.Class:
		return compoundArgs(p, t, tag, size)
	case types.Enum:
		if !t.IsComplete() {
			return []string{tag, "type=None", "enumerators=None"}, nil
		}
		compatible, err := of()
		if err != nil {
			return nil, err
		}
		es, err := t.Enumerators()
		if err != nil {
			return nil, err
		}
		return []string{tag, compatible, "enumerators=" + tupleText(es, func(e types.Enumerator) string { return enumeratorOf(e, t.IsSigned()).repr() })}, nil
	case types.Typedef:
		s, err := of()
		return []string{name, s}, err
	case types.Pointer:
		s, err := of()
		args := []string{s}
		if n, sizeErr := p.AddressSize(); sizeErr != nil || n != t.OwnSize() {
			args = append(args, size)
		}
		return append(args, order...), err
	case types.Array:
		s, err := of()
		if n, ok := t.Length(); ok {
			return []string{s, fmt.Sprintf("length=%d", n)}, err
		}
		return []string{s, "length=None"}, err
	case types.Function:
		return functionArgs(p, t)
	}
	return nil, nil
}

func compoundArgs(p *drgn.Program, t *types.Type, tag, size string) ([]string, error) {
	args := []string{tag, "size=None", "members=None"}
	if t.IsComplete() {
		ms, err := t.Members()
		if err != nil {
			return nil, err
		}
		args[1], args[2] = size, "members="+tupleText(ms, failing(&err, func(m types.Member) (string, error) { return memberRepr(memberPart{p, m}) }))
		if err != nil {
			return nil, err
		}
	}
	return withTemplates(p, t, args)
}

func functionArgs(p *drgn.Program, t *types.Type) ([]string, error) {
	ret, err := typeRepr(p, t.Elem())
	if err != nil {
		return nil, err
	}
	ps, err := t.Parameters()
	if err != nil {
		return nil, err
	}
	params := tupleText(ps, failing(&err, func(m types.Parameter) (string, error) { return paramRepr(paramPart{p, m}) }))
	if err != nil {
		return nil, err
	}
	return withTemplates(p, t, []string{"type=" + ret, "parameters=" + params, "is_variadic=" + map[bool]string{true: "True", false: "False"}[t.IsVariadic()]})
}

func withTemplates(p *drgn.Program, t *types.Type, args []string) ([]string, error) {
	ps, err := t.TemplateParameters()
	if err != nil || len(ps) == 0 {
		return args, err
	}
	text := tupleText(ps, failing(&err, func(m types.TemplateParameter) (string, error) { return templateRepr(templatePart{p, m}) }))
	return append(args, "template_parameters="+text), err
}

// failing keeps the first error of f in err.
func failing[T any](err *error, f func(T) (string, error)) func(T) string {
	return func(v T) string {
		s, e := f(v)
		if *err == nil {
			*err = e
		}
		return s
	}
}

// tupleText writes a tuple of what is written already.
func tupleText[T any](vs []T, text func(T) string) string {
	var parts []string
	for _, v := range vs {
		parts = append(parts, text(v))
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
