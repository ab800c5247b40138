package python

/*
#include "bind.h"
*/
import "C"

// htmlMethod shows an instance as a tree that folds.
var htmlMethod = Func{Sig: "_repr_html_()", Doc: "Return this as HTML for notebooks: a tree that folds; None if it is shown as text.", Do: func(c Call) error {
	f, err := drgnAttr("_html")
	if err != nil {
		return err
	}
	defer C.sh_decref(f)
	o, err := callPy(f, borrowed{c.self})
	if err != nil {
		return err
	}
	return c.pyObject(o)
}}

// prettyMethod shows an instance as str() does in IPython and notebooks.
var prettyMethod = Func{Sig: "_repr_pretty_(p: any, cycle: any)", Doc: "Show this as str() does in IPython and notebooks.", Do: func(c Call) error {
	f, err := drgnAttr("_pretty")
	if err != nil {
		return err
	}
	defer C.sh_decref(f)
	o, err := callPy(f, borrowed{c.self}, borrowed{c.py(0)}, borrowed{c.py(1)})
	if err != nil {
		return err
	}
	return c.pyObject(o)
}}
