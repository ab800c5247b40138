package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/explain"
	"github.com/godrgn/drgn/licences"
)

// An Opener opens the program that the command line names. It tells warn what is missing but does not stop it. With an
// *attach.NoTargetError, code and scripts run without one. The program is closed when no script refers to it any more.
type Opener func(ctx context.Context, warn func(error)) (*drgn.Program, error)

// noTarget is why code or a script runs without a program, or nil.
var noTarget *attach.NoTargetError

// VersionHeader returns what the banner starts with. commit is what the program was built from, or "".
func VersionHeader(version, commit string) string {
	if commit != "" {
		commit = "commit " + commit + ", "
	}
	return fmt.Sprintf("godrgn %s (%susing Go %s, Python %s)", version, commit, strings.TrimPrefix(runtime.Version(), "go"), pythonVersion())
}

func init() {
	register("_drgn",
		Func{Sig: "_options()", Do: func(c Call) error {
			o := options
			return c.Value(tuple{int(o.Mode), texts(o.Code), o.Args, o.Quiet, o.LogLevel, !o.NoPager})
		}},
		Func{Sig: "_open()", Do: func(c Call) error {
			if options.Open == nil {
				return c.Value(tuple{nil, list{}})
			}
			if err := syncLog(); err != nil {
				return err
			}
			o := toOpen
			if o == nil {
				o = beginToOpen()
			}
			toOpen = nil
			err, raised := o.attend(abandonAfter)
			if raised {
				return raisedError{}
			}
			if errors.As(err, &noTarget) && options.Mode != Interactive {
				err = nil
			}
			known := toldOf
			toldOf = nil
			if err != nil {
				decref(known)
				return err
			}
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.prog == nil {
				return c.Value(tuple{nil, o.warnings})
			}
			if known == nil {
				known = newProgram(o.prog)
			}
			return c.Value(tuple{owned{known}, o.warnings})
		}},
		Func{Sig: "_no_target()", Doc: "Return why there is no program to begin with, or None.", Do: func(c Call) error {
			if noTarget == nil {
				return c.None()
			}
			return c.String(noTarget.Error())
		}},
		Func{Sig: "_version_header()", Do: func(c Call) error {
			return c.String(VersionHeader(options.Version, options.Commit))
		}},
		Func{Sig: "_explain_symbols(prog: prog = ~)", Do: func(c Call) error {
			p, text := c.Prog(0), ""
			if err := c.Long(func(context.Context) error {
				text = explain.Program(p).String()
				return nil
			}); err != nil {
				return err
			}
			return c.String(text)
		}},
		Func{Sig: "_open_core(path: path)", Do: func(c Call) error {
			path := c.Str(0)
			var p *drgn.Program
			if err := c.Long(func(context.Context) (err error) {
				p, err = attach.Core(path)
				return err
			}); err != nil {
				return err
			}
			return newTargeted(c, p)
		}},
		Func{Sig: "_licences()", Do: func(c Call) error {
			text, err := licences.All()
			if err != nil {
				return err
			}
			return c.String(text)
		}},
		Func{Sig: "_ready(source_location: any)", Do: func(c Call) error {
			C.sh_incref(c.py(0))
			sourceLocation = c.py(0)
			return c.None()
		}},
	)
}

// An openingProgram is the program of the command line while it is being opened.
type openingProgram struct {
	*worker
	prog     *drgn.Program
	mu       sync.Mutex
	warnings list
}

// toOpen is that program if it was begun with before the interpreter, which takes as long to start as most dumps to open.
var toOpen *openingProgram

func beginToOpen() *openingProgram {
	o := &openingProgram{warnings: list{}}
	o.worker = begin(func(ctx context.Context) (err error) {
		o.prog, err = options.Open(ctx, func(w error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.warnings = append(o.warnings, wording(w))
		})
		return err
	})
	return o
}

// sourceLocation is the class drgn.SourceLocation.
var sourceLocation *C.PyObject
