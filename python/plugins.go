package python

/*
#include "bind.h"
*/
import "C"

import "github.com/godrgn/drgn"

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
