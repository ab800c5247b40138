package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/crash"
	"github.com/godrgn/drgn/mem"
)

func init() {
	register("_drgn",
		Func{Sig: "_crash_commands()", Doc: "The commands of package linux/crash.", Do: func(c Call) error {
			var all list
			for _, command := range crash.Commands() {
				all = append(all, tuple{command.Name, command.Description, command.Quoted, command.Raw})
			}
			return c.Value(all)
		}},
		Func{Sig: "_crash_usage(name: str)", Do: func(c Call) error {
			command, err := crashCommand(c)
			if err != nil {
				return err
			}
			return c.String(command.Synopsis())
		}},
		Func{Sig: "_crash_help(name: str)", Do: func(c Call) error {
			command, err := crashCommand(c)
			if err != nil {
				return err
			}
			return c.String(command.Help())
		}},
		Func{Sig: "_crash_flags(name: str)", Doc: "Return the names of a command's options.", Do: func(c Call) error {
			command, err := crashCommand(c)
			if err != nil {
				return err
			}
			all := list{}
			for _, a := range command.Arguments {
				all = append(all, texts(a.Names)...)
			}
			return c.Value(all)
		}},
		Func{Sig: "_crash_eval_length(line: str)", Do: func(c Call) error {
			n, err := crash.EvalLength(c.Str(0))
			if err != nil {
				n = -1
			}
			return c.Value(n)
		}},
		Func{Sig: "_crash_pager(prog: prog)", Do: func(c Call) error { return c.String(crash.Of(c.Prog(0)).Pager()) }},
		Func{Sig: "_crash_run(prog: prog, name: str, args: any, out: any, err: any, columns: int)", Do: crashRun})
}

func crashCommand(c Call) (*crash.Command, error) {
	command, ok := crash.Lookup(c.Str(0))
	if !ok {
		return nil, &crash.NotFoundError{Name: c.Str(0)}
	}
	return command, nil
}

// A pyWriter gives what is written to a function of Python's.
type pyWriter struct {
	ctx   context.Context
	write func(text string) error
}

func (w pyWriter) Write(b []byte) (n int, err error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	withGIL(func() { err = w.write(string(b)) })
	return len(b), err
}

// crashRun runs a command. It returns usage and message of wrong arguments, or None, None and what the command stands for.
func crashRun(c Call) error {
	v, err := c.Any(2)
	if err != nil {
		return err
	}
	var args []string
	given, _ := v.(list)
	for _, a := range given {
		s, _ := a.(string)
		args = append(args, s)
	}
	p, name := c.Prog(0), c.Str(1)
	to := func(i int) func(string) error {
		f := c.py(i)
		return func(text string) error {
			o, err := callPy(f, text)
			if err == nil {
				C.sh_decref(o)
			}
			return err
		}
	}
	out, warnings, columns := to(3), to(4), int(c.Int(5))
	var result drgn.Object
	has := false
	run := c.Long
	if name == "mod" { // it changes the program
		run = c.Whole
	}
	err = run(func(ctx context.Context) (err error) {
		session := crash.Of(p)
		session.MissingInOutput()
		session.SetColumns(columns)
		result, has, err = session.Run(ctx, name, args, pyWriter{ctx, out}, pyWriter{ctx, warnings})
		return err
	})
	var wrong *crash.ArgumentError
	switch {
	case errors.As(err, &wrong):
		return c.Value(tuple{wrong.Usage, wrong.Error(), nil}) // without usage it is ""
	case err != nil && exceptionOf(err) == excException && fileException(err) == excException && !of[raisedError](err) && !of[*pyError](err) && !of[*mem.FaultError](err):
		return c.Value(tuple{nil, err.Error(), nil}) // a CommandError
	case err != nil:
		return err
	case has:
		return c.Value(tuple{nil, nil, result})
	}
	return c.Value(tuple{nil, nil, nil})
}
