package crash

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/linux/timer"
)

var timerCommand = Command{
	Name:        "timer",
	Description: "the kernel's timers",
	Arguments: []Argument{
		{Names: []string{"-r"}, Help: "high-resolution timers"},
		{Names: []string{"-C"}, Meta: "CPU", Value: One, Help: "only those of these CPUs: 0,3-4"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		spec := cpus{all: true}
		var err error
		if c.Has("-C") {
			if spec, err = parseCPUs(c.Text("-C")); err != nil {
				return err
			}
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return timerCode(c, b, spec) })
		}
		if c.Has("-r") {
			which, err := spec.numbers(c)
			if err != nil {
				return err
			}
			return hrtimers(c, which)
		}
		return timers(c, spec)
	},
}

// A ticking is a timer with what is shown of it.
type ticking struct {
	at, expires, soft, function uint64
}

// functionCell returns the cells of a function.
func functionCell(p *drgn.Program, a uint64) string {
	return fmt.Sprintf("%x  <%s>", a, symbolName(p, a))
}

func timers(c *Call, spec cpus) error {
	now, err := c.Prog.Object("jiffies").Uint()
	if err != nil {
		return err
	}
	names, err := timer.BaseNames(c.Prog)
	if err != nil {
		return err
	}
	c.printf("JIFFIES\n%d\n", now)
	which, err := spec.numbers(c)
	if err != nil {
		return err
	}
	for _, cpu := range which {
		bases := percpu.PerCPU(c.Prog.Object("timer_bases"), cpu)
		count, err := bases.Len()
		if err != nil {
			return err
		}
		c.print("\n")
		for i := range min(count, 16) {
			base := bases.Index(int64(i)).AddressOf()
			at, err := base.Uint()
			if err != nil {
				return err
			}
			name := fmt.Sprint(i)
			if i < uint64(len(names)) {
				name = names[i]
			}
			c.printf("TIMER_BASES[%d][%s]: %x\n", cpu, name, at)
			if err := timersOf(c, base, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func timersOf(c *Call, base drgn.Object, now uint64) error {
	var all []ticking
	for t, err := range timer.ForEach(base) {
		if err := c.next(err); err != nil {
			return err
		}
		var k ticking
		if k.at, err = t.Uint(); err != nil {
			return err
		}
		if k.expires, err = t.Member("expires").Uint(); err != nil {
			return err
		}
		if k.function, err = t.Member("function").Uint(); err != nil {
			return err
		}
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b ticking) int { return cmp.Compare(a.expires, b.expires) })
	g := grid{indent: "  ", align: ">>^<", own: "<>^<", header: []string{"EXPIRES", "TTE", "TIMER_LIST", "FUNCTION"}}
	for _, k := range all {
		g.add(fmt.Sprintf("%10d", k.expires), fmt.Sprintf("%8d", int64(k.expires-now)), fmt.Sprintf("%x", k.at), functionCell(c.Prog, k.function))
	}
	if len(all) == 0 {
		c.print("  (no timers)\n")
		return nil
	}
	g.print(c)
	return nil
}

func hrtimers(c *Call, which []uint64) error {
	coarse, err := timekeeping.CoarseNS(c.Prog).Int()
	if err != nil {
		return err
	}
	for n, cpu := range which {
		if n > 0 {
			c.print("\n")
		}
		base := percpu.PerCPU(c.Prog.Object("hrtimer_bases"), cpu)
		at, err := base.AddressOf().Uint()
		if err != nil {
			return err
		}
		c.printf("CPU: %d  HRTIMER_CPU_BASE: %x\n", cpu, at)
		clocks := base.Member("clock_base")
		count, err := clocks.Len()
		if err != nil {
			return err
		}
		for i := range min(count, 64) {
			if i > 0 {
				c.print("\n")
			}
			if err := hrtimersOf(c, clocks.Index(int64(i)).AddressOf(), i, coarse); err != nil {
				return err
			}
		}
	}
	return nil
}

func hrtimersOf(c *Call, clock drgn.Object, i uint64, coarse int64) error {
	at, err := clock.Uint()
	if err != nil {
		return err
	}
	offset, err := clock.Member("offset").Int()
	if err != nil {
		return err
	}
	now := coarse + offset
	var all []ticking
	for t, err := range timer.ForEachHighResolution(clock) {
		if err := c.next(err); err != nil {
			return err
		}
		var k ticking
		if k.at, err = t.Uint(); err != nil {
			return err
		}
		if k.expires, err = t.Member("node").Member("expires").Uint(); err != nil {
			return err
		}
		if k.soft, err = t.Member("_softexpires").Uint(); err != nil {
			return err
		}
		if k.function, err = t.Member("function").Uint(); err != nil {
			return err
		}
		all = append(all, k)
	}
	c.printf("  CLOCK: %d  HRTIMER_CLOCK_BASE: %x\n", i, at)
	if len(all) == 0 {
		c.print("  (empty)\n")
		return nil
	}
	g := grid{indent: "  ", align: ">>>^<", own: "^^^^<", header: []string{"SOFTEXPIRES", "EXPIRES", "TTE", "HRTIMER", "FUNCTION"}}
	for _, k := range all {
		g.add(fmt.Sprint(int64(k.soft)), fmt.Sprint(int64(k.expires)), fmt.Sprint(int64(k.expires)-now), fmt.Sprintf("%x", k.at), functionCell(c.Prog, k.function))
	}
	width := len("CURRENT")
	for _, r := range g.rows {
		width = max(width, len(r[0]))
	}
	c.printf("  %s\n  %*d\n", strings.TrimRight(center("CURRENT", width), " "), width, now)
	g.print(c)
	return nil
}

func timerCode(c *Call, b *builder, spec cpus) error {
	b.from("drgn.helpers.linux.percpu", "per_cpu")
	if c.Has("-r") {
		b.from("drgn.helpers.linux.timekeeping", "ktime_get_coarse_ns")
		b.from("drgn.helpers.linux.timer", "hrtimer_clock_base_for_each")
		b.line("now = ktime_get_coarse_ns()")
	} else {
		b.from("drgn.helpers.linux.timer", "timer_base_for_each")
		b.line("jiffies = prog[\"jiffies\"]")
	}
	if err := spec.loop(c, b); err != nil {
		return err
	}
	if c.Has("-r") {
		b.line("cpu_base = per_cpu(prog[\"hrtimer_bases\"], cpu)")
		b.open("for clock_base in cpu_base.clock_base:")
		b.line("current = now + clock_base.offset")
		b.open("for hrtimer in hrtimer_clock_base_for_each(clock_base.address_of_()):")
		b.line("softexpires = hrtimer._softexpires\nexpires = hrtimer.node.expires\ntte = expires - current\nfunction = hrtimer.function")
	} else {
		b.open("for base in per_cpu(prog[\"timer_bases\"], cpu):")
		b.open("for timer in timer_base_for_each(base.address_of_()):")
		b.line("expires = timer.expires\ntte = expires - jiffies\nfunction = timer.function")
	}
	b.close()
	b.close()
	b.close()
	return nil
}

var runqCommand = Command{
	Name:        "runq",
	Description: "run queues",
	Long:        "Show what the run queues of CPUs hold.",
	Arguments: []Argument{
		{Names: []string{"-t"}, Set: 1, Help: "the clock of each, and when what runs began to"},
		{Names: []string{"-T"}, Set: 1, Help: "how far the clock of each is behind the one that is ahead of all"},
		{Names: []string{"-m"}, Set: 1, Help: "how long what runs has run"},
		{Names: []string{"-g"}, Set: 1, Help: "the groups of tasks"},
		{Names: []string{"-c"}, Meta: "CPU", Value: One, Help: "only those of these CPUs: 0,3-4"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		spec := cpus{all: true}
		var err error
		if c.Has("-c") {
			if spec, err = parseCPUs(c.Text("-c")); err != nil {
				return err
			}
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return runqCode(c, b, spec) })
		}
		which, err := spec.numbers(c)
		if err != nil {
			return err
		}
		if c.Has("-t") || c.Has("-T") || c.Has("-m") {
			return runqTimes(c, which)
		}
		for i, cpu := range which {
			if i > 0 {
				c.print("\n")
			}
			if err := runq(c, cpu); err != nil {
				return err
			}
		}
		return nil
	},
}

func (l taskLine) withoutCPU() string {
	return fmt.Sprintf("PID: %-7d  TASK: %x  COMMAND: \"%s\"", l.pid, l.address, l.command)
}

func runqTimes(c *Call, which []uint64) error {
	var clocks []uint64
	latest := uint64(0)
	for _, cpu := range which {
		v, err := sched.CPURunqueue(c.Prog, cpu).Member("clock").Uint()
		if err := c.next(err); err != nil {
			return err
		}
		clocks = append(clocks, v)
		latest = max(latest, v)
	}
	if c.Has("-T") { // how far each is behind, the least first
		order := make([]int, len(which))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(clocks[b], clocks[a]) })
		for _, i := range order {
			c.printf("  CPU %d: %.2f secs\n", which[i], float64(latest-clocks[i])/1e9)
		}
		return nil
	}
	for i, cpu := range which {
		t := sched.CPUCurr(c.Prog, cpu)
		l, err := lineOf(t)
		if err != nil {
			return err
		}
		if c.Has("-m") {
			ns, err := sched.SinceLastArrival(t)
			if err != nil {
				return err
			}
			c.printf("  CPU %d: [%s]  %s\n", cpu, daysAndClock(ns), l.withoutCPU())
			continue
		}
		arrival, err := t.Member("sched_info").Member("last_arrival").Uint()
		if err != nil {
			return err
		}
		c.printf(" CPU %d: %016d\n        %016d  %s\n", cpu, clocks[i], arrival, l.withoutCPU())
	}
	return nil
}

func runq(c *Call, cpu uint64) error {
	rq := sched.CPURunqueue(c.Prog, cpu)
	at, err := rq.Uint()
	if err != nil {
		return err
	}
	current, err := lineOf(sched.CPUCurr(c.Prog, cpu))
	if err != nil {
		return err
	}
	if c.Has("-g") {
		return runqGroups(c, cpu, rq, current)
	}
	c.printf("CPU %d RUNQUEUE %x\n  CURRENT: %s\n", cpu, at, current.withoutCPU())
	rt, err := rq.Member("rt").Member("active").AddressOf().Uint()
	if err != nil {
		return err
	}
	c.printf("  RT PRIO_ARRAY: %x\n", rt)
	n := 0
	show := func(t drgn.Object) error {
		l, err := lineOf(t)
		if err != nil {
			return err
		}
		if l.address == current.address {
			return nil
		}
		prio, err := t.Member("prio").Int()
		if err != nil {
			return err
		}
		c.printf("     [%3d] %s\n", prio, l.withoutCPU())
		n++
		return nil
	}
	none := func() {
		if n == 0 {
			c.print("     [no tasks queued]\n")
		}
		n = 0
	}
	for t, err := range sched.ForEachRealTimeTask(rq) {
		if err := c.next(err); err != nil {
			return err
		}
		if err := show(t); err != nil {
			return err
		}
	}
	none()
	cfs := rq.Member("cfs").AddressOf()
	root, err := cfs.Member("tasks_timeline").AddressOf().Uint()
	if err != nil {
		return err
	}
	c.printf("  CFS RB_ROOT: %x\n", root)
	for e, err := range sched.ForEachEntity(cfs) {
		if err := c.next(err); err != nil {
			return err
		}
		if e.Current || !e.IsTask {
			continue
		}
		if err := show(sched.EntityToTask(e.Entity)); err != nil {
			return err
		}
	}
	none()
	return nil
}

func runqGroups(c *Call, cpu uint64, rq drgn.Object, current taskLine) error {
	cfs := rq.Member("cfs").AddressOf()
	at, err := cfs.Uint()
	if err != nil {
		return err
	}
	root, err := c.Prog.Object("root_task_group").AddressOf().Uint()
	if err != nil {
		return err
	}
	c.printf("CPU %d\n  CURRENT: %s\n  ROOT_TASK_GROUP: %x  CFS_RQ: %x\n", cpu, current.withoutCPU(), root, at)
	n := 0
	for e, err := range sched.ForEachEntity(cfs) {
		if err := c.next(err); err != nil {
			return err
		}
		n++
		indent := 5 + 3*int(min(e.Depth, 64))
		mark := ""
		if e.Current {
			mark = " [CURRENT]"
		}
		if e.IsTask {
			t := sched.EntityToTask(e.Entity)
			l, err := lineOf(t)
			if err != nil {
				return err
			}
			prio, err := t.Member("prio").Int()
			if err != nil {
				return err
			}
			c.printf("%*s[%3d] %s%s\n", indent, "", prio, l.withoutCPU(), mark)
			continue
		}
		queue := e.Entity.Member("my_q").Read()
		q, err := queue.Uint()
		if err != nil {
			return err
		}
		group := queue.Member("tg").Read()
		g, err := group.Uint()
		if err != nil {
			return err
		}
		name, err := sched.GroupName(group)
		if err != nil {
			return err
		}
		c.printf("%*sTASK_GROUP: %x  CFS_RQ: %x  <%s>%s\n", indent, "", g, q, escape(name, ""), mark)
	}
	if n == 0 {
		c.print("     [no tasks queued]\n")
	}
	return nil
}

func runqCode(c *Call, b *builder, spec cpus) error {
	b.from("drgn.helpers.linux.sched", "cpu_rq")
	if err := spec.loop(c, b); err != nil {
		return err
	}
	defer b.close()
	b.line("rq = cpu_rq(cpu)")
	switch {
	case c.Has("-t"), c.Has("-T"):
		b.line("rq_clock = rq.clock")
		if c.Has("-t") {
			b.line("curr = rq.curr.read_()\nlast_arrival = curr.sched_info.last_arrival\npid = curr.pid\ncommand = curr.comm")
		}
		return nil
	case c.Has("-m"):
		b.from("drgn.helpers.linux.sched", "task_since_last_arrival_ns")
		b.line("curr = rq.curr.read_()\nelapsed = task_since_last_arrival_ns(curr)\npid = curr.pid\ncommand = curr.comm")
		return nil
	}
	b.from("drgn.helpers.linux.sched", "cfs_rq_for_each_entity", "sched_entity_to_task")
	b.line("curr = rq.curr.read_()\npid = curr.pid\ncommand = curr.comm\ncfs_rq = rq.cfs.address_of_()")
	if !c.Has("-g") {
		b.from("drgn.helpers.linux.sched", "rq_for_each_rt_task")
		b.line("rt_prio_array = rq.rt.active\nfor task in rq_for_each_rt_task(rq):\n    prio = task.prio\n    pid = task.pid\n    command = task.comm\ncfs_rb_root = cfs_rq.tasks_timeline")
	}
	b.open("for se, depth, is_curr, is_task in cfs_rq_for_each_entity(cfs_rq):")
	if c.Has("-g") {
		b.from("drgn.helpers.linux.sched", "task_group_name")
		b.line("if not is_task:\n    group_name = task_group_name(se.my_q.tg)\n    continue")
	} else {
		b.line("if is_curr or not is_task:\n    continue")
	}
	b.line("task = sched_entity_to_task(se)\nprio = task.prio\npid = task.pid\ncommand = task.comm")
	b.close()
	return nil
}
