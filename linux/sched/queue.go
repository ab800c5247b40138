package sched

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/rbtree"
)

// ForEachFairTask walks the tasks of the fair scheduler that can run or run on a CPU, each as a struct task_struct *.
//
// rq is a struct rq *.
//
//drgn:helper rq_for_each_fair_task
//drgn:eager
func ForEachFairTask(rq drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct task_struct", rq.Member("cfs_tasks").AddressOf(), "se.group_node")
}

// ForEachRealTimeTask walks the tasks of the real-time scheduler that can run or run on a CPU, those of the highest
// priority first, each as a struct task_struct *. Those of a group of tasks come where the group has its place.
//
// rq is a struct rq *.
//
//drgn:helper rq_for_each_rt_task
func ForEachRealTimeTask(rq drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		realTimeTasks(rq.Member("rt"), 0, yield)
	}
}

// maxGroupDepth bounds how deep groups of tasks may be: a control group's path has at most 4096 characters.
const maxGroupDepth = 2048

// realTimeTasks yields the tasks in a struct rt_rq; it reports whether to go on.
func realTimeTasks(queue drgn.Object, depth int, yield func(drgn.Object, error) bool) bool {
	fail := func(err error) bool {
		yield(drgn.Object{}, err)
		return false
	}
	if depth > maxGroupDepth {
		return fail(walk.Corrupt("run queue", "groups of tasks are more than %d levels deep", maxGroupDepth))
	}
	lists := queue.Member("active").Member("queue")
	n, err := lists.Len()
	if err != nil {
		return fail(err)
	}
	for i := range n {
		for entity, err := range list.ForEachEntry("struct sched_rt_entity", lists.Index(int64(i)).AddressOf(), "run_list") {
			if err != nil {
				return fail(err)
			}
			if entity.HasMember("my_q") { // with CONFIG_RT_GROUP_SCHED
				own := entity.Member("my_q").Read()
				if none, err := own.IsNull(); err != nil {
					return fail(err)
				} else if !none {
					if !realTimeTasks(own.Deref(), depth+1, yield) {
						return false
					}
					continue
				}
			}
			task := drgn.Entry(entity, "struct task_struct", "rt")
			if err := task.Err(); !yield(task, err) || err != nil {
				return false
			}
		}
	}
	return true
}

// EntityIsTask reports whether what the fair scheduler schedules is a task, not a group of tasks.
//
// se is a struct sched_entity *.
//
//drgn:helper sched_entity_is_task
func EntityIsTask(se drgn.Object) (bool, error) {
	if !se.HasMember("my_q") { // without CONFIG_FAIR_GROUP_SCHED
		return se.Err() == nil, se.Err()
	}
	return se.Member("my_q").IsNull()
}

// EntityToTask returns the task that an entity of the fair scheduler is, as a struct task_struct *. An entity that is a
// group of tasks is a *drgn.ValueError.
//
// se is a struct sched_entity *.
//
//drgn:helper sched_entity_to_task
func EntityToTask(se drgn.Object) drgn.Object {
	is, err := EntityIsTask(se)
	if err != nil {
		return drgn.Failed(err)
	}
	if !is {
		return drgn.Failed(&drgn.ValueError{Problem: "scheduling entity is a group of tasks, not a task"})
	}
	return drgn.Entry(se, "struct task_struct", "se")
}

// A QueuedEntity is what the fair scheduler schedules: a task or a group of tasks.
//
//drgn:tuple
type QueuedEntity struct {
	Entity  drgn.Object // struct sched_entity *
	Depth   uint64      // how many groups it is in, below the queue that the walk started from
	Current bool        // it runs: it is its queue's current entity
	IsTask  bool        // it is a task, which [EntityToTask] returns; else it is a group of tasks
}

// ForEachEntity walks the entities in a queue of the fair scheduler, and after each that is a group of tasks those in its
// queue. The one that runs, which is not in the kernel's tree, comes first in its queue. Of each it gives the struct
// sched_entity *, in how many groups below the queue it is, whether it is its queue's current one, and whether it is a task.
//
// cfs_rq is a struct cfs_rq *.
//
//drgn:helper cfs_rq_for_each_entity(cfs_rq)
func ForEachEntity(queue drgn.Object) iter.Seq2[QueuedEntity, error] {
	return func(yield func(QueuedEntity, error) bool) {
		w := entityWalk{seen: map[uint64]struct{}{}, yield: yield}
		w.queue(queue, 0)
	}
}

// An entityWalk walks queues of the fair scheduler.
type entityWalk struct {
	seen  map[uint64]struct{} // queues that were walked: each belongs to one group and CPU
	yield func(QueuedEntity, error) bool
}

func (w *entityWalk) fail(err error) bool {
	w.yield(QueuedEntity{}, err)
	return false
}

// queue yields the entities of a struct cfs_rq *; it reports whether to go on.
func (w *entityWalk) queue(queue drgn.Object, depth uint64) bool {
	queue = queue.Read()
	at, err := queue.Uint()
	if err != nil {
		return w.fail(err)
	}
	if _, again := w.seen[at]; again {
		return w.fail(&walk.CycleError{What: "hierarchy of groups of tasks", Address: at})
	}
	if depth > maxGroupDepth {
		return w.fail(walk.Corrupt("run queue", "groups of tasks are more than %d levels deep", maxGroupDepth))
	}
	w.seen[at] = struct{}{}
	current := queue.Member("curr").Read()
	if none, err := current.IsNull(); err != nil {
		return w.fail(err)
	} else if !none {
		if on, err := current.Member("on_rq").Bool(); err != nil {
			return w.fail(err)
		} else if on && !w.entity(current, depth, true) {
			return false
		}
	}
	root := queue.Member("tasks_timeline")
	if root.HasMember("rb_root") { // remembers its first node since v4.14, commit bfb068892d30
		root = root.Member("rb_root")
	}
	for se, err := range rbtree.InorderForEachEntry("struct sched_entity", root.AddressOf(), "run_node") {
		if err != nil {
			return w.fail(err)
		}
		if !w.entity(se, depth, false) {
			return false
		}
	}
	return true
}

// entity yields an entity and those of its queue.
func (w *entityWalk) entity(se drgn.Object, depth uint64, current bool) bool {
	task, err := EntityIsTask(se)
	if err != nil {
		return w.fail(err)
	}
	return w.yield(QueuedEntity{se, depth, current, task}, nil) && (task || w.queue(se.Member("my_q"), depth+1))
}

// SinceLastArrival returns for how long a task has been what it is - running, waiting, asleep - in nanoseconds: the time
// from when it last began to run to when its run queue's clock was last set. A CPU that is idle or runs one task for
// long does not set it.
//
// task is a struct task_struct *.
//
//drgn:helper task_since_last_arrival_ns
func SinceLastArrival(task drgn.Object) (int64, error) {
	arrival, err := lastArrival(task)
	if err != nil {
		return 0, err
	}
	clock, err := TaskRunqueue(task).Member("clock").Uint()
	return int64(clock - arrival), err
}

func lastArrival(task drgn.Object) (uint64, error) {
	return task.Member("sched_info").Member("last_arrival").Uint()
}

// Clock returns the newest of the clocks of all run queues, in nanoseconds: that of a CPU that is idle, runs one task for long or hangs stands
// still meanwhile.
func Clock(p *drgn.Program) (newest uint64, err error) {
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			return 0, err
		}
		clock, err := CPURunqueue(p, cpu).Member("clock").Uint()
		if err != nil {
			return 0, err
		}
		newest = max(newest, clock)
	}
	return newest, nil
}

// SinceArrival is [SinceLastArrival] by a clock, such as that of [Clock]. ok is false for what has never run, and for idle tasks, of which
// kernels do not keep when they began to run.
func SinceArrival(task drgn.Object, clock uint64) (ns int64, ok bool, err error) {
	arrival, err := lastArrival(task)
	if err != nil || arrival == 0 {
		return 0, false, err
	}
	return max(int64(clock-arrival), 0), true, nil
}
