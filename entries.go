package drgn

import (
	"iter"

	"github.com/godrgn/drgn/types"
)

// Entries turns a walk over pointers to nodes into one over pointers to what the nodes are members of: the container_of
// of C. member is a designator.
func Entries[T TypeLike](nodes iter.Seq2[Object, error], p *Program, typ T, member string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if p == nil {
			for _, err := range nodes { // the walk itself says what is wrong
				yield(Object{}, err)
				return
			}
			return
		}
		t, err := ResolveType(p, typ)
		if err != nil {
			yield(Object{}, err)
			return
		}
		for node, err := range nodes {
			if err != nil {
				yield(Object{}, err)
				return
			}
			o := node.ContainerOf(t, member)
			if !yield(o, o.Err()) {
				return
			}
		}
	}
}

// Entry returns a pointer to what the node that a pointer points to is a member of.
func Entry[T TypeLike](node Object, typ T, member string) Object {
	if node.form == failed {
		return node
	}
	t, err := ResolveType(node.prog, typ)
	if err != nil {
		return Failed(err)
	}
	return node.ContainerOf(t, member)
}

// namedOffset is offsetOf for members that callers name.
func (p *Program) namedOffset(t *types.Type, member string) (uint64, error) {
	off, err := p.offsetOf(t, member)
	if err != nil {
		err = &types.NamedError{Err: err}
	}
	return off, err
}

// Null returns a null pointer to typ, which is what it points to: unlike NULL() of Python, which takes the pointer's type.
func Null[T TypeLike](p *Program, typ T) Object {
	t, err := ResolveType(p, typ)
	if err != nil {
		return Failed(err)
	}
	return p.ScalarValue(p.PointerTo(t), 0)
}

// PointerValue returns a pointer to typ in the program of an object; a failed object stays failed.
func PointerValue[T TypeLike](in Object, typ T, address uint64) Object {
	if in.form == failed {
		return in
	}
	t, err := ResolveType(in.prog, typ)
	if err != nil {
		return Failed(err)
	}
	return in.prog.ScalarValue(in.prog.PointerTo(t), address)
}

// A Scope is where something is looked for: an [Object], such as a namespace, or a [*Program], for the initial one there
// is.
type Scope interface {
	// Scope returns the program, and the object when it is one.
	Scope() (p *Program, o Object, isObject bool)
}

// Scope makes an object the place where something is looked for.
func (o Object) Scope() (*Program, Object, bool) { return o.prog, o, true }

// Scope makes a program the place where something is looked for.
func (p *Program) Scope() (*Program, Object, bool) { return p, Object{}, false }

// ScopeOr returns the object that a scope is or, for a program, a pointer to its variable of the given name.
func ScopeOr(s Scope, variable string) Object {
	if s == nil {
		return Failed(&ValueError{Problem: "neither a program nor an object was given"})
	}
	p, o, isObject := s.Scope()
	if isObject {
		return o
	}
	return p.Variable(variable).AddressOf()
}
