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

func typeProps() []property {
	get := func(name, doc string, f func(c Call, p *drgn.Program, t *types.Type) error) property {
		return property{name: name, doc: doc, get: func(c Call) error {
			p, t := selfType(c)
			return f(c, p, t)
		}}
	}
	return []property{
		get("prog", "Program the type is of.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Value(p) }),
		get("kind", "Kind of the type.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Value(typeKind(t.Kind())) }),
		get("primitive", "Which of C's own types this is, or None.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Primitive() == types.NotPrimitive {
				return c.None()
			}
			return c.Value(primitiveType(t.Primitive()))
		}),
		get("qualifiers", "Qualifiers of the type.", func(c Call, p *drgn.Program, t *types.Type) error {
			return c.Enum(enumQualifiers, int64(t.Qualifiers()))
		}),
		get("language", "Language the type is written in.", func(c Call, p *drgn.Program, t *types.Type) error {
			return c.Instance(instance{class: classLanguage, value: t.Language()})
		}),
		get("name", "Name of an integer, boolean, floating-point type or typedef.", func(c Call, p *drgn.Program, t *types.Type) error {
			switch t.Kind() {
			case types.Int, types.Bool, types.Float, types.Typedef:
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
			l := make(tuple, len(ms))
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
			l := make(tuple, len(es))
			for i, e := range es {
				l[i] = instance{classEnumerator, p, enumeratorOf(e, t.IsSigned())}
			}
			return c.Value(l)
		}),
		get("parameters", "Parameters of a function type.", func(c Call, p *drgn.Program, t *types.Type) error {
			ps, err := t.Parameters()
			if err != nil {
				return err
			}
			l := make(tuple, len(ps))
			for i, m := range ps {
				l[i] = instance{classParameter, p, paramPart{p, m}}
			}
			return c.Value(l)
		}),
		get("_ptr", "Number that qualified and unqualified types of one definition share.", func(c Call, p *drgn.Program, t *types.Type) error {
			return c.Unsigned(uint64(uintptr(unsafe.Pointer(t.Unqualified()))))
		}),
		get("is_variadic", "Whether a function takes variable arguments.", func(c Call, p *drgn.Program, t *types.Type) error {
			if t.Kind() != types.Function {
				return &pyErr{excAttributeError, t.Kind().String() + " type cannot be variadic"}
			}
			return c.Truth(t.IsVariadic())
		}),
		get("template_parameters", "Template parameters of a C++ type.", func(c Call, p *drgn.Program, t *types.Type) error {
			ps, err := t.TemplateParameters()
			if err != nil {
				return err
			}
			l := make(tuple, len(ps))
			for i, m := range ps {
				l[i] = instance{classTemplateParameter, p, templatePart{p, m}}
			}
			return c.Value(l)
		}),
	}
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
			prettyMethod,
			method("type_name()", "Return the type's name: 'struct foo *'.", func(c Call, p *drgn.Program, t *types.Type) error {
				l, ok := t.Language().(interface {
					FullTypeName(*types.Type) (string, error)
				})
				if !ok {
					return c.String(t.String())
				}
				s, err := l.FullTypeName(t)
				if err != nil {
					return err
				}
				return c.String(s)
			}),
			method("variable_declaration(name: str)", "Return the declaration of a variable of this type: 'int x[2]'.", func(c Call, p *drgn.Program, t *types.Type) error {
				s, err := "", noNUL(c.Str(0))
				if err == nil {
					s, err = t.Language().Declaration(t, c.Str(0))
				}
				if err != nil {
					return err
				}
				return c.String(s)
			}),
			method("is_complete()", "Return whether the type's definition is known.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Truth(t.IsComplete())
			}),
			method("qualified(qualifiers: Qualifiers)", "Return the type with exactly these qualifiers.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Type(p, t.Qualified(types.Qualifiers(c.Int(0))))
			}),
			method("unqualified()", "Return the type without qualifiers.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Type(p, t.Unqualified()) }),
			method("unaliased()", "Return the type behind all typedefs.", func(c Call, p *drgn.Program, t *types.Type) error { return c.Type(p, t.Underlying()) }),
			method("unaliased_kind()", "Return the kind of the type behind all typedefs.", func(c Call, p *drgn.Program, t *types.Type) error {
				return c.Value(typeKind(t.UnderlyingKind()))
			}),
			method("member(name: bytename)", "Return a member by its name, also one in an anonymous member.", func(c Call, p *drgn.Program, t *types.Type) error {
				m, _, err := t.LookupMember(c.Str(0))
				if err != nil {
					return err
				}
				return c.Instance(instance{classMember, p, memberPart{p, m}})
			}),
			method("has_member(name: bytename)", "Return whether the type has a member of a name.", func(c Call, p *drgn.Program, t *types.Type) error {
				_, _, err := t.LookupMember(c.Str(0))
				if _, missing := err.(*types.MemberError); missing {
					return c.Truth(false)
				}
				if _, there := err.(*types.VirtualBaseError); err != nil && !there {
					return err
				}
				return c.Truth(true)
			}),
		},
		slots: slots{
			repr: func(c Call) error {
				p, t := selfType(c)
				s, err := typeRepr(p, t)
				if err != nil {
					return err
				}
				return c.String(s)
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
