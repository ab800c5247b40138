package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"io"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
)

// What drgn.helpers.common.memory and stack are made of; the rest of them is Python.
func init() {
	register("drgn.helpers.common.memory",
		Func{
			Sig: "identify_address(prog: prog = ~, addr: bits, *, cache: any? = None)",
			Doc: "Return the most telling of what lies at an address as a string, or None if nothing is known of it.\n\nSee identify_address_all().",
			Do: func(c Call) error {
				for what, err := range c.Prog(0).Identify(c.Uint(1)) {
					if err != nil {
						return err
					}
					return c.String(what.String())
				}
				return c.None()
			},
		},
		Func{Sig: "_identify(prog: prog, addr: index)", Doc: "Walk what lies at an address as (kind, name, object or None).", Do: func(c Call) error {
			return Values(c, c.Prog(0).Identify(c.Uint(1)), func(what drgn.Identity) any {
				if what.Object.Err() != nil { // nothing describes it
					return tuple{what.Kind, what.Name, nil}
				}
				return tuple{what.Kind, what.Name, what.Object}
			})
		}},
		Func{Sig: "_annotated(prog: prog, address: index, size: index, physical: bool)", Doc: "Return memory word by word, with what is known of each.", Do: func(c Call) error {
			p, address, size, physical := c.Prog(0), c.Uint(1), c.Uint(2), c.Bool(3)
			return written(c, func(w io.Writer) error { return annotate.Memory(w, p, address, size, physical) })
		}},
	)
	register("drgn.helpers.common.stack",
		Func{Sig: "_annotated(prog: prog, frames: any)", Doc: "Return the memory of a list of frames word by word, with what is known of each.", Do: func(c Call) error {
			v, err := c.Any(1)
			if err != nil {
				return err
			}
			all, _ := v.(list)
			frames := make([]drgn.StackFrame, len(all))
			for n, v := range all {
				i, _ := v.(instance)
				f, ok := i.value.(drgn.StackFrame)
				if !ok {
					return typeError("a frame of a stack must be StackFrame")
				}
				frames[n] = f
			}
			p := c.Prog(0)
			return written(c, func(w io.Writer) error { return annotate.Frames(w, p, frames) })
		}},
	)
}

// written returns what a function that may take long writes.
func written(c Call, f func(w io.Writer) error) error {
	var b strings.Builder
	if err := c.Long(func(context.Context) error { return f(&b) }); err != nil {
		return err
	}
	return c.String(b.String())
}
