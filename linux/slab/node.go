package slab

import (
	"iter"

	"github.com/godrgn/drgn"
)

// nodes walks what a cache has on each node of memory, as struct kmem_cache_node *.
func nodes(cache drgn.Object) iter.Seq2[drgn.Object, error] {
	if cache.HasMember("per_node") {
		return perNode(cache, "per_node", "node")
	}
	return perNode(cache, "node", "")
}

// barns walks the stocks of sheaves that a cache has on each node of memory, as struct node_barn *.
//
// They came in v6.18 as a member of a struct kmem_cache_node; by v7.2 they lie next to it, so that nodes without memory
// have them, too.
func barns(cache drgn.Object) iter.Seq2[drgn.Object, error] {
	if cache.HasMember("per_node") {
		return perNode(cache, "per_node", "barn")
	}
	return func(yield func(drgn.Object, error) bool) {
		for node, err := range nodes(cache) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			if !node.HasMember("barn") {
				return
			}
			barn := node.Member("barn").Read()
			null, err := barn.IsNull()
			if err == nil && null {
				continue
			}
			if !yield(barn, err) || err != nil {
				return
			}
		}
	}
}

// perNode walks the pointers in an array of a cache that has an element for each node, or those in a member of the
// elements, without null pointers.
//
// The array has as many elements as there may be nodes in this run of the kernel, not as many as its type says: what
// follows is another cache.
func perNode(cache drgn.Object, array, member string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		array := cache.Member(array)
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
			element := array.Index(int64(i))
			if member != "" {
				element = element.Member(member)
			}
			element = element.Read()
			null, err := element.IsNull()
			if err == nil && null {
				continue
			}
			if !yield(element, err) || err != nil {
				return
			}
		}
	}
}
