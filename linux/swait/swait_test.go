package swait_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/swait"
	"github.com/godrgn/drgn/mem"
)

func TestQueue(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct task_struct { int pid; };
			struct swait_queue { struct task_struct *task; struct list_head task_list; };
			struct swait_queue_head { int lock; struct list_head task_list; };`)
		wq, entries, tasks := w.Alloc("struct swait_queue_head"), w.AllocN(2, "struct swait_queue"), w.AllocN(2, "struct task_struct")
		w.Ring(wq.Addr("task_list"))
		worldtest.CheckValue(t, "active", false)(swait.Active(wq.Ptr()))
		worldtest.Check(t, "tasks", swait.ForEachTask(wq.Ptr()))
		for i, e := range entries {
			e.Set("task", tasks[i].At)
		}
		w.Ring(wq.Addr("task_list"), entries[0].Addr("task_list"), entries[1].Addr("task_list"))
		worldtest.CheckValue(t, "active", true)(swait.Active(wq.Ptr()))
		worldtest.Check(t, "tasks", swait.ForEachTask(wq.Ptr()), tasks[0].At, tasks[1].At)

		var cycle *walk.CycleError
		entries[1].Set("task_list.next", entries[1].Addr("task_list"))
		if _, err := worldtest.Addresses(t, swait.ForEachTask(wq.Ptr())); !errors.As(err, &cycle) {
			t.Errorf("a circle: %v", err)
		}
		var fault *mem.FaultError
		dangling := w.VarAt("struct swait_queue_head", worldtest.Dangling).Ptr()
		if active, err := swait.Active(dangling); !errors.As(err, &fault) || active {
			t.Errorf("a dangling queue is active: %v, %v", active, err)
		}
	})
}
