package crash

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/resource"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/timekeeping"
)

var psCommand = Command{
	Name:        "ps",
	Description: "show processes and threads",
	Long:        "Show what the tasks are and what they do. Without arguments all are shown, a line each.",
	Quoted:      true,
	Arguments: []Argument{
		{Meta: "pid|task|command", Value: Any, Tasks: true, Help: "only this task: a decimal PID, the hexadecimal address of a task_struct, a 'regular expression' in single quotes for names, or a name (with \\ in front where it could be something else)"},
		{Names: []string{"-k"}, Set: 1, Tasks: true, Help: "only kernel threads"},
		{Names: []string{"-u"}, Set: 1, Tasks: true, Help: "only tasks of user space"},
		{Names: []string{"-G"}, Help: "only the leader of each thread group"},
		{Names: []string{"-y"}, Meta: "POLICY", Value: One, Help: "only tasks with one of these scheduling policies, by name or number, separated by commas: NORMAL or OTHER (0), FIFO (1), RR (2), BATCH (3), ISO (4), IDLE (5), DEADLINE (6), EXT (7)"},
		{Names: []string{"-A"}, Tasks: true, Help: "only what runs on the CPUs"},
		{Names: []string{"-s"}, Set: 2, Help: "the kernel stack pointer in place of the task_struct"},
		{Names: []string{"-p"}, Set: 2, Help: "the parents of each task"},
		{Names: []string{"-c"}, Set: 2, Help: "the children of each task"},
		{Names: []string{"-t"}, Set: 2, Help: "when each task started, and how long it has run"},
		{Names: []string{"-l"}, Set: 2, Help: "when each task last began to run, the latest first"},
		{Names: []string{"-m"}, Set: 2, Help: "like -l, but how long ago that is, as days and a clock"},
		{Names: []string{"-a"}, Set: 2, Help: "the arguments and the environment of each task"},
		{Names: []string{"-g"}, Set: 2, Help: "the threads of each thread group"},
		{Names: []string{"-r"}, Set: 2, Help: "what limits each task has"},
		{Names: []string{"-S"}, Set: 2, Help: "how many tasks are in each state"},
		{Names: []string{"-C"}, Meta: "CPU", Value: One, Help: "with -l or -m, only tasks of these CPUs (0,3-4), grouped by CPU"},
		{Names: []string{"-H"}, Help: "no line with the names of the columns"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		s := &selector{sorted: true}
		if c.selects != nil {
			s = c.selects
		}
		s.kernel, s.user, s.leaders, s.active = s.kernel || c.Has("-k"), s.user || c.Has("-u"), s.leaders || c.Has("-G"), s.active || c.Has("-A")
		for _, w := range c.List("pid|task|command") {
			if err := s.add(w); err != nil {
				return err
			}
		}
		if c.Has("-y") {
			var err error
			if s.policies, err = policies(c.Text("-y")); err != nil {
				return err
			}
		}
		return ps(c, s)
	},
}

var policyNames = map[string]uint64{"NORMAL": 0, "OTHER": 0, "FIFO": 1, "RR": 2, "BATCH": 3, "ISO": 4, "IDLE": 5, "DEADLINE": 6, "EXT": 7}

// policies reads scheduling policies, by name or number (include/uapi/linux/sched.h).
func policies(s string) (out []uint64, err error) {
	for name := range strings.SplitSeq(s, ",") {
		n, ok := policyNames[strings.ToUpper(name)]
		if !ok {
			if n, err = strconv.ParseUint(name, 10, 32); err != nil {
				return nil, invalid("invalid scheduling policy: %s", name)
			}
		}
		out = append(out, n)
	}
	return out, nil
}

// ps is also what foreach runs.
func ps(c *Call, s *selector) error {
	forms := map[string]func(*Call, *selector) error{"-p": psParents, "-c": psChildren, "-t": psTimes, "-l": psArrivals, "-m": psArrivals,
		"-a": psArguments, "-g": psThreads, "-r": psLimits, "-S": psStates}
	if c.Has("-C") && !c.Has("-l") && !c.Has("-m") {
		return c.refuse("-C can only be used with -l or -m")
	}
	for name, form := range forms {
		if c.Has(name) {
			return form(c, s)
		}
	}
	return psTable(c, s)
}

func psTable(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.mm", "task_rss", "task_vsize", "totalram_pages")
			b.from("drgn.helpers.linux.sched", "task_cpu", "task_state_to_char")
			b.line("total_mem = totalram_pages()\n")
			done := s.loop(b)
			b.line("pid = task.pid\nppid = task.parent.pid\ncpu = task_cpu(task)\nstate = task_state_to_char(task)")
			b.line("rss = task_rss(task)\nmem_usage = rss.total / total_mem\nvsize = task_vsize(task)\ncomm = task.comm")
			done()
			return nil
		})
	}
	total, err := mm.TotalRAMPages(c.Prog)
	if err != nil {
		return err
	}
	pageSize, err := c.Prog.Object("PAGE_SIZE").Uint()
	if err != nil {
		return err
	}
	third := "TASK"
	if c.Has("-s") {
		third = "KSTACKP"
	}
	g := grid{align: ">>>>><>>><", own: ">>>>^<>>><"}
	if !c.Has("-H") {
		g.header = []string{"", "PID", "PPID", "CPU", third, "ST", "%MEM", "VSZ", "RSS", "COMM"}
	}
	tasks, err := s.tasks(c)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if err := c.next(nil); err != nil {
			return err
		}
		row, err := psRow(c, t, total, pageSize)
		if err != nil {
			return err
		}
		g.add(row...)
	}
	g.print(c)
	return nil
}

// psRow returns the cells of a task.
func psRow(c *Call, t drgn.Object, total, pageSize uint64) ([]string, error) {
	l, err := lineOf(t)
	if err != nil {
		return nil, err
	}
	parent, err := t.Member("parent").Member("pid").Uint()
	if err != nil {
		return nil, err
	}
	state, err := sched.TaskStateChar(t)
	if err != nil {
		return nil, err
	}
	active, err := sched.TaskOnCPU(t)
	if err != nil {
		return nil, err
	}
	mark := ""
	if active {
		mark = ">"
	}
	name, err := commandOf(t)
	if err != nil {
		return nil, err
	}
	kernel, err := isKernelThread(t)
	if err != nil {
		return nil, err
	}
	if kernel {
		name = "[" + name + "]"
	}
	rss, err := mm.ResidentSet(c.Prog, t)
	if err != nil {
		return nil, err
	}
	size, err := mm.VirtualSize(t)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("%x", l.address)
	if c.Has("-s") {
		if address, err = stackPointer(t); err != nil {
			return nil, err
		}
	}
	pages := max(rss.Total(), 0)
	share := 0.0
	if total > 0 {
		share = float64(pages) * 100 / float64(total)
	}
	return []string{mark, strconv.FormatUint(l.pid, 10), strconv.FormatUint(parent, 10), strconv.FormatUint(l.cpu, 10), address, state,
		strconv.FormatFloat(share, 'f', 1, 64), strconv.FormatUint(size/1024, 10), strconv.FormatUint(uint64(pages)*(pageSize/1024), 10), name}, nil
}

// stackPointer returns the stack pointer that a task's stack begins with.
func stackPointer(t drgn.Object) (string, error) {
	trace, err := t.Prog().StackTraceOf(t)
	if err != nil || trace.Len() == 0 {
		return "(unknown)", nil
	}
	sp, ok := trace.Frame(0).SP()
	if size, err := t.Prog().AddressSize(); err == nil && sp>>(size*8-1) == 0 { // it runs in user space
		sp, err = t.Member("thread").Member("sp").Uint()
		ok = err == nil
	}
	if !ok {
		return "(unknown)", nil
	}
	return fmt.Sprintf("%x", sp), nil
}

// each runs f for each task, with an empty line between two.
func (s *selector) each(c *Call, f func(t drgn.Object) error) error {
	tasks, err := s.tasks(c)
	if err != nil {
		return err
	}
	for i, t := range tasks {
		if err := c.next(nil); err != nil {
			return err
		}
		if i > 0 {
			c.print("\n")
		}
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}

// maxParents bounds chains of parents, which may be a circle.
const maxParents = 4096

func psParents(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			done := s.loop(b)
			b.open("while True:")
			headerCode(b, "task")
			b.line("\nparent = task.parent.read_()")
			b.open("if parent == task:")
			b.line("break")
			b.close()
			b.line("task = parent")
			b.close()
			done()
			return nil
		})
	}
	return s.each(c, func(t drgn.Object) error {
		var lines []string
		for len(lines) < maxParents {
			l, err := lineOf(t)
			if err != nil {
				return err
			}
			lines = append(lines, l.String())
			parent := t.Member("parent").Read()
			at, err := parent.Uint()
			if err != nil {
				return err
			}
			if at == l.address {
				break
			}
			t = parent
		}
		for i := range lines {
			c.print(strings.Repeat(" ", i), lines[len(lines)-1-i], "\n")
		}
		return nil
	})
}

func psChildren(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.list", "list_for_each_entry")
			done := s.loop(b)
			headerCode(b, "task")
			b.open("for child in list_for_each_entry(\n    \"struct task_struct\", task.children.address_of_(), \"sibling\"\n):")
			headerCode(b, "child")
			b.close()
			done()
			return nil
		})
	}
	return s.each(c, func(t drgn.Object) error {
		if err := c.header(t); err != nil {
			return err
		}
		n := 0
		for child, err := range list.ForEachEntry("struct task_struct", t.Member("children").AddressOf(), "sibling") {
			if err := c.next(err); err != nil {
				return err
			}
			c.print("  ")
			if err := c.header(child); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			c.print("  (no children)\n")
		}
		return nil
	})
}

func psThreads(c *Call, s *selector) error {
	s.leaders = s.leaders || s.all()
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.pid", "for_each_task_in_group")
			done := s.loop(b)
			headerCode(b, "task")
			b.open("for thread in for_each_task_in_group(task):")
			headerCode(b, "thread")
			b.close()
			done()
			return nil
		})
	}
	seen := map[uint64]bool{}
	tasks, err := s.tasks(c)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		leader := t.Member("group_leader").Read()
		at, err := leader.Uint()
		if err != nil {
			return err
		}
		if len(s.names)+len(s.patterns) > 0 { // a name is that of a group's leader
			if a, err := t.Uint(); err != nil || a != at {
				continue
			}
		}
		if seen[at] {
			continue
		}
		if len(seen) > 0 {
			c.print("\n")
		}
		seen[at] = true
		if err := c.header(leader); err != nil {
			return err
		}
		n := 0
		for thread, err := range pid.ForEachTaskInGroup(leader, false) {
			if err := c.next(err); err != nil {
				return err
			}
			c.print("  ")
			if err := c.header(thread); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			c.print("  (no threads)\n")
		}
	}
	return nil
}

func psTimes(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.timekeeping", "ktime_get_coarse_ns")
			b.line("now = ktime_get_coarse_ns()\n")
			done := s.loop(b)
			headerCode(b, "task")
			b.line("start_time = task.start_time\nrun_time = now - start_time\nutime = task.utime\nstime = task.stime")
			done()
			return nil
		})
	}
	now, err := timekeeping.CoarseNS(c.Prog).Uint()
	if err != nil {
		return err
	}
	return s.each(c, func(t drgn.Object) error {
		if err := c.header(t); err != nil {
			return err
		}
		var v [3]uint64
		for i, m := range []string{"start_time", "utime", "stime"} {
			if v[i], err = t.Member(m).Uint(); err != nil {
				return err
			}
		}
		c.printf("    RUN TIME: %s\n  START TIME: %d\n       UTIME: %d\n       STIME: %d\n", seconds((now-min(v[0], now))/1e9), v[0], v[1], v[2])
		return nil
	})
}

// An arrival is a task and when it last began to run.
type arrival struct {
	last  uint64 // when it last began to run, by the clock of its CPU
	task  drgn.Object
	line  taskLine
	state string
	at    int64 // nanoseconds: when, or with -m how long ago
}

func psArrivals(c *Call, s *selector) error {
	elapsed := c.Has("-m")
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.sched", "task_state_to_char")
			done := s.loop(b)
			if elapsed {
				b.from("drgn.helpers.linux.sched", "task_since_last_arrival_ns")
				b.line("elapsed = task_since_last_arrival_ns(task)")
			} else {
				b.line("last_arrival = task.sched_info.last_arrival")
			}
			b.line("state = task_state_to_char(task)")
			headerCode(b, "task")
			done()
			return nil
		})
	}
	var only []uint64
	if c.Has("-C") {
		spec, err := parseCPUs(c.Text("-C"))
		if err != nil {
			return err
		}
		if only, err = spec.numbers(c); err != nil {
			return err
		}
	}
	tasks, err := s.tasks(c)
	if err != nil {
		return err
	}
	var all []arrival
	for _, t := range tasks {
		a := arrival{task: t}
		if a.line, err = lineOf(t); err != nil {
			return err
		}
		if only != nil && !slices.Contains(only, a.line.cpu) {
			continue
		}
		if a.state, err = sched.TaskStateChar(t); err != nil {
			return err
		}
		if a.last, err = t.Member("sched_info").Member("last_arrival").Uint(); err != nil {
			return err
		}
		a.at = int64(a.last)
		if elapsed {
			if a.at, err = sched.SinceLastArrival(t); err != nil {
				return err
			}
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(x, y arrival) int {
		return cmp.Or(cmp.Compare(y.last, x.last), cmp.Compare(y.line.cpu, x.line.cpu))
	})
	width := 0
	texts := make([]string, len(all))
	for i, a := range all {
		if texts[i] = strconv.FormatInt(a.at, 10); elapsed {
			texts[i] = daysAndClock(a.at)
		}
		width = max(width, len(texts[i]))
	}
	show := func(cpu uint64, any bool) {
		for i, a := range all {
			if any || a.line.cpu == cpu {
				c.printf("[%*s] [%s]  %s\n", width, texts[i], a.state, a.line)
			}
		}
	}
	if only == nil {
		show(0, true)
		return nil
	}
	for i, cpu := range only {
		if i > 0 {
			c.print("\n")
		}
		c.printf("CPU: %d\n", cpu)
		show(cpu, false)
	}
	return nil
}

// daysAndClock returns nanoseconds as "days hours:minutes:seconds.milliseconds".
func daysAndClock(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	ms := ns / 1e6
	return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, ms/86400000, ms/3600000%24, ms/60000%60, ms/1000%60, ms%1000)
}

func psArguments(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.mm", "cmdline", "environ")
			done := s.loop(b)
			headerCode(b, "task")
			b.line("arg = cmdline(task)\nenv = environ(task)")
			done()
			return nil
		})
	}
	return s.each(c, func(t drgn.Object) error {
		if err := c.header(t); err != nil {
			return err
		}
		null, err := t.Member("mm").IsNull()
		if err != nil {
			return err
		}
		kernel, err := isKernelThread(t)
		if err != nil {
			return err
		}
		if null || kernel {
			c.print("  (no mm)\n")
			return nil
		}
		if args, err := mm.CommandLine(t); err != nil {
			c.printf("ARG: (missing: %v)\n", err)
		} else {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = escape(a, "")
			}
			c.print(strings.TrimRight("ARG: "+strings.Join(texts, " "), " "), "\n")
		}
		env, err := mm.Environment(t)
		if err != nil {
			c.printf("ENV: (missing: %v)\n", err)
			return nil
		}
		if len(env) == 0 {
			c.print("ENV:\n")
		}
		for i, e := range env {
			c.print([]string{"ENV: ", "     "}[min(i, 1)], escape(e, ""), "\n")
		}
		return nil
	})
}

func psLimits(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.resource", "task_rlimits")
			done := s.loop(b)
			headerCode(b, "task")
			b.line("rlimits = task_rlimits(task)")
			done()
			return nil
		})
	}
	return s.each(c, func(t drgn.Object) error {
		if err := c.header(t); err != nil {
			return err
		}
		limits, err := resource.Of(t)
		if err != nil {
			return err
		}
		text := func(v *uint64) string {
			if v == nil {
				return "(unlimited)"
			}
			return strconv.FormatUint(*v, 10)
		}
		g := grid{indent: "  ", align: ">^^", header: []string{"RLIMIT", "CURRENT", "MAXIMUM"}}
		for _, l := range limits {
			g.add(fmt.Sprintf("%10s", l.Name), text(l.Limit.Cur), text(l.Limit.Max))
		}
		g.print(c)
		return nil
	})
}

func psStates(c *Call, s *selector) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.imports("collections")
			b.from("drgn.helpers.linux.sched", "task_state_to_char")
			b.line("counter = collections.Counter()")
			done := s.loop(b)
			b.line("counter[task_state_to_char(task)] += 1")
			done()
			b.line("\nfor state, num in counter.items():\n    ...")
			return nil
		})
	}
	tasks, err := s.tasks(c)
	if err != nil {
		return err
	}
	count := map[string]int{}
	var order []string
	for _, t := range tasks {
		state, err := sched.TaskStateChar(t)
		if err := c.next(err); err != nil {
			return err
		}
		if count[state]++; count[state] == 1 {
			order = append(order, state)
		}
	}
	for _, state := range order {
		c.printf("  %s: %d\n", state, count[state])
	}
	return nil
}
