package python

/*
#include "bind.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func addressOf(o *C.PyObject) uintptr { return uintptr(unsafe.Pointer(o)) }

func isLookupError(err error) bool { return errors.As(err, new(drgn.LookupError)) }

// hold makes a program own a callable, so that Python's collector sees the cycle that it may be part of. Go refers to it
// as long as the program lives.
func hold(self, f *C.PyObject) error {
	if C.sh_append(C.prog_held(self), f) != 0 {
		return raisedError{}
	}
	return nil
}

// addMemorySegment has a Python function give memory.
func addMemorySegment(c Call) error {
	f := c.py(2)
	if C.sh_callable(f) == 0 {
		return typeError("read_fn must be callable")
	}
	if err := hold(c.self, f); err != nil {
		return err
	}
	addr, size := c.Uint(0), c.Uint(1)
	if _, err := c.selfProg().AddressSize(); err != nil {
		return err
	}
	if size == 0 {
		return c.None()
	}
	size = min(size-1, ^addr) + 1 // what is beyond the last address is not there
	read := func(buf []byte, address, offset uint64, physical bool) (err error) {
		withGIL(func() {
			var r *C.PyObject
			if r, err = callPy(f, address, uint64(len(buf)), offset, physical); err != nil {
				return
			}
			defer C.sh_decref(r)
			var p *C.char
			var n C.int64_t
			if C.sh_bytes_like(r, &p, &n) != 0 {
				err = takeRaised()
				return
			}
			defer C.free(unsafe.Pointer(p))
			if int64(n) != int64(len(buf)) {
				err = valueError(fmt.Sprintf("memory read callback returned buffer of length %d (expected %d)", n, len(buf)))
				return
			}
			copy(buf, unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)))
		})
		return err
	}
	err := c.selfProg().Memory().Add(mem.Segment{Min: addr, Max: addr + size - 1, Physical: c.Bool(3), Read: read})
	if err != nil {
		return err
	}
	return c.None()
}

// finderName returns a name for a finder that is given none: the function's, with a number that makes it one of its own.
func finderName(c Call, kind drgn.FinderKind, f *C.PyObject) string {
	name := className(f)
	if get := C.sh_module_attr(cdata("builtins\x00"), cdata("getattr\x00")); get != nil {
		if o, err := callPy(get, borrowed{f}, "__name__", name); err == nil {
			if s, err := decodePy(o); err == nil {
				name = fmt.Sprint(s)
			}
			C.sh_decref(o)
		}
		C.sh_decref(get)
	}
	taken := c.selfProg().RegisteredFinders(kind)
	for n := addressOf(f); ; n++ {
		if full := fmt.Sprintf("%s_%#x", name, n); !slices.Contains(taken, full) {
			return full
		}
	}
}

// enableAt returns where a new finder goes, whose name is the first argument.
func enableAt(c Call, i int) (int, error) {
	if err := noNUL(c.Str(0)); err != nil {
		return 0, err
	}
	if !c.Has(i) {
		return drgn.Disabled, nil
	}
	return int(c.Int(i)), nil
}

// fromPython calls a finder; None is nothing found.
func fromPython(f *C.PyObject, args ...any) (v any, err error) {
	withGIL(func() {
		var r *C.PyObject
		if r, err = callPy(f, args...); err != nil {
			return
		}
		defer C.sh_decref(r)
		if v, err = decodePy(r); err != nil {
			err = takeRaised()
		}
	})
	return v, err
}

func kindSet(kinds types.KindSet) any {
	var l list
	for k := types.Void; k <= types.Function; k++ {
		if kinds.Has(k) {
			l = append(l, typeKind(k))
		}
	}
	return l
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func finderMethods() []Func {
	callable := func(c Call, i int) (*C.PyObject, error) {
		f := c.py(i)
		if C.sh_callable(f) == 0 {
			return nil, typeError("fn must be callable")
		}
		return f, hold(c.self, f)
	}
	ms := []Func{
		{Sig: "register_type_finder(name: str, fn: any, *, enable_index: place? = None)", Doc: "Register fn(prog, kinds, name, filename), which returns a Type or None.", Do: func(c Call) error {
			f, err := callable(c, 1)
			if err != nil {
				return err
			}
			at, err := enableAt(c, 2)
			if err != nil {
				return err
			}
			find, err := typeFinder(c, f)
			if err != nil {
				return err
			}
			return done(c, c.selfProg().RegisterTypeFinder(c.Str(0), find, at))
		}},
		{Sig: "add_type_finder(fn: any)", Doc: "Register fn(kind, name, filename), which returns a Type or None; it is asked first, once for each kind.", Do: func(c Call) error {
			f, err := callable(c, 0)
			if err != nil {
				return err
			}
			find := func(_ *drgn.Program, kinds types.KindSet, name, filename string) (*types.Type, error) {
				for k := types.Void; k <= types.Function; k++ {
					if !kinds.Has(k) {
						continue
					}
					if t, err := foundType(fromPython(f, typeKind(k), name, optional(filename))); !errors.Is(err, drgn.ErrNotFound) {
						return t, err
					}
				}
				return nil, drgn.ErrNotFound
			}
			return done(c, c.selfProg().RegisterTypeFinder(finderName(c, drgn.TypeFinders, f), find, drgn.EnableFirst))
		}},
		{Sig: "register_object_finder(name: str, fn: any, *, enable_index: place? = None)", Doc: "Register fn(prog, name, flags, filename), which returns an Object or None.", Do: func(c Call) error {
			f, err := callable(c, 1)
			if err != nil {
				return err
			}
			at, err := enableAt(c, 2)
			if err != nil {
				return err
			}
			return done(c, c.selfProg().RegisterObjectFinder(c.Str(0), objectFinder(f), at))
		}},
		{Sig: "register_symbol_finder(name: str, fn: any, *, enable_index: place? = None)", Doc: "Register fn(prog, name, address, one), which returns a sequence of Symbols.", Do: func(c Call) error {
			f, err := callable(c, 1)
			if err != nil {
				return err
			}
			at, err := enableAt(c, 2)
			if err != nil {
				return err
			}
			err = c.selfProg().RegisterSymbolFinder(c.Str(0), func(p *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
				var name, addr any
				if q.HasName {
					name = q.Name
				}
				if q.HasAddress {
					addr = q.Address
				}
				v, err := fromPython(f, p, name, addr, q.One)
				if err != nil {
					return nil, err
				}
				vs, ok := elements(v)
				if !ok {
					return nil, typeError("symbol finder must return a sequence")
				}
				if q.One && len(vs) > 1 {
					return nil, valueError("symbol finder returned multiple elements, but one was requested")
				}
				var out []drgn.Symbol
				for _, x := range vs {
					in, _ := x.(instance)
					s, ok := in.value.(drgn.Symbol)
					if !ok {
						return nil, typeError("symbol finder results must be of type Symbol")
					}
					out = append(out, s)
				}
				return out, nil
			}, at)
			return done(c, err)
		}},
		{Sig: "add_object_finder(fn: any)", Doc: "Register an object finder that is asked first.", Do: func(c Call) error {
			f, err := callable(c, 0)
			if err != nil {
				return err
			}
			err = c.selfProg().RegisterObjectFinder(finderName(c, drgn.ObjectFinders, f), objectFinder(f), drgn.EnableFirst)
			return done(c, err)
		}},
	}
	for _, k := range []struct {
		word string
		kind drgn.FinderKind
	}{{"type", drgn.TypeFinders}, {"object", drgn.ObjectFinders}, {"symbol", drgn.SymbolFinders}, {"debug_info", drgn.DebugInfoFinders}} {
		ms = append(ms,
			Func{Sig: "registered_" + k.word + "_finders()", Doc: "Return the names of all " + strings.ReplaceAll(k.word, "_", " ") + " finders.", Do: func(c Call) error {
				var s set
				for _, n := range c.selfProg().RegisteredFinders(k.kind) {
					s = append(s, n)
				}
				return c.Value(s)
			}},
			Func{Sig: "enabled_" + k.word + "_finders()", Doc: "Return the names of the " + strings.ReplaceAll(k.word, "_", " ") + " finders that are asked, in order.", Do: func(c Call) error {
				return c.Value(c.selfProg().EnabledFinders(k.kind))
			}},
			Func{Sig: "set_enabled_" + k.word + "_finders(names: any)", Doc: "Set which " + strings.ReplaceAll(k.word, "_", " ") + " finders are asked, in order.", Do: func(c Call) error {
				v, err := c.Any(0)
				if err != nil {
					return err
				}
				names, err := strs(v)
				if err != nil {
					return err
				}
				return done(c, c.selfProg().EnableFinders(k.kind, names))
			}})
	}
	return ms
}

// typeFinder makes a finder of types of a callable.
func typeFinder(c Call, f *C.PyObject) (drgn.TypeFinder, error) {
	kindSetClass, err := drgnAttr("TypeKindSet")
	if err != nil {
		return nil, err
	}
	if err := hold(c.self, kindSetClass); err != nil {
		return nil, err
	}
	C.sh_decref(kindSetClass)
	return func(p *drgn.Program, kinds types.KindSet, name, filename string) (t *types.Type, err error) {
		withGIL(func() {
			C.sh_incref(kindSetClass)
			t, err = foundType(fromPython(f, p, callValue{kindSetClass, tuple{kindSet(kinds)}}, name, optional(filename)))
		})
		return t, err
	}, nil
}

// foundType takes what a finder of types returned.
func foundType(v any, err error) (*types.Type, error) {
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, drgn.ErrNotFound
	case typeRef:
		return v.typ, nil
	}
	return nil, typeError("type find callback must return Type or None")
}

// A refusedError says that a finder written in Python knows that there is no object of a name; it is a drgn.LookupError.
type refusedError struct{ name, text string }

func (e *refusedError) Error() string { return e.text }

// LookupFailed marks a LookupError.
func (*refusedError) LookupFailed() {}

func objectFinder(f *C.PyObject) drgn.ObjectFinder {
	return func(p *drgn.Program, name string, flags drgn.FindObjectFlags, filename string) (drgn.Object, error) {
		v, err := fromPython(f, p, name, enumValue{enumFindObjectFlags, int64(flags)}, optional(filename))
		if e, ok := err.(*pyError); ok && e.typ == "LookupError" { // as good as having none, but no other finder is asked
			return drgn.Object{}, &refusedError{name, e.msg}
		}
		if err != nil {
			return drgn.Object{}, err
		}
		switch v := v.(type) {
		case nil:
			return drgn.Object{}, drgn.ErrNotFound
		case drgn.Object:
			return v, nil
		}
		return drgn.Object{}, typeError("object find callback must return Object or None")
	}
}

func done(c Call, err error) error {
	if err != nil {
		return err
	}
	return c.None()
}

// strs returns a sequence of str.
func strs(v any) ([]string, error) {
	vs, ok := v.(list)
	switch v := v.(type) {
	case tuple:
		vs, ok = list(v), true
	case string:
		for _, r := range v {
			vs = append(vs, string(r))
		}
		ok = true
	case dict:
		for _, p := range v {
			vs = append(vs, p.key)
		}
		ok = true
	}
	if !ok {
		return nil, typeError("names must be sequence")
	}
	out := make([]string, len(vs))
	for i, x := range vs {
		if out[i], ok = x.(string); !ok {
			return nil, typeError("names must be str")
		}
	}
	return out, nil
}

// elements returns the elements of what Python takes for a sequence.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case list:
		return v, true
	case tuple:
		return v, true
	case string:
		return make([]any, len([]rune(v))), true
	case dict:
		keys := make([]any, len(v))
		for i, p := range v {
			keys[i] = p.key
		}
		return keys, true
	}
	return nil, false
}

// drgnAttr returns an attribute of package drgn: owned.
func drgnAttr(name string) (*C.PyObject, error) {
	cmod, cname := C.CString("drgn"), C.CString(name)
	defer C.free(unsafe.Pointer(cmod))
	defer C.free(unsafe.Pointer(cname))
	o := C.sh_module_attr(cmod, cname)
	if o == nil {
		return nil, raisedError{}
	}
	return o, nil
}
