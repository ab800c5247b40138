package pid_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/mem"
)

const declarations = `
	enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
	struct xa_node { unsigned char shift, offset, count, nr_values; void *slots[64]; };
	struct xarray { unsigned int xa_flags; void *xa_head; };
	struct idr { struct xarray idr_rt; unsigned int idr_base, idr_next; };
	struct pid { int count; struct hlist_head tasks[4]; };
	struct pid_namespace { struct idr idr; };
	struct signal_struct { struct list_head thread_head; };
	struct cpumask { unsigned long bits[1]; };
	struct rq { int nr; struct task_struct *idle; };`

func TestTasks(t *testing.T) {
	for name, c := range map[string]struct{ task, node string }{
		"v4.19":  {`struct task_struct { int pid; struct hlist_node pid_links[4]; struct signal_struct *signal; struct list_head thread_node; };`, "pid_links[%]"},
		"before": {`struct task_struct { int pid; struct { struct hlist_node node; struct pid *pid; } pids[4]; struct signal_struct *signal; struct list_head thread_node; };`, "pids[%].node"},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(declarations + c.task)
				node := func(kind string) string { return strings.ReplaceAll(c.node, "%", kind) }
				ns := w.Variable("init_pid_ns", "struct pid_namespace")
				pids, tasks := w.AllocN(3, "struct pid"), w.AllocN(2, "struct task_struct")
				// 1 and 33 are tasks; 50 is only the group of a leader that is gone, of which 33 is still a member.
				ids := w.Alloc("struct xa_node").Set("slots[1]", pids[0].At).Set("slots[33]", pids[1].At).Set("slots[50]", pids[2].At)
				ns.Set("idr.idr_rt.xa_head", ids.At|2)
				pids[0].Set("tasks[0].first", tasks[0].Addr(node("0")))
				pids[1].Set("tasks[0].first", tasks[1].Addr(node("0")))
				pids[2].Set("tasks[2].first", tasks[1].Addr(node("2")))

				worldtest.Check(t, "PIDs", pid.ForEach(w.Program), pids[0].At, pids[1].At, pids[2].At)
				worldtest.Check(t, "PIDs of a namespace", pid.ForEach(ns.Ptr()), pids[0].At, pids[1].At, pids[2].At)
				worldtest.CheckPtr(t, "PID 33", pid.Find(w.Program, 33), pids[1].At)
				worldtest.CheckPtr(t, "PID 2", pid.Find(w.Program, 2), 0)
				worldtest.Check(t, "tasks", pid.ForEachTask(w.Program, false), tasks[0].At, tasks[1].At)
				worldtest.CheckPtr(t, "task 33", pid.FindTask(ns.Ptr(), 33), tasks[1].At)
				worldtest.CheckPtr(t, "task 50", pid.FindTask(w.Program, 50), 0)
				worldtest.CheckPtr(t, "task 1<<40", pid.FindTask(w.Program, 1<<40), 0)
				worldtest.CheckPtr(t, "a task in group 50", pid.Task(pids[2].Ptr(), 2), tasks[1].At)
				worldtest.CheckPtr(t, "a task of no PID", pid.Task(w.VarAt("struct pid", 0).Ptr(), 0), 0)
				var value *drgn.ValueError
				for _, kind := range []uint64{4, 1 << 40, ^uint64(0)} {
					if err := pid.Task(pids[0].Ptr(), kind).Err(); !errors.As(err, &value) {
						t.Errorf("PID type %d: %v; want an error", kind, err)
					}
				}

				// The idle tasks come first, in the initial namespace only.
				idle := w.AllocN(2, "struct task_struct")
				template, queues := w.Variable("runqueues", "struct rq"), w.AllocN(2, "struct rq")
				offsets := w.Variable("__per_cpu_offset", "unsigned long [4]")
				for cpu, rq := range queues {
					rq.Set("idle", idle[cpu].At)
					w.WriteWord(offsets.At+uint64(cpu)*w.Word(), rq.At-template.At)
				}
				w.Variable("nr_cpu_ids", "unsigned int").Set("", 2)
				w.Variable("__cpu_online_mask", "struct cpumask").Set("bits[0]", 3)
				worldtest.Check(t, "tasks with the idle ones", pid.ForEachTask(w.Program, true), idle[0].At, idle[1].At, tasks[0].At, tasks[1].At)
				other := w.Alloc("struct pid_namespace")
				worldtest.Check(t, "tasks of another namespace", pid.ForEachTask(other.Ptr(), true))

				group := w.Alloc("struct signal_struct")
				w.Ring(group.Addr("thread_head"), tasks[0].Addr("thread_node"), tasks[1].Addr("thread_node"))
				for _, task := range tasks {
					task.Set("signal", group.At)
				}
				worldtest.Check(t, "others of the process", pid.ForEachTaskInGroup(tasks[1].Ptr(), false), tasks[0].At)
				worldtest.Check(t, "all of the process", pid.ForEachTaskInGroup(tasks[1].Ptr(), true), tasks[0].At, tasks[1].At)
				var cycle *walk.CycleError
				tasks[1].Set("thread_node.next", tasks[0].Addr("thread_node"))
				if _, err := worldtest.Addresses(t, pid.ForEachTaskInGroup(tasks[1].Ptr(), false)); !errors.As(err, &cycle) {
					t.Errorf("a circle of threads: %v", err)
				}

				var fault *mem.FaultError
				ids.Set("slots[33]", worldtest.Dangling)
				if got, err := worldtest.Addresses(t, pid.ForEachTask(w.Program, false)); !errors.As(err, &fault) || len(got) != 1 {
					t.Errorf("a dangling PID: %x, %v; want a fault after 1 task", got, err)
				}
			})
		})
	}
}

// Before v4.15 the PIDs were in a hash table: that is said, not guessed at.
func TestNoIDR(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct pid_namespace { int level; };`)
	ns := w.Variable("init_pid_ns", "struct pid_namespace")
	if err := pid.Find(ns.Ptr(), 1).Err(); err == nil {
		t.Error("no error")
	}
	if _, err := worldtest.Collect(t, pid.ForEachTask(w.Program, false)); err == nil {
		t.Error("no error")
	}
}

// TestScope gives what is no namespace.
func TestScope(t *testing.T) {
	p := coretest.Open(t)
	for what, test := range map[string]struct {
		scope drgn.Scope
		want  string
	}{
		"a task":  {pid.FindTask(p, 1), "a struct pid_namespace * is needed, not 'struct task_struct *'"},
		"nothing": {nil, "neither a program nor an object was given"},
	} {
		for _, err := range pid.ForEachTask(test.scope, false) {
			if err == nil || err.Error() != test.want {
				t.Errorf("%s: %v, want %s", what, err, test.want)
			}
			break
		}
		if err := pid.FindTask(test.scope, 1).Err(); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", what, err, test.want)
		}
	}
	at, _ := p.Object("jiffies").Address()
	for size, fits := range map[int]bool{-1: false, 0: false, 1: true, 3: true, 8: true, 9: false} {
		if _, err := p.ReadUint(at, size, false); (err == nil) != fits {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
