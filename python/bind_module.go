package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	cl "github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// allClasses are the classes in the order they are made: bases first.
func allClasses() []*class {
	return append([]*class{programClass(), objectClass(), typeClass(), symbolClass(), threadClass(), stackTraceClass(), stackFrameClass(),
		platformClass(), registerClass(), languageClass(), sourceListClass(),
		memberClass(), enumeratorClass(), parameterClass(), templateParameterClass()}, moduleClassList()...)
}

func init() {
	register("drgn",
		Func{Sig: "get_default_prog()", Doc: "Return the default program of this thread.", Do: func(c Call) error {
			p := C.prog_default()
			if p == nil {
				return raisedError{}
			}
			return c.Value(borrowed{p})
		}},
		Func{Sig: "set_default_prog(prog: prog?, /)", Doc: "Set the default program of this thread; None is none.", Do: func(c Call) error {
			if C.prog_set_default(c.py(0)) != 0 {
				return raisedError{}
			}
			return c.None()
		}},
		Func{Sig: "NULL(prog: prog, type: type)", Doc: "Return a null pointer of a type.", Do: func(c Call) error {
			t, err := c.TypeIn(1, c.Prog(0))
			if err != nil {
				return err
			}
			return null(c, t)
		}},
		Func{Sig: "cast(type: type, obj: object)", Doc: "Convert an object as a cast in C does.", Do: func(c Call) error {
			o := c.Obj(1)
			t, err := c.TypeIn(0, o.Prog())
			if err != nil {
				return err
			}
			return c.Object(o.Cast(t))
		}},
		Func{Sig: "implicit_convert(type: type, obj: object, *, bit_field_size: index? = None)", Doc: "Convert an object as an assignment in C does.", Do: func(c Call) error {
			o := c.Obj(1)
			t, err := c.TypeIn(0, o.Prog())
			if err != nil {
				return err
			}
			bits, err := bitFieldSize(c, 2)
			if err != nil {
				return err
			}
			return c.Object(o.Convert(t, bits))
		}},
		Func{Sig: "reinterpret(type: type, obj: object)", Doc: "Return an object's memory as another type.", Do: func(c Call) error {
			o := c.Obj(1)
			t, err := c.TypeIn(0, o.Prog())
			if err != nil {
				return err
			}
			return c.Object(o.Reinterpret(t))
		}},
		Func{Sig: "container_of(ptr: object, type: type, member: str)", Doc: "Return a pointer to the object whose member ptr points to.", Do: func(c Call) error {
			o := c.Obj(0)
			t, err := c.TypeIn(1, o.Prog())
			if err != nil {
				return err
			}
			return c.Object(o.ContainerOf(t, c.Str(2)))
		}},
		Func{Sig: "sizeof(type_or_obj: any, /)", Doc: "Return the size of a type or object in bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			if o, ok := v.(drgn.Object); ok {
				if o.BitFieldSize() != 0 {
					return typeError("cannot get size of bit field")
				}
				return giveSize(c, o.Type())
			}
			t, err := typeArg(v)
			if err != nil {
				return err
			}
			return giveSize(c, t)
		}},
		Func{Sig: "alignof(type: any, /)", Doc: "Return the alignment of a type in bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			t, err := typeArg(v)
			if err != nil {
				return err
			}
			n, err := alignment(t, 0)
			if err != nil {
				return err
			}
			return c.Unsigned(n)
		}},
		Func{Sig: "offsetof(type: any, member: str, /)", Doc: "Return the offset of a member, 'a.b[2].c', in bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			t, err := typeArg(v)
			if err != nil {
				return err
			}
			n, err := drgn.OffsetOf(t, c.Str(1))
			if err != nil {
				return err
			}
			return c.Unsigned(n)
		}},
		Func{Sig: "filename_matches(haystack: path?, needle: path?)", Doc: "Return whether a path ends in the components of another.", Do: func(c Call) error {
			return c.Truth(drgn.FilenameMatches(c.Str(0), c.Str(1)))
		}},
		Func{Sig: "_host_platform()", Do: func(c Call) error { return c.Instance(instance{class: classPlatform, value: arch.Host()}) }},
		Func{Sig: "_languages()", Do: func(c Call) error {
			return c.Value(tuple{instance{class: classLanguage, value: types.Language(cl.C)}, instance{class: classLanguage, value: types.Language(cl.CPP)}})
		}},
	)
}

// typeArg returns a type given as a Type, or by its name in the default program.
func typeArg(v any) (*types.Type, error) {
	switch v := v.(type) {
	case typeRef:
		return v.typ, nil
	case string:
		p := C.prog_default()
		if p == nil {
			return nil, raisedError{}
		}
		return programOf(p).prog.Type(v)
	}
	return nil, typeError("expected a Type, an Object or the name of a type")
}

func giveSize(c Call, t *types.Type) error {
	n, err := t.Size()
	if err != nil {
		return err
	}
	return c.Unsigned(n)
}

// alignment returns a type's natural alignment: a scalar's size, the largest of a compound type's members.
func alignment(t *types.Type, depth int) (uint64, error) {
	if depth > maxDepth {
		return 0, valueError("type is nested too deeply")
	}
	u := t.Underlying()
	switch u.Kind() {
	case types.Array:
		return alignment(u.Elem(), depth+1)
	case types.Struct, types.Union, types.Class:
		if !u.IsComplete() {
			return 0, typeError(fmt.Sprintf("cannot get alignment of incomplete %s type", u.Kind()))
		}
		ms, err := u.Members()
		if err != nil {
			return 0, err
		}
		most := uint64(1)
		for _, m := range ms {
			s, err := m.Slot()
			if err != nil {
				return 0, err
			}
			n, err := alignment(s.Type, depth+1)
			if err != nil {
				return 0, err
			}
			most = max(most, n)
		}
		return most, nil
	case types.Enum:
		if u.IsComplete() {
			return u.OwnSize(), nil
		}
	case types.Int, types.Bool, types.Float, types.Pointer:
		n := uint64(1)
		for n*2 <= u.OwnSize() {
			n *= 2
		}
		return n, nil
	}
	return 0, typeError(fmt.Sprintf("cannot get alignment of %s type", u.Kind()))
}
