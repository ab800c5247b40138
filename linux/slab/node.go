package slab

import (
	"iter"

	"github.com/godrgn/drgn"
)

// nodes walks what a cache has on each node of memory, as struct kmem_cache_node *.
//
// The array has as many elements as there may be nodes in this run of the kernel, not as many as its type says: what
// follows is another cache.
func nodes(cache drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		array := cache.Member("node")
		n, err := array.Len()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		switch ids, err := cache.Prog().Variable("nr_node_ids").Uint(); {
		case err == nil:
			n = min(n, ids)
		case drgn.IsNotFound(err): // a kernel for one node
			n = min(n, 1)
		default:
			yield(drgn.Object{}, err)
			return
		}
		for i := range n {
			node := array.Index(int64(i)).Read()
			none, err := node.IsNull()
			if err == nil && none {
				continue
			}
			if !yield(node, err) || err != nil {
				return
			}
		}
	}
}
