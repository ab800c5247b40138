// Package completion looks at the kernel's completions, on which tasks wait for something to be done
// (include/linux/completion.h).
package completion

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/swait"
	"github.com/godrgn/drgn/linux/wait"
)

// Done reports whether a completion is done: whether a task that waits for it need not wait any more.
//
// completion is a struct completion *.
//
//drgn:helper completion_done(completion)
func Done(completion drgn.Object) (bool, error) { return completion.Member("done").Bool() }

// ForEachTask walks the tasks that wait for a completion, each as a struct task_struct *.
//
// completion is a struct completion *.
//
//drgn:helper completion_for_each_task(completion)
//drgn:eager
func ForEachTask(completion drgn.Object) iter.Seq2[drgn.Object, error] {
	queue := completion.Member("wait").AddressOf()
	// A simple wait queue since v5.7, commit a5c6234e1028.
	if queue.HasMember("task_list") && !queue.HasMember("head") && isSimple(queue) {
		return swait.ForEachTask(queue)
	}
	return wait.QueueTasks(queue)
}

// isSimple tells a struct swait_queue_head from the wait_queue_head_t of old kernels, which had a task_list, too.
func isSimple(queue drgn.Object) bool {
	return queue.Type().Underlying().Elem().Underlying().Tag() == "swait_queue_head"
}
