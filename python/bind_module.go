package python

/*
#include "bind.h"
*/
import "C"

import (
	"errors"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	cl "github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// allClasses are the classes in the order they are made: bases first.
func allClasses() []*class {
	return append([]*class{programClass(), objectClass(), typeClass(), symbolClass(), symbolIndexClass(), threadClass(), stackTraceClass(), stackFrameClass(),
		platformClass(), registerClass(), languageClass(), sourceListClass(), processStopClass(),
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
		Func{Sig: "set_default_prog(prog: any, /)", Doc: "Set the default program of this thread; None is none.", Do: func(c Call) error {
			if p := c.py(0); C.sh_is_program(p) == 0 && !isNone(p) {
				return typeError("prog must be Program or None")
			}
			if C.prog_set_default(c.py(0)) != 0 {
				return raisedError{}
			}
			return c.None()
		}},
		Func{Sig: "NULL(prog: prog, type: type?)", Doc: "Return a null pointer of a type.", Do: func(c Call) error {
			if !c.Has(1) {
				return null(c, nil)
			}
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
			if err := memberName(c.Str(2)); err != nil {
				return err
			}
			return c.Object(o.ContainerOf(t, c.Str(2)))
		}},
		Func{Sig: "sizeof(type_or_obj: any, /)", Doc: "Return the size of a type or object, or of a type or object of a name in the default program, in bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			var t *types.Type
			switch v := v.(type) {
			case drgn.Object:
				if v.BitFieldSize() != 0 {
					return typeError("cannot get size of bit field")
				}
				t = v.Type()
			case typeRef:
				t = v.typ
			case string:
				def := C.prog_default()
				if def == nil {
					return raisedError{}
				}
				t, err = programOf(def).prog.Type(v)
				var object *drgn.ObjectNotFoundError
				if drgn.IsNotFound(err) {
					o := programOf(def).prog.Object(v)
					if e := o.Err(); e == nil {
						t, err = o.Type(), nil
					} else if !errors.As(e, &object) {
						err = e
					}
				}
				if err != nil {
					return err
				}
			default:
				return typeError("expected Type, Object, or str, not " + className(c.py(0)))
			}
			n, err := t.Size()
			if err != nil {
				return err
			}
			return c.Unsigned(n)
		}},
		Func{Sig: "alignof(type: typename, /)", Doc: "Return the alignment of a type in bytes.", Do: func(c Call) error {
			p, t, err := typeArg(c, 0)
			if err != nil {
				return err
			}
			n, err := p.Alignment(t)
			if err != nil {
				return err
			}
			return c.Unsigned(n)
		}},
		Func{Sig: "offsetof(type: typename, member: str)", Doc: "Return the offset of a member, 'a.b[2].c', in bytes.", Do: func(c Call) error {
			_, t, err := typeArg(c, 0)
			if err != nil {
				return err
			}
			if err := memberName(c.Str(1)); err != nil {
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

// typeArg returns an argument that is a Type, or the name of one in the default program.
func typeArg(c Call, i int) (*drgn.Program, *types.Type, error) {
	if c.IsObject(i) {
		p, t := typeOf(c.py(i))
		return p, t, nil
	}
	def := C.prog_default()
	if def == nil {
		return nil, nil, raisedError{}
	}
	p := programOf(def).prog
	t, err := p.Type(c.Str(i))
	return p, t, err
}
