package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/helper/registry"
	"github.com/godrgn/drgn/types"
)

func init() {
	for _, m := range registry.Modules {
		moduleDocs[m.Name] = m.Doc
		for i := range m.Funcs {
			f := &m.Funcs[i]
			register(m.Name, Func{Sig: f.Name, Late: f.Sig, Do: func(c Call) error { return callHelper(c, f) }})
		}
	}
}

// spareCalls are the calls of helpers that may be used again: one for each depth of calls. Under the GIL.
var spareCalls []*call.Call

// callHelper calls a helper through its generated adapter.
func callHelper(c Call, f *call.Func) error {
	var hc *call.Call
	if n := len(spareCalls); n > 0 {
		hc, spareCalls = spareCalls[n-1], spareCalls[:n-1]
	} else {
		hc = &call.Call{Default: defaultProgram}
	}
	abandoned := false // by Ctrl-C: the helper may still write its result
	defer func() {
		if !abandoned {
			hc.Reset()
			spareCalls = append(spareCalls, hc)
		}
	}()
	for i := range f.Params {
		if c.Has(i) {
			if err := setArgument(hc, c, i, f.Params[i].Kind); err != nil {
				return err
			}
		}
	}
	if f.Slow {
		err := c.Long(func(ctx context.Context) error {
			hc.Context = ctx
			return f.Do(hc)
		})
		if err != nil {
			abandoned = true
			return helperError(err)
		}
	} else if err := f.Do(hc); err != nil {
		return helperError(err)
	}
	return giveResult(c, hc.Result())
}

// helperError is the error of a helper as Python is to see it: a member that an argument lacks is a missing attribute, unless the
// caller named it, and the fields of Go's structs mean nothing to scripts.
func helperError(err error) error {
	if err == nil {
		return nil
	}
	var field *drgn.FieldError
	if errors.As(err, &field) {
		err = field.Err
	}
	var member *types.MemberError
	var none *types.NoMembersError
	var object *drgn.ObjectNotFoundError
	switch {
	case errors.As(err, new(*types.NamedError)):
		return err
	case errors.As(err, &object) && object.Kind == "variable": // helpers of Python look in prog[name]
		any := *object
		any.Kind = ""
		return &any
	case errors.As(err, &member):
		return &pyErr{excAttributeError, member.Error()}
	case errors.As(err, &none) && none.Name != "":
		return noAttribute(none.Name)
	case errors.As(err, &none):
		return &pyErr{excAttributeError, none.Error()}
	}
	return err
}

func defaultProgram() (*drgn.Program, error) {
	p := C.prog_default()
	if p == nil {
		return nil, raisedError{}
	}
	return programOf(p).prog, nil
}

func setArgument(hc *call.Call, c Call, i int, kind call.Kind) error {
	a := &c.args[i]
	switch a.kind {
	case C.A_OBJ:
		if kind == call.KindType {
			_, t := typeOf(a.o)
			hc.SetAny(i, t)
		} else {
			hc.SetObject(i, objectOf(a.o))
		}
	case C.A_INT, C.A_UINT, C.A_BOOL:
		hc.SetUint(i, uint64(a.i))
	case C.A_STR, C.A_BYTES:
		hc.SetText(i, unsafe.String((*byte)(unsafe.Pointer(a.s)), int(a.n)))
	case C.A_PY:
		if kind == call.KindProgram || kind == call.KindScope {
			hc.SetProgram(i, programOf(a.o).prog)
			return nil
		}
		v, err := decodePy(a.o)
		if err != nil {
			return err
		}
		switch x := v.(type) {
		case *big.Int:
			if !x.IsUint64() {
				return &pyErr{excOverflowError, "integer is too large"}
			}
			v = x.Uint64()
		case typeRef:
			v = x.typ
		case instance:
			v = x.value
		}
		hc.SetAny(i, v)
	}
	return nil
}

// giveResult returns what a helper returned.
func giveResult(c Call, v call.Value) error {
	switch v.Tag() {
	case call.TagStr:
		return c.String(v.Text())
	case call.TagBytes:
		setBytes(c.res, unsafe.Slice(unsafe.StringData(v.Text()), len(v.Text())))
		return nil
	}
	if v.Tag() == call.TagLines {
		return printLines(c, v.Iter())
	}
	if v.Tag() == call.TagIter {
		return c.pyObject(newIterator(helperIterator(v.Iter()), c.keep()))
	}
	return helperItem(v, &c.res.i)
}

// printLines prints the lines of an iterator as Python's print does: through sys.stdout, so that they are in order with what
// else the script prints, and go to a file that a script puts there. What was found before an error is printed.
func printLines(c Call, it call.Iter) error {
	o := C.sh_module_attr(cdata("builtins\x00"), cdata("print\x00"))
	if o == nil {
		return raisedError{}
	}
	defer C.sh_decref(o)
	defer it.Close()
	walk := &helperWalk{it: it}
	for {
		line, more, err := walk.next()
		if err != nil {
			return err
		}
		if !more {
			return c.None()
		}
		none, err := callPy(o, line.Text())
		if err != nil {
			return err
		}
		C.sh_decref(none)
		if C.sh_check_signals() != 0 {
			return raisedByHandler()
		}
	}
}

// helperItem fills an item with what a helper returned or walked over.
func helperItem(v call.Value, i *C.item) (err error) {
	switch v.Tag() {
	case call.TagNone:
		i.tag = C.R_NONE
	case call.TagUint:
		i.tag, i.a = C.R_UINT, C.uint64_t(v.Uint())
	case call.TagInt:
		i.tag, i.a = C.R_INT, C.uint64_t(v.Uint())
	case call.TagBool:
		i.tag, i.a = C.R_BOOL, C.uint64_t(v.Uint())
	case call.TagFloat:
		i.tag, i.a = C.R_FLOAT, C.uint64_t(math.Float64bits(v.Float()))
	case call.TagObject:
		*i, err = objectItem(v.Object())
	case call.TagIter:
		o := newIterator(helperIterator(v.Iter()), nil)
		if o == nil {
			return raisedError{}
		}
		i.tag, i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	case call.TagError:
		return v.Err()
	default:
		x, err := helperValue(v)
		if err != nil {
			return err
		}
		o, err := buildPy(x)
		if err != nil {
			return err
		}
		i.tag, i.a = C.R_PY, C.uint64_t(uintptr(unsafe.Pointer(o)))
	}
	return err
}

// helperValue returns a compound value as buildPy takes it.
func helperValue(v call.Value) (any, error) {
	all := func() ([]any, error) {
		out := make([]any, len(v.Elems()))
		for i, e := range v.Elems() {
			x, err := helperValue(e)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	}
	switch v.Tag() {
	case call.TagNone:
		return nil, nil
	case call.TagUint:
		return v.Uint(), nil
	case call.TagInt:
		return v.Int(), nil
	case call.TagBool:
		return v.Bool(), nil
	case call.TagFloat:
		return v.Float(), nil
	case call.TagStr:
		return v.Text(), nil
	case call.TagBytes:
		return []byte(v.Text()), nil
	case call.TagObject:
		return v.Object(), nil
	case call.TagList:
		l, err := all()
		return list(l), err
	case call.TagTuple:
		l, err := all()
		return tuple(l), err
	case call.TagDict, call.TagReadOnly:
		l, err := all()
		if err != nil {
			return nil, err
		}
		d := make(dict, len(l)/2)
		for i := range d {
			d[i] = pair{l[2*i], l[2*i+1]}
		}
		if v.Tag() == call.TagDict {
			return d, nil
		}
		proxy := C.sh_module_attr(cdata("types\x00"), cdata("MappingProxyType\x00"))
		if proxy == nil {
			return nil, raisedError{}
		}
		return callValue{proxy, tuple{d}}, nil
	case call.TagRecord:
		l, err := all()
		if err != nil {
			return nil, err
		}
		class, err := recordClass(v.Struct())
		if err != nil {
			return nil, err
		}
		C.sh_incref(class)
		return callValue{class, tuple(l)}, nil
	case call.TagOther:
		return otherValue(v.Other())
	}
	return nil, fmt.Errorf("helper returned a value of kind %d", v.Tag())
}

// recordClasses are the named tuples that helpers return. Under the GIL.
var recordClasses = map[*call.Struct]*C.PyObject{}

func recordClass(s *call.Struct) (*C.PyObject, error) {
	if o := recordClasses[s]; o != nil {
		return o, nil
	}
	module, name := C.CString(s.Module), C.CString(s.Name)
	defer C.free(unsafe.Pointer(module))
	defer C.free(unsafe.Pointer(name))
	o := C.sh_module_attr(module, name)
	if o == nil {
		return nil, raisedError{}
	}
	recordClasses[s] = o
	return o, nil
}

// otherValue returns a value that has a class of its own.
func otherValue(v any) (any, error) {
	switch v := v.(type) {
	case *drgn.Program:
		return v, nil
	case drgn.Symbol:
		return instance{class: classSymbol, value: v}, nil
	case *drgn.SymbolIndex:
		return instance{class: classSymbolIndex, value: v}, nil
	case *drgn.Thread:
		p := v.Prog
		if p == nil {
			p = v.Object.Prog()
		}
		return instance{classThread, p, v}, nil
	case *drgn.StackTrace:
		return traceInstance(v), nil
	case drgn.StackFrame:
		return frameInstance(v), nil
	case *drgn.Module:
		return moduleInstance(v), nil
	case *types.Type:
		for p := range programs {
			if p.Types() == v.Set() {
				return typeRef{p, v}, nil
			}
		}
	case *big.Int, instance, tuple, list, dict, enumValue, typeRef:
		return v, nil
	}
	return nil, fmt.Errorf("helper returned a %T, which has no form in Python", v)
}

// helperIterator makes a helper's walk an iterator.
func helperIterator(it call.Iter) *iterator {
	w := &helperWalk{it: it}
	next := func(i *C.item) (bool, error) {
		v, ok, err := w.next()
		if err != nil || !ok {
			return false, helperError(err)
		}
		return true, helperItem(v, i)
	}
	return &iterator{next: next, ready: w.ready, close: it.Close}
}

// A helperWalk gives the values of a helper's walk one by one. They are found in batches, with the GIL released.
type helperWalk struct {
	it   call.Iter
	buf  []call.Value // a few: most walks are short
	have []call.Value // of buf, not yet given
	last error        // what comes after them, if it is known
}

// ready reports whether next need not look for a value.
func (w *helperWalk) ready() bool { return len(w.have) > 0 || w.last != nil }

// next returns the next value, false at the end.
func (w *helperWalk) next() (call.Value, bool, error) {
	for len(w.have) == 0 {
		if w.last != nil {
			if errors.Is(w.last, io.EOF) {
				return call.None, false, nil
			}
			return call.None, false, w.last
		}
		if w.buf == nil {
			w.buf = make([]call.Value, 8)
		}
		st := C.sh_save()
		n, err := w.it.Fill(w.buf)
		C.sh_restore(st)
		if w.have = w.buf[:n]; n == len(w.buf) && n < 64 {
			w.buf = make([]call.Value, 64)
		}
		if errors.Is(err, call.ErrNotReady) {
			if C.sh_check_signals() != 0 {
				w.last = io.EOF
				w.it.Close()
				return call.None, false, raisedByHandler()
			}
			continue
		}
		w.last = err
	}
	v := w.have[0]
	w.have[0] = call.Value{}
	w.have = w.have[1:]
	return v, true, nil
}
