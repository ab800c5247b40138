// Package ioport looks at the kernel's trees of resources: what lies where in the addresses of memory and I/O ports
// (include/linux/ioport.h).
package ioport

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// ForEachResource walks a resource and all that lie in it, each before those in it, as struct resource *.
//
// root is a struct resource *, such as the address of iomem_resource.
//
//drgn:helper for_each_resource
func ForEachResource(root drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		pos := root
		if _, isRoot := isResource(root); !isRoot {
			pos = root.Read()
		}
		end, err := addressOf(pos)
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		var guard walk.Guard
		for {
			at, err := addressOf(pos)
			if err == nil && !guard.Visit(at) {
				err = &walk.CycleError{What: "tree of resources", Address: at}
			}
			if !yield(pos, err) || err != nil {
				return
			}
			if pos, err = after(pos, end); err != nil {
				yield(drgn.Object{}, err)
				return
			}
			if done, err := pos.IsNull(); err != nil || done {
				return
			}
		}
	}
}

// isResource reports whether an object is a resource, as the root of a walk may be, not a pointer to one; and where it lies.
func isResource(o drgn.Object) (address uint64, ok bool) {
	address, ok = o.Address()
	return address, ok && o.Type().Underlying().Kind() == types.Struct
}

func addressOf(resource drgn.Object) (uint64, error) {
	if address, ok := isResource(resource); ok {
		return address, nil
	}
	return resource.Uint()
}

// after returns the resource after pos in a walk of those in the one at root; a null pointer after the last.
func after(pos drgn.Object, root uint64) (drgn.Object, error) {
	child := pos.Member("child").Read()
	if none, err := child.IsNull(); err != nil || !none {
		return child, err
	}
	var guard walk.Guard
	for {
		at, err := addressOf(pos)
		if err != nil {
			return pos, err
		}
		if at == root {
			return drgn.Null(pos.Prog(), "struct resource"), nil
		}
		if !guard.Visit(at) {
			return pos, &walk.CycleError{What: "tree of resources", Address: at}
		}
		sibling := pos.Member("sibling").Read()
		if none, err := sibling.IsNull(); err != nil || !none {
			return sibling, err
		}
		pos = pos.Member("parent").Read()
	}
}
