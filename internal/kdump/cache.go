package kdump

import (
	"bytes"
	"sync/atomic"
)

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

// common is the page that a dump has most often, unpacked: nearly always that of zeros. makedumpfile packs each of those anew
// unless it leaves them out; they are the greater part of many a dump.
type common struct {
	last atomic.Pointer[commonPage] // the small page that was unpacked last
	page atomic.Pointer[commonPage]
}

type commonPage struct {
	packed []byte
	flags  uint32
	data   []byte
}

// maxCommon is how many bytes a common page is packed into at most. Pages of zeros take 20 (zlib, zstd) to 200 (snappy).
const maxCommon = 256

func (p *commonPage) is(s *storedPage) bool {
	return p != nil && p.flags == s.flags && bytes.Equal(p.packed, s.bytes)
}

// get returns the common page if a page is stored as that is, else nil.
func (c *common) get(s *storedPage) []byte {
	if len(s.bytes) > maxCommon {
		return nil
	}
	if p := c.page.Load(); p.is(s) {
		return p.data
	}
	return nil
}

// saw says what a page was unpacked to. One that is unpacked twice in a row, but for large ones, becomes the common page.
func (c *common) saw(s *storedPage, data []byte) {
	if len(s.bytes) > maxCommon {
		return
	}
	if last := c.last.Load(); last.is(s) {
		c.page.Store(last)
		return
	}
	c.last.Store(&commonPage{bytes.Clone(s.bytes), s.flags, bytes.Clone(data)})
}
