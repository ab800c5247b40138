package wait_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/wait"
	"github.com/godrgn/drgn/mem"
)

func TestQueues(t *testing.T) {
	for name, c := range map[string]struct{ declarations, head, entry, link, typ string }{
		"v4.13": {`
			struct wait_queue_entry { unsigned int flags; void *private, *func; struct list_head entry; };
			typedef struct wait_queue_entry wait_queue_entry_t;
			struct wait_queue_head { int lock; struct list_head head; };
			typedef struct wait_queue_head wait_queue_head_t;`, "head", "wait_queue_entry_t", "entry", "wait_queue_entry_t *"},
		"before": {`
			struct __wait_queue { unsigned int flags; void *private, *func; struct list_head task_list; };
			typedef struct __wait_queue wait_queue_t;
			struct __wait_queue_head { int lock; struct list_head task_list; };
			typedef struct __wait_queue_head wait_queue_head_t;`, "task_list", "wait_queue_t", "task_list", "wait_queue_t *"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(c.declarations + `struct task_struct { int pid; };`)
				wq, entries, tasks := w.Alloc("wait_queue_head_t"), w.AllocN(2, c.entry), w.AllocN(2, "struct task_struct")
				w.Ring(wq.Addr(c.head))
				worldtest.CheckValue(t, "active", false)(wait.QueueActive(wq.Ptr()))
				worldtest.Check(t, "tasks in an empty queue", wait.QueueTasks(wq.Ptr()))
				for i, e := range entries {
					e.Set("private", tasks[i].At)
				}
				w.Ring(wq.Addr(c.head), entries[0].Addr(c.link), entries[1].Addr(c.link))
				worldtest.CheckValue(t, "active", true)(wait.QueueActive(wq.Ptr()))
				worldtest.Check(t, "entries", wait.QueueEntries(wq.Ptr()), entries[0].At, entries[1].At)
				worldtest.Check(t, "tasks", wait.QueueTasks(wq.Ptr()), tasks[0].At, tasks[1].At)
				for o, err := range wait.QueueEntries(wq.Ptr()) {
					if err != nil || o.Type().String() != c.typ {
						t.Errorf("entry of type %s, %v", o.Type(), err)
					}
				}
				for o, err := range wait.QueueTasks(wq.Ptr()) {
					if err != nil || o.Type().String() != "struct task_struct *" {
						t.Errorf("task of type %s, %v", o.Type(), err)
					}
				}
				var cycle *walk.CycleError
				entries[1].Set(c.link+".next", entries[0].Addr(c.link))
				if _, err := worldtest.Addresses(t, wait.QueueTasks(wq.Ptr())); !errors.As(err, &cycle) {
					t.Errorf("a circle: %v", err)
				}
				var fault *mem.FaultError
				if active, err := wait.QueueActive(w.VarAt("wait_queue_head_t", worldtest.Dangling).Ptr()); !errors.As(err, &fault) || active {
					t.Errorf("a dangling queue is active: %v, %v", active, err)
				}
			})
		})
	}
}
