package slab

import (
	"errors"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/kernfs"
	"github.com/godrgn/drgn/linux/list"
)

// A CacheUsage is how many slabs and objects a cache has.
//
//drgn:namedtuple SlabCacheUsage
type CacheUsage struct {
	NumSlabs uint64 // slabs
	NumObjs  uint64 // objects in these slabs, allocated or free
	FreeObjs uint64 // free ones, also those that CPUs and nodes keep for themselves, which /proc/slabinfo leaves out
}

// Usage returns how many slabs and objects a cache has. The kernel must count them (CONFIG_SLUB_DEBUG).
//
// slab_cache is a struct kmem_cache *.
//
//drgn:helper slab_cache_usage(slab_cache)
func Usage(cache drgn.Object) (CacheUsage, error) {
	var usage CacheUsage
	for node, err := range nodes(cache) {
		if err != nil {
			return usage, err
		}
		var counts struct {
			Slabs   uint64 `drgn:"nr_slabs.counter"`
			Objects uint64 `drgn:"total_objects.counter"`
		}
		if err := node.Decode(&counts); err != nil {
			return usage, err
		}
		usage.NumSlabs += counts.Slabs
		usage.NumObjs += counts.Objects
	}
	c, err := open(cache)
	if err != nil {
		return usage, err
	}
	usage.FreeObjs, err = c.countFree()
	return usage, err
}

// countFree returns the number of free objects of a cache: those in slabs that have some left, on nodes' lists and CPUs',
// and those that CPUs and nodes have taken out of slabs.
func (c *cacheReader) countFree() (uint64, error) {
	taken, err := c.cpuFree()
	if err != nil {
		return 0, err
	}
	free := uint64(len(taken))
	add := func(slab drgn.Object, err error) error {
		if err != nil {
			return err
		}
		n, err := freeInSlab(slab)
		free += n
		return err
	}
	for node, err := range nodes(c.cache) {
		if err != nil {
			return 0, err
		}
		for slab, err := range partial(node) {
			if cycle := (*walk.CycleError)(nil); errors.As(err, &cycle) {
				err = &PartialListError{Problem: err.Error()}
			}
			if err := add(slab, err); err != nil {
				return 0, err
			}
		}
	}
	for slab, err := range c.cpuSlabs() {
		if err := add(slab, err); err != nil {
			return 0, err
		}
	}
	return free, nil
}

// partial walks the slabs in the list of those of a struct kmem_cache_node * that have free objects.
func partial(node drgn.Object) iter.Seq2[drgn.Object, error] {
	p := node.Prog()
	// A struct page has the members of a slab before v5.17, commit d122019bf061; its list was called lru before v4.18,
	// commit 4da1984edbbe.
	typ, err := p.Type("struct slab")
	if drgn.IsNotFound(err) {
		typ, err = p.Type("struct page")
	}
	if err != nil {
		return func(yield func(drgn.Object, error) bool) { yield(drgn.Object{}, err) }
	}
	member := "slab_list"
	if _, err := typ.FindMember(member); err != nil {
		member = "lru"
	}
	return list.ForEachEntry(typ, node.Member("partial").AddressOf(), member)
}

// freeInSlab returns how many of a slab's objects are in its own list of free ones.
func freeInSlab(slab drgn.Object) (uint64, error) {
	var s struct {
		Objects uint64 `drgn:"objects"`
		InUse   uint64 `drgn:"inuse"`
	}
	if err := slab.Decode(&s); err != nil {
		return 0, err
	}
	if s.InUse > s.Objects {
		return 0, &CorruptError{Problem: "slab is corrupt: more of its objects are allocated than it has"}
	}
	return s.Objects - s.InUse, nil
}

// A TotalUsage is how many pages the slab allocator uses.
//
//drgn:namedtuple SlabTotalUsage
type TotalUsage struct {
	ReclaimablePages   uint64 // of caches whose objects can be given up when memory is short
	UnreclaimablePages uint64 // of all others
}

// Total returns how many pages the slab allocator uses.
//
//drgn:helper slab_total_usage
func Total(p *drgn.Program) (TotalUsage, error) {
	var t TotalUsage
	var err error
	if t.ReclaimablePages, err = nodePages(p, "NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE"); err != nil {
		return t, err
	}
	t.UnreclaimablePages, err = nodePages(p, "NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE")
	return t, err
}

// nodePages returns a counter of pages of all nodes. The first of the names that exists counts: the kernel gives these
// two in bytes since v5.9, commit d42f3245c7e2, but keeps all of them in pages.
func nodePages(p *drgn.Program, names ...string) (uint64, error) {
	var item drgn.Object
	for _, name := range names {
		if item = p.Constant(name); !drgn.IsNotFound(item.Err()) {
			break
		}
	}
	i, err := item.Int()
	if err != nil {
		return 0, err
	}
	n, err := p.Variable("vm_node_stat").Index(i).Member("counter").Int()
	return uint64(max(n, 0)), err // CPUs keep back what they counted, so that it may be less than 0 for a while
}

// AliasNames are names of caches that are served by another one's slabs, in the order of sysfs.
//
//drgn:dict
type AliasNames []AliasName

// An AliasName is such a name.
type AliasName struct {
	Name   string
	Served string // the name of the cache whose slabs it has
}

// Aliases returns the names of caches that are served by another one's slabs, with the name of the latter.
//
// The kernel does not keep them but in sysfs, which it must have.
//
//drgn:helper get_slab_cache_aliases
func Aliases(p *drgn.Program) (AliasNames, error) {
	const link = 0x4 // KERNFS_LINK
	var aliases AliasNames
	for kn, err := range kernfs.Children(p.Variable("slab_kset").Member("kobj").Member("sd")) {
		if err != nil {
			return nil, err
		}
		flags, err := kn.Member("flags").Uint()
		if err != nil {
			return nil, err
		}
		if flags&link == 0 {
			continue
		}
		name, err := kernfs.Name(kn)
		if err != nil {
			return nil, err
		}
		kobject, err := p.Type("struct kobject *")
		if err != nil {
			return nil, err
		}
		cache := drgn.Entry(kn.Member("symlink").Member("target_kn").Member("priv").Cast(kobject), "struct kmem_cache", "kobj")
		served, err := cache.Member("name").CString()
		if err != nil {
			return nil, err
		}
		// A cache that could be merged is known to sysfs by a name of its own making, and its first name is a link, too.
		if string(name) != string(served) {
			aliases = append(aliases, AliasName{string(name), string(served)})
		}
	}
	return aliases, nil
}
