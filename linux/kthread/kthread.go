// Package kthread looks at the kernel's threads (include/linux/kthread.h).
package kthread

import "github.com/godrgn/drgn"

// Bits of task_struct.flags (include/linux/sched.h).
const pfKthread = 0x00200000

// IsKthread reports whether a task is a thread of the kernel.
//
// task is a struct task_struct *.
//
//drgn:helper task_is_kthread
func IsKthread(task drgn.Object) (bool, error) {
	flags, err := task.Member("flags").Uint()
	return flags&pfKthread != 0, err
}

// Of returns what the kernel knows of one of its threads as a struct kthread *; a null pointer for another task.
//
// task is a struct task_struct *.
//
//drgn:helper to_kthread(task)
func Of(task drgn.Object) drgn.Object {
	is, err := IsKthread(task)
	if err != nil {
		return drgn.Failed(err)
	}
	if !is {
		return drgn.Null(task.Prog(), "struct kthread")
	}
	t, err := task.Prog().Type("struct kthread *")
	if err != nil {
		return drgn.Failed(err)
	}
	// worker_private since v5.17, commit e32cf5dfbe22; before, kept in set_child_tid.
	return task.MemberAny("worker_private", "set_child_tid").Cast(t)
}

// Data returns what was given to a thread of the kernel when it was made, as a void *.
//
// task is a struct task_struct * of a thread of the kernel.
//
//drgn:helper kthread_data(task)
func Data(task drgn.Object) drgn.Object {
	k := Of(task)
	none, err := k.IsNull()
	if err != nil {
		return drgn.Failed(err)
	}
	if none {
		return drgn.Failed(&drgn.ValueError{Problem: "task is not a thread of the kernel"})
	}
	return k.Member("data").Read()
}
