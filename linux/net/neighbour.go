package net

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
)

// maxNeighbourShift bounds how many buckets a table of neighbours may have.
const maxNeighbourShift = 24

// ForEachNeighbour walks the neighbours in a table such as arp_tbl, each as a struct neighbour *.
//
// table is a struct neigh_table *, or its struct neigh_hash_table *.
//
//drgn:helper neigh_table_for_each_neighbor
func ForEachNeighbour(table drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		hash := table.Read()
		if table.HasMember("nht") {
			hash = table.Member("nht").Read()
		}
		shift, err := hash.Member("hash_shift").Uint()
		if err == nil && shift > maxNeighbourShift {
			err = walk.Corrupt("table of neighbours", "it has 2^%d buckets", shift)
		}
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		// Buckets became struct hlist_heads in v6.13.
		bucket := func(i int64) iter.Seq2[drgn.Object, error] {
			return walk.Nodes("list of neighbours", hash.Member("hash_buckets").Index(i), "next")
		}
		if hash.HasMember("hash_heads") {
			bucket = func(i int64) iter.Seq2[drgn.Object, error] {
				return list.HlistForEachEntry("struct neighbour", hash.Member("hash_heads").Index(i).AddressOf(), "hash")
			}
		}
		for i := range int64(1) << shift {
			for n, err := range bucket(i) {
				if !yield(n, err) || err != nil {
					return
				}
			}
		}
	}
}
