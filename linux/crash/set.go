package crash

import (
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/sched"
)

var setCommand = Command{
	Name:        "set",
	Description: "set the current task or an option",
	Long: "The current task is the one that commands are about when no other is named. Without arguments it is shown.\n" +
		"With an option and a value, the option is set; with an option alone, it is shown:\n\n" +
		"  scroll on | off      long output goes through a pager at the prompt\n" +
		"  scroll less | more   which pager\n" +
		"  radix 10 | 16        the base of integers",
	Usage: "[pid | task | -p | -c CPU | option [value]] [--drgn]",
	Arguments: []Argument{
		{Meta: "pid", Shown: true, Tasks: true, Help: "the task with this decimal PID"},
		{Meta: "task", Shown: true, Tasks: true, Help: "the task at this hexadecimal address"},
		{Meta: "option", Value: Maybe, Tasks: true, Help: "an option"},
		{Meta: "value", Value: Maybe, Tasks: true, Help: "what it is set to"},
		{Names: []string{"-c"}, Meta: "CPU", Tasks: true, Value: One, Set: 1, Check: isDecimal, Help: "the task that runs on this CPU"},
		{Names: []string{"-p"}, Set: 1, Tasks: true, Help: "the task that crashed, or drgn itself on a kernel that runs"},
		drgnArgument,
	},
	Run: set,
}

var bases = map[string]int{"10": 10, "dec": 10, "decimal": 10, "ten": 10, "16": 16, "hex": 16, "hexadecimal": 16, "sixteen": 16}

func set(c *Call) error {
	st := c.session.state
	what, value := c.Text("option"), c.Text("value")
	if c.selects != nil {
		return setEach(c)
	}
	switch what {
	case "radix", "scroll":
		if c.Has("--drgn") {
			return &NoCodeError{}
		}
		if value != "" {
			if err := st.option(what, value); err != nil {
				return err
			}
		}
		switch {
		case what == "radix":
			c.printf("output radix: %d (%s)\n", st.base, map[int]string{10: "decimal", 16: "hex"}[st.base])
		case st.scroll:
			c.printf("scroll: on (%s)\n", st.pager)
		default:
			c.print("scroll: off\n")
		}
		return nil
	}
	for _, option := range []string{"-c", "-p"} {
		if c.Has(option) && what != "" {
			return c.wrong("argument pid_or_task_or_option: not allowed with argument %s", option)
		}
	}
	wrong := func(format string, a ...any) error {
		return &ArgumentError{Command: "set", Problem: fmt.Sprintf(format, a...)}
	}
	if _, ok := parseTask(what); ok && value != "" {
		return wrong("unrecognized arguments: %s", value)
	}
	var task drgn.Object
	var err error
	find := func(b *builder) error { return c.contextCode(b) }
	switch {
	case c.Has("-c"):
		spec, err := parseCPUs(c.Text("-c"))
		if err != nil {
			return err
		}
		numbers, err := spec.numbers(c)
		if err != nil {
			return err
		}
		task, err = runs(c.Prog, numbers[0])
		if err != nil {
			return err
		}
		find = func(b *builder) error {
			b.from("drgn.helpers.linux.sched", "cpu_curr")
			b.linef("cpu = %d\ntask = cpu_curr(cpu)", numbers[0])
			return nil
		}
	case c.Has("-p"):
		if task, err = panicTask(c.Prog); err != nil {
			return err
		}
		find = func(b *builder) error {
			if c.live() {
				b.imports("os")
				b.from("drgn.helpers.linux.pid", "find_task")
				b.line("pid = os.getpid()\ntask = find_task(pid)")
			} else {
				b.from("drgn.helpers.linux.panic", "panic_task")
				b.line("task = panic_task()")
			}
			return nil
		}
	case what != "":
		r, ok := parseTask(what)
		if !ok {
			return wrong("not a pid, task, or option: '%s'", what)
		}
		if task, err = r.find(c.Prog); err != nil {
			return err
		}
		find = func(b *builder) error { r.code(b); return nil }
	default:
		if task, err = c.context(); err != nil {
			return err
		}
	}
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			if err := find(b); err != nil {
				return err
			}
			contextFields(c, b)
			return nil
		})
	}
	if what != "" || c.Has("-c") || c.Has("-p") {
		if st.task, err = task.Uint(); err != nil {
			return err
		}
	}
	c.returns(task)
	return c.showContext(task)
}

func (st *state) option(what, value string) error {
	if what == "radix" {
		base, ok := bases[value]
		if !ok {
			return &ArgumentError{Command: "set", Problem: fmt.Sprintf("invalid value for radix: '%s' (must be 10 or 16)", value)}
		}
		st.base = base
		return nil
	}
	switch value {
	case "on", "off":
		st.scroll = value == "on"
	case "less", "more":
		st.scroll, st.pager = true, value
	default:
		return &ArgumentError{Command: "set", Problem: fmt.Sprintf("invalid value for scroll: '%s' (must be on, off, less, or more)", value)}
	}
	return nil
}

// contextFields writes the Python that finds what is shown of a task.
func contextFields(c *Call, b *builder) {
	b.from("drgn.helpers.linux.sched", "get_task_state", "task_cpu", "task_on_cpu", "task_thread_info")
	b.line("pid = task.pid\ncomm = task.comm\nthread_info = task_thread_info(task)\ncpu = task_cpu(task)")
	b.line("state = get_task_state(task)\nis_active = task_on_cpu(task)")
	if _, err := panicTask(c.Prog); err == nil && !c.live() {
		b.from("drgn.helpers.linux.panic", "panic_task")
		b.line("is_panic = task == panic_task()")
	}
}

// showContext prints what is known of a task, a line for each thing.
func (c *Call) showContext(task drgn.Object) error {
	l, err := lineOf(task)
	if err != nil {
		return err
	}
	info, err := sched.TaskThreadInfo(task).Uint()
	if err != nil {
		return err
	}
	c.printf("    PID: %d\nCOMMAND: \"%s\"\n   TASK: %x  [THREAD_INFO: %x]\n    CPU: %d\n", l.pid, l.command, l.address, info, l.cpu)
	state, err := sched.TaskState(task)
	if err != nil {
		return err
	}
	if on, err := sched.TaskOnCPU(task); err == nil && on {
		mark := "ACTIVE"
		if t, err := panicTask(c.Prog); err == nil && !c.live() {
			if a, err := t.Uint(); err == nil && a == l.address {
				mark = "PANIC"
			}
		}
		state += " (" + mark + ")"
	}
	c.printf("  STATE: %s\n", state)
	return nil
}

// setEach is foreach's set: it shows each task.
func setEach(c *Call) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			done := c.selects.loop(b)
			contextFields(c, b)
			done()
			return nil
		})
	}
	return c.selects.each(c, func(t drgn.Object) error {
		if err := c.header(t); err != nil {
			return err
		}
		return c.showContext(t)
	})
}

var foreachCommand = Command{
	Name:        "foreach",
	Description: "run a command on many tasks",
	Long:        "Run a command on all tasks that fit, or on all tasks.",
	Usage:       "[--drgn] [pid | task | name ...] [kernel | user | gleader] [active] [state] command [-option ...]",
	Quoted:      true,
	Raw:         true,
	Arguments: []Argument{
		{Meta: "pid", Shown: true, Help: "the task with this decimal PID"},
		{Meta: "task", Shown: true, Help: "the task at this hexadecimal address"},
		{Meta: "name", Shown: true, Help: "tasks of this name (with \\ in front where it could be something else); in single quotes it is a regular expression"},
		{Meta: "kernel", Shown: true, Help: "kernel threads"},
		{Meta: "user", Shown: true, Help: "tasks of user space"},
		{Meta: "gleader", Shown: true, Help: "leaders of thread groups of user space"},
		{Meta: "active", Shown: true, Help: "what runs on the CPUs"},
		{Meta: "state", Shown: true, Help: "tasks in this state: R, S, D …"},
		{Meta: "command", Shown: true, Help: "the command: bt, files, ps, set, sig, task, vm or vtop"},
		{Names: []string{"-option"}, Help: "an option of the command"},
		drgnArgument,
	},
}

func init() { foreachCommand.Run = foreach } // it looks commands up

var foreachCommands = []string{"bt", "files", "ps", "set", "sig", "task", "vm", "vtop"}

func foreach(c *Call) error {
	s := &selector{}
	words := c.List("")
	var first []string // options in front of the command
	for i, w := range words {
		switch {
		case slices.Contains(foreachCommands, w):
			command, ok := Lookup(w)
			if !ok {
				return &NotFoundError{w}
			}
			rest := words[i+1:]
			rest = append(first, rest...)
			if !command.Quoted {
				rest = slices.Clone(rest)
				for j := range rest {
					rest[j] = Unquote(rest[j])
				}
			}
			command = command.ofForeach()
			given, err := command.parse(slices.Clone(rest))
			if err != nil {
				return err
			}
			s.user = s.user || s.leaders && !s.kernel
			run := *c
			run.Name, run.command, run.given, run.selects = w, command, given, s
			err = command.Run(&run)
			c.result, c.has = run.result, run.has
			return err
		case w == "kernel":
			s.kernel = true
		case w == "user":
			s.user = true
		case w == "gleader":
			s.leaders = true
		case w == "active":
			s.active = true
		case len(w) > 0 && w[0] == '-':
			first = append(first, w)
		case states[w] != "":
			s.state = states[w]
		default:
			if err := s.add(w); err != nil {
				return err
			}
		}
	}
	return c.wrong("no command given")
}

// ofForeach returns the command as foreach runs it: without what would say which tasks it is about.
func (c *Command) ofForeach() *Command {
	in := *c
	in.Name, in.Usage = "foreach "+c.Name, ""
	in.Arguments = slices.DeleteFunc(slices.Clone(c.Arguments), func(a Argument) bool { return a.Tasks })
	return &in
}

// states are the letters of states by themselves and by crash's two letters.
var states = map[string]string{"R": "R", "S": "S", "D": "D", "T": "T", "t": "t", "X": "X", "Z": "Z", "P": "P", "I": "I",
	"RU": "R", "IN": "S", "UN": "D", "ST": "T", "TR": "t", "ZO": "Z", "DE": "X", "ID": "I"}

var helpCommand = Command{
	Name:        "help",
	Description: "say what commands there are and what they do",
	Long:        "Without arguments the commands are listed.",
	Arguments:   []Argument{{Meta: "command", Value: Any, Help: "what to explain, or all"}},
}

func init() { helpCommand.Run = help } // it lists the commands

func help(c *Call) error {
	names := c.List("command")
	if len(names) == 1 && names[0] == "all" {
		names = nil
		for _, command := range Commands() {
			names = append(names, command.Name)
		}
	}
	if len(names) == 0 {
		c.print(Overview(nil))
		return nil
	}
	for i, name := range names {
		command, ok := Lookup(name)
		if !ok {
			c.printf("No command named '%s'\n", name)
			continue
		}
		if i > 0 {
			c.print("\n")
		}
		c.print(command.Page(), "\n")
	}
	return nil
}

// Page returns the help of a command with name, usage and text.
func (c *Command) Page() string {
	return fmt.Sprintf("NAME\n  %s - %s\n\nSYNOPSIS\n  %s\n\nDESCRIPTION\n%s", c.Name, c.Description, c.usage(), indent(c.Help(), "  "))
}

// indent puts blanks in front of each line that is not empty.
func indent(text, by string) string {
	out, start := "", true
	for _, r := range text {
		if start && r != '\n' {
			out += by
		}
		out += string(r)
		start = r == '\n'
	}
	return out
}

// Overview returns the list of all commands; more are the names of commands that a front end has besides.
func Overview(more []string) string {
	const columns, width = 5, 16
	names := slices.Clone(more)
	for _, c := range Commands() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	rows := (len(names) + columns - 1) / columns
	text := "Commands:\n"
	for r := range rows {
		line := ""
		for i := r; i < len(names); i += rows {
			if i+rows < len(names) {
				line += fmt.Sprintf("%-*s", width, names[i])
			} else {
				line += names[i]
			}
		}
		text += line + "\n"
	}
	return text + "\nTry \"help <command>\" for help with a specific command.\n"
}
