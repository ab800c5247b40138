//go:build extension

package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"strings"
	"time"

	"github.com/godrgn/drgn/internal/cache"
)

// This file is the package as an extension module (go build -tags extension -buildmode=c-shared): a Python that runs imports
// _drgn, and has package drgn as files beside it.

// CommandLine runs drgn's command line without the program's name, up to the call of [Main], and returns the exit code. Package
// main sets it.
var CommandLine func(args []string) int

// Executable is the interpreter's program, once [CommandLine] is called.
var Executable string

// called says that [Main] was called.
var called bool

// Main leaves what o says to the interpreter that has called [CommandLine].
func Main(o Options) int {
	setOptions(o)
	called = true
	return 0
}

// lastWrites is how long the interpreter waits at its end for files that are cached.
const lastWrites = time.Second

func init() {
	register("_drgn",
		Func{Sig: "_command_line(args: any, executable: str)", Doc: "Look at the arguments of the command line, given to an executable with -m drgn; return the exit code, or None if _drgn_main.main() is to go on.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			all, ok := v.(list)
			if !ok {
				return typeError("arguments must be a list of str")
			}
			var args []string
			for _, a := range all {
				s, ok := a.(string)
				if !ok {
					return typeError("arguments must be a list of str")
				}
				args = append(args, s)
			}
			Executable = c.Str(1)
			code := CommandLine(args)
			if called {
				return c.None()
			}
			return c.Number(int64(code))
		}},
		Func{Sig: "_finish()", Doc: "Wait a moment for files that are cached.", Do: func(c Call) error {
			return done(c, c.Long(func(context.Context) error {
				cache.Finish(lastWrites)
				return nil
			}))
		}})
}

// pythonVersion is that of the interpreter.
func pythonVersion() string {
	version, _, _ := strings.Cut(C.GoString(C.python_version()), " ")
	return version
}

// packed returns nothing: the interpreter compiles, and caches, the files.
func packed() (map[string]string, error) { return nil, nil }

//export goAddSources
func goAddSources() C.int {
	close(started)
	return failedC(addSources())
}

//export goBoot
func goBoot() C.int { return failedC(boot()) }

func failedC(err error) C.int {
	if err != nil {
		return -1
	}
	return 0
}
