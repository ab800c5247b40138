package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// selfType returns the type a method was called on.
func selfType(c Call) (*drgn.Program, *types.Type) { return typeOf(c.self) }

// noAttr is the error of an attribute that types of a kind lack.
func noAttr(t *types.Type, attr string) error {
	return &pyErr{excAttributeError, fmt.Sprintf("%s type does not have %s", t.Kind(), attr)}
}

// A part is a member, parameter or template parameter: seen with its program.
type part[T any] struct {
	prog *drgn.Program
	part T
}

// The parts of a type live in Go as long as Python has them.
type (
	memberPart   = part[types.Member]
	paramPart    = part[types.Parameter]
	templatePart = part[types.TemplateParameter]
)

// slotOf returns what a part holds: its type, or an object for a bit-field or a value.
func (p part[T]) slot(l types.Lazy) (types.Slot, error) { return l.Slot() }

func typeProps() []property {
	get := func(name, doc string, f func(c Call, p *drgn.Program, t *types.Type) error) property {
		return property{name: name, doc: doc, get: func(c Call) error {
			p, t := selfType(c)
			return f(c, p, t)
		}}
	}
	return []property{
		get("prog", "Program the type is of.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Value(p) }),
		get("kind", "Kind of the type.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Enum(enumTypeKind, int64(t.Kind())) }),
		get("primitive", "Which of C's own types this is, or None.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Primitive() == types.NotPrimitive {
				return c.None()
			}
			return c.Enum(enumPrimitiveType, int64(t.Primitive()))
		}),
		get("qualifiers", "Qualifiers of the type.", func(c Call, p *drgn.Program, t *types.Type) error {
			return c.Enum(enumQualifiers, int64(t.Qualifiers()))
		}),
		get("language", "Language the type is written in.", func(c Call, p *drgn.Program, t *types.Type) error {
			return c.Instance(instance{class: classLanguage, value: t.Language()})
		}),
		get("name", "Name of an integer, boolean, floating-point type or typedef.", func(c Call, p *drgn.Program, t *types.Type) error {
			switch t.Kind() {
			case types.Void, types.Int, types.Bool, types.Float, types.Typedef:
				return c.String(t.Name())
			}
			return noAttr(t, "a name")
		}),
		get("tag", "Tag of a structure, union, class or enumerated type, or None.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Kind().IsCompound() || t.Kind() == types.Enum {
				return c.StringOrNone(t.Tag())
			}
			return noAttr(t, "a tag")
		}),
		get("size", "Size in bytes, or None for an incomplete type.", func(c Call, p *drgn.Program, t *types.Type) error {
			switch t.Kind() {
			case types.Int, types.Bool, types.Float, types.Pointer:
				return c.Unsigned(t.OwnSize())
			case types.Struct, types.Union, types.Class:
				if !t.IsComplete() {
					return c.None()
				}
				return c.Unsigned(t.OwnSize())
			}
			return noAttr(t, "a size")
		}),
		get("length", "Number of elements of an array, or None when it is not known.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Kind() != types.Array {
				return noAttr(t, "a length")
			}
			if n, ok := t.Length(); ok {
				return c.Unsigned(n)
			}
			return c.None()
		}),
		get("is_signed", "Whether an integer type is signed.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Kind() != types.Int {
				return noAttr(t, "a signedness")
			}
			return c.Truth(t.IsSigned())
		}),
		get("byteorder", "'little' or 'big'.", func(c Call, p *drgn.Program, t *types.Type) error {
			switch t.Kind() {
			case types.Int, types.Bool, types.Float, types.Pointer:
				return c.String(map[bool]string{true: "big", false: "little"}[t.BigEndian()])
			}
			return noAttr(t, "a byte order")
		}),
		get("type", "Aliased, pointed-to, element, return or compatible type.", func(c Call, p *drgn.Program, t *types.Type) error {
			switch t.Kind() {
			case types.Typedef, types.Pointer, types.Array, types.Function:
				return c.Type(p, t.Elem())
			case types.Enum:
				if t.Elem() == nil {
					return c.None()
				}
				return c.Type(p, t.Elem())
			}
			return noAttr(t, "an underlying type")
		}),
		get("members", "Members of a structure, union or class, or None when it is incomplete.", func(c Call, p *drgn.Program, t *types.Type) error {
			ms, err := t.Members()
			if err != nil {
				return err
			}
			if !t.IsComplete() {
				return c.None()
			}
			l := make(list, len(ms))
			for i, m := range ms {
				l[i] = instance{classMember, p, memberPart{p, m}}
			}
			return c.Value(l)
		}),
		get("enumerators", "Enumerators of an enumerated type, or None when it is incomplete.", func(c Call, p *drgn.Program, t *types.Type) error {
			es, err := t.Enumerators()
			if err != nil {
				return err
			}
			if !t.IsComplete() {
				return c.None()
			}
			l := make(list, len(es))
			for i, e := range es {
				l[i] = instance{classEnumerator, p, enumerator{e, t.IsSigned()}}
			}
			return c.Value(l)
		}),
		get("parameters", "Parameters of a function type.", func(c Call, p *drgn.Program, t *types.Type) error {
			ps, err := t.Parameters()
			if err != nil {
				return err
			}
			l := make(list, len(ps))
			for i, m := range ps {
				l[i] = instance{classParameter, p, paramPart{p, m}}
			}
			return c.Value(l)
		}),
		get("is_variadic", "Whether a function takes variable arguments.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Kind() != types.Function {
				return noAttr(t, "a variadicity")
			}
			return c.Truth(t.IsVariadic())
		}),
		get("template_parameters", "Template parameters of a C++ type.", func(c Call, p *drgn.Program, t *types.Type) error {
			ps, err := t.TemplateParameters()
			if err != nil {
				return err
			}
			l := make(list, len(ps))
			for i, m := range ps {
				l[i] = instance{classTemplateParameter, p, templatePart{p, m}}
			}
			return c.Value(l)
		}),
	}
}

// enumerator is a TypeEnumerator.
type enumerator struct {
	types.Enumerator
	signed bool
}

func (e enumerator) value() any {
	if e.signed {
		return int64(e.Value)
	}
	return e.Value
}

func typeClass() *class {
	method := func(sig, doc string, f func(c Call, p *drgn.Program, t *types.Type) error) Func {
		return Func{Sig: sig, Doc: doc, Do: func(c Call) error {
			p, t := selfType(c)
			return f(c, p, t)
		}}
	}
	return &class{
		id: classType, name: "Type",
		doc:   "A type of a program. Types of a program are equal when they are the same type.",
		props: typeProps(),
		methods: []Func{
			method("type_name()", "Return the type's name: 'struct foo *'.", func(c Call, p *drgn.Program, t *types.Type) error { return c.String(t.String()) }),
			method("variable_declaration(name: str)", "Return the declaration of a variable of this type: 'int x[2]'.", func(c Call, p *drgn.Program, t *types.Type) error {
				s, err := t.Language().Declaration(t, c.Str(0))
				if err != nil {
					return err
				}
				return c.String(s)
			}),
			method("is_complete()", "Return whether the type's definition is known.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Truth(t.IsComplete())
			}),
			method("qualified(qualifiers: enum)", "Return the type with exactly these qualifiers.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Type(p, t.Qualified(types.Qualifiers(c.Int(0))))
			}),
			method("unqualified()", "Return the type without qualifiers.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Type(p, t.Unqualified()) }),
			method("unaliased()", "Return the type behind all typedefs.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Type(p, t.Underlying()) }),
			method("unaliased_kind()", "Return the kind of the type behind all typedefs.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Enum(enumTypeKind, int64(t.UnderlyingKind()))
			}),
			method("member(name: str)", "Return a member by its name, also one in an anonymous member.", func(c Call, p *drgn.Program, t *types.Type) error {
				f, err := t.FindMember(c.Str(0))
				if err != nil {
					return err
				}
				m := types.Member{Name: c.Str(0), BitOffset: f.BitOffset, Lazy: types.Evaluated(types.Slot{Type: f.Type, BitFieldSize: f.BitFieldSize})}
				return c.Instance(instance{classMember, p, memberPart{p, m}})
			}),
			method("has_member(name: str)", "Return whether the type has a member of a name.", func(c Call, p *drgn.Program, t *types.Type) error {
				_, err := t.FindMember(c.Str(0))
				if _, missing := err.(*types.MemberError); missing {
					return c.Truth(false)
				}
				if err != nil {
					return err
				}
				return c.Truth(true)
			}),
		},
		slots: slots{
			repr: func(c Call) error {
				p, t := selfType(c)
				_ = p
				return c.String("prog.type(" + pyQuote(t.String()) + ")")
			},
			str: func(c Call) error {
				_, t := selfType(c)
				s, err := t.Language().Definition(t)
				if err != nil {
					return err
				}
				return c.String(s)
			},
			hash: func(c Call) error {
				_, t := selfType(c)
				return c.Number(int64(uintptr(unsafe.Pointer(t)) >> 4 & (1<<62 - 1)))
			},
			compare: func(c Call, x *C.PyObject, op int) error {
				if op != cmpEQ && op != cmpNE || C.sh_is_type(x) == 0 {
					c.res.i.tag = C.R_NOTIMPL
					return nil
				}
				_, a := typeOf(c.self)
				_, b := typeOf(x)
				return c.Truth((a == b) == (op == cmpEQ))
			},
		},
	}
}

// partClasses are the classes of a type's members, enumerators and parameters.
func partClasses() []*class {
	member := func(c Call) memberPart { return handleOf[memberPart](c.self) }
	param := func(c Call) paramPart { return handleOf[paramPart](c.self) }
	tmpl := func(c Call) templatePart { return handleOf[templatePart](c.self) }
	enum := func(c Call) enumerator { return handleOf[enumerator](c.self) }
	slotType := func(c Call, p *drgn.Program, l types.Lazy) error {
		s, err := l.Slot()
		if err != nil {
			return err
		}
		return c.Type(p, s.Type)
	}
	slotObject := func(c Call, p *drgn.Program, l types.Lazy) error {
		s, err := l.Slot()
		if err != nil {
			return err
		}
		if o, ok := s.Value.(drgn.Object); ok {
			return c.Object(o)
		}
		return c.Object(p.AbsentObject(s.Type, drgn.OtherAbsence))
	}
	// A constructor takes a type, an object or a callable that gives one of them.
	lazy := func(c Call, i int) (*drgn.Program, types.Lazy, error) {
		v, err := c.Any(i)
		if err != nil {
			return nil, types.Lazy{}, err
		}
		return lazyOf(v)
	}
	return []*class{
		{
			id: classMember, name: "TypeMember", doc: "A member of a structure, union or class.",
			new: &Func{Sig: "TypeMember(object_or_type: any, name: str? = None, bit_offset: index = 0)", Do: func(c Call) error {
				p, l, err := lazy(c, 0)
				if err != nil {
					return err
				}
				return c.Instance(instance{classMember, p, memberPart{p, types.Member{Name: c.Str(1), BitOffset: c.UintOr(2, 0), Lazy: l}}})
			}},
			props: []property{
				{name: "object", doc: "Member as an absent object; it holds the size of a bit-field.", get: func(c Call) error {
					m := member(c)
					s, err := m.part.Slot()
					if err != nil {
						return err
					}
					if s.BitFieldSize != 0 {
						return c.Object(absentBitField(m.prog, s))
					}
					return slotObject(c, m.prog, m.part.Lazy)
				}},
				{name: "type", doc: "Type of the member.", get: func(c Call) error { m := member(c); return slotType(c, m.prog, m.part.Lazy) }},
				{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(member(c).part.Name) }},
				{name: "bit_offset", doc: "Offset in bits.", get: func(c Call) error { return c.Unsigned(member(c).part.BitOffset) }},
				{name: "offset", doc: "Offset in bytes.", get: func(c Call) error {
					if off := member(c).part.BitOffset; off%8 == 0 {
						return c.Unsigned(off / 8)
					}
					return valueError("member is not byte-aligned")
				}},
				{name: "bit_field_size", doc: "Size in bits of a bit-field, or None.", get: func(c Call) error {
					s, err := member(c).part.Slot()
					if err != nil || s.BitFieldSize == 0 {
						c.res.i.tag = C.R_NONE
						return err
					}
					return c.Unsigned(s.BitFieldSize)
				}},
			},
			slots: slots{repr: func(c Call) error {
				m := member(c)
				s, err := m.part.Slot()
				if err != nil {
					return err
				}
				name := "None"
				if m.part.Name != "" {
					name = pyQuote(m.part.Name)
				}
				return c.String(fmt.Sprintf("TypeMember(prog.type(%s), name=%s, bit_offset=%d)", pyQuote(s.Type.String()), name, m.part.BitOffset))
			}},
		},
		{
			id: classEnumerator, name: "TypeEnumerator", doc: "A named value of an enumerated type; unpacks into name and value.",
			new: &Func{Sig: "TypeEnumerator(name: str, value: any)", Do: func(c Call) error {
				v, err := c.Any(1)
				if err != nil {
					return err
				}
				n, ok := integer(v)
				if !ok {
					return typeError("TypeEnumerator() argument 'value' must be int")
				}
				i, isInt := v.(int64)
				return c.Instance(instance{class: classEnumerator, value: enumerator{types.Enumerator{Name: c.Str(0), Value: n}, isInt && i < 0}})
			}},
			props: []property{
				{name: "name", doc: "Name.", get: func(c Call) error { return c.String(enum(c).Name) }},
				{name: "value", doc: "Value.", get: func(c Call) error { return c.Value(enum(c).value()) }},
			},
			slots: slots{
				repr: func(c Call) error {
					return c.String(fmt.Sprintf("TypeEnumerator(%s, %v)", pyQuote(enum(c).Name), enum(c).value()))
				},
				length: func(c Call) error { return c.Number(2) },
				getitem: func(c Call, x *C.PyObject) error {
					i, err := index(x, 2)
					if err != nil {
						return err
					}
					return c.Value([]any{enum(c).Name, enum(c).value()}[i])
				},
				iter: func(c Call) error {
					return iterateList(c, list{enum(c).Name, enum(c).value()})
				},
				compare: func(c Call, x *C.PyObject, op int) error {
					v, err := decodePy(x)
					if err != nil {
						return err
					}
					other, ok := v.(instance)
					if !ok || other.class != classEnumerator || op != cmpEQ && op != cmpNE {
						c.res.i.tag = C.R_NOTIMPL
						return nil
					}
					return c.Truth((other.value.(enumerator).Enumerator == enum(c).Enumerator) == (op == cmpEQ))
				},
				hash: func(c Call) error { return c.Number(int64(enum(c).Value)) },
			},
		},
		{
			id: classParameter, name: "TypeParameter", doc: "A parameter of a function type.",
			new: &Func{Sig: "TypeParameter(default_argument_or_type: any, name: str? = None)", Do: func(c Call) error {
				p, l, err := lazy(c, 0)
				if err != nil {
					return err
				}
				return c.Instance(instance{classParameter, p, paramPart{p, types.Parameter{Name: c.Str(1), Lazy: l}}})
			}},
			props: []property{
				{name: "default_argument", doc: "Default argument; absent when there is none.", get: func(c Call) error { m := param(c); return slotObject(c, m.prog, m.part.Lazy) }},
				{name: "type", doc: "Type of the parameter.", get: func(c Call) error { m := param(c); return slotType(c, m.prog, m.part.Lazy) }},
				{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(param(c).part.Name) }},
			},
			slots: slots{repr: func(c Call) error {
				s, err := param(c).part.Slot()
				if err != nil {
					return err
				}
				return c.String(fmt.Sprintf("TypeParameter(prog.type(%s), name=%s)", pyQuote(s.Type.String()), pyQuote(param(c).part.Name)))
			}},
		},
		{
			id: classTemplateParameter, name: "TypeTemplateParameter", doc: "A template parameter of a C++ type.",
			new: &Func{Sig: "TypeTemplateParameter(argument: any, name: str? = None, is_default: bool = False)", Do: func(c Call) error {
				p, l, err := lazy(c, 0)
				if err != nil {
					return err
				}
				return c.Instance(instance{classTemplateParameter, p, templatePart{p, types.TemplateParameter{Name: c.Str(1), IsDefault: c.Bool(2), Lazy: l}}})
			}},
			props: []property{
				{name: "argument", doc: "Type or Object.", get: func(c Call) error {
					m := tmpl(c)
					s, err := m.part.Slot()
					if err != nil {
						return err
					}
					if o, ok := s.Value.(drgn.Object); ok {
						return c.Object(o)
					}
					return c.Type(m.prog, s.Type)
				}},
				{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(tmpl(c).part.Name) }},
				{name: "is_default", doc: "Whether the argument is the default one.", get: func(c Call) error { return c.Truth(tmpl(c).part.IsDefault) }},
			},
			slots: slots{repr: func(c Call) error { return c.String("TypeTemplateParameter(" + pyQuote(tmpl(c).part.Name) + ")") }},
		},
	}
}

// iterateList returns an iterator over values that are there already.
func iterateList(c Call, l list) error {
	i := 0
	return c.iterate(func(it *C.item) (bool, error) {
		if i == len(l) {
			return false, nil
		}
		i++
		return true, valueItem(l[i-1], it)
	})
}

// absentBitField is a bit-field that is nowhere.
func absentBitField(p *drgn.Program, s types.Slot) drgn.Object {
	return p.AbsentObject(s.Type, drgn.OtherAbsence)
}

// lazyOf makes a slot of a type, an object, or a callable that gives one of them later.
func lazyOf(v any) (*drgn.Program, types.Lazy, error) {
	switch v := v.(type) {
	case typeRef:
		return v.prog, types.OfType(v.typ), nil
	case drgn.Object:
		s := types.Slot{Type: v.Type(), BitFieldSize: v.BitFieldSize()}
		if _, absent := v.Absent(); !absent {
			s.Value = v
		}
		return v.Prog(), types.Evaluated(s), nil
	case *pyRef:
		return nil, types.Later(func() (slot types.Slot, err error) {
			withGIL(func() {
				var r *C.PyObject
				if r, err = callPy(v.o); err != nil {
					return
				}
				defer C.sh_decref(r)
				var x any
				if x, err = decodePy(r); err != nil {
					return
				}
				var l types.Lazy
				if _, again := x.(*pyRef); again {
					err = typeError("callable must return an Object or Type")
					return
				}
				if _, l, err = lazyOf(x); err == nil {
					slot, err = l.Slot()
				}
			})
			return slot, err
		}), nil
	}
	return nil, types.Lazy{}, typeError("expected a Type, an Object, or a callable that returns one")
}

func languageClass() *class {
	return &class{
		id: classLanguage, name: "Language", doc: "A programming language.",
		props: []property{{name: "name", doc: "Name of the language.", get: func(c Call) error {
			return c.String(handleOf[types.Language](c.self).Name())
		}}},
		slots: slots{
			repr: func(c Call) error {
				return c.String("Language." + strings.ReplaceAll(handleOf[types.Language](c.self).Name(), "C++", "CPP"))
			},
			hash: func(c Call) error { return c.Number(int64(len(handleOf[types.Language](c.self).Name()))) },
			compare: func(c Call, x *C.PyObject, op int) error {
				v, err := decodePy(x)
				if err != nil {
					return err
				}
				o, ok := v.(instance)
				if !ok || o.class != classLanguage || op != cmpEQ && op != cmpNE {
					c.res.i.tag = C.R_NOTIMPL
					return nil
				}
				return c.Truth((o.value == any(handleOf[types.Language](c.self))) == (op == cmpEQ))
			},
		},
	}
}
