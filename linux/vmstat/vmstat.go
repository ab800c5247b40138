// Package vmstat reads what the kernel's memory management counts (include/linux/vmstat.h).
package vmstat

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/percpu"
)

// counter returns an element of an array of atomic_long_t. One that CPUs have not yet added to may be below zero: it is then
// zero, as in the kernel.
func counter(counters drgn.Object, item uint64) (int64, error) {
	if err := check(counters, item); err != nil {
		return 0, err
	}
	n, err := counters.Index(int64(item)).Member("counter").Int()
	return max(n, 0), err
}

func check(counters drgn.Object, item uint64) error {
	n, err := counters.Len()
	if err == nil && item >= n {
		err = &drgn.ValueError{Problem: "there is no such item"}
	}
	return err
}

// GlobalNodePageState returns what is counted of all nodes.
//
// item is an enum node_stat_item.
//
//drgn:helper global_node_page_state
func GlobalNodePageState(p *drgn.Program, item uint64) (int64, error) {
	return counter(p.Variable("vm_node_stat"), item)
}

// ZonePageState returns what is counted of a zone.
//
// zone is a struct zone *; item is an enum zone_stat_item.
//
//drgn:helper zone_page_state
func ZonePageState(zone drgn.Object, item uint64) (int64, error) {
	return counter(zone.Member("vm_stat"), item)
}

// GlobalZonePageState returns what is counted of all zones.
//
// item is an enum zone_stat_item.
//
//drgn:helper global_zone_page_state
func GlobalZonePageState(p *drgn.Program, item uint64) (int64, error) {
	// vm_stat until v4.8, commit 75ef71840539.
	stat := p.Variable("vm_zone_stat")
	if drgn.IsNotFound(stat.Err()) {
		stat = p.Variable("vm_stat")
	}
	return counter(stat, item)
}

// NrFreePages returns how many pages are free.
//
//drgn:helper nr_free_pages
func NrFreePages(p *drgn.Program) (int64, error) {
	item, err := p.Constant("NR_FREE_PAGES").Uint()
	if err != nil {
		return 0, err
	}
	return GlobalZonePageState(p, item)
}

// GlobalNUMAEventState returns how often something has happened on all NUMA nodes, without what CPUs have not yet added.
//
// item is an enum numa_stat_item (enum zone_stat_item before v4.14).
//
//drgn:helper global_numa_event_state
func GlobalNUMAEventState(p *drgn.Program, item uint64) (int64, error) {
	for _, name := range []string{"vm_numa_event", "vm_numa_stat"} { // the latter until v5.14, commit f19298b9516c
		stat := p.Variable(name)
		if !drgn.IsNotFound(stat.Err()) {
			return counter(stat, item)
		}
	}
	// Of a kernel without CONFIG_NUMA, there is no item to be asked for.
	return GlobalZonePageState(p, item)
}

// GlobalVMEventState returns how often something has happened on all CPUs.
//
// item is an enum vm_event_item.
//
//drgn:helper global_vm_event_state
func GlobalVMEventState(p *drgn.Program, item uint64) (uint64, error) {
	events := p.Variable("vm_event_states").Member("event")
	if err := check(events, item); err != nil {
		return 0, err
	}
	var sum uint64
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			return 0, err
		}
		n, err := percpu.PerCPU(p.Variable("vm_event_states"), cpu).Member("event").Index(int64(item)).Uint()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
