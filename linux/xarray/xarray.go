// Package xarray looks up and walks the kernel's XArrays (struct xarray, include/linux/xarray.h), and the radix trees
// that had their form before v4.20.
package xarray

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// An Entry is an occupied index of an XArray.
type Entry struct {
	Index uint64
	Value drgn.Object // void *
}

// A tree is an XArray, or a radix tree, with what its nodes look like.
type tree struct {
	prog  *drgn.Program
	head  uint64 // first entry
	entry *types.Type
	bits  uint // by which a level of nodes divides the index
	slots uint64
	order uint64   // offset of the slots in a node
	shift uint64   // offset of the shift in a node
	isOld bool     // internal entries are marked as radix trees before v4.20 did
	big   bool     // byte order
	node  nodeKind // for errors
}

type nodeKind string

// maxDepth bounds the levels of a tree: 64 bits of index by at least 4 bits each.
const maxDepth = 16

// open learns how the tree of a struct xarray * or struct radix_tree_root * is built.
func open(root drgn.Object) (*tree, error) {
	t := &tree{prog: root.Prog()}
	head := root.Member("xa_head")
	kind := nodeKind("struct xa_node")
	if !root.HasMember("xa_head") {
		// Radix trees became XArrays in v4.20 (commit f8d5d0cc145c); before, their entries were marked with one bit,
		// not two, and their nodes were struct radix_tree_node.
		head, kind, t.isOld = root.Member("rnode"), "struct radix_tree_node", true
	}
	var err error
	if t.head, err = head.Uint(); err != nil {
		return nil, err
	}
	t.node = kind
	if t.entry, err = t.prog.Type("void *"); err != nil {
		return nil, err
	}
	node, err := t.prog.Type(string(kind))
	if err != nil {
		return nil, err
	}
	slots, err := node.FindMember("slots")
	if err != nil {
		return nil, err
	}
	n, ok := slots.Type.Length()
	if !ok || n < 16 || n > 1024 || n&(n-1) != 0 {
		return nil, fmt.Errorf("%s.slots has %d elements, which is not understood", kind, n)
	}
	for t.slots = n; n > 1; n >>= 1 {
		t.bits++
	}
	t.order = slots.BitOffset / 8
	shift, err := node.FindMember("shift")
	if err != nil {
		return nil, err
	}
	t.shift = shift.BitOffset / 8
	t.big = t.prog.PointerTo(t.entry).BigEndian()
	return t, nil
}

// isNode says whether an entry is a pointer to a node, and to which (xa_is_node, xa_to_node).
func (t *tree) isNode(entry uint64) (uint64, bool) {
	if t.isOld {
		return entry &^ 3, entry&3 == 1
	}
	return entry - 2, entry&3 == 2 && entry > 4096
}

// sibling says whether an entry stands for another one in its node, and for which (xa_is_sibling, xa_to_sibling).
func (t *tree) sibling(entry uint64) (slot uint64, ok bool) {
	if t.isOld {
		return 0, false
	}
	return entry >> 2, entry&3 == 2 && entry>>2 < t.slots-1
}

const (
	zeroEntry  = 257<<2 | 2 // XA_ZERO_ENTRY: reserved, stored as NULL
	retryEntry = 256<<2 | 2 // XA_RETRY_ENTRY
)

// value is what users see of an entry.
func (t *tree) value(entry uint64, advanced bool) drgn.Object {
	if entry == zeroEntry && !advanced && !t.isOld {
		entry = 0
	}
	return t.prog.ScalarValue(t.entry, entry)
}

func (t *tree) nodeShift(node uint64) (uint, error) {
	shift, err := t.prog.Memory().Uint(node+t.shift, 1, t.big, false)
	if err != nil {
		return 0, err
	}
	if shift > 63 {
		return 0, fmt.Errorf("%s at %#x has a shift of %d", t.node, node, shift)
	}
	return uint(shift), nil
}

func (t *tree) slot(node, i uint64) (uint64, error) {
	size := t.entry.OwnSize()
	return t.prog.Memory().Uint(node+t.order+i*size, int(size), t.big, false)
}

// Load returns the entry at an index of an XArray, a null pointer where there is none.
//
// xa is a struct xarray *. With advanced, a reserved entry is returned as it is stored; otherwise as a null pointer.
//
//drgn:helper xa_load(xa, index, *, advanced=False)
func Load(xa drgn.Object, index uint64, advanced bool) drgn.Object {
	t, err := open(xa)
	if err != nil {
		return drgn.Failed(err)
	}
	entry := t.head
	for depth := 0; ; depth++ {
		node, ok := t.isNode(entry)
		if !ok {
			break
		}
		shift, err := t.nodeShift(node)
		if err != nil {
			return drgn.Failed(err)
		}
		if depth > maxDepth {
			return drgn.Failed(fmt.Errorf("%s at %#x: the tree is deeper than %d levels", t.node, node, maxDepth))
		}
		if depth == 0 && shift+t.bits < 64 && index>>(shift+t.bits) != 0 {
			return t.prog.ScalarValue(t.entry, 0)
		}
		i := index >> shift & (t.slots - 1)
		if entry, err = t.slot(node, i); err != nil {
			return drgn.Failed(err)
		}
		if s, ok := t.sibling(entry); ok {
			if entry, err = t.slot(node, s); err != nil {
				return drgn.Failed(err)
			}
		}
		if shift == 0 {
			break
		}
	}
	if _, ok := t.isNode(t.head); !ok && index != 0 {
		entry = 0 // a lone entry at index 0
	}
	return t.value(entry, advanced)
}

// ForEach walks the entries of an XArray in the order of their indices.
//
// xa is a struct xarray *. With advanced, reserved entries are walked too.
//
//drgn:helper xa_for_each(xa, *, advanced=False)
func ForEach(xa drgn.Object, advanced bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		t, err := open(xa)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		t.walk(t.head, 0, 65, 0, advanced, yield)
	}
}

// walk yields the entries below one; it reports whether to go on. above is the shift of the node that holds it: that of
// each level must be smaller.
func (t *tree) walk(entry, index uint64, above uint, depth int, advanced bool, yield func(Entry, error) bool) bool {
	node, ok := t.isNode(entry)
	if !ok {
		if entry == 0 || entry == retryEntry && !t.isOld || entry == zeroEntry && !t.isOld && !advanced {
			return true
		}
		o := t.value(entry, advanced)
		return yield(Entry{index, o}, o.Err())
	}
	fail := func(err error) bool {
		yield(Entry{}, err)
		return false
	}
	shift, err := t.nodeShift(node)
	if err != nil {
		return fail(err)
	}
	if shift >= above || depth > maxDepth {
		return fail(walk.Corrupt(fmt.Sprintf("%s at %#x", t.node, node), "its shift %d is not below that of the node above it", shift))
	}
	for i := range t.slots {
		child, err := t.slot(node, i)
		if err != nil {
			return fail(err)
		}
		if child == 0 {
			continue
		}
		if _, ok := t.sibling(child); ok {
			continue
		}
		if !t.walk(child, index|i<<shift, shift, depth+1, advanced, yield) {
			return false
		}
	}
	return true
}

// IsValue reports whether an entry is an integer that was stored, not a pointer.
//
// entry is a void *.
//
//drgn:helper xa_is_value
func IsValue(entry drgn.Object) (bool, error) {
	v, err := entry.Uint()
	return v&1 != 0, err
}

// ToValue returns the integer that is stored in an entry, as an unsigned long.
//
//drgn:helper xa_to_value
func ToValue(entry drgn.Object) drgn.Object {
	v, err := entry.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := entry.Prog().Type("unsigned long")
	if err != nil {
		return drgn.Failed(err)
	}
	return entry.Prog().ScalarValue(t, v>>1)
}

// IsZero reports whether an entry is one that is reserved but stores nothing.
//
//drgn:helper xa_is_zero
func IsZero(entry drgn.Object) (bool, error) {
	v, err := entry.Uint()
	return v == zeroEntry, err
}
