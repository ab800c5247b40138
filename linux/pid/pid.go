// Package pid finds the kernel's process IDs and the tasks that have them (include/linux/pid.h).
package pid

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/idr"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/types"
)

// namespace returns the PID namespace that a scope stands for: the object, or the initial one of the program.
func namespace(ns drgn.Scope) drgn.Object { return drgn.ScopeOr(ns, "init_pid_ns") }

// noIDR is what a kernel gets whose PIDs are in a hash table.
func noIDR(ns drgn.Object) error {
	if !ns.HasMember("idr") && ns.Err() == nil {
		if !strings.Contains(ns.Type().String(), "struct pid_namespace") {
			return &failure.TypeError{Problem: fmt.Sprintf("a struct pid_namespace * is needed, not '%s'", ns.Type())}
		}
		return fmt.Errorf("PIDs of this kernel can't be found: struct pid_namespace has no idr (added in v4.15, commit 95846ecf9dac)")
	}
	return ns.Err()
}

// Find returns the struct pid * of a number in a PID namespace, a null pointer if there is none.
//
// ns is a struct pid_namespace *.
//
//drgn:helper find_pid(ns, pid)
func Find(ns drgn.Scope, pid uint64) drgn.Object {
	n := namespace(ns)
	if err := noIDR(n); err != nil {
		return drgn.Failed(err)
	}
	t, err := n.Prog().Type("struct pid *")
	if err != nil {
		return drgn.Failed(err)
	}
	return idr.Find(n.Member("idr").AddressOf(), pid).Cast(t)
}

// ForEach walks the PIDs in a namespace in the order of their numbers, each as a struct pid *.
//
// ns is a struct pid_namespace *.
//
//drgn:helper for_each_pid(ns)
func ForEach(ns drgn.Scope) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		n := namespace(ns)
		if err := noIDR(n); err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for e, err := range idr.ForEachEntry(n.Member("idr").AddressOf(), "struct pid") {
			if !yield(e.Value, err) {
				return
			}
		}
	}
}

// links are where a struct pid and the tasks that have it are linked for one type of ID.
type links struct {
	first   uint64 // offset in struct pid of the first task's node
	node    uint64 // offset in struct task_struct of the node
	pointer *types.Type
}

type linksKey struct{ pidType uint64 }

func linksOf(p *drgn.Program, pidType uint64) (links, error) {
	return drgn.Memo(p, linksKey{pidType}, func() (l links, err error) {
		pid, err := p.Type("struct pid")
		if err != nil {
			return l, err
		}
		task, err := p.Type("struct task_struct")
		if err != nil {
			return l, err
		}
		l.pointer = p.PointerTo(task)
		tasks, err := pid.FindMember("tasks")
		if err != nil {
			return l, err
		}
		if n, ok := tasks.Type.Length(); ok && pidType >= n {
			return l, &drgn.ValueError{Problem: fmt.Sprintf("there is no PID type %d: struct pid has %d", pidType, n)}
		}
		if l.first, err = drgn.OffsetOf(pid, fmt.Sprintf("tasks[%d].first", pidType)); err != nil {
			return l, err
		}
		// The node moved from pids[].node to pid_links[] in v4.19, commit 2c4704756cab.
		if _, err := task.FindMember("pid_links"); err == nil {
			l.node, err = drgn.OffsetOf(task, fmt.Sprintf("pid_links[%d]", pidType))
			return l, err
		}
		l.node, err = drgn.OffsetOf(task, fmt.Sprintf("pids[%d].node", pidType))
		return l, err
	})
}

// Task returns the task that has a PID as a certain type of ID, as a struct task_struct *; a null pointer if there is
// none.
//
// pid is a struct pid *; pidType is an enum pid_type.
//
//drgn:helper pid_task(pid, pid_type)
func Task(pid drgn.Object, pidType uint64) drgn.Object {
	at, err := pid.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	p := pid.Prog()
	l, err := linksOf(p, pidType)
	if err != nil {
		return drgn.Failed(err)
	}
	if at == 0 {
		return p.ScalarValue(l.pointer, 0)
	}
	first, err := p.ReadUint(at+l.first, int(l.pointer.OwnSize()), false)
	if err != nil {
		return drgn.Failed(err)
	}
	if first != 0 {
		first -= l.node
	}
	return p.ScalarValue(l.pointer, first)
}

// typePID returns the value of PIDTYPE_PID.
func typePID(p *drgn.Program) (uint64, error) { return p.Constant("PIDTYPE_PID").Uint() }

// FindTask returns the task with a PID in a namespace as a struct task_struct *; a null pointer if there is none.
//
// ns is a struct pid_namespace *.
//
//drgn:helper find_task(ns, pid)
func FindTask(ns drgn.Scope, pid uint64) drgn.Object {
	found := Find(ns, pid)
	if err := found.Err(); err != nil {
		return found
	}
	kind, err := typePID(found.Prog())
	if err != nil {
		return drgn.Failed(err)
	}
	return Task(found, kind)
}

// ForEachTask walks the tasks (threads) that can be seen in a PID namespace in the order of their PIDs, each as a
// struct task_struct *.
//
// ns is a struct pid_namespace *. With idle, the idle tasks, whose PIDs are all 0, come first; they are in no
// namespace but the initial one.
//
//drgn:helper for_each_task(ns, *, idle=False)
func ForEachTask(ns drgn.Scope, idle bool) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		n := namespace(ns)
		if err := n.Err(); err != nil {
			yield(drgn.Object{}, err)
			return
		}
		p := n.Prog()
		if idle && !idleTasks(n, yield) {
			return
		}
		kind, err := typePID(p)
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for pid, err := range ForEach(n) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			task := Task(pid, kind)
			if at, err := task.Uint(); err == nil && at == 0 {
				continue // the PID of a process group or session whose leader is gone
			} else if !yield(task, err) || err != nil {
				return
			}
		}
	}
}

// idleTasks yields the idle tasks of the CPUs that run when ns is the initial namespace; it reports whether to go on.
func idleTasks(ns drgn.Object, yield func(drgn.Object, error) bool) bool {
	p := ns.Prog()
	at, err := ns.Uint()
	if err != nil {
		return yield(drgn.Object{}, err)
	}
	if initial, ok := p.Variable("init_pid_ns").Address(); !ok || initial != at {
		return true
	}
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			yield(drgn.Object{}, err)
			return false
		}
		task := percpu.PerCPU(p.Variable("runqueues"), cpu).Member("idle").Read()
		if err := task.Err(); !yield(task, err) || err != nil {
			return false
		}
	}
	return true
}

// ForEachTaskInGroup walks the other threads of a task's process, as struct task_struct *; with includeSelf, all of them, the
// process's first thread first.
//
// task is a struct task_struct *.
//
//drgn:helper for_each_task_in_group(task, include_self=False)
func ForEachTaskInGroup(task drgn.Object, includeSelf bool) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		self, err := task.Uint()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		head := task.Member("signal").Member("thread_head").AddressOf()
		for other, err := range list.ForEachEntry("struct task_struct", head, "thread_node") {
			if err == nil && !includeSelf {
				var at uint64
				if at, err = other.Uint(); err == nil && at == self {
					continue
				}
			}
			if !yield(other, err) || err != nil {
				return
			}
		}
	}
}
