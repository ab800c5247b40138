// Package mapletree looks up and walks the kernel's maple trees (struct maple_tree, include/linux/maple_tree.h), which
// hold ranges of indices.
package mapletree

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// A Range is a range of indices that holds an entry.
type Range struct {
	First, Last uint64
	Value       drgn.Object // void *
}

// A tree is a maple tree with what its nodes look like.
type tree struct {
	prog  *drgn.Program
	root  uint64
	entry *types.Type
	word  uint64 // size of a slot and of a pivot in bytes
	big   bool
	nodes [4]layout // by enum maple_type
}

// layout says where the pivots and slots of a kind of node are.
type layout struct {
	pivot, slot     uint64 // offsets in bytes
	pivots, slots   uint64 // numbers
	leaf, describes bool
}

// enum maple_type
const (
	dense = iota
	leaf64
	range64
	arange64
)

// maxDepth bounds the levels of a tree: a node that is not a leaf has at least two children.
const maxDepth = 64

// zeroEntry is XA_ZERO_ENTRY: a reserved index, stored as NULL.
const zeroEntry = 257<<2 | 2

func open(mt drgn.Object) (*tree, error) {
	t := &tree{prog: mt.Prog()}
	var err error
	if t.root, err = mt.Member("ma_root").Uint(); err != nil {
		return nil, err
	}
	if t.entry, err = t.prog.Type("void *"); err != nil {
		return nil, err
	}
	t.word, t.big = t.entry.OwnSize(), t.entry.BigEndian()
	node, err := t.prog.Type("struct maple_node")
	if err != nil {
		return nil, err
	}
	if t.nodes[range64], err = layoutOf(node, "mr64"); err != nil {
		return nil, err
	}
	t.nodes[leaf64] = t.nodes[range64]
	t.nodes[leaf64].leaf = true
	if t.nodes[arange64], err = layoutOf(node, "ma64"); err != nil {
		return nil, err
	}
	if slot, err := node.FindMember("slot"); err == nil {
		n, _ := slot.Type.Length()
		t.nodes[dense] = layout{slot: slot.BitOffset / 8, slots: n, leaf: true, describes: true}
	}
	return t, nil
}

func layoutOf(node *types.Type, kind string) (layout, error) {
	var l layout
	body, err := node.FindMember(kind)
	if err != nil {
		return l, err
	}
	pivot, err := body.Type.FindMember("pivot")
	if err != nil {
		return l, err
	}
	slot, err := body.Type.FindMember("slot")
	if err != nil {
		return l, err
	}
	l.pivot, l.slot = (body.BitOffset+pivot.BitOffset)/8, (body.BitOffset+slot.BitOffset)/8
	l.pivots, _ = pivot.Type.Length()
	l.slots, _ = slot.Type.Length()
	l.describes = true
	if l.slots == 0 || l.slots > 256 || l.pivots+1 < l.slots {
		return l, fmt.Errorf("struct maple_node.%s has %d slots and %d pivots, which is not understood", kind, l.slots, l.pivots)
	}
	return l, nil
}

// isNode says whether an entry of an inner node or of the root is a node (xa_is_node).
func isNode(entry uint64) bool { return entry&3 == 2 && entry > 4096 }

// node takes an encoded node apart (mte_to_node, mte_node_type).
func (t *tree) node(encoded uint64) (address uint64, l layout, err error) {
	kind := encoded >> 3 & 15
	if kind >= uint64(len(t.nodes)) || !t.nodes[kind].describes {
		return 0, layout{}, walk.Corrupt("maple tree", "node %#x is of type %d", encoded, kind)
	}
	return encoded &^ 255, t.nodes[kind], nil
}

// words reads n slots or pivots.
func (t *tree) words(buf []byte, address, n uint64) ([]uint64, error) {
	buf = buf[:n*t.word]
	if err := t.prog.Memory().Read(buf, address, false); err != nil {
		return nil, err
	}
	out := make([]uint64, n)
	for i := range out {
		b := buf[uint64(i)*t.word:][:t.word]
		for j, c := range b {
			if t.big {
				out[i] = out[i]<<8 | uint64(c)
			} else {
				out[i] |= uint64(c) << (8 * j)
			}
		}
	}
	return out, nil
}

// walk yields the slots below an encoded node that overlap with the indices from min to max; it reports whether to go on.
func (t *tree) walk(encoded, min, max, from, to uint64, depth int, yield func(Range, error) bool) bool {
	fail := func(err error) bool {
		yield(Range{}, err)
		return false
	}
	if depth > maxDepth {
		return fail(walk.Corrupt("maple tree", "it is more than %d levels deep at %#x", maxDepth, encoded))
	}
	address, l, err := t.node(encoded)
	if err != nil {
		return fail(err)
	}
	var buf [256 * 8]byte
	pivots, err := t.words(buf[:], address+l.pivot, l.pivots)
	if err != nil {
		return fail(err)
	}
	slots, err := t.words(buf[:], address+l.slot, l.slots)
	if err != nil {
		return fail(err)
	}
	first := min
	for i, slot := range slots {
		last := max
		if l.pivots == 0 { // dense: one index a slot
			last = first
		} else if i < len(pivots) && (pivots[i] != 0 || i == 0) && pivots[i] < max {
			last = pivots[i]
		}
		if last < first {
			return fail(walk.Corrupt("maple tree", "the pivots of node %#x go back from %#x to %#x", address, first, last))
		}
		if last >= from && first <= to && slot != 0 {
			if l.leaf {
				o := t.prog.ScalarValue(t.entry, slot)
				if !yield(Range{first, last, o}, o.Err()) {
					return false
				}
			} else if !t.walk(slot, first, last, from, to, depth+1, yield) {
				return false
			}
		}
		if last >= max {
			break
		}
		first = last + 1
	}
	return true
}

// slots yields the slots of the tree that overlap with the indices from and to; nothing for those that hold NULL.
func (t *tree) slots(from, to uint64, advanced bool, yield func(Range, error) bool) {
	max := ^uint64(0)
	if t.word < 8 {
		max = 1<<(8*t.word) - 1
	}
	visible := func(r Range, err error) bool {
		if err == nil && !advanced {
			if v, _ := r.Value.Uint(); v == zeroEntry {
				return true
			}
		}
		return yield(r, err)
	}
	switch {
	case isNode(t.root):
		t.walk(t.root, 0, max, from, to, 0, visible)
	case t.root != 0 && from == 0:
		// A tree of one entry at index 0 has no node.
		o := t.prog.ScalarValue(t.entry, t.root)
		visible(Range{0, 0, o}, o.Err())
	}
}

// Load returns the entry at an index of a maple tree as a void *; a null pointer where there is none.
//
// mt is a struct maple_tree *. With advanced, a reserved entry is returned as it is stored; otherwise as a null pointer.
//
//drgn:helper mtree_load(mt, index, *, advanced=False)
func Load(mt drgn.Object, index uint64, advanced bool) drgn.Object {
	t, err := open(mt)
	if err != nil {
		return drgn.Failed(err)
	}
	found := t.prog.ScalarValue(t.entry, 0)
	t.slots(index, index, advanced, func(r Range, err error) bool {
		if err != nil {
			found = drgn.Failed(err)
		} else {
			found = r.Value
		}
		return false
	})
	return found
}

// ForEach walks the entries of a maple tree and the ranges of indices that hold them, in order.
//
// mt is a struct maple_tree *. With advanced, reserved entries are walked too.
//
//drgn:helper mt_for_each(mt, *, advanced=False)
func ForEach(mt drgn.Object, advanced bool) iter.Seq2[Range, error] {
	return func(yield func(Range, error) bool) {
		t, err := open(mt)
		if err != nil {
			yield(Range{}, err)
			return
		}
		t.slots(0, ^uint64(0), advanced, yield)
	}
}

// Overlapping walks the entries of a maple tree whose ranges have an index in common with those from first to last.
func Overlapping(mt drgn.Object, first, last uint64) iter.Seq2[Range, error] {
	return func(yield func(Range, error) bool) {
		t, err := open(mt)
		if err != nil {
			yield(Range{}, err)
			return
		}
		t.slots(first, last, false, yield)
	}
}
