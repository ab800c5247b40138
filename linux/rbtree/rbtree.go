// Package rbtree walks the kernel's red-black trees (struct rb_root, include/linux/rbtree.h).
package rbtree

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// maxDepth bounds how deep a tree may be: one of 2^64 nodes is at most twice that deep.
const maxDepth = 128

// EmptyRoot reports whether a tree has no nodes.
//
// root is a struct rb_root *.
//
//drgn:helper RB_EMPTY_ROOT
func EmptyRoot(root drgn.Object) (bool, error) { return root.Member("rb_node").IsNull() }

// EmptyNode reports whether a node is in no tree.
//
// node is a struct rb_node *.
//
//drgn:helper RB_EMPTY_NODE
func EmptyNode(node drgn.Object) (bool, error) {
	at, err := node.Uint()
	if err != nil {
		return false, err
	}
	parent, err := node.Member("__rb_parent_color").Uint()
	return parent == at, err
}

// Parent returns the parent of a node as a pointer of the same type; a null pointer for the root.
//
// node is a struct rb_node *.
//
//drgn:helper rb_parent
func Parent(node drgn.Object) drgn.Object {
	parent, err := node.Member("__rb_parent_color").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return pointer(node, parent&^3) // the low bits are the colour
}

// pointer returns a pointer of the type of another: nodes that are const lead to such.
func pointer(like drgn.Object, address uint64) drgn.Object {
	return like.Prog().ScalarValue(like.Type(), address)
}

// descend follows one side from a node to the end.
func descend(node drgn.Object, side string) drgn.Object {
	for range maxDepth {
		next := node.Member(side).Read()
		at, err := next.Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		if at == 0 {
			return node
		}
		node = next
	}
	return drgn.Failed(deep(node))
}

func deep(node drgn.Object) error {
	at, err := node.Uint()
	if err != nil {
		return err
	}
	return walk.Corrupt("red-black tree", "it is more than %d levels deep at %#x", maxDepth, at)
}

// First returns the leftmost node of a tree as a struct rb_node *; a null pointer if the tree is empty.
//
// root is a struct rb_root *.
//
//drgn:helper rb_first
func First(root drgn.Object) drgn.Object { return end(root, "rb_left") }

// Last returns the rightmost node of a tree as a struct rb_node *; a null pointer if the tree is empty.
//
// root is a struct rb_root *.
//
//drgn:helper rb_last
func Last(root drgn.Object) drgn.Object { return end(root, "rb_right") }

func end(root drgn.Object, side string) drgn.Object {
	node := root.Member("rb_node").Read()
	if null, err := node.IsNull(); err != nil || null {
		return node
	}
	return descend(node, side)
}

// Next returns the node after one in the tree's order as a struct rb_node *; a null pointer after the last.
//
// node is a struct rb_node *.
//
//drgn:helper rb_next
func Next(node drgn.Object) drgn.Object { return neighbour(node, "rb_right", "rb_left") }

// Prev returns the node before one in the tree's order as a struct rb_node *; a null pointer before the first.
//
// node is a struct rb_node *.
//
//drgn:helper rb_prev
func Prev(node drgn.Object) drgn.Object { return neighbour(node, "rb_left", "rb_right") }

// neighbour returns the next node towards one side.
func neighbour(node drgn.Object, towards, away string) drgn.Object {
	node = node.Read()
	if empty, err := EmptyNode(node); err != nil {
		return drgn.Failed(err)
	} else if empty {
		return pointer(node, 0)
	}
	child := node.Member(towards).Read()
	if null, err := child.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if !null {
		return descend(child, away)
	}
	for range maxDepth {
		at, err := node.Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		parent := Parent(node)
		if null, err := parent.IsNull(); err != nil || null {
			return parent
		}
		side, err := parent.Member(towards).Uint()
		if err != nil {
			return drgn.Failed(err)
		}
		if side != at {
			return parent
		}
		node = parent
	}
	return drgn.Failed(deep(node))
}

// InorderForEach walks the nodes of a tree in its order, each as a struct rb_node *.
//
// root is a struct rb_root *.
//
//drgn:helper rbtree_inorder_for_each
func InorderForEach(root drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		walkTree(root.Member("rb_node").Read(), 0, new(walk.Guard), false, yield)
	}
}

// PreorderForEach walks the nodes of a tree, each before those below it, as struct rb_node *.
//
// root is a struct rb_root *.
//
//drgn:helper rbtree_preorder_for_each
func PreorderForEach(root drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		walkTree(root.Member("rb_node").Read(), 0, new(walk.Guard), true, yield)
	}
}

// walkTree yields the nodes below one; it reports whether to go on. A corrupt tree may have its nodes share children, so
// that it is not deep but has no end for practical purposes: the guard sees a node come again.
func walkTree(node drgn.Object, depth int, guard *walk.Guard, pre bool, yield func(drgn.Object, error) bool) bool {
	fail := func(err error) bool {
		yield(drgn.Object{}, err)
		return false
	}
	at, err := node.Uint()
	if err != nil {
		return fail(err)
	}
	if at == 0 {
		return true
	}
	if depth > maxDepth {
		return fail(deep(node))
	}
	if !guard.Visit(at) {
		return fail(&walk.CycleError{What: "red-black tree", Address: at})
	}
	if pre && !yield(node, nil) {
		return false
	}
	if !walkTree(node.Member("rb_left").Read(), depth+1, guard, pre, yield) {
		return false
	}
	if !pre && !yield(node, nil) {
		return false
	}
	return walkTree(node.Member("rb_right").Read(), depth+1, guard, pre, yield)
}

// InorderForEachEntry walks the entries of a tree in its order, each as a pointer to typ.
//
// root is a struct rb_root *; member is the member of typ that is the tree's node.
//
//drgn:helper rbtree_inorder_for_each_entry(type, root, member)
func InorderForEachEntry[T drgn.TypeLike](typ T, root drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(InorderForEach(root), root.Prog(), typ, member)
}

// PreorderForEachEntry walks the entries of a tree, each before those below it, as pointers to typ.
//
// root is a struct rb_root *; member is the member of typ that is the tree's node.
//
//drgn:helper rbtree_preorder_for_each_entry(type, root, member)
func PreorderForEachEntry[T drgn.TypeLike](typ T, root drgn.Object, member string) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(PreorderForEach(root), root.Prog(), typ, member)
}

// Find returns the entry of a tree for which cmp returns 0, as a pointer to typ; a null pointer if there is none. cmp is
// given an entry and returns less than 0 when what is looked for comes before it, more when it comes after.
func Find[T drgn.TypeLike](typ T, root drgn.Object, member string, cmp func(entry drgn.Object) (int, error)) drgn.Object {
	if err := root.Err(); err != nil {
		return root
	}
	t, err := drgn.ResolveType(root.Prog(), typ)
	if err != nil {
		return drgn.Failed(err)
	}
	node := root.Member("rb_node").Read()
	for range maxDepth {
		if null, err := node.IsNull(); err != nil {
			return drgn.Failed(err)
		} else if null {
			return drgn.Null(root.Prog(), t)
		}
		entry := node.ContainerOf(t, member)
		switch c, err := cmp(entry); {
		case err != nil:
			return drgn.Failed(err)
		case c == 0:
			return entry
		case c < 0:
			node = node.Member("rb_left").Read()
		default:
			node = node.Member("rb_right").Read()
		}
	}
	return drgn.Failed(deep(node))
}
