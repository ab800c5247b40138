package slab

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/percpu"
)

// freeKey names a cache whose CPUs' free objects are remembered.
type freeKey struct{ cache uint64 }

// cpuFree returns the free objects that the CPUs keep for themselves: those of the slab each allocates from and, since
// v6.18, those in sheaves. A dump does not change, so they are gathered once.
func (c *cacheReader) cpuFree() (map[uint64]struct{}, error) {
	at, err := c.cache.Uint()
	if err != nil {
		return nil, err
	}
	if c.prog.Flags()&drgn.IsLive != 0 {
		return c.gatherCPUFree()
	}
	return drgn.Memo(c.prog, freeKey{at}, c.gatherCPUFree)
}

func (c *cacheReader) gatherCPUFree() (map[uint64]struct{}, error) {
	free := map[uint64]struct{}{}
	add := func(object uint64) bool {
		free[object] = struct{}{}
		return false
	}
	// A kernel with CONFIG_SLUB_TINY has neither.
	for cpu, err := range cpumask.ForEachOnlineCPU(c.prog) {
		if err != nil {
			return nil, err
		}
		if c.cache.HasMember("cpu_slab") {
			first, err := percpu.PerCPUPtr(c.cache.Member("cpu_slab").Read(), cpu).Member("freelist").Uint()
			if err != nil {
				return nil, err
			}
			if _, err := c.freelist(first, add); err != nil {
				return nil, err
			}
		}
		if c.cache.HasMember("cpu_sheaves") {
			if err := c.cpuSheaves(percpu.PerCPUPtr(c.cache.Member("cpu_sheaves").Read(), cpu), free); err != nil {
				return nil, err
			}
		}
	}
	return free, c.barnSheaves(free)
}

// cpuSlabs walks the slabs that the CPUs keep for themselves, which are in no list of a node: the one that each allocates
// from and those it allocates from next. There are none since all caches have sheaves, by v7.2.
func (c *cacheReader) cpuSlabs() iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		if !c.cache.HasMember("cpu_slab") {
			return
		}
		for id, err := range cpumask.ForEachOnlineCPU(c.prog) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			cpu := percpu.PerCPUPtr(c.cache.Member("cpu_slab").Read(), id)
			// A slab was a struct page before v5.17, commit d122019bf061.
			lists := []drgn.Object{cpu.MemberAny("slab", "page").Read()}
			if cpu.HasMember("partial") { // with CONFIG_SLUB_CPU_PARTIAL
				lists = append(lists, cpu.Member("partial").Read())
			}
			for i, slab := range lists {
				for n := 0; ; n++ {
					null, err := slab.IsNull()
					if err == nil && null {
						break
					}
					if err == nil && n == maxCPUSlabs {
						err = &PartialListError{Problem: "list of a CPU's slabs is corrupt: it has no end"}
					}
					if !yield(slab, err) || err != nil {
						return
					}
					if i == 0 {
						break
					}
					slab = slab.Member("next").Read()
				}
			}
		}
	}
}

// maxCPUSlabs bounds how long a CPU's list of slabs may be. The kernel drains it when it has some tens (cpu_partial_slabs).
const maxCPUSlabs = 1 << 16

// cpuSheaves adds the objects in the sheaves of a CPU.
func (c *cacheReader) cpuSheaves(sheaves drgn.Object, free map[uint64]struct{}) error {
	if at, err := c.cache.Member("cpu_sheaves").Uint(); err != nil || at == 0 {
		return err
	}
	for _, name := range []string{"main", "spare", "rcu_free"} {
		if !sheaves.HasMember(name) {
			continue
		}
		if err := sheaf(sheaves.Member(name).Read(), free); err != nil {
			return err
		}
	}
	return nil
}

// sheaf adds the objects in one sheaf.
func sheaf(s drgn.Object, free map[uint64]struct{}) error {
	if null, err := s.IsNull(); err != nil || null {
		return err
	}
	n, err := s.Member("size").Uint()
	if err != nil {
		return err
	}
	if n > maxFree {
		return &CorruptError{Problem: "sheaf of slab objects is corrupt: it is too large"}
	}
	for i := range n {
		object, err := s.Member("objects").Index(int64(i)).Uint()
		if err != nil {
			return err
		}
		free[object] = struct{}{}
	}
	return nil
}

// barnSheaves adds the objects in the full sheaves that each node keeps in stock.
func (c *cacheReader) barnSheaves(free map[uint64]struct{}) error {
	if !c.cache.HasMember("cpu_sheaves") {
		return nil
	}
	for barn, err := range barns(c.cache) {
		if err != nil {
			return err
		}
		for s, err := range list.ForEachEntry("struct slab_sheaf", barn.Member("sheaves_full").AddressOf(), "barn_list") {
			if err != nil {
				return corrupt(err)
			}
			if err := sheaf(s, free); err != nil {
				return err
			}
		}
	}
	return nil
}
