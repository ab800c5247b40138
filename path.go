package drgn

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// fail returns a failed object that names o on the way; t is the type with which the path may go on, or nil.
func (o Object) fail(t *types.Type, err error) Object {
	f := Failed(o.readError(err))
	f.x.typ = t
	return f
}

// readError says of a fault which object could not be read. Other errors say enough by themselves.
func (o Object) readError(err error) error {
	var fault *mem.FaultError
	var path *PathError
	if !errors.As(err, &fault) || errors.As(err, &path) {
		return err
	}
	return &PathError{Path: o.describe(), Err: err}
}

// step carries a failure on: the path in the error grows by a member ("counter") or an element ("[2]").
func (o Object) step(name string) Object {
	pe, ok := o.x.errOf().(*PathError)
	if !ok || o.x.typ == nil {
		return o
	}
	t, path := c.ExtendPath(pe.Path, o.x.typ, name)
	if t == nil {
		return o
	}
	f := Failed(&PathError{Path: path, Err: pe.Err})
	f.x.typ = t
	return f
}

func (x *extra) errOf() error {
	if x == nil {
		return nil
	}
	return x.err
}

// nullPage is the size in bytes of what no program maps at address 0: an object there was reached through a null pointer.
const nullPage = 4096

// behind returns what a null pointer points to, with the way there: reading it fails, and is to say where the null
// pointer is.
func (o Object) behind(target Object) Object {
	if o.form == reference {
		target.x = &extra{path: o.describe(), deref: true}
	}
	return target
}

// describe names an object in an error: "init_task.mm", "*(struct foo *)0xffff888000001000".
func (o Object) describe() string {
	switch {
	case o.form == reference && o.x != nil && o.x.deref:
		return "*" + o.x.path
	case o.form == reference && o.x != nil:
		return o.x.path
	case o.form == reference:
		if name, ok := o.named(); ok {
			return name
		}
		return fmt.Sprintf("*(%s)%#x", o.prog.pointerName(o.typ), o.bits)
	case o.form == value && o.x == nil:
		return fmt.Sprintf("(%s)%#x", o.typ, o.bits)
	}
	return fmt.Sprintf("(%s)", o.typ)
}

// named names an object that is a variable or a part of one: "init_task.se.load". It asks only what the program's files
// say: a finder of somebody else could fail itself, and be described without end.
func (o Object) named() (string, bool) {
	all, err := symbolsOf(o.prog, SymbolQuery{Address: o.bits, HasAddress: true, One: true})
	if err != nil || len(all) == 0 {
		return "", false
	}
	s := all[0]
	v, err := findDebugObject(o.prog, s.Name, FindVariable, "")
	if err != nil || v.form != reference || v.bits != s.Address {
		return s.Name, s.Address == o.bits
	}
	return c.PartAt(s.Name, v.typ, (o.bits-s.Address)*8+uint64(o.bitOff), o.typ)
}
