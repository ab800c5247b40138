package python

/*
#include "bind.h"
*/
import "C"

import (
	"os"

	"github.com/godrgn/drgn"
)

// toldOf is the instance of the program of the command line, if plugins have been told of it while it was being opened. Under the GIL.
var toldOf *C.PyObject

// TellPlugins tells plugins of the program of the command line, which has its target but no debugging information yet. An
// [Opener] calls it on its own goroutine, and waits for the interpreter if there may be plugins.
func TellPlugins(p *drgn.Program) (err error) {
	if !mayHavePlugins() {
		return nil
	}
	withGIL(func() {
		toldOf = newProgram(p)
		err = tellPlugins(p)
	})
	return err
}

// mayHavePlugins reports whether the environment names plugins, or where packages that have some may lie. Nothing else does before
// the command line's code is run.
func mayHavePlugins() bool {
	for _, name := range []string{"DRGN_PLUGINS", "PYTHONPATH", "VIRTUAL_ENV"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// targeted ends a method of a program that has been given what it debugs: plugins are told.
func targeted(c Call, err error) error {
	if err == nil {
		err = tellPlugins(c.selfProg())
	}
	return done(c, err)
}

// newTargeted returns a new program that debugs something.
func newTargeted(c Call, p *drgn.Program) error {
	o := newProgram(p)
	if o == nil {
		return raisedError{}
	}
	if err := tellPlugins(p); err != nil {
		C.sh_decref(o)
		return err
	}
	return c.pyObject(o)
}

// tellPlugins tells plugins of a program that has been given what it debugs: see lib/drgn/_plugins.py.
func tellPlugins(p *drgn.Program) error {
	f, err := drgnAttr("_target_set")
	if err != nil {
		return err
	}
	defer C.sh_decref(f)
	o, err := callPy(f, p)
	if err == nil {
		C.sh_decref(o)
	}
	return err
}
