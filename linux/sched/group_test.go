package sched_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/sched"
)

// A group's entities are in an array of pointers; by v7.2 they lie next to its run queues, which are per CPU.
func TestGroupEntity(t *testing.T) {
	for name, declarations := range map[string]string{
		"v6.12": `struct sched_entity { unsigned long load; };
			struct task_group { int idle; struct sched_entity **se; };`,
		"v7.2": `struct sched_entity { unsigned long load; };
			struct cfs_rq { unsigned long load[3]; };
			struct cfs_tg_state { struct cfs_rq cfs_rq; struct sched_entity se; };
			struct task_group { int idle; struct cfs_rq *cfs_rq; };`,
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(declarations)
				root, group := w.Variable("root_task_group", "struct task_group"), w.Alloc("struct task_group")
				w.Variable("nr_cpu_ids", "unsigned int").Set("", 2)
				offsets := w.Variable("__per_cpu_offset", "unsigned long [2]")
				var want [2]uint64
				if root.Object().HasMember("se") {
					array := w.AllocBytes(2*w.Word(), w.Word())
					for i, e := range w.AllocN(2, "struct sched_entity") {
						want[i] = e.At
						w.WriteWord(array+uint64(i)*w.Word(), e.At)
					}
					group.Set("se", array)
				} else {
					all := w.AllocN(2, "struct cfs_tg_state")
					for i, s := range all {
						want[i] = s.Addr("se")
					}
					group.Set("cfs_rq", all[0].At)
					root.Set("cfs_rq", all[0].At)
					offsets.Set("[1]", all[1].At-all[0].At)
				}
				for cpu, at := range want {
					worldtest.CheckPtr(t, "entity", sched.GroupEntity(group.Ptr(), uint64(cpu)), at)
					worldtest.CheckPtr(t, "entity of the root group", sched.GroupEntity(root.Ptr(), uint64(cpu)), 0)
				}
				if e := sched.GroupEntity(group.Ptr(), 2); e.Err() == nil {
					t.Errorf("entity on a CPU that is not there: %s", e)
				}
			})
		})
	}
}
