// Package nameindex finds the numbers of things by the hashes of their names.
package nameindex

// An Index is a hash table of names. Those of a bucket follow each other, in the order in which they were given.
type Index struct {
	shift  uint     // hash >> shift is the bucket
	starts []uint32 // of each bucket in items, and the number of items
	items  []Item
}

// An Item is the hash of a name and the number of what has it.
type Item struct{ Hash, Number uint32 }

// New returns the index of all names. It sorts by bucket only, and that by counting: a kernel has hundreds of thousands of names, and
// comparing them takes most of the time until the first one is found.
func New(all []Item) *Index {
	ix := &Index{shift: 32, items: make([]Item, len(all))}
	buckets := 1
	for buckets < len(all) {
		buckets, ix.shift = buckets*2, ix.shift-1
	}
	at := make([]uint32, buckets+2) // two more: at[b+1] becomes the start of b, then its end, which is the start of b+1
	for _, n := range all {
		at[n.Hash>>ix.shift+2]++
	}
	for b := 1; b < len(at); b++ {
		at[b] += at[b-1]
	}
	for _, n := range all {
		b := n.Hash>>ix.shift + 1
		ix.items[at[b]] = n
		at[b]++
	}
	ix.starts = at[:buckets+1]
	return ix
}

// Bucket returns what may have a name of a hash; others are in it, too.
func (ix *Index) Bucket(hash uint32) []Item {
	b := hash >> ix.shift
	return ix.items[ix.starts[b]:ix.starts[b+1]]
}
