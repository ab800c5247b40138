package slab

import (
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
		return &drgn.ValueError{Problem: "sheaf of slab objects is corrupt: it is too large"}
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
				return err
			}
			if err := sheaf(s, free); err != nil {
				return err
			}
		}
	}
	return nil
}
