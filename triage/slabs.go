package triage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/report"
)

// A cache is a slab cache.
type cache struct {
	name                 string
	bytes, object        uint64
	objects, used, slabs uint64
	cache                drgn.Object // struct kmem_cache *
}

// findCaches returns the slab caches, the largest first; those before an error with it.
func findCaches(p *drgn.Program, page uint64) (all []cache, err error) {
	for o, err := range slab.ForEachCache(p) {
		if err != nil {
			return all, err
		}
		c, err := cacheOf(o, page)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b cache) int { return cmp.Compare(b.bytes, a.bytes) })
	return all, nil
}

func cacheOf(o drgn.Object, page uint64) (c cache, err error) {
	c.cache = o
	if c.name, err = word(o.Member("name")); err != nil {
		return c, err
	}
	usage, err := slab.Usage(o)
	if err != nil {
		return c, err
	}
	each, err := slab.PagesPerSlab(o)
	if err != nil {
		return c, err
	}
	c.object, err = o.Member("size").Uint()
	c.slabs, c.objects, c.used = usage.NumSlabs, usage.NumObjs, usage.NumObjs-min(usage.NumObjs, usage.FreeObjs)
	c.bytes = usage.NumSlabs * each * page
	return c, err
}

var cacheRule = rule{"one-cache-is-large", report.Warning, "one slab cache holds more than 20 % of memory", "who makes these objects does not free them, or makes too many"}

// isLarge reports whether a cache has so much of memory that it is called out.
func (c *cache) isLarge(total uint64) bool { return c.bytes > total/5 }

// largeCache says that a cache has much of memory; origins are what its objects tell of who made them.
func largeCache(largest cache, total uint64, origins []string) []report.Finding {
	if !largest.isLarge(total) {
		return nil
	}
	who := ""
	if len(origins) > 0 {
		who = "; " + origins[0]
	}
	evidence := []string{fmt.Sprintf("%d objects of %s, %d of them in use, in %s", largest.objects, report.Bytes.Format(largest.object), largest.used, report.Bytes.Format(largest.bytes))}
	return []report.Finding{cacheRule.found(append(evidence, origins...), "Slab cache %s holds %.0f %% of memory%s", largest.name, percent(largest.bytes, total), who)}
}

// Bounds of what is looked at of a cache's objects.
const (
	sampled      = 256     // objects
	sampledBytes = 512     // of each
	maxOrigins   = 4       // sentences
	most         = 90      // percent of the objects of which something must be true
	fewest       = 16      // objects that tell anything
	maxObject    = 1 << 20 // bytes that an object is believed to have
)

// origins returns what the objects of a cache tell of who made them: who took them, where the cache keeps that, functions and variables that they
// point to, and the function that prepares them.
func (c *cache) origins(p *drgn.Program) (all []string, err error) {
	word, err := p.AddressSize()
	if err != nil {
		return nil, err
	}
	bytes, err := c.cache.Member("object_size").Uint()
	if err != nil {
		return nil, err
	}
	if bytes > maxObject {
		return nil, &drgn.ValueError{Problem: fmt.Sprintf("objects of slab cache %s are said to have %d bytes", c.name, bytes)}
	}
	bytes = min(bytes, sampledBytes) / word * word
	takers, pointed := newTally[string](), newTally[string]()
	names := map[uint64]string{}
	n := 0
	for o, err := range slab.ForEachAllocatedObject(c.cache, "void") {
		if err != nil {
			return nil, err
		}
		at, err := o.Uint()
		if err != nil {
			return nil, err
		}
		track, kept, err := slab.TakenBy(c.cache, at)
		if err != nil {
			return nil, err
		}
		if kept {
			takers.add(fmt.Sprintf("%s for task %d", symbolAt(p, track.Caller), track.PID))
		}
		data, err := p.Read(at, bytes, false)
		if err != nil {
			return nil, err
		}
		for i := uint64(0); i < bytes; i += word {
			v := p.Platform().Uint(data[i:][:word])
			name, known := names[v]
			if !known {
				if symbol, err := p.SymbolAt(v); err == nil && symbol.Address == v {
					name = symbolAt(p, v)
				}
				names[v] = name
			}
			if name != "" {
				pointed.add(fmt.Sprintf("point to %s, at %#x", name, i))
			}
		}
		if n++; n == sampled {
			break
		}
	}
	if who, times := takers.most(); times > 0 {
		all = append(all, fmt.Sprintf("%d of %d objects were allocated by %s", times, n, who))
	}
	for _, what := range pointed.atLeast(max(fewest, n*most/100)) {
		if len(all) < maxOrigins {
			all = append(all, "its objects "+what)
		}
	}
	prepares, err := c.cache.Member("ctor").Uint()
	if prepares != 0 {
		all = append(all, "its objects are prepared by "+symbolAt(p, prepares))
	}
	return all, err
}

// A tally counts.
type tally[T cmp.Ordered] map[T]int

func newTally[T cmp.Ordered]() tally[T] { return tally[T]{} }

func (t tally[T]) add(v T) { t[v]++ }

// most returns what there is most of.
func (t tally[T]) most() (v T, times int) {
	for _, v := range t.atLeast(1) {
		return v, t[v]
	}
	return v, 0
}

// atLeast returns what there is so often, the most common first.
func (t tally[T]) atLeast(times int) (all []T) {
	for v, n := range t {
		if n >= times {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Or(cmp.Compare(t[b], t[a]), cmp.Compare(a, b)) })
	return all
}

// Hogs are what has memory, the largest first.
type hogs struct {
	caches    []cache
	processes []process
	found     []report.Finding // what is out of the ordinary of them
	gaps
}

// findHogs looks for what has the memory.
func (s *scene) findHogs() (all hogs, err error) {
	page, err := s.p.Object("PAGE_SIZE").Uint()
	if err != nil {
		return all, err
	}
	total, err := mm.TotalRAMPages(s.p)
	if err != nil {
		return all, err
	}
	total *= page
	all.caches, err = findCaches(s.p, page)
	all.miss("slab caches", err)
	if len(all.caches) > 0 && all.caches[0].isLarge(total) {
		origins, err := all.caches[0].origins(s.p)
		all.miss("who made the objects of slab cache "+all.caches[0].name, err)
		all.found = largeCache(all.caches[0], total, origins)
	}
	all.processes = findProcesses(s.p, page, &all.gaps)
	if len(all.processes) > 0 {
		all.found = append(all.found, largeProcess(all.processes[0], total)...)
	}
	return all, nil
}
