package mem

import (
	"slices"
	"sort"
)

// piece is the part of a segment that no later segment hides.
type piece struct {
	min, max uint64
	start    uint64 // of the segment as it was added
	view     Viewer
	read     ReadFunc
	gap      func(address uint64) (next uint64, ok bool) // Segment.Next
	live     Live
}

// fanout is how many pieces or nodes a node holds at most. Up to that many segments are one sorted array.
const fanout = 32

// node is a node of the tree of a space's pieces, a B+ tree in the order of addresses, without overlaps. Nodes that
// readers may see never change: adding copies those on the way from the root to a leaf.
//
// Nodes that lose pieces to a segment that hides them are not merged with their neighbours. The depth is then the
// logarithm of all segments that were ever added, not of those that can still be seen.
type node struct {
	edit   uint64 // number of the change that made the node, which may still change it
	pieces []piece
	kids   []*node  // nil in a leaf
	ends   []uint64 // last address of each of kids
}

// find returns the piece that holds address, or nil.
func (n *node) find(address uint64) *piece {
	for n.kids != nil {
		lo, hi := 0, len(n.ends)
		for lo < hi {
			mid := int(uint(lo+hi) >> 1)
			if n.ends[mid] < address {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo == len(n.kids) {
			return nil
		}
		n = n.kids[lo]
	}
	table := n.pieces
	lo, hi := 0, len(table)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if table[mid].max < address {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(table) || address < table[lo].min {
		return nil
	}
	return &table[lo]
}

// from calls yield with the pieces that end at address or later, in order, until it returns false; that is its result.
func (n *node) from(address uint64, yield func(*piece) bool) bool {
	if n.kids == nil {
		for i := firstPiece(n.pieces, address); i < len(n.pieces); i++ {
			if !yield(&n.pieces[i]) {
				return false
			}
		}
		return true
	}
	for i := n.firstKid(address); i < len(n.kids); i++ {
		if !n.kids[i].from(address, yield) {
			return false
		}
	}
	return true
}

// firstPiece returns the index of the first piece that ends at address or later.
func firstPiece(table []piece, address uint64) int {
	return sort.Search(len(table), func(i int) bool { return table[i].max >= address })
}

// firstKid returns the index of the first child that ends at address or later.
func (n *node) firstKid(address uint64) int {
	return sort.Search(len(n.ends), func(i int) bool { return n.ends[i] >= address })
}

func (n *node) empty() bool { return len(n.pieces) == 0 && len(n.kids) == 0 }

// start returns the first address of a node that is not empty.
func (n *node) start() uint64 {
	for n.kids != nil {
		n = n.kids[0]
	}
	return n.pieces[0].min
}

// end returns the last address of a node that is not empty.
func (n *node) end() uint64 {
	if n.kids != nil {
		return n.ends[len(n.ends)-1]
	}
	return n.pieces[len(n.pieces)-1].max
}

// An edit is one change of a tree: the number is that of the nodes which no reader sees yet.
type edit uint64

// own returns n, or a copy of it, that may be changed.
func (e edit) own(n *node) *node {
	if n.edit == uint64(e) {
		return n
	}
	c := &node{edit: uint64(e)}
	if n.kids == nil {
		c.pieces = append(make([]piece, 0, min(len(n.pieces)+2, fanout+2)), n.pieces...)
		return c
	}
	c.kids = append(make([]*node, 0, len(n.kids)+1), n.kids...)
	c.ends = append(make([]uint64, 0, len(n.ends)+1), n.ends...)
	return c
}

// lay returns the tree with p over what it holds.
func (e edit) lay(root *node, p piece) *node {
	root, rest := e.over(root, p)
	if rest != nil {
		root = &node{edit: uint64(e), kids: []*node{root, rest}, ends: []uint64{root.end(), rest.end()}}
	}
	for len(root.kids) == 1 {
		root = root.kids[0]
	}
	return root
}

// over returns what takes the place of n, on the same level, when p lies over its pieces: a node and, unless nil, the
// one after it.
func (e edit) over(n *node, p piece) (first, rest *node) {
	n = e.own(n)
	if n.kids == nil {
		n.pieces = overlay(n.pieces, p)
		return e.split(n)
	}
	lo := n.firstKid(p.min)
	hi := lo
	for hi < len(n.kids) && n.kids[hi].start() <= p.max {
		hi++
	}
	if hi == lo { // p lies between two children, or behind the last
		lo = min(lo, len(n.kids)-1)
		hi = lo + 1
	}
	var few [3]*node
	kids := few[:1]
	if few[0], few[1] = e.over(n.kids[lo], p); few[1] != nil {
		kids = few[:2]
	}
	if last := hi - 1; last > lo {
		if cut := e.without(n.kids[last], p.min, p.max); !cut.empty() {
			kids = append(kids, cut)
		}
	}
	n.replace(lo, hi, kids...)
	return e.split(n)
}

// without returns n without the addresses from first to last; it may be empty.
func (e edit) without(n *node, first, last uint64) *node {
	n = e.own(n)
	if n.kids == nil {
		lo, hi := touching(n.pieces, first, last)
		n.pieces = slices.Replace(n.pieces, lo, hi, outside(n.pieces[lo:hi], first, last, nil)...)
		return n
	}
	lo := n.firstKid(first)
	hi := lo
	for hi < len(n.kids) && n.kids[hi].start() <= last {
		hi++
	}
	var kids []*node
	for i := lo; i < hi; i++ {
		if i > lo && i < hi-1 {
			continue // all of it is hidden
		}
		if rest := e.without(n.kids[i], first, last); !rest.empty() {
			kids = append(kids, rest)
		}
	}
	n.replace(lo, hi, kids...)
	return n
}

// replace puts up to three kids in the place of the children from lo to hi-1.
func (n *node) replace(lo, hi int, kids ...*node) {
	if hi-lo == 1 && len(kids) == 1 {
		n.kids[lo], n.ends[lo] = kids[0], kids[0].end()
		return
	}
	var few [3]uint64
	for i, kid := range kids {
		few[i] = kid.end()
	}
	n.kids = slices.Replace(n.kids, lo, hi, kids...)
	n.ends = slices.Replace(n.ends, lo, hi, few[:len(kids)]...)
}

// split returns n, in two halves where it holds too much.
func (e edit) split(n *node) (first, rest *node) {
	const keep = fanout / 2
	switch {
	case len(n.pieces) > fanout:
		rest = &node{edit: uint64(e), pieces: append(make([]piece, 0, fanout+2), n.pieces[keep:]...)}
		clear(n.pieces[keep:])
		n.pieces = n.pieces[:keep]
	case len(n.kids) > fanout:
		rest = &node{edit: uint64(e), kids: append(make([]*node, 0, fanout+2), n.kids[keep:]...), ends: append(make([]uint64, 0, fanout+2), n.ends[keep:]...)}
		clear(n.kids[keep:])
		n.kids, n.ends = n.kids[:keep], n.ends[:keep]
	}
	return n, rest
}

// touching returns the range of pieces, from lo to hi-1, which hold an address from first to last.
func touching(table []piece, first, last uint64) (lo, hi int) {
	lo = firstPiece(table, first)
	hi = lo
	for hi < len(table) && table[hi].min <= last {
		hi++
	}
	return lo, hi
}

// outside returns what is left of neighbouring pieces before first and behind last, with between in the middle.
func outside(table []piece, first, last uint64, between []piece) []piece {
	parts := make([]piece, 0, 3)
	if len(table) > 0 && table[0].min < first {
		left := table[0]
		left.max = first - 1
		parts = append(parts, left)
	}
	parts = append(parts, between...)
	if len(table) > 0 && table[len(table)-1].max > last {
		right := table[len(table)-1]
		right.min = last + 1
		parts = append(parts, right)
	}
	return parts
}

// overlay lays p over the pieces of table, which it changes.
func overlay(table []piece, p piece) []piece {
	lo, hi := touching(table, p.min, p.max)
	if lo == hi {
		return slices.Insert(table, lo, p)
	}
	return slices.Replace(table, lo, hi, outside(table[lo:hi], p.min, p.max, []piece{p})...)
}
