// Package cgroup looks at the kernel's control groups (include/linux/cgroup.h).
package cgroup

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/kernfs"
	"github.com/godrgn/drgn/linux/list"
)

const (
	group = "struct cgroup"
	state = "struct cgroup_subsys_state"
)

// SockPtr returns the control group of a socket, as a struct cgroup *.
//
// skcd is a struct sock_cgroup_data *, such as sock.sk_cgrp_data.
//
//drgn:helper sock_cgroup_ptr
func SockPtr(skcd drgn.Object) drgn.Object {
	if err := skcd.Err(); err != nil {
		return skcd
	}
	root := skcd.Prog().Variable("cgrp_dfl_root").Member("cgrp").AddressOf()
	// A plain pointer since v5.15, commit 8520e224f547; before, its low bits said when it held something else.
	if skcd.HasMember("cgroup") {
		return skcd.Member("cgroup")
	}
	v, err := skcd.Member("val").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	if v == 0 || v&3 != 0 {
		return root
	}
	return drgn.PointerValue(skcd, group, v)
}

// Parent returns the control group that one is in, as a struct cgroup *; a null pointer for the root.
//
// cgrp is a struct cgroup *.
//
//drgn:helper cgroup_parent(cgrp)
func Parent(cgrp drgn.Object) drgn.Object {
	css := cgrp.Member("self").Member("parent").Read()
	if root, err := css.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if root {
		return drgn.Null(cgrp.Prog(), group)
	}
	return drgn.Entry(css, group, "self")
}

// Name returns the name of a control group; "/" for the root.
//
// cgrp is a struct cgroup *.
//
//drgn:helper cgroup_name(cgrp)
func Name(cgrp drgn.Object) ([]byte, error) { return kernfs.Name(cgrp.Member("kn").Read()) }

// Path returns the path of a control group from the root of its hierarchy.
//
// cgrp is a struct cgroup *.
//
//drgn:helper cgroup_path(cgrp)
func Path(cgrp drgn.Object) ([]byte, error) { return kernfs.Path(cgrp.Member("kn").Read()) }

// FromPath returns the control group of a path in the default hierarchy, as a struct cgroup *; a null pointer if there is
// none.
//
//drgn:helper cgroup_get_from_path(prog, path: Path)
func FromPath(p *drgn.Program, path string) drgn.Object {
	kn := kernfs.Lookup(p.Variable("cgrp_dfl_root").Member("cgrp").Member("kn"), path, true)
	missing, err := kn.IsNull()
	if err != nil {
		return drgn.Failed(err)
	}
	if !missing {
		dir, err := kernfs.IsDir(kn)
		if err != nil {
			return drgn.Failed(err)
		}
		missing = !dir // a file in a control group
	}
	if missing {
		return drgn.Null(p, group)
	}
	t, err := p.Type(group + " *")
	if err != nil {
		return drgn.Failed(err)
	}
	return kn.Member("priv").Cast(t)
}

// cssReleased is CSS_RELEASED: the state is being taken apart and in no list any more.
const cssReleased = 1 << 2

// NextChild returns the state after pos among those right below parent, or the first when pos is a null pointer, as a struct
// cgroup_subsys_state *; a null pointer after the last.
//
// pos and parent are struct cgroup_subsys_state *; no pos is as good as a null pointer.
//
//drgn:helper css_next_child(pos: Optional[Object], parent)
func NextChild(pos, parent drgn.Object) drgn.Object {
	head := parent.Member("children").AddressOf()
	end, err := head.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	first, err := none(pos)
	if err != nil {
		return drgn.Failed(err)
	}
	next := head.Member("next")
	if !first {
		flags, err := pos.Member("flags").Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		if flags&cssReleased != 0 {
			return childAfter(parent, pos.Member("serial_nr"))
		}
		next = pos.Member("sibling").Member("next")
	}
	at, err := next.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	if at == end {
		return drgn.Null(parent.Prog(), state)
	}
	return drgn.Entry(next, state, "sibling")
}

// childAfter returns the first state below parent that was made after the one of a serial number.
func childAfter(parent, serial drgn.Object) drgn.Object {
	nr, err := serial.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	for css, err := range ForEachChild(parent) {
		if err != nil {
			return drgn.Failed(err)
		}
		if n, err := css.Member("serial_nr").Uint(); err != nil {
			return drgn.Failed(err)
		} else if n > nr {
			return css
		}
	}
	return drgn.Null(parent.Prog(), state)
}

// none reports whether there is no object, or a null pointer.
func none(o drgn.Object) (bool, error) {
	if o == (drgn.Object{}) {
		return true, nil
	}
	return o.IsNull()
}

// NextDescendantPre returns the state after pos in a walk over all those at and below root, parents before their children,
// or root when pos is a null pointer, as a struct cgroup_subsys_state *; a null pointer after the last.
//
// pos and root are struct cgroup_subsys_state *; no pos is as good as a null pointer.
//
//drgn:helper css_next_descendant_pre(pos: Optional[Object], root)
func NextDescendantPre(pos, root drgn.Object) drgn.Object {
	if first, err := none(pos); err != nil {
		return drgn.Failed(err)
	} else if first {
		return root
	}
	pos, root = pos.Read(), root.Read()
	next := NextChild(drgn.Null(pos.Prog(), state), pos)
	end, err := root.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	var guard walk.Guard
	for {
		if none, err := next.IsNull(); err != nil || !none {
			return next
		}
		at, err := pos.Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		if at == end {
			return drgn.Null(pos.Prog(), state)
		}
		if !guard.Visit(at) {
			return drgn.Failed(&walk.CycleError{What: "tree of control groups", Address: at})
		}
		parent := pos.Member("parent").Read()
		next, pos = NextChild(pos, parent), parent
	}
}

// ForEachChild walks the states right below one, each as a struct cgroup_subsys_state *; those that are offline, too.
//
// css is a struct cgroup_subsys_state *.
//
//drgn:helper css_for_each_child
func ForEachChild(css drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry(state, css.Member("children").AddressOf(), "sibling")
}

// ForEachDescendantPre walks a state and all those below it, parents before their children, each as a struct
// cgroup_subsys_state *; those that are offline, too.
//
// css is a struct cgroup_subsys_state *.
//
//drgn:helper css_for_each_descendant_pre
func ForEachDescendantPre(css drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		if err := css.Err(); err != nil {
			yield(css, err)
			return
		}
		var guard walk.Guard
		for pos := NextDescendantPre(drgn.Null(css.Prog(), state), css); ; pos = NextDescendantPre(pos, css) {
			at, err := pos.Uint()
			if err == nil && at == 0 {
				return
			}
			if err == nil && !guard.Visit(at) {
				err = &walk.CycleError{What: "tree of control groups", Address: at}
			}
			if !yield(pos, err) || err != nil {
				return
			}
		}
	}
}
