package completion_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/completion"
	"github.com/godrgn/drgn/linux/swait"
	"github.com/godrgn/drgn/mem"
)

// A completion has a simple wait queue since v5.7, an ordinary one before; the ordinary one's list was called as the simple
// one's still is before v4.13.
func TestCompletion(t *testing.T) {
	for name, c := range map[string]struct{ declarations, entry, head, link, task string }{
		"v5.7": {`
			struct swait_queue { struct task_struct *task; struct list_head task_list; };
			struct swait_queue_head { int lock; struct list_head task_list; };
			struct completion { unsigned int done; struct swait_queue_head wait; };`, "struct swait_queue", "task_list", "task_list", "task"},
		"v4.13": {`
			typedef struct wait_queue_entry { unsigned int flags; void *private, *func; struct list_head entry; } wait_queue_entry_t;
			typedef struct wait_queue_head { int lock; struct list_head head; } wait_queue_head_t;
			struct completion { unsigned int done; wait_queue_head_t wait; };`, "wait_queue_entry_t", "head", "entry", "private"},
		"before": {`
			typedef struct __wait_queue { unsigned int flags; void *private, *func; struct list_head task_list; } wait_queue_t;
			typedef struct __wait_queue_head { int lock; struct list_head task_list; } wait_queue_head_t;
			struct completion { unsigned int done; wait_queue_head_t wait; };`, "wait_queue_t", "task_list", "task_list", "private"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(c.declarations + `struct task_struct { int pid; };`)
				x, waiters, tasks := w.Alloc("struct completion"), w.AllocN(2, c.entry), w.AllocN(2, "struct task_struct")
				head := x.Addr("wait." + c.head)
				w.Ring(head)
				worldtest.CheckValue(t, "done", false)(completion.Done(x.Ptr()))
				worldtest.Check(t, "tasks", completion.ForEachTask(x.Ptr()))
				for i, e := range waiters {
					e.Set(c.task, tasks[i].At)
				}
				w.Ring(head, waiters[0].Addr(c.link), waiters[1].Addr(c.link))
				worldtest.Check(t, "tasks", completion.ForEachTask(x.Ptr()), tasks[0].At, tasks[1].At)
				for _, done := range []uint64{1, 1<<31 - 1} { // UINT_MAX/2: complete_all()
					worldtest.CheckValue(t, "done", true)(completion.Done(x.Set("done", done).Ptr()))
				}
				var fault *mem.FaultError
				waiters[1].Set(c.link+".next", worldtest.Dangling)
				if got, err := worldtest.Addresses(t, completion.ForEachTask(x.Ptr())); !errors.As(err, &fault) {
					t.Errorf("a dangling waiter: %x, %v", got, err)
				}
				if c.task == "task" {
					wq := w.VarAt("struct swait_queue_head", x.Addr("wait"))
					worldtest.CheckValue(t, "active", true)(swait.Active(wq.Ptr()))
					w.Ring(head)
					worldtest.CheckValue(t, "active", false)(swait.Active(wq.Ptr()))
				}
			})
		})
	}
}
