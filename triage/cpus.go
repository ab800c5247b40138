package triage

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/report"
)

var cpus = topic{"cpus", "CPUs", "what ran on each CPU, its stack and run queue, when its watchdog was last served, whether it spins on a lock", lookAtCPUs}

// A cpu is what is known of a CPU; fields that could not be had are nil or zero.
type cpu struct {
	number  uint64
	task    drgn.Object
	id      int64 // of the task, 0 if it is idle
	name    string
	waiting any // how many tasks can run, with the one that runs
	since   any // for how long it has run, in nanoseconds
	clock   uint64
	touched uint64 // when the watchdog was last served, in seconds (2^30 ns); 0: not known
	irqsOff any
	stack   report.Stack
	spins   string // the lock that it spins on, "" for none
}

func lookAtCPUs(s *scene, out *book) error {
	var all []*cpu
	clock, err := sched.Clock(s.p)
	out.miss("for how long CPUs have run their tasks", err)
	for number, err := range cpumask.ForEachOnlineCPU(s.p) {
		if err != nil {
			return err
		}
		all = append(all, lookAtCPU(s, out, number, clock))
	}
	table := &report.Table{Columns: []report.Column{{Name: "CPU"}, {Name: "Task"}, {Name: "Name"}, {Name: "Runs for", Unit: report.Time},
		{Name: "Can run"}, {Name: "Interrupts off"}, {Name: "Where"}}}
	var stacks []report.Stack
	for _, c := range all {
		where := ""
		if len(c.stack.Frames) > 0 {
			where = c.stack.Frames[0].Function
		}
		table.Rows = append(table.Rows, []any{c.number, c.id, c.name, c.since, c.waiting, c.irqsOff, where})
		if len(c.stack.Frames) > 0 {
			stacks = append(stacks, c.stack)
		}
	}
	out.add(report.Part{Table: table})
	if len(stacks) > 0 {
		out.add(report.Part{Title: "Stacks", Stacks: stacks})
	}
	for _, c := range all {
		if c.spins != "" {
			out.find(spinning(c.number, fmt.Sprintf("%d (%s)", c.id, c.name), c.spins, c.stack.Frames))
		}
	}
	if l, err := sched.LoadAverage(s.p); err != nil {
		out.miss("the load average", err)
	} else {
		out.find(overloaded(l, len(all))...)
	}
	return lookAtWatchdog(s, out, all)
}

// lookAtCPU looks at one CPU.
func lookAtCPU(s *scene, out *book, number, clock uint64) *cpu {
	c := &cpu{number: number}
	what := func(of string) string { return fmt.Sprintf("%s of CPU %d", of, number) }
	c.task = sched.CPUCurr(s.p, number)
	var err error
	if c.id, err = c.task.Member("pid").Int(); err != nil {
		out.miss(what("the task"), err)
		return c
	}
	c.name, err = nameOf(c.task)
	out.miss(what("the name of the task"), err)
	rq := sched.CPURunqueue(s.p, number)
	if n, err := rq.Member("nr_running").Uint(); err != nil {
		out.miss(what("the run queue"), err)
	} else {
		c.waiting = n
	}
	if c.clock, err = rq.Member("clock").Uint(); err != nil {
		out.miss(what("the clock"), err)
	}
	if n, ok, err := sched.SinceArrival(c.task, clock); err == nil && ok && clock != 0 { // kernels without CONFIG_SCHED_INFO do not know it
		c.since = n
	}
	if has(s.p, "watchdog_touch_ts") { // kernels without CONFIG_SOFTLOCKUP_DETECTOR have none
		c.touched, err = percpu.PerCPU(s.p.Variable("watchdog_touch_ts"), number).Uint()
		out.miss(what("the watchdog's stamp"), err)
	}
	trace, err := s.p.StackTraceOf(c.task)
	if err != nil {
		var running *drgn.ValueError
		if s.p.Flags()&drgn.IsLive == 0 || !errors.As(err, &running) {
			out.miss(what("the stack"), err)
		}
		return c
	}
	c.stack = s.stackOf(fmt.Sprintf("CPU %d", number), trace, false)
	c.stack.Threads = []report.Thread{{ID: uint64(c.id), Name: c.name}}
	if trace.Len() > 0 {
		if off, known := trace.Frame(0).InterruptsOff(); known && trace.Frame(0).Interrupted() {
			c.irqsOff = off
		}
	}
	c.spins = spinsOn(trace)
	return c
}

// spinsOn returns the spinlock or read-write lock that a stack spins on: "spinlock 0xffff888003a2c000", "a spinlock" where its address is not
// known; "" if it spins on none.
func spinsOn(trace *drgn.StackTrace) string {
	for f := range trace.Frames() {
		name := f.Name()
		kind := ""
		switch {
		case strings.Contains(name, "queued_spin_lock_slowpath"):
			kind = "spinlock"
		case strings.Contains(name, "queued_read_lock_slowpath"), strings.Contains(name, "queued_write_lock_slowpath"):
			kind = "read-write lock"
		default:
			continue
		}
		if address, err := f.Object("lock").Uint(); err == nil && address != 0 {
			return fmt.Sprintf("%s %#x", kind, address)
		}
		// An outer frame may still have it.
		for i := f.Index() + 1; i < min(f.Index()+4, trace.Len()); i++ {
			if address, err := trace.Frame(i).Object("lock").Uint(); err == nil && address != 0 {
				return fmt.Sprintf("%s %#x", kind, address)
			}
		}
		return "a " + kind
	}
	return ""
}

var spin = rule{"spins", report.Warning, "the stack is in the slow path of a spinlock", "the holder of the lock keeps the CPU from doing anything else"}

// spinning says that a CPU spins on a lock.
func spinning(number uint64, task, lock string, frames []report.Frame) report.Finding {
	var evidence []string
	for _, f := range frames[:min(len(frames), 6)] {
		evidence = append(evidence, f.String())
	}
	return spin.found(evidence, "CPU %d, task %s, spins on %s", number, task, lock)
}

// loadFactor is how many tasks want to run, or wait for disks, for each CPU where a machine is called overloaded.
const loadFactor = 4

var load = rule{"overloaded", report.Warning, fmt.Sprintf("a load average over 1 minute of more than %d for each CPU, and of at least 10", loadFactor),
	"tasks wait for a CPU, or many hang in an uninterruptible sleep"}

// overloaded says that the load is high.
func overloaded(average [3]float64, cpus int) []report.Finding {
	if average[0] <= float64(loadFactor*cpus) || average[0] < 10 {
		return nil
	}
	return []report.Finding{load.found([]string{fmt.Sprintf("load average %.2f, %.2f, %.2f; %d CPUs", average[0], average[1], average[2], cpus)},
		"The load is high: %.1f with %d CPUs", average[0], cpus)}
}

// watchdogUnit is the unit of the watchdog's stamps: 2^30 ns, which it takes for a second (get_timestamp in kernel/watchdog.c).
const watchdogUnit = 30

var softLockup = rule{"soft-lockup", report.Critical, "twice watchdog_thresh since the watchdog's task last ran there",
	"the CPU runs something in the kernel that does not let others run"}

// lookAtWatchdog holds the watchdog's stamps against the time.
func lookAtWatchdog(s *scene, out *book, all []*cpu) error {
	if !has(s.p, "watchdog_thresh") {
		return nil // without CONFIG_LOCKUP_DETECTOR
	}
	threshold, err := s.p.Variable("watchdog_thresh").Uint()
	if err != nil {
		out.miss("how long a CPU may be stuck", err)
		return nil
	}
	if enabled, err := s.p.Variable("watchdog_user_enabled").Uint(); err == nil && enabled == 0 {
		return nil
	}
	now := uint64(0)
	if records, err := s.log(); err == nil && len(records) > 0 {
		now = records[len(records)-1].Timestamp
	}
	for _, c := range all {
		now = max(now, c.clock)
	}
	for _, c := range all {
		out.find(stuck(c.number, fmt.Sprintf("%d (%s)", c.id, c.name), c.touched, now, threshold)...)
	}
	return nil
}

// stuck says that a CPU's watchdog was not served; touched is in units of 2^30 ns, now in nanoseconds, threshold in seconds.
func stuck(number uint64, task string, touched, now, threshold uint64) []report.Finding {
	seconds := now >> watchdogUnit
	if touched == 0 || touched > seconds || threshold == 0 || seconds-touched <= 2*threshold { // 0 and ULONG_MAX: it was told to wait
		return nil
	}
	late := time.Duration(seconds-touched) << watchdogUnit
	return []report.Finding{softLockup.found([]string{fmt.Sprintf("the watchdog was served at %d s, the last time known is %d s, watchdog_thresh is %d s", touched, seconds, threshold)},
		"CPU %d has been stuck in task %s for %s", number, task, report.Short(late.Round(time.Second)))}
}
