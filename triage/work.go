package triage

import (
	"context"
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/idr"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/xarray"
	"github.com/godrgn/drgn/report"
)

var work = topic{"work", "Work queues, soft interrupts and timers", "pools of workers, what waits in them and for how long, what workers do, pending soft interrupts, timers that are late, RCU", lookAtWork}

func lookAtWork(s *scene, out *book) error {
	lookAtPools(s, out)
	lookAtSoftInterrupts(s, out)
	lookAtTimers(s, out)
	lookAtRCU(s, out)
	return context.Cause(s.ctx)
}

// A pool is a pool of workers.
type pool struct {
	id                     uint64
	cpu                    int64 // negative: any
	workers, idle, waiting uint64
	late                   any // for how long nothing was begun, in nanoseconds, where something waits
}

func lookAtPools(s *scene, out *book) {
	clock, err := s.jiffies()
	out.miss("the time, for how late work is", err)
	pools := &report.Table{Columns: []report.Column{{Name: "Pool"}, {Name: "CPU"}, {Name: "Workers"}, {Name: "Idle"}, {Name: "Work that waits", Bar: true}, {Name: "Late by", Unit: report.Time}}}
	busy := &report.Table{Columns: []report.Column{{Name: "Task"}, {Name: "Name"}, {Name: "Pool"}, {Name: "Does"}}}
	each(out, "pools of workers", idr.ForEachEntry(s.p.Variable("worker_pool_idr").AddressOf(), "struct worker_pool"), func(entry xarray.Entry) error {
		o := entry.Value
		p := pool{id: entry.Index}
		var err error
		if p.cpu, err = o.Member("cpu").Int(); err != nil {
			return err
		}
		if p.workers, err = o.Member("nr_workers").Uint(); err != nil {
			return err
		}
		if p.idle, err = o.Member("nr_idle").Uint(); err != nil {
			return err
		}
		if p.waiting, err = list.CountNodes(o.Member("worklist").AddressOf()); err != nil {
			return err
		}
		if p.waiting > 0 && o.HasMember("watchdog_ts") { // with CONFIG_WQ_WATCHDOG
			at, err := o.Member("watchdog_ts").Uint()
			if err != nil {
				return err
			}
			if by := clock.since(at); by > 0 {
				p.late = int64(by)
			}
		}
		where := any("any")
		if p.cpu >= 0 {
			where = fmt.Sprint(p.cpu)
		}
		if p.workers > 0 {
			pools.Rows = append(pools.Rows, []any{p.id, where, p.workers, p.idle, p.waiting, p.late})
		}
		out.find(latePool(p)...)
		each(out, fmt.Sprintf("workers of pool %d", p.id), list.ForEachEntry("struct worker", o.Member("workers").AddressOf(), "node"), func(worker drgn.Object) error {
			function, err := worker.Member("current_func").Uint()
			if err != nil || function == 0 {
				return err
			}
			id, err := worker.Member("task").Member("pid").Uint()
			if err != nil {
				return err
			}
			name, err := nameOf(worker.Member("task"))
			busy.Rows = append(busy.Rows, []any{id, name, p.id, symbolAt(s.p, function)})
			return err
		})
		return nil
	})
	out.tabled("Pools of workers", "", pools)
	out.tabled("What workers do", "", busy)
}

// jiffy returns how many nanoseconds a jiffy has, as the clock that counts them says.
func jiffy(p *drgn.Program) (uint64, error) {
	clock := p.Variable("clocksource_jiffies")
	mult, err := clock.Member("mult").Uint()
	if err != nil {
		return 0, err
	}
	shift, err := clock.Member("shift").Uint()
	return mult >> min(shift, 63), err
}

// latePoolLimit is how long a pool may begin nothing while work waits: the kernel's own (workqueue.watchdog_thresh), in nanoseconds.
const latePoolLimit = 30e9

var poolRule = rule{"late-work", report.Warning, "work waits, and its pool has begun nothing for more than 30 s", "a worker that does not end, or a CPU that does not let workers run"}

// latePool says that a pool does not get on.
func latePool(p pool) []report.Finding {
	late, ok := p.late.(int64)
	if !ok || late <= latePoolLimit || p.waiting == 0 {
		return nil
	}
	return []report.Finding{poolRule.found([]string{fmt.Sprintf("pool %d of CPU %d: %d wait, %d of %d workers are idle", p.id, p.cpu, p.waiting, p.idle, p.workers)},
		"The pool of workers %d has begun nothing for %s", p.id, report.Time.Format(late))}
}

// softInterrupts are the names of the kernel's soft interrupts, from bit 0 on (include/linux/interrupt.h).
var softInterrupts = []string{"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"}

// pendingNames returns the names of the soft interrupts whose bits are set.
func pendingNames(pending uint64) string {
	var names []string
	for i, name := range softInterrupts {
		if pending>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func lookAtSoftInterrupts(s *scene, out *book) {
	table := &report.Table{Columns: []report.Column{{Name: "CPU"}, {Name: "Pending"}}}
	each(out, "pending soft interrupts", cpumask.ForEachOnlineCPU(s.p), func(cpu uint64) error {
		pending, ok, err := pendingOf(s.p, cpu)
		if ok && pending != 0 {
			table.Rows = append(table.Rows, []any{cpu, pendingNames(pending)})
		}
		return err
	})
	out.tabled("Soft interrupts that are pending", "", table)
}
