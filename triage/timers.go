package triage

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	kpanic "github.com/godrgn/drgn/linux/panic"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/linux/timer"
	"github.com/godrgn/drgn/report"
)

// A lateTimer is a timer whose time has come and that has not run.
type lateTimer struct {
	cpu      uint64
	kind     string
	function string
	by       time.Duration
}

// Bounds of what is said of timers.
const (
	shownLate  = 100 * time.Millisecond // what comes from interrupts being off for a while is not shown
	tooLate    = 5 * time.Second
	maxBases   = 16 // of a CPU
	deferrable = "BASE_DEF"
)

// findLate returns the timers that are late, those that are so most first, on the CPUs that are online.
func (s *scene) findLate() (all []lateTimer, err error) {
	for cpu, err := range cpumask.ForEachOnlineCPU(s.p) {
		var late []lateTimer
		if err == nil {
			late, err = s.lateOf(cpu)
		}
		all = append(all, late...)
		if err != nil {
			return all, err
		}
	}
	slices.SortStableFunc(all, func(a, b lateTimer) int { return cmp.Compare(b.by, a.by) })
	return all, nil
}

func lookAtTimers(s *scene, out *book) {
	all, err := s.late()
	out.miss("timers", err)
	table := &report.Table{Columns: []report.Column{{Name: "CPU"}, {Name: "Timer"}, {Name: "Calls"}, {Name: "Late by", Unit: report.Time}}}
	for _, t := range all {
		table.Rows = append(table.Rows, []any{t.cpu, t.kind, t.function, int64(t.by)})
	}
	out.tabled("Timers that are late", "", table)
	out.find(s.lateCPUs(out)...)
}

// lateCPUs says on which CPUs timers are late. out is told if that can't be said.
func (s *scene) lateCPUs(out *book) []report.Finding {
	all, err := s.late()
	if err != nil {
		return nil // the section on timers says so
	}
	stopped, ago := int64(-1), time.Duration(0)
	if thread, err := s.crash(); err == nil && thread != nil {
		cpu, err := s.cpuOf(thread)
		out.miss("on which CPU the kernel came down", err)
		if err == nil {
			stopped = int64(cpu)
			ago, err = s.sinceMessage()
			out.miss("when the kernel came down", err)
		}
	}
	return lateTimers(all, stopped, ago, s.runs)
}

// runs says what a CPU runs, "" where that is not known: the section on CPUs says why.
func (s *scene) runs(number uint64) string {
	c := lookAtCPU(s, &book{}, number, 0) // how long is not asked
	if len(c.stack.Frames) == 0 {
		return ""
	}
	where := c.stack.Frames[0]
	text := fmt.Sprintf("task %d (%s), in %s", c.id, c.name, where.Function)
	if where.Module != "" {
		text += fmt.Sprintf(" [%s]", where.Module)
	}
	if c.irqsOff == true {
		text += ", with interrupts off"
	}
	return text
}

// sinceMessage returns how much time passed since the kernel said why it came down; 0 if it did not say.
func (s *scene) sinceMessage() (time.Duration, error) {
	message, ok, err := kpanic.Message(s.p)
	if err != nil || !ok {
		return 0, err
	}
	records, err := s.log()
	if err != nil {
		return 0, err
	}
	now, err := timekeeping.CoarseNS(s.p).Uint()
	if err != nil {
		return 0, err
	}
	for _, r := range slices.Backward(records) {
		if bytes.HasSuffix(r.Text, message) && r.Timestamp < now {
			return time.Duration(now - r.Timestamp), nil
		}
	}
	return 0, nil
}

// lateOf returns the timers of a CPU that are late.
func (s *scene) lateOf(cpu uint64) (all []lateTimer, err error) {
	coarse, err := timekeeping.CoarseNS(s.p).Int()
	if err != nil {
		return nil, err
	}
	clocks := percpu.PerCPU(s.p.Object("hrtimer_bases"), cpu).Member("clock_base")
	n, err := clocks.Len()
	if err != nil {
		return nil, err
	}
	for i := range min(n, maxBases) {
		clock := clocks.Index(int64(i)).AddressOf()
		offset, err := clock.Member("offset").Int()
		if err != nil {
			return all, err
		}
		for t, err := range timer.ForEachHighResolution(clock) {
			if err != nil {
				return all, err
			}
			expires, err := t.Member("node").Member("expires").Int()
			if err != nil {
				return all, err
			}
			// The first ones come first.
			if by := time.Duration(coarse + offset - expires); by < shownLate || len(all) >= maxEvidence {
				break
			} else if all, err = s.add(all, lateTimer{cpu: cpu, kind: "hrtimer", by: by}, t); err != nil {
				return all, err
			}
		}
	}
	wheel, err := s.lateInWheel(cpu)
	return append(all, wheel...), err
}

// add adds a late timer with the function that it calls.
func (s *scene) add(all []lateTimer, late lateTimer, t drgn.Object) ([]lateTimer, error) {
	function, err := t.Member("function").Uint()
	late.function = symbolAt(s.p, function)
	return append(all, late), err
}

// lateInWheel returns the timers of a CPU's timer wheel that are late. They may run later than they say, the more the longer they were to run;
// the kernel knows when the next ones are to run. Those that may be deferred are never late.
func (s *scene) lateInWheel(cpu uint64) (all []lateTimer, err error) {
	clock, err := s.jiffies()
	if err != nil {
		return nil, err
	}
	names, err := timer.BaseNames(s.p)
	if err != nil {
		return nil, err
	}
	bases := percpu.PerCPU(s.p.Object("timer_bases"), cpu)
	for i, name := range names {
		base := bases.Index(int64(i))
		if name == deferrable || !base.HasMember("next_expiry_recalc") { // since v5.8: before, only CPUs without a tick know
			continue
		}
		var b struct {
			Next  uint64 `drgn:"next_expiry"`
			Stale bool   `drgn:"next_expiry_recalc"`
		}
		if err := base.Decode(&b); err != nil {
			return all, err
		}
		by := clock.since(b.Next)
		if b.Stale || by < shownLate {
			continue
		}
		for t, err := range timer.ForEach(base.AddressOf()) {
			if err != nil {
				return all, err
			}
			expires, err := t.Member("expires").Uint()
			if err != nil {
				return all, err
			}
			if clock.between(expires, b.Next) < 0 || len(all) >= maxEvidence {
				continue
			}
			if all, err = s.add(all, lateTimer{cpu: cpu, kind: "timer", by: by}, t); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// A ticker is the kernel's clock of jiffies.
type ticker struct {
	now    uint64
	length uint64 // of a jiffy, in nanoseconds
	unused uint64 // bits of 64 that jiffies don't have
}

func (s *scene) jiffies() (k ticker, err error) {
	if k.now, err = s.p.Object("jiffies").Uint(); err != nil {
		return k, err
	}
	if k.length, err = jiffy(s.p); err != nil {
		return k, err
	}
	word, err := s.p.AddressSize()
	k.unused = 64 - 8*word
	return k, err
}

// between returns how much time lies between two times, which may wrap.
func (k ticker) between(from, to uint64) time.Duration {
	jiffies := int64((to-from)<<k.unused) >> k.unused
	const most = 1 << 32
	return time.Duration(max(-most, min(most, jiffies)) * int64(min(k.length, 1e9)))
}

// since returns how much time has passed since a time.
func (k ticker) since(from uint64) time.Duration { return k.between(from, k.now) }

var timerRule = rule{"late-timers", report.Warning, "a timer that should have run more than 5 s ago or, on the CPU that crashed, more than 5 s before that",
	"the CPU takes no interrupts, or what runs there does not let soft interrupts run"}

// lateTimers says on which CPUs timers are late; stopped is the CPU that crashed, or -1, and ago how long ago that was; runs says what a CPU
// runs, or "".
func lateTimers(all []lateTimer, stopped int64, ago time.Duration, runs func(cpu uint64) string) (found []report.Finding) {
	of := map[uint64][]lateTimer{}
	for _, t := range all {
		if int64(t.cpu) == stopped {
			t.by -= ago
		}
		if t.by > tooLate {
			of[t.cpu] = append(of[t.cpu], t)
		}
	}
	for cpu, late := range of {
		var evidence []string
		for _, t := range late[:min(len(late), maxEvidence/2)] {
			evidence = append(evidence, fmt.Sprintf("%s %s, by %s", t.kind, t.function, report.Short(t.by)))
		}
		what := ""
		if does := runs(cpu); does != "" {
			what = ": it runs " + does
		}
		found = append(found, timerRule.found(evidence, "Timers of CPU %d are late, by up to %s%s", cpu, report.Short(late[0].by), what))
	}
	slices.SortFunc(found, func(a, b report.Finding) int { return cmp.Compare(a.Text, b.Text) })
	return found
}

// sequenceState are the bits of RCU's sequence numbers that are not zero while a grace period is going on (kernel/rcu/rcu.h).
const sequenceState = 3

// lookAtRCU says for how long the grace period goes on that RCU is in, if it is in one.
func lookAtRCU(s *scene, out *book) {
	if !has(s.p, "rcu_state") {
		return // Tiny RCU
	}
	age, err := s.gracePeriod()
	if err != nil {
		out.miss("for how long RCU has waited", err)
		return
	}
	if age < 0 {
		return
	}
	out.add(report.Part{Title: "RCU", Facts: []report.Fact{{Name: "The grace period goes on for", Value: int64(age), Unit: report.Time}}})
	limit, err := s.p.Variable("rcu_cpu_stall_timeout").Uint()
	if err != nil {
		out.miss("when RCU takes that for too long", err)
		return
	}
	out.find(longGrace(age, time.Duration(min(limit, 1<<30))*time.Second)...)
}

// gracePeriod returns for how long RCU's grace period goes on; -1 if there is none.
func (s *scene) gracePeriod() (time.Duration, error) {
	var rcu struct {
		Sequence uint64 `drgn:"gp_seq"`
		Start    uint64 `drgn:"gp_start"`
	}
	if err := s.p.Variable("rcu_state").Decode(&rcu); err != nil {
		return 0, err
	}
	if rcu.Sequence&sequenceState == 0 {
		return -1, nil
	}
	clock, err := s.jiffies()
	return max(clock.since(rcu.Start), 0), err
}

var graceRule = rule{"rcu-waits", report.Warning, "a grace period of RCU that goes on for longer than rcu_cpu_stall_timeout, 21 s by default", "a CPU or task does not leave a section that RCU waits for; memory is not freed until then"}

// longGrace says that RCU waits for too long.
func longGrace(age, limit time.Duration) []report.Finding {
	if limit <= 0 || age <= limit {
		return nil
	}
	return []report.Finding{graceRule.found([]string{fmt.Sprintf("rcu_cpu_stall_timeout is %s", report.Short(limit))}, "RCU has waited for %s", report.Short(age))}
}

// pendingOf returns the soft interrupts that are pending on a CPU; ok is false where the kernel does not say.
func pendingOf(p *drgn.Program, cpu uint64) (pending uint64, ok bool, err error) {
	for _, at := range []struct{ variable, member string }{
		{"irq_stat", "__softirq_pending"}, // and x86 before v6.2
		{"pcpu_hot", "softirq_pending"},   // x86 until v6.14
		{"__softirq_pending", ""},         // x86 since
	} {
		if !has(p, at.variable) {
			continue
		}
		o := p.Variable(at.variable)
		if at.member != "" && !o.HasMember(at.member) {
			continue
		}
		o = percpu.PerCPU(o, cpu)
		if at.member != "" {
			o = o.Member(at.member)
		}
		pending, err = o.Uint()
		var unknown *drgn.TypeError
		if errors.As(err, &unknown) {
			continue // a variable without a type
		}
		return pending, err == nil, err
	}
	return 0, false, nil
}
