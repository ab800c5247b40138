// Package wait looks at the kernel's wait queues (include/linux/wait.h).
package wait

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// isOld tells the names before v4.13, commits ac6424b981bc and 2055da97389a.
func isOld(wq drgn.Object) bool { return wq.HasMember("task_list") }

func entries(wq drgn.Object) drgn.Object {
	return wq.MemberAny("head", "task_list").AddressOf()
}

// QueueActive reports whether anything waits in a queue.
//
// wq is a wait_queue_head_t *.
//
//drgn:helper waitqueue_active(wq)
func QueueActive(wq drgn.Object) (bool, error) {
	empty, err := list.Empty(entries(wq))
	return !empty && err == nil, err
}

// QueueEntries walks what waits in a queue, each as a wait_queue_entry_t * (wait_queue_t * before v4.13).
//
// wq is a wait_queue_head_t *.
//
//drgn:helper waitqueue_for_each_entry(wq)
//drgn:eager
func QueueEntries(wq drgn.Object) iter.Seq2[drgn.Object, error] {
	if isOld(wq) {
		return list.ForEachEntry("wait_queue_t", entries(wq), "task_list")
	}
	return list.ForEachEntry("wait_queue_entry_t", entries(wq), "entry")
}

// QueueTasks walks the tasks that wait in a queue, each as a struct task_struct *. An entry of another kind than a task
// has something else in its place.
//
// wq is a wait_queue_head_t *.
//
//drgn:helper waitqueue_for_each_task(wq)
func QueueTasks(wq drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for entry, err := range QueueEntries(wq) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			t, err := entry.Prog().Type("struct task_struct *")
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			task := entry.Member("private").Cast(t)
			if err := task.Err(); !yield(task, err) || err != nil {
				return
			}
		}
	}
}
