package sched

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cgroup"
	"github.com/godrgn/drgn/linux/percpu"
)

// GroupName returns the name of a task group's control group, "/" for the root's, or "" if it has none: the kernel makes groups
// for sessions, too.
//
// tg is a struct task_group *.
//
//drgn:helper task_group_name
func GroupName(tg drgn.Object) ([]byte, error) {
	group := tg.Member("css").Member("cgroup").Read()
	if none, err := group.IsNull(); err != nil || none {
		return nil, err
	}
	return cgroup.Name(group)
}

// GroupEntity returns what schedules a group of tasks on a CPU, as a struct sched_entity *; a null pointer for the root
// group, which nothing schedules.
//
// tg is a struct task_group *.
//
//drgn:helper task_group_sched_entity(tg, cpu)
func GroupEntity(tg drgn.Object, cpu uint64) drgn.Object {
	root, err := isRoot(tg)
	if err != nil {
		return drgn.Failed(err)
	}
	if root {
		return drgn.PointerValue(tg, "struct sched_entity", 0)
	}
	n, err := tg.Prog().Variable("nr_cpu_ids").Uint()
	if err != nil && !drgn.IsNotFound(err) {
		return drgn.Failed(err)
	}
	if cpu >= max(n, 1) {
		return drgn.Failed(&drgn.ValueError{Problem: fmt.Sprintf("there is no CPU %d", cpu)})
	}
	if tg.HasMember("se") {
		return tg.Member("se").Index(int64(cpu)).Read()
	}
	state := drgn.Entry(percpu.PerCPUPtr(tg.Member("cfs_rq").Read(), cpu), "struct cfs_tg_state", "cfs_rq")
	return state.Member("se").AddressOf()
}

// isRoot reports whether nothing schedules a group. The root group has no array of entities; by v7.2 none has, since
// they lie next to the run queues, per CPU (tg_se() in kernel/sched/sched.h).
func isRoot(tg drgn.Object) (bool, error) {
	if err := tg.Err(); err != nil {
		return false, err
	}
	if tg.HasMember("se") {
		return tg.Member("se").IsNull()
	}
	root, err := tg.Prog().Variable("root_task_group").AddressOf().Uint()
	if err != nil {
		return false, err
	}
	at, err := tg.Uint()
	return at == root, err
}
