package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"weak"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/names"
	"github.com/godrgn/drgn/types"
)

// maxCompletions is how many names are offered for the beginning of one.
const maxCompletions = 1000

// What is said of names that are not known, and of beginnings of names.
func init() {
	register("_drgn",
		Func{Sig: "_near(text: str, prog: prog? = None)", Doc: "Return the names that may have been meant when an exception of this text was raised last: of the program that was asked, or else of this one.", Do: func(c Call) error {
			var p *drgn.Program
			if c.Has(1) {
				p = c.Prog(1)
			}
			if in := missed.in.Value(); in != nil {
				p = in
			}
			if missed.text != c.Str(0) {
				return c.Value(list{})
			}
			if missed.locals != nil {
				if found := names.Among(missed.name, missed.locals); len(found) > 0 {
					return c.Value(texts(found))
				}
			}
			err := missed.again()
			if err == nil {
				return c.Value(list{})
			}
			var found []string
			if err := c.Long(func(context.Context) error {
				found = names.Near(p, err)
				return nil
			}); err != nil {
				return err
			}
			return c.Value(texts(found))
		}},
		Func{Sig: "_among(name: str, names: any)", Doc: "Return which of some names may have been meant by another.", Do: func(c Call) error {
			v, err := c.Any(1)
			if err != nil {
				return err
			}
			given, ok := v.(list)
			if !ok {
				return typeError("names must be a list")
			}
			var all []string
			for _, n := range given {
				if name, ok := n.(string); ok {
					all = append(all, name)
				}
			}
			return c.Value(texts(names.Among(c.Str(0), all)))
		}},
		Func{Sig: "_beginning(prog: prog, what: str, text: str)", Doc: "Return the names of types, objects or symbols that begin with a text.", Do: func(c Call) error {
			p, what, text := c.Prog(0), c.Str(1), c.Str(2)
			var found []string
			if err := c.Long(func(context.Context) error {
				switch what {
				case "type":
					found = names.Types(p, text, maxCompletions)
				case "symbol":
					found = names.Symbols(p, text, maxCompletions)
				case "variable":
					found = names.Objects(p, drgn.FindVariable, text, maxCompletions)
				case "function":
					found = names.Objects(p, drgn.FindFunction, text, maxCompletions)
				case "constant":
					found = names.Objects(p, drgn.FindConstant, text, maxCompletions)
				default:
					found = names.Objects(p, drgn.FindAny, text, maxCompletions)
				}
				return nil
			}); err != nil {
				return err
			}
			return c.Value(texts(found))
		}})
}

func texts(all []string) list {
	l := list{}
	for _, s := range all {
		l = append(l, s)
	}
	return l
}

// A miss is a name that was not known. It keeps no program open: of a type it knows only where it was.
type miss struct {
	text   string                     // of the exception
	err    error                      // nil: of members
	in     weak.Pointer[drgn.Program] // nil: not known
	name   string
	of     weak.Pointer[types.Type] // whose member it was to be
	locals []string                 // of the frame in which it was looked for
}

// missed is the last miss. Under the GIL.
var missed miss

// lookedIn is the program of the call that is failing, or nil. Under the GIL.
var lookedIn *drgn.Program

// again returns the error of a miss; nil if what it was about is there no more.
func (m *miss) again() error {
	if m.err != nil {
		return m.err
	}
	if t := m.of.Value(); t != nil {
		return &types.MemberError{Type: t, Name: m.name}
	}
	return nil
}

// A localError says that a frame has no object of a name.
type localError struct {
	error
	locals []string
}

func (e *localError) Unwrap() error { return e.error }

// remember keeps an error that says that a name is not known, for _near.
func remember(err error, text string) {
	var (
		object *failure.ObjectNotFoundError
		typ    *failure.TypeNotFoundError
		symbol *failure.SymbolNotFoundError
		mod    *failure.ModuleNotFoundError
		member *types.MemberError
		local  *localError
	)
	switch {
	case errors.As(err, &member):
		missed = miss{text: text, name: member.Name, of: weak.Make(member.Type)}
	case errors.As(err, &object):
		missed = miss{text: text, err: object, name: object.Name}
		if errors.As(err, &local) {
			missed.locals = local.locals
		}
	case errors.As(err, &typ):
		missed = miss{text: text, err: typ}
	case errors.As(err, &symbol):
		missed = miss{text: text, err: symbol}
	case errors.As(err, &mod):
		missed = miss{text: text, err: mod}
	default:
		return
	}
	missed.in = weak.Make(lookedIn)
}
