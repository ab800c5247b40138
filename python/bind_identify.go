package python

/*
#include "bind.h"
*/
import "C"

import (
	"strings"

	"github.com/godrgn/drgn"
)

func init() {
	register("drgn.helpers.common.memory",
		Func{Sig: "identify_address(prog: prog = ~, addr: index, *, cache: any? = None)", Doc: "Say what an address stands for, or return None.", Do: func(c Call) error {
			for id, err := range c.Prog(0).Identify(c.Uint(1)) {
				if err != nil {
					return err
				}
				return c.String(id.String())
			}
			return c.None()
		}},
		Func{Sig: "identify_address_all(prog: prog = ~, addr: index, *, cache: any? = None)", Doc: "Return an iterator over all that an address stands for.", Do: func(c Call) error {
			return Values(c, c.Prog(0).Identify(c.Uint(1)), func(id drgn.Identity) any { return id.String() })
		}},
	)
	register("drgn.helpers.common.stack",
		Func{Sig: "_annotated(trace: any)", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			in, _ := v.(instance)
			trace, ok := in.value.(*drgn.StackTrace)
			if !ok {
				return typeError("print_annotated_stack() argument 'trace' must be StackTrace")
			}
			var b strings.Builder
			if err := trace.Annotate(&b); err != nil {
				return err
			}
			return c.String(b.String())
		}},
	)
}
