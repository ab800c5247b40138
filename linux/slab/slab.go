// Package slab looks at the kernel's slab allocator: caches, their slabs, and the objects in them (mm/slub.c).
package slab

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/mm"
)

// ForEachCache walks the slab caches, each as a struct kmem_cache *.
//
//drgn:helper for_each_slab_cache
//drgn:eager
func ForEachCache(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct kmem_cache", p.Variable("slab_caches").AddressOf(), "list")
}

// PrintCaches prints the slab caches, one a line: name and struct kmem_cache *.
//
//drgn:helper print_slab_caches
func PrintCaches(p *drgn.Program) table.Table {
	return table.Of([]string{"name", "cache"}, ForEachCache(p), func(cache drgn.Object) ([]table.Cell, error) {
		name, err := cache.Member("name").CString()
		if err != nil {
			return nil, err
		}
		pointer, err := table.Pointer(cache)
		return []table.Cell{table.Path(name), pointer}, err
	})
}

// FindCache returns the slab cache of a name as a struct kmem_cache *, or nil if there is none.
//
//drgn:helper find_slab_cache(prog, name: Union[str, bytes])
func FindCache(p *drgn.Program, name string) (*drgn.Object, error) {
	for cache, err := range ForEachCache(p) {
		if err != nil {
			return nil, err
		}
		have, err := cache.Member("name").CString()
		if err != nil {
			return nil, err
		}
		if string(have) == name {
			return &cache, nil
		}
	}
	return nil, nil
}

// orderObjects takes a packed struct kmem_cache_order_objects apart: the order of a slab's pages and how many objects
// are in it.
func orderObjects(cache drgn.Object) (order, objects uint64, err error) {
	x, err := cache.Member("oo").Member("x").Uint()
	return x >> 16, x & 0xffff, err
}

// ObjectsPerSlab returns the number of objects in each slab of a cache.
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper slab_cache_objects_per_slab(slab_cache)
func ObjectsPerSlab(cache drgn.Object) (uint64, error) {
	_, n, err := orderObjects(cache)
	return n, err
}

// Order returns the binary logarithm of the number of pages of each slab of a cache.
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper slab_cache_order(slab_cache)
func Order(cache drgn.Object) (uint64, error) {
	order, _, err := orderObjects(cache)
	return order, err
}

// PagesPerSlab returns the number of pages of each slab of a cache.
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper slab_cache_pages_per_slab(slab_cache)
func PagesPerSlab(cache drgn.Object) (uint64, error) {
	order, _, err := orderObjects(cache)
	return 1 << (order & 63), err
}

// IsMerged reports whether a cache serves more than one name.
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper slab_cache_is_merged(slab_cache)
func IsMerged(cache drgn.Object) (bool, error) {
	n, err := cache.Member("refcount").Int()
	return n > 1, err
}

// An ObjectInfo is what the slab allocator knows of an address.
//
//drgn:class SlabObjectInfo
type ObjectInfo struct {
	SlabCache drgn.Object // struct kmem_cache *
	Slab      drgn.Object // struct slab *, or struct page * before v5.17
	Address   uint64      // of the object
	Allocated bool
}

// slabOf returns the slab that an address lies in, as a struct slab * (or struct page *), and the address of its first
// page; ok is false if it lies in none.
func slabOf(p *drgn.Program, addr uint64) (slab drgn.Object, first uint64, ok bool, err error) {
	if in, err := mm.InDirectMap(p, addr); err != nil || !in {
		return slab, 0, false, err
	}
	page := mm.CompoundHead(mm.VirtToPage(p, addr))
	is, err := mm.PageSlab(page)
	if err != nil || !is {
		return slab, 0, false, err
	}
	if first, err = mm.PageToVirt(page).Uint(); err != nil {
		return slab, 0, false, err
	}
	slab, err = asSlab(page)
	return slab, first, err == nil, err
}

// asSlab turns a page into the slab that overlays it since v5.17, commit d122019bf061.
func asSlab(page drgn.Object) (drgn.Object, error) {
	t, err := page.Prog().Type("struct slab *")
	if drgn.IsNotFound(err) {
		return page, nil
	}
	if err != nil {
		return drgn.Object{}, err
	}
	slab := page.Cast(t)
	return slab, slab.Err()
}

// FindContainingCache returns the cache of the slab that an address lies in as a struct kmem_cache *; a null pointer if
// it lies in none.
//
//drgn:helper find_containing_slab_cache
//drgn:wraps
func FindContainingCache(p *drgn.Program, addr uint64) drgn.Object {
	slab, _, ok, err := slabOf(p, addr)
	if err != nil {
		return drgn.Failed(err)
	}
	if !ok {
		return drgn.Null(p, "struct kmem_cache")
	}
	return slab.Member("slab_cache").Read()
}

// InfoAt returns what the slab allocator knows of an address: nil if it lies in no slab, or in one but in none of
// its objects.
//
//drgn:helper slab_object_info
//drgn:wraps
func InfoAt(p *drgn.Program, addr uint64) (*ObjectInfo, error) {
	slab, first, ok, err := slabOf(p, addr)
	if err != nil || !ok {
		return nil, err
	}
	cache := slab.Member("slab_cache").Read()
	c, err := open(cache)
	if err != nil {
		return nil, err
	}
	n, err := slab.Member("objects").Uint()
	if err != nil {
		return nil, err
	}
	start := first + c.padding
	if addr < start {
		return nil, nil
	}
	i := (addr - start) / c.size
	if i >= n {
		return nil, nil
	}
	info := &ObjectInfo{SlabCache: cache, Slab: slab, Address: start + i*c.size}
	free, err := c.isFree(slab, info.Address)
	if err != nil {
		return nil, err
	}
	info.Allocated = !free
	return info, nil
}

// A cacheReader reads the objects of one cache.
type cacheReader struct {
	prog    *drgn.Program
	cache   drgn.Object
	size    uint64 // of an object with what surrounds it
	offset  uint64 // of the pointer to the next free object
	padding uint64 // before the first object: the left red zone
	random  uint64 // that free pointers are mixed with (CONFIG_SLAB_FREELIST_HARDENED)
	mixed   bool
}

func open(cache drgn.Object) (*cacheReader, error) {
	var f struct {
		Size    uint64 `drgn:"size"`
		Offset  uint64 `drgn:"offset"`
		Padding uint64 `drgn:"red_left_pad,optional"`
		Random  uint64 `drgn:"random,optional"`
		Flags   uint64 `drgn:"flags"`
	}
	if err := cache.Decode(&f); err != nil {
		return nil, err
	}
	if f.Size == 0 {
		return nil, &CorruptError{Problem: fmt.Sprintf("slab cache at %s is corrupt: its objects have no size", cache)}
	}
	c := &cacheReader{prog: cache.Prog(), cache: cache, size: f.Size, offset: f.Offset, random: f.Random, mixed: cache.HasMember("random")}
	redZone, err := cacheFlag(c.prog, "_SLAB_RED_ZONE", 0x400)
	if err != nil {
		return nil, err
	}
	if f.Flags&redZone != 0 {
		c.padding = f.Padding
	}
	return c, nil
}

// NextFree returns the address of the free object to which the pointer at an address leads, which lies in a free object; 0 after
// the last.
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper _next_free(slab_cache, address)
func NextFree(cache drgn.Object, address uint64) (uint64, error) {
	c, err := open(cache)
	if err != nil {
		return 0, err
	}
	return c.pointerAt(address)
}

// next reads the pointer to the next free object that lies in a free object.
func (c *cacheReader) next(object uint64) (uint64, error) { return c.pointerAt(object + c.offset) }

// pointerAt reads the pointer to a free object at an address.
func (c *cacheReader) pointerAt(at uint64) (uint64, error) {
	size, err := c.prog.AddressSize()
	if err != nil {
		return 0, err
	}
	v, err := c.prog.ReadUint(at, int(size), false)
	if err != nil || !c.mixed {
		return v, err
	}
	// The pointer's address is mixed in with its bytes swapped since v5.7, commit 1ad53d9fa3f6.
	v ^= c.random ^ swab(at, size)
	if size < 8 {
		v &= 1<<(8*size) - 1
	}
	return v, nil
}

func swab(v, size uint64) (out uint64) {
	for range size {
		out = out<<8 | v&0xff
		v >>= 8
	}
	return out
}

// maxFree bounds how long a list of free objects may be: a slab has at most 32767 objects.
const maxFree = 1 << 15

// freelist calls visit for each object of a list of free ones until it returns true; it reports whether it did. A list that
// goes in a circle, or is longer than a slab has objects, is a *FreelistCycleError.
func (c *cacheReader) freelist(first uint64, visit func(object uint64) bool) (bool, error) {
	var guard walk.Guard
	object := first
	for range maxFree {
		if object == 0 {
			return false, nil
		}
		if !guard.Visit(object) {
			break
		}
		if visit(object) {
			return true, nil
		}
		next, err := c.next(object)
		if err != nil {
			return false, &CorruptError{Problem: fmt.Sprintf("list of free objects of slab cache is corrupt at %#x", object), Err: err}
		}
		object = next
	}
	return false, &FreelistCycleError{Object: object}
}

// isFree reports whether an object is in one of the lists of free objects: its slab's, or those that CPUs keep.
func (c *cacheReader) isFree(slab drgn.Object, object uint64) (bool, error) {
	first, err := slab.Member("freelist").Uint()
	if err != nil {
		return false, err
	}
	here := func(o uint64) bool { return o == object }
	if found, err := c.freelist(first, here); err != nil || found {
		return found, err
	}
	free, err := c.cpuFree()
	if err != nil {
		return false, err
	}
	_, found := free[object]
	return found, nil
}
