// Package nodemask looks at the kernel's sets of NUMA nodes (include/linux/nodemask.h).
package nodemask

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bitops"
)

// NrNodeIDs returns a number that the numbers of all NUMA nodes are below.
//
//drgn:helper nr_node_ids
func NrNodeIDs(p *drgn.Program) (uint64, error) {
	n, err := p.Variable("nr_node_ids").Uint()
	if drgn.IsNotFound(err) {
		return 1, nil // a kernel for one node
	}
	return n, err
}

// ForEachNodeMask walks the numbers of the nodes in a mask.
//
// mask is a nodemask_t or a pointer to one.
//
//drgn:helper for_each_node_mask
//drgn:eager
func ForEachNodeMask(mask drgn.Object) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		bits := mask.Member("bits")
		if err := bits.Err(); err != nil {
			yield(0, err)
			return
		}
		n, err := NrNodeIDs(mask.Prog())
		if err != nil {
			yield(0, err)
			return
		}
		if size, err := bits.Type().BitSize(); err == nil {
			n = min(n, size)
		}
		for node, err := range bitops.ForEachSetBit(bits, n) {
			if !yield(node, err) || err != nil {
				return
			}
		}
	}
}

// ForEachNodeState walks the numbers of the nodes that are in a state.
//
// state is an enum node_states, such as N_NORMAL_MEMORY.
//
//drgn:helper for_each_node_state
//drgn:eager
func ForEachNodeState(p *drgn.Program, state uint64) iter.Seq2[uint64, error] {
	return ForEachNodeMask(mask(p, state))
}

func mask(p *drgn.Program, state uint64) drgn.Object {
	all := p.Variable("node_states")
	n, err := all.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	if state >= n {
		return drgn.Failed(&drgn.ValueError{Problem: "there is no such state of a node"})
	}
	return all.Index(int64(state))
}

// named walks the nodes in the state of a name.
func named(p *drgn.Program, state string) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		n, err := p.Constant(state).Uint()
		if err != nil {
			yield(0, err)
			return
		}
		for node, err := range ForEachNodeState(p, n) {
			if !yield(node, err) || err != nil {
				return
			}
		}
	}
}

// ForEachNode walks the numbers of the nodes that there may ever be.
//
//drgn:helper for_each_node
//drgn:eager
func ForEachNode(p *drgn.Program) iter.Seq2[uint64, error] { return named(p, "N_POSSIBLE") }

// ForEachOnlineNode walks the numbers of the nodes that are online.
//
//drgn:helper for_each_online_node
//drgn:eager
func ForEachOnlineNode(p *drgn.Program) iter.Seq2[uint64, error] { return named(p, "N_ONLINE") }

// State reports whether a node is in a state.
//
// state is an enum node_states, such as N_NORMAL_MEMORY.
//
//drgn:helper node_state
func State(node uint64, state drgn.Object) (bool, error) {
	n, err := state.Uint()
	if err != nil {
		return false, err
	}
	bits := mask(state.Prog(), n).Member("bits")
	if err := bits.Err(); err != nil {
		return false, err
	}
	if size, err := bits.Type().BitSize(); err != nil || node >= size {
		return false, err
	}
	return bitops.TestBit(node, bits)
}
