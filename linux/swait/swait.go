// Package swait looks at the kernel's simple wait queues (include/linux/swait.h).
package swait

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// Active reports whether tasks wait in a queue.
//
// wq is a struct swait_queue_head *.
//
//drgn:helper swait_active(wq)
func Active(wq drgn.Object) (bool, error) {
	empty, err := list.Empty(wq.Member("task_list").AddressOf())
	return !empty && err == nil, err
}

// ForEachTask walks the tasks that wait in a queue, each as a struct task_struct *.
//
// wq is a struct swait_queue_head *.
//
//drgn:helper swait_for_each_task(wq)
func ForEachTask(wq drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		for entry, err := range list.ForEachEntry("struct swait_queue", wq.Member("task_list").AddressOf(), "task_list") {
			if err == nil {
				entry = entry.Member("task")
				err = entry.Read().Err()
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}
