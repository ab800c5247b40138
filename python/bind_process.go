package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"math"
	"math/big"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
)

func init() {
	register("drgn", Func{Sig: "program_from_pid(pid: any)", Doc: "Open a running process, which takes the right to trace it. Its debugging information is that of the files " +
		"it has mapped, or is found by build IDs.", Do: func(c Call) error {
		pid, err := processID(c)
		if err != nil {
			return err
		}
		var p *drgn.Program
		if err := c.Long(func(context.Context) (err error) {
			p, err = attach.Process(pid)
			return err
		}); err != nil {
			return err
		}
		return newTargeted(c, p)
	}})
}

// processMethods make a program that of a core dump or of a running process.
func processMethods() []Func {
	return []Func{
		{Sig: "set_core_dump(path: file)", Doc: "Make this a core dump: its path, or an open file descriptor. It loads no debugging information.", Do: setCoreDump},
		{Sig: "set_pid(pid: any)", Doc: "Make this a running process, which takes the right to trace it. It loads no debugging information.", Do: func(c Call) error {
			p := c.selfProg()
			pid, err := processID(c)
			if err != nil {
				return err
			}
			return targeted(c, c.Whole(func(context.Context) error { return attach.SetProcess(p, pid) }))
		}},
		{Sig: "stopped()", Doc: "Return a context manager that keeps all threads of a running process from running, so that what is read of them fits " +
			"together: stack traces, the variables of their frames, structures that threads change. The threads go on when the block is left, or when this " +
			"program ends, however it ends. A thread that can't be stopped, such as one in an uninterruptible sleep, runs on: its stack trace says so. Blocks may " +
			"be nested. For a core it does nothing; for other programs it is a ValueError.", Do: func(c Call) error {
			p := c.selfProg()
			return c.Instance(instance{classProcessStop, p, &processStop{prog: p}})
		}},
	}
}

// A processStop is what stopped() returns.
type processStop struct {
	prog    *drgn.Program
	release []func() // of the blocks that have been entered
}

// letGo implements [holder]: the process does not stay stopped for blocks that are never left.
func (s *processStop) letGo() {
	for _, release := range s.release {
		release()
	}
	s.release = nil
}

func processStopClass() *class {
	return &class{
		id: classProcessStop, name: "ProcessStop", doc: "What Program.stopped() returns.",
		methods: []Func{
			{Sig: "__enter__()", Doc: "Stop the process.", Do: func(c Call) error {
				s := handleOf[*processStop](c.self)
				var release func()
				err := c.Whole(func(ctx context.Context) (err error) {
					release, err = s.prog.Stop(ctx)
					return err
				})
				if release != nil {
					s.release = append(s.release, release)
				}
				return done(c, err)
			}},
			{Sig: "__exit__(exc_type: any, exc: any, tb: any, /)", Doc: "Let the process go on.", Do: func(c Call) error {
				s := handleOf[*processStop](c.self)
				if n := len(s.release) - 1; n >= 0 {
					s.release[n]()
					s.release = s.release[:n]
				}
				return c.None()
			}},
		},
	}
}

// processID returns an argument that is the ID of a process.
func processID(c Call) (int, error) {
	n, ok, err := cInt(c, 0)
	if err == nil && !ok {
		err = typeError("'" + className(c.py(0)) + "' object cannot be interpreted as an integer")
	}
	return n, err
}

// cInt returns an argument that is an integer of C's type int; ok is false for anything else.
func cInt(c Call, i int) (n int, ok bool, err error) {
	v, err := c.Any(i)
	if err != nil {
		return 0, false, err
	}
	var n64 int64
	switch v := v.(type) {
	case bool:
		if v {
			n64 = 1
		}
	case int64:
		n64 = v
	case *big.Int:
		if n64 = math.MaxInt64; v.Sign() < 0 {
			n64 = math.MinInt64
		}
	case drgn.Object:
		if n64, err = v.Int(); err != nil {
			return 0, false, err
		}
	default:
		return 0, false, nil
	}
	if err := fitsInt(n64); err != nil {
		return 0, false, err
	}
	return int(n64), true, nil
}

// fitsInt says that a number is none of C's type int, of which file descriptors and process IDs are.
func fitsInt(n int64) error {
	switch {
	case n > math.MaxInt32:
		return &pyErr{excOverflowError, "signed integer is greater than maximum"}
	case n < math.MinInt32:
		return &pyErr{excOverflowError, "signed integer is less than minimum"}
	}
	return nil
}

// setCoreDump takes a path or an open file.
func setCoreDump(c Call) error {
	p := c.selfProg()
	if c.args[0].kind != C.A_BYTES {
		fd, _, err := cInt(c, 0)
		if err != nil {
			return err
		}
		if fd < 0 {
			return valueError("fd is negative")
		}
		return targeted(c, c.Long(func(ctx context.Context) error { return attach.SetCoreFile(p, fd, attach.Options{Context: ctx}) }))
	}
	path := c.Str(0)
	return targeted(c, c.Long(func(ctx context.Context) error { return attach.SetCore(p, path, attach.Options{Context: ctx}) }))
}
