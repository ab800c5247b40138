package kdump

import "sync/atomic"

// cache keeps decompressed pages in a table in which a page has but one place, by the low bits of its number: finding
// one takes no lock, and the memory is bounded. A page that is evicted lives as long as it is referenced. A cache
// belongs to one open dump, which does not change: the contents depend on the page's number only.
type cache struct {
	slots []atomic.Pointer[cachedPage]
}

type cachedPage struct {
	pfn  uint64
	data []byte
}

func (c *cache) init(blockSize uint64) {
	c.slots = make([]atomic.Pointer[cachedPage], CacheSize/blockSize) // both are powers of two
}

// get returns the data of page pfn, or nil.
func (c *cache) get(pfn uint64) []byte {
	if p := c.slots[pfn&uint64(len(c.slots)-1)].Load(); p != nil && p.pfn == pfn {
		return p.data
	}
	return nil
}

func (c *cache) put(pfn uint64, data []byte) {
	c.slots[pfn&uint64(len(c.slots)-1)].Store(&cachedPage{pfn, data})
}
