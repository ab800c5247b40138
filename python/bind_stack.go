package python

/*
#include "bind.h"
*/
import "C"

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
)

func traceInstance(t *drgn.StackTrace) instance { return instance{classStackTrace, t.Prog(), t} }

func frameInstance(f drgn.StackFrame) instance { return instance{classStackFrame, f.Trace().Prog(), f} }

// giveText returns a text, or raises what went wrong on the way.
func giveText(c Call) func(text string, err error) error {
	return func(text string, err error) error {
		if err != nil {
			return err
		}
		return c.String(text)
	}
}

func stackTraceClass() *class {
	trace := func(c Call) *drgn.StackTrace { return handleOf[*drgn.StackTrace](c.self) }
	return &class{
		id: classStackTrace, name: "StackTrace", doc: "The stack of a thread: a sequence of frames, the innermost first.",
		props:   []property{{name: "prog", doc: "Program the trace is of.", get: func(c Call) error { return c.Value(trace(c).Prog()) }}},
		methods: []Func{prettyMethod, htmlMethod},
		slots: slots{
			str:    func(c Call) error { return giveText(c)(trace(c).Text()) },
			repr:   func(c Call) error { return c.String(fmt.Sprintf("<drgn.StackTrace of %d frames>", trace(c).Len())) },
			length: func(c Call) error { return c.Number(int64(trace(c).Len())) },
			getitem: func(c Call, x *C.PyObject) error {
				i, err := index(x, trace(c).Len(), "stack frame")
				if err != nil {
					return err
				}
				return c.Instance(frameInstance(trace(c).Frame(i)))
			},
			iter: func(c Call) error {
				t, i := trace(c), 0
				return c.iterate(func(it *C.item) (bool, error) {
					if i == t.Len() {
						return false, nil
					}
					*it = frameInstance(t.Frame(i)).item()
					i++
					return true, nil
				})
			},
		},
	}
}

func stackFrameClass() *class {
	frame := func(c Call) drgn.StackFrame { return handleOf[drgn.StackFrame](c.self) }
	return &class{
		id: classStackFrame, name: "StackFrame", doc: "A frame of a stack trace; frame['name'] is a parameter, a local or a global variable.",
		methods: []Func{
			prettyMethod, htmlMethod,
			{Sig: "locals()", Doc: "Return the names of the parameters and variables in the frame's scope.", Do: func(c Call) error {
				names, err := frame(c).Locals()
				if err != nil {
					return err
				}
				return c.Value(names)
			}},
			{Sig: "source()", Doc: "Return where in the source code the frame is.", Do: func(c Call) error {
				s, err := frame(c).Source()
				if err != nil {
					return noSource("source code location not available", err)
				}
				return c.Value(sourceValue(s, sourceName(frame(c))))
			}},
			{Sig: "symbol()", Doc: "Return the symbol that the frame's code lies in.", Do: func(c Call) error {
				s, err := frame(c).Symbol()
				if err != nil {
					return err
				}
				return c.Instance(instance{class: classSymbol, value: s})
			}},
			{Sig: "register(reg: str)", Doc: "Return the value that a register had in the frame.", Do: func(c Call) error {
				v, err := frame(c).Register(c.Str(0))
				if err != nil {
					return err
				}
				return c.Unsigned(v)
			}},
			{Sig: "registers()", Doc: "Return the values of all registers that are known in the frame, by each of their names.", Do: func(c Call) error {
				var d dict
				for _, r := range frame(c).Registers() {
					for _, name := range r.Names {
						d = append(d, pair{name, r.Value})
					}
				}
				return c.Value(d)
			}},
		},
		props: []property{
			{name: "name", doc: "Name of the function, else of the symbol, else the address.", get: func(c Call) error {
				f := frame(c)
				if name, ok := f.FunctionName(); ok {
					return c.String(name)
				}
				s, err := f.Symbol()
				if drgn.IsNotFound(err) {
					return c.String(fmt.Sprintf("%#x", f.PC()))
				}
				return giveText(c)(s.Name, err)
			}},
			{name: "function_name", doc: "Name of the function in the debugging information, or None.", get: func(c Call) error {
				name, _ := frame(c).FunctionName()
				return c.StringOrNone(name)
			}},
			{name: "is_inline", doc: "Whether the function was inlined into that of the next frame.", get: func(c Call) error { return c.Truth(frame(c).IsInline()) }},
			{name: "is_tail_call", doc: "Whether the function ended with a jump to that of the frame before, so that nothing is left of it on the stack; what the compiler tells of calls shows that it was there.", get: func(c Call) error { return c.Truth(frame(c).IsTailCall()) }},
			{name: "interrupted", doc: "Whether the frame did not call the one before it but was stopped.", get: func(c Call) error { return c.Truth(frame(c).Interrupted()) }},
			{name: "pc", doc: "Program counter.", get: func(c Call) error { return c.Unsigned(frame(c).PC()) }},
			{name: "sp", doc: "Stack pointer.", get: func(c Call) error {
				if v, ok := frame(c).SP(); ok {
					return c.Unsigned(v)
				}
				return &pyErr{excLookupError, "stack pointer is not known"}
			}},
		},
		slots: slots{
			str:  func(c Call) error { return giveText(c)(frame(c).Text()) },
			repr: func(c Call) error { return c.String("<drgn.StackFrame " + frame(c).String() + ">") },
			getitem: func(c Call, x *C.PyObject) error {
				name, ok, err := nameArg(x)
				if err != nil {
					return err
				}
				if !ok {
					C.sh_raise_key(x)
					return raisedError{}
				}
				o := frame(c).Object(name)
				if err := o.Err(); drgn.IsNotFound(err) {
					locals, unread := frame(c).Locals()
					if unread != nil {
						return err
					}
					return &localError{err, locals}
				}
				return c.Object(o)
			},
			contains: func(c Call, x *C.PyObject) error {
				name, ok, err := nameArg(x)
				if err != nil {
					return err
				}
				if !ok {
					return c.Truth(false)
				}
				ok, err = frame(c).HasLocal(name)
				if err != nil {
					return err
				}
				if ok {
					return c.Number(1)
				}
				return c.Number(0)
			},
		},
	}
}

// sourceLocations is source_location(): an address, or "symbol" or "symbol+offset".
func sourceLocations(c Call) error {
	p := c.selfProg()
	addr := c.Uint(0)
	if c.IsStr(0) {
		var err error
		if addr, err = codeAddress(p, c.Str(0)); err != nil {
			return err
		}
	}
	if !p.Platform().Known() {
		return noSource(fmt.Sprintf("source code location not found for %#x", addr), nil)
	}
	t, err := p.CodeAt(addr)
	if err != nil {
		return err
	}
	l := sourceList{prog: p}
	var unread error
	for i := range t.Len() {
		s, err := t.Frame(i).Source()
		if err != nil {
			if unread == nil || drgn.IsNotFound(unread) {
				unread = err
			}
			continue
		}
		l.places, l.names = append(l.places, s), append(l.names, sourceName(t.Frame(i)))
	}
	if len(l.places) == 0 || unread != nil && !drgn.IsNotFound(unread) {
		return noSource(fmt.Sprintf("source code location not found for %#x", addr), unread)
	}
	return c.Instance(instance{classSourceLocationList, p, l})
}

// noSource words why there is no source position. Scripts catch a LookupError where debugging information does not say it,
// or says it in malformed bytes; that a file can't be read is the error itself.
func noSource(text string, err error) error {
	var malformed *drgn.DecodeError
	switch {
	case errors.As(err, &malformed):
		return &pyErr{excLookupError, text + ": " + malformed.Error()}
	case err == nil || drgn.IsNotFound(err):
		return &pyErr{excLookupError, text}
	}
	return err
}

// A sourceList is what Program.source_location returns.
type sourceList struct {
	prog   *drgn.Program
	places []drgn.SourceLocation
	names  []string
}

func (s sourceList) at(i int) any { return sourceValue(s.places[i], s.names[i]) }

// sourceName returns the name that goes with a frame's place in source code: its function's, or its symbol's if it is assembly.
func sourceName(f drgn.StackFrame) string {
	name, ok := f.FunctionName()
	if !ok && !f.IsInline() {
		if s, err := f.Symbol(); err == nil {
			name = s.Name
		}
	}
	return name
}

// sourceValue makes a drgn.SourceLocation.
func sourceValue(s drgn.SourceLocation, name string) any {
	C.sh_incref(sourceLocation)
	var given any
	if name != "" {
		given = name
	}
	return callValue{sourceLocation, tuple{s.Filename, s.Line, s.Column, given}}
}

func sourceListClass() *class {
	sources := func(c Call) sourceList { return handleOf[sourceList](c.self) }
	return &class{
		id: classSourceLocationList, name: "SourceLocationList", doc: "The places in source code of an address, the innermost inlined function first.",
		props:   []property{{name: "prog", doc: "Program.", get: func(c Call) error { return c.Value(sources(c).prog) }}},
		methods: []Func{prettyMethod},
		slots: slots{
			length: func(c Call) error { return c.Number(int64(len(sources(c).places))) },
			getitem: func(c Call, x *C.PyObject) error {
				i, err := index(x, len(sources(c).places), "source location list")
				if err != nil {
					return err
				}
				return c.Value(sources(c).at(i))
			},
			repr: func(c Call) error {
				return c.String(fmt.Sprintf("<drgn.SourceLocationList of %d>", len(sources(c).places)))
			},
			str: func(c Call) error {
				text := ""
				s := sources(c)
				for i, p := range s.places {
					if i > 0 {
						text += "\n"
					}
					if len(s.places) > 1 {
						text += fmt.Sprintf("#%-2d ", i)
					}
					text += cmp.Or(s.names[i], "???") + " at " + p.String()
				}
				return c.String(text)
			},
		},
	}
}
