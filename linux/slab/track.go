package slab

import "github.com/godrgn/drgn"

// A Track is what a slab cache keeps of who took an object.
type Track struct {
	Caller uint64 // the address to which the allocation returned
	PID    int64  // of the task
	When   uint64 // in jiffies, of which kernels of 32 bits count from another start
}

// TakenBy returns who took an object of a cache last. ok is false if the cache does not keep that: it does with slab_debug=U, or if it was made with
// SLAB_STORE_USER.
//
// cache is a struct kmem_cache *.
func TakenBy(cache drgn.Object, object uint64) (t Track, ok bool, err error) {
	p := cache.Prog()
	var c struct {
		Flags  uint64 `drgn:"flags"`
		InUse  uint64 `drgn:"inuse"`
		Offset uint64 `drgn:"offset"`
	}
	if err := cache.Decode(&c); err != nil {
		return t, false, err
	}
	store, err := cacheFlag(p, "_SLAB_STORE_USER", 0x10000)
	if err != nil || c.Flags&store == 0 {
		return t, false, err
	}
	// get_track in mm/slub.c: behind the object and, where that is not inside of it, the pointer to the next free one.
	at := object + c.InUse
	if c.Offset >= c.InUse {
		word, err := p.AddressSize()
		if err != nil {
			return t, false, err
		}
		at += word
	}
	typ, err := p.Type("struct track *")
	if err != nil {
		return t, false, err
	}
	var track struct {
		Addr uint64 `drgn:"addr"`
		PID  int64  `drgn:"pid"`
		When uint64 `drgn:"when"`
	}
	err = p.ScalarValue(typ, at).Decode(&track)
	return Track{Caller: track.Addr, PID: track.PID, When: track.When}, err == nil, err
}

// cacheFlag returns a flag of slab caches: the kernel has the number of its bit since v6.9; before, it was always the same.
func cacheFlag(p *drgn.Program, bit string, before uint64) (uint64, error) {
	n, err := p.Constant(bit).Uint()
	if drgn.IsNotFound(err) {
		return before, nil
	}
	return 1 << (n & 63), err
}
