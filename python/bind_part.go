package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// A part is a member, parameter or template parameter, with the program it is of: nil when that is not known before it is
// evaluated. Parts live in Go as long as Python has them.
type part[T any] struct {
	prog *drgn.Program
	part T
}

type (
	memberPart   = part[types.Member]
	paramPart    = part[types.Parameter]
	templatePart = part[types.TemplateParameter]
)

// slotProg returns the program of what a slot holds; prog is that of the slots of debugging information.
func slotProg(s types.Slot, prog *drgn.Program) *drgn.Program {
	switch v := s.Value.(type) {
	case drgn.Object:
		return v.Prog()
	case typeRef:
		return v.prog
	}
	return prog
}

// slotObject returns what a slot holds as an Object: absent when it is a type.
func slotObject(s types.Slot, prog *drgn.Program) drgn.Object {
	if o, ok := s.Value.(drgn.Object); ok {
		return o
	}
	return slotProg(s, prog).AbsentBitField(s.Type, drgn.OtherAbsence, s.BitFieldSize)
}

// slotRepr writes what a slot holds as the argument of a constructor.
func slotRepr(s types.Slot, prog *drgn.Program) (string, error) {
	o := slotObject(s, prog)
	if _, absent := o.Absent(); !absent || s.BitFieldSize != 0 {
		return objectText(o)
	}
	return "prog.type(" + pyQuote(s.Type.String()) + ")", nil
}

// lazyOf makes a slot of a type, an object, or a callable that gives one of them later. class is the constructor, for errors.
func lazyOf(v any, class string) (*drgn.Program, types.Lazy, error) {
	switch v := v.(type) {
	case typeRef:
		return v.prog, types.Evaluated(types.Slot{Type: v.typ, Value: v}), nil
	case drgn.Object:
		return v.Prog(), types.Evaluated(types.Slot{Type: v.Type(), BitFieldSize: v.BitFieldSize(), Value: v}), nil
	case *pyRef:
		if C.sh_callable(v.o) == 0 {
			break
		}
		return nil, types.Retry(func() (slot types.Slot, err error) {
			x, err := fromPython(v.o)
			if err != nil {
				return slot, err
			}
			switch o := x.(type) {
			case drgn.Object:
				if _, absent := o.Absent(); absent && class == "TypeTemplateParameter" {
					return slot, valueError(class + "() callable must not return absent Object")
				}
			}
			switch x.(type) {
			case typeRef, drgn.Object:
				_, l, err := lazyOf(x, class)
				if err != nil {
					return slot, err
				}
				return l.Slot()
			}
			return slot, typeError(class + "() callable must return Object or Type")
		}), nil
	}
	return nil, types.Lazy{}, typeError(class + "() first argument must be Object, Type, or callable returning Object or Type")
}

// attached returns a slot as part of a type of a program: it must be of the same.
func attached(l types.Lazy, of, prog *drgn.Program) (types.Lazy, error) {
	switch of {
	case prog:
		return l, nil
	case nil:
		return types.Retry(func() (types.Slot, error) {
			s, err := l.Slot()
			if err == nil && slotProg(s, prog) != prog {
				return types.Slot{}, valueError("objects are from different programs")
			}
			return s, err
		}), nil
	}
	return l, valueError("object is from different program")
}

// partName returns the argument that is a part's name.
func partName(c Call, i int, class string) (string, error) {
	v, err := c.Any(i)
	if err != nil || v == nil {
		return "", err
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", typeError(class + " name must be str or None")
}

// newPart returns what constructors of parts have in common.
func newPart(c Call, class string) (prog *drgn.Program, l types.Lazy, name string, err error) {
	v, err := c.Any(0)
	if err != nil {
		return nil, l, "", err
	}
	if prog, l, err = lazyOf(v, class); err != nil {
		return nil, l, "", err
	}
	name, err = partName(c, 1, class)
	return prog, l, name, err
}

// constructorRepr writes a constructor's call: class(first, name='…', …).
func constructorRepr(class, first, name string, more ...string) string {
	args := []string{first}
	if name != "" {
		args = append(args, "name="+pyQuote(name))
	}
	return class + "(" + strings.Join(append(args, more...), ", ") + ")"
}

func memberRepr(m memberPart) (string, error) {
	s, err := m.part.Slot()
	if err != nil {
		return "", err
	}
	first, err := slotRepr(s, m.prog)
	return constructorRepr("TypeMember", first, m.part.Name, fmt.Sprintf("bit_offset=%d", m.part.BitOffset)), err
}

func paramRepr(m paramPart) (string, error) {
	s, err := m.part.Slot()
	if err != nil {
		return "", err
	}
	first, err := slotRepr(s, m.prog)
	return constructorRepr("TypeParameter", first, m.part.Name), err
}

func templateRepr(m templatePart) (string, error) {
	s, err := m.part.Slot()
	if err != nil {
		return "", err
	}
	first, err := slotRepr(s, m.prog)
	var more []string
	if m.part.IsDefault {
		more = append(more, "is_default=True")
	}
	return constructorRepr("TypeTemplateParameter", first, m.part.Name, more...), err
}

// giveRepr returns a text that may have failed.
func giveRepr(c Call) func(s string, err error) error {
	return func(s string, err error) error {
		if err != nil {
			return err
		}
		return c.String(s)
	}
}

// An enumerator is a TypeEnumerator; its value is an int64 or a *big.Int.
type enumerator struct {
	name  string
	value any
}

// enumeratorOf returns an enumerator of a type.
func enumeratorOf(e types.Enumerator, signed bool) enumerator {
	if signed || int64(e.Value) >= 0 {
		return enumerator{e.Name, int64(e.Value)}
	}
	return enumerator{e.Name, new(big.Int).SetUint64(e.Value)}
}

// in returns the enumerator as one of a type that is signed or not.
func (e enumerator) in(signed bool) (types.Enumerator, error) {
	v, small := e.value.(int64)
	switch {
	case small && (signed || v >= 0):
		return types.Enumerator{Name: e.name, Value: uint64(v)}, nil
	case signed:
		return types.Enumerator{}, &pyErr{excOverflowError, "Python int too large to convert to C int64_t"}
	case small || e.value.(*big.Int).Sign() < 0:
		return types.Enumerator{}, valueError("Cannot convert negative int")
	case !e.value.(*big.Int).IsUint64():
		return types.Enumerator{}, &pyErr{excOverflowError, "Python int too large to convert to C uint64_t"}
	}
	return types.Enumerator{Name: e.name, Value: e.value.(*big.Int).Uint64()}, nil
}

func (e enumerator) repr() string {
	return fmt.Sprintf("TypeEnumerator(%s, %v)", pyQuote(e.name), e.value)
}

func (e enumerator) equal(o enumerator) bool {
	return e.name == o.name && fmt.Sprint(e.value) == fmt.Sprint(o.value)
}

func memberClass() *class {
	member := func(c Call) memberPart { return handleOf[memberPart](c.self) }
	return &class{
		id: classMember, name: "TypeMember", doc: "A member of a structure, union or class.",
		new: &Func{Sig: "TypeMember(object_or_type: any, name: any? = None, bit_offset: index = 0)", Do: func(c Call) error {
			p, l, name, err := newPart(c, "TypeMember")
			if err != nil {
				return err
			}
			return c.Instance(instance{classMember, p, memberPart{p, types.Member{Name: name, BitOffset: c.UintOr(2, 0), Lazy: l}}})
		}},
		props: []property{
			{name: "object", doc: "Member as an absent object; it holds the size of a bit-field.", get: func(c Call) error { return giveSlotObject(c, member(c).part.Lazy, member(c).prog) }},
			{name: "type", doc: "Type of the member.", get: func(c Call) error { return giveSlotType(c, member(c).part.Lazy, member(c).prog) }},
			readonly(property{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(member(c).part.Name) }}),
			readonly(property{name: "bit_offset", doc: "Offset in bits.", get: func(c Call) error { return c.Unsigned(member(c).part.BitOffset) }}),
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
		slots: slots{repr: func(c Call) error { return giveRepr(c)(memberRepr(member(c))) }},
	}
}

func giveSlotType(c Call, l types.Lazy, prog *drgn.Program) error {
	s, err := l.Slot()
	if err != nil {
		return err
	}
	return c.Type(slotProg(s, prog), s.Type)
}

func giveSlotObject(c Call, l types.Lazy, prog *drgn.Program) error {
	s, err := l.Slot()
	if err != nil {
		return err
	}
	return c.Object(slotObject(s, prog))
}

func enumeratorClass() *class {
	enum := func(c Call) enumerator { return handleOf[enumerator](c.self) }
	return &class{
		id: classEnumerator, name: "TypeEnumerator", doc: "A named value of an enumerated type; unpacks into name and value.",
		new: &Func{Sig: "TypeEnumerator(name: str, value: any)", Do: func(c Call) error {
			v, err := c.Any(1)
			if err != nil {
				return err
			}
			switch n := v.(type) {
			case bool:
				v = int64(0)
				if n {
					v = int64(1)
				}
			case int64, *big.Int:
			default:
				return typeError("TypeEnumerator() argument 2 must be int, not " + className(c.py(1)))
			}
			return c.Instance(instance{class: classEnumerator, value: enumerator{c.Str(0), v}})
		}},
		props: []property{
			readonly(property{name: "name", doc: "Name.", get: func(c Call) error { return c.String(enum(c).name) }}),
			readonly(property{name: "value", doc: "Value.", get: func(c Call) error { return c.Value(enum(c).value) }}),
		},
		slots: slots{
			repr:   func(c Call) error { return c.String(enum(c).repr()) },
			length: func(c Call) error { return c.Number(2) },
			getitem: func(c Call, x *C.PyObject) error {
				v, err := decodePy(x)
				if err != nil {
					return err
				}
				i, ok := v.(int64)
				if !ok {
					return typeError("sequence index must be integer, not '" + className(x) + "'")
				}
				if i < 0 {
					i += 2
				}
				if i < 0 || i > 1 {
					return &pyErr{excIndexError, "TypeEnumerator index out of range"}
				}
				return c.Value([]any{enum(c).name, enum(c).value}[i])
			},
			iter: func(c Call) error { return iterateList(c, list{enum(c).name, enum(c).value}) },
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
				return c.Truth(other.value.(enumerator).equal(enum(c)) == (op == cmpEQ))
			},
		},
	}
}

func parameterClass() *class {
	param := func(c Call) paramPart { return handleOf[paramPart](c.self) }
	return &class{
		id: classParameter, name: "TypeParameter", doc: "A parameter of a function type.",
		new: &Func{Sig: "TypeParameter(default_argument_or_type: any, name: any? = None)", Do: func(c Call) error {
			p, l, name, err := newPart(c, "TypeParameter")
			if err != nil {
				return err
			}
			return c.Instance(instance{classParameter, p, paramPart{p, types.Parameter{Name: name, Lazy: l}}})
		}},
		props: []property{
			{name: "default_argument", doc: "Default argument; absent when there is none.", get: func(c Call) error { return giveSlotObject(c, param(c).part.Lazy, param(c).prog) }},
			{name: "type", doc: "Type of the parameter.", get: func(c Call) error { return giveSlotType(c, param(c).part.Lazy, param(c).prog) }},
			readonly(property{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(param(c).part.Name) }}),
		},
		slots: slots{repr: func(c Call) error { return giveRepr(c)(paramRepr(param(c))) }},
	}
}

func templateParameterClass() *class {
	tmpl := func(c Call) templatePart { return handleOf[templatePart](c.self) }
	return &class{
		id: classTemplateParameter, name: "TypeTemplateParameter", doc: "A template parameter of a C++ type.",
		new: &Func{Sig: "TypeTemplateParameter(argument: any, name: any? = None, is_default: any = False)", Do: func(c Call) error {
			p, l, name, err := newPart(c, "TypeTemplateParameter")
			if err != nil {
				return err
			}
			if v, err := c.Any(0); err != nil {
				return err
			} else if o, ok := v.(drgn.Object); ok {
				if _, absent := o.Absent(); absent {
					return valueError("TypeTemplateParameter() first argument must not be absent Object")
				}
			}
			v, err := c.Any(2)
			if err != nil {
				return err
			}
			isDefault, ok := v.(bool)
			if !ok && c.args[2].kind != C.A_MISSING {
				return typeError("TypeTemplateParameter() argument 3 must be bool, not " + className(c.py(2)))
			}
			return c.Instance(instance{classTemplateParameter, p, templatePart{p, types.TemplateParameter{Name: name, IsDefault: isDefault, Lazy: l}}})
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
				return c.Type(slotProg(s, m.prog), s.Type)
			}},
			readonly(property{name: "name", doc: "Name, or None.", get: func(c Call) error { return c.StringOrNone(tmpl(c).part.Name) }}),
			readonly(property{name: "is_default", doc: "Whether the argument is the default one.", get: func(c Call) error { return c.Truth(tmpl(c).part.IsDefault) }}),
		},
		slots: slots{repr: func(c Call) error { return giveRepr(c)(templateRepr(tmpl(c))) }},
	}
}
