package slab

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
)

// ForEachAllocatedObject walks the objects of a cache that are allocated, each as a pointer to typ.
//
// slab_cache is a struct kmem_cache *. It looks at all pages of memory. Objects on pages that a dump has left out are
// passed over.
//
//drgn:helper slab_cache_for_each_allocated_object(slab_cache, type)
func ForEachAllocatedObject[T drgn.TypeLike](cache drgn.Object, typ T) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		if err := cache.Err(); err != nil {
			yield(drgn.Object{}, err)
			return
		}
		p := cache.Prog()
		t, err := drgn.ResolveType(p, typ)
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		pointer := p.PointerTo(t)
		err = forEachAllocated(cache, func(address uint64) bool {
			o := p.ScalarValue(pointer, address)
			return yield(o, o.Err())
		})
		if err != nil {
			yield(drgn.Object{}, err)
		}
	}
}

// members are where a slab has what a walk looks at.
type members struct{ cache, freelist uint64 }

func membersOf(p *drgn.Program) (m members, err error) {
	t, err := p.Type("struct slab")
	if drgn.IsNotFound(err) {
		t, err = p.Type("struct page")
	}
	if err != nil {
		return m, err
	}
	if m.cache, err = drgn.OffsetOf(t, "slab_cache"); err != nil {
		return m, err
	}
	m.freelist, err = drgn.OffsetOf(t, "freelist")
	return m, err
}

// forEachAllocated calls visit for each allocated object of a cache until it returns false.
func forEachAllocated(cache drgn.Object, visit func(address uint64) bool) error {
	p := cache.Prog()
	c, err := open(cache)
	if err != nil {
		return err
	}
	want, err := cache.Uint()
	if err != nil {
		return err
	}
	at, err := membersOf(p)
	if err != nil {
		return err
	}
	cpuFree, err := c.cpuFree()
	if err != nil {
		return err
	}
	for page, err := range mm.Pages(p) {
		if err != nil {
			return err
		}
		if !page.IsSlab() || page.IsTail() || page.Word(at.cache) != want {
			continue
		}
		slab, err := asSlab(page.Object())
		if err != nil {
			return err
		}
		n, err := slab.Member("objects").Uint()
		if err != nil {
			return err
		}
		free := map[uint64]struct{}{}
		if _, err := c.freelist(page.Word(at.freelist), func(o uint64) bool {
			free[o] = struct{}{}
			return false
		}); err != nil {
			return err
		}
		start, err := page.Address()
		if err != nil {
			return err
		}
		start += c.padding
		for i := range n {
			object := start + i*c.size
			if _, isFree := free[object]; isFree {
				continue
			}
			if _, isFree := cpuFree[object]; isFree {
				continue
			}
			if !visit(object) {
				return nil
			}
		}
	}
	return nil
}
