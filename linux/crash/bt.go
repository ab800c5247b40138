package crash

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/types"
)

var btCommand = Command{
	Name:        "bt",
	Description: "print stack traces",
	Long:        "Print the kernel stacks of tasks, or that of the current task if none is given.",
	Usage:       "[-f | -F] [-l] [-d] [-V] [--drgn] [-c CPUS | -a | -p | pid|task ...]",
	Arguments: []Argument{
		{Names: []string{"-c"}, Meta: "CPUS", Tasks: true, Value: One, Set: 1, Help: "the stacks of what runs on these CPUs: 3, 1,8,9 or 1-23"},
		{Names: []string{"-a"}, Set: 1, Tasks: true, Help: "the stacks of what runs on all CPUs"},
		{Names: []string{"-p"}, Set: 1, Tasks: true, Help: "the stack of the task that crashed"},
		{Names: []string{"-f"}, Set: 2, Help: "with the memory of each frame"},
		{Names: []string{"-F"}, Set: 2, Help: "like -f, but addresses are shown as symbols, and as names of slab caches in brackets; given twice, with the address, too"},
		{Names: []string{"-l"}, Help: "with the source line of each frame"},
		{Names: []string{"-d"}, Help: "frames as drgn shows them, not as crash"},
		{Names: []string{"-V"}, Help: "with the local variables that can be had"},
		drgnArgument,
		{Meta: "pid|task", Value: Any, Tasks: true, Set: 1, Check: isTask, Help: "the stacks of these tasks: decimal PIDs or hexadecimal addresses of task_structs"},
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return btCode(c, b) })
		}
		tasks, err := btTasks(c)
		if err != nil {
			return err
		}
		return bt(c, tasks)
	},
}

// btTasks returns the tasks whose stacks are asked for.
func btTasks(c *Call) ([]drgn.Object, error) {
	s := &selector{}
	switch {
	case c.selects != nil:
		return c.selects.tasks(c)
	case c.Has("-c"), c.Has("-a"):
		spec, err := cpus{all: true}, error(nil)
		if c.Has("-c") {
			if spec, err = parseCPUs(c.Text("-c")); err != nil {
				return nil, err
			}
		}
		var out []drgn.Object
		numbers, err := spec.numbers(c)
		if err != nil {
			return nil, err
		}
		for _, n := range numbers {
			t, err := runs(c.Prog, n)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	case c.Has("-p"):
		if c.live() {
			return nil, &drgn.UnsupportedError{Problem: "crashed thread is only defined for core dumps"}
		}
		t, err := panicTask(c.Prog)
		return []drgn.Object{t}, err
	case len(c.List("pid|task")) > 0:
		for _, w := range c.List("pid|task") {
			r, _ := parseTask(w)
			s.refs = append(s.refs, r)
		}
		return s.tasks(c)
	}
	t, err := c.context()
	return []drgn.Object{t}, err
}

func btCode(c *Call, b *builder) error {
	b.from("drgn", "stack_trace")
	b.from("drgn.helpers.common.format", "escape_ascii_string")
	done := func() {}
	cpu := true
	switch {
	case c.selects != nil:
		done = c.selects.loop(b)
	case c.Has("-c"), c.Has("-a"):
		spec, err := cpus{all: true}, error(nil)
		if c.Has("-c") {
			if spec, err = parseCPUs(c.Text("-c")); err != nil {
				return err
			}
		}
		if err := spec.loop(c, b); err != nil {
			return err
		}
		b.from("drgn.helpers.linux.sched", "cpu_curr")
		b.line("task = cpu_curr(cpu)")
		cpu, done = false, b.close
	case c.Has("-p"):
		b.from("drgn.helpers.linux.panic", "panic_task")
		b.line("task = panic_task()")
	case len(c.List("pid|task")) > 0:
		s := &selector{}
		for _, w := range c.List("pid|task") {
			r, _ := parseTask(w)
			s.refs = append(s.refs, r)
		}
		done = s.loop(b)
	default:
		if err := c.contextCode(b); err != nil {
			return err
		}
		b.open("if task:")
		done = b.close
	}
	if cpu {
		b.from("drgn.helpers.linux.sched", "task_cpu")
		b.line("cpu = task_cpu(task)")
	}
	b.line("trace = stack_trace(task)\npid = task.pid.value_()\ncomm = escape_ascii_string(task.comm.string_())")
	if c.Has("-l") || c.Has("-V") {
		b.open("for frame in trace:")
		b.line("registers = frame.registers()")
		if c.Has("-l") {
			b.line("try:\n    file, line, col = frame.source()\nexcept LookupError:\n    pass")
		}
		if c.Has("-V") {
			b.line("for var in frame.locals():\n    value = frame[var]")
		}
		b.close()
	}
	done()
	return nil
}

func bt(c *Call, tasks []drgn.Object) error {
	for i, t := range tasks {
		if err := c.next(nil); err != nil {
			return err
		}
		if i > 0 {
			c.print("\n")
		}
		if err := c.header(t); err != nil {
			return err
		}
		trace, err := c.Prog.StackTraceOf(t)
		if err != nil {
			c.print(noStack(c.Prog.Flags(), err))
			continue
		}
		if err := stack(c, t, trace); err != nil {
			return err
		}
	}
	return nil
}

// noStack says that a task has no stack: one of the kernel that drgn runs on is active, in crash's words.
func noStack(flags drgn.Flags, err error) string {
	if unsupported := (*drgn.UnsupportedError)(nil); errors.As(err, &unsupported) && flags&drgn.IsLocal != 0 {
		return "(active)\n"
	}
	return fmt.Sprintf("(no stack: %v)\n", err)
}

// stack prints a stack. A frame that was interrupted comes after the registers that it had; one of user space is only its
// registers, because whatever is below it is the process's own affair.
func stack(c *Call, task drgn.Object, trace *drgn.StackTrace) error {
	kinds := &stackKinds{c: c, task: task}
	width := 2
	if size, err := c.Prog.AddressSize(); err == nil {
		width = int(size) * 2
	}
	var lastSP uint64
	begun := false // a frame that is not inlined was printed: the registers of those before it are the ones that the trace begins with
	for f := range trace.Frames() {
		if err := c.next(nil); err != nil {
			return err
		}
		i := f.Index()
		sp, hasSP := f.SP()
		user := f.Interrupted() && !kinds.isKernel(f.PC())
		if begun && f.Interrupted() {
			if !user && hasSP {
				kinds.separate(lastSP, sp)
			}
			printRegisters(c, f.Registers())
			if user {
				break
			}
		}
		if hasSP && !f.IsInline() {
			lastSP = sp
		}
		printFrame(c, f, width)
		begun = begun || !f.IsInline()
		if i == 0 && user {
			printRegisters(c, f.Registers())
			break
		}
		if c.Has("-V") {
			printLocals(c, f)
		}
		if (c.Has("-f") || c.Has("-F")) && !f.IsInline() && hasSP {
			for j := i + 1; j < trace.Len(); j++ {
				next := trace.Frame(j)
				if next.IsInline() {
					continue
				}
				if end, ok := next.SP(); ok && end > sp && kinds.of(end) == kinds.of(sp) && kinds.isKernel(next.PC()) {
					frameMemory(c, sp, end)
				}
				break
			}
		}
	}
	return nil
}

func printFrame(c *Call, f drgn.StackFrame, width int) {
	number := fmt.Sprintf("%3s", fmt.Sprintf("#%d", f.Index()))
	source, sourceErr := f.Source()
	if c.Has("-d") {
		c.print(number, " ", f.Name())
		if sourceErr == nil {
			c.printf(" (%s:%d:%d)", source.Filename, source.Line, source.Column)
		}
		c.print("\n")
		return
	}
	name := f.Name()
	switch sp, ok := f.SP(); {
	case f.IsInline():
		c.printf("%s %-*s %s\n", number, width+2, "(inline)", name)
	case ok:
		c.printf("%s [%0*x] %s at %x%s\n", number, width, sp, name, f.PC(), inModule(c.Prog, f.PC()))
	default:
		c.printf("%s [%s] %s at %x%s\n", number, strings.Repeat("?", width), name, f.PC(), inModule(c.Prog, f.PC()))
	}
	if c.Has("-l") && sourceErr == nil {
		c.printf("    %s: %d\n", source.Filename, source.Line)
	}
}

// inModule returns " [xfs]" for an address of a module that was loaded.
func inModule(p *drgn.Program, address uint64) string {
	m, err := p.ModuleAt(address)
	if err != nil || m == nil {
		return ""
	}
	if main, err := p.MainModule(); err == nil && main == m {
		return ""
	}
	return " [" + m.Name() + "]"
}

func printLocals(call *Call, f drgn.StackFrame) {
	names, err := f.Locals()
	if err != nil {
		return
	}
	format := c.DefaultFormat
	format.Flags &^= c.Dereference
	for _, n := range names {
		o := f.Object(n)
		if _, absent := o.Absent(); absent {
			continue
		}
		text, err := o.Format(format)
		if err != nil {
			text = fmt.Sprintf("(missing: %v)", err)
		}
		call.print("    ", n, " = ", strings.ReplaceAll(text, "\n", "\n    "), "\n")
	}
}

// registerLines is how crash's users know the registers of x86-64: three a line.
var registerLines = []string{"rip", "rsp", "rflags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

func printRegisters(c *Call, all []drgn.RegisterValue) {
	value := map[string]uint64{}
	for _, r := range all {
		value[r.Name] = r.Value
	}
	var cells []string
	cell := func(name string, digits int) {
		if v, ok := value[name]; ok {
			cells = append(cells, fmt.Sprintf("%3s: %0*x", strings.ToUpper(name), digits, v))
		}
	}
	if _, ok := value["rflags"]; ok {
		for _, name := range registerLines {
			cell(name, map[bool]int{true: 8, false: 16}[name == "rflags"])
		}
	} else {
		for _, r := range all {
			cell(r.Name, 16)
		}
	}
	for row := range slices.Chunk(cells, 3) {
		c.print("    ", strings.Join(row, "  "), "\n")
	}
	if _, ok := value["rflags"]; !ok {
		return
	}
	cells = nil
	for _, name := range []string{"cs", "ss"} {
		cell(name, 4)
	}
	if len(cells) > 0 {
		c.print("    ", strings.Join(cells, "  "), "\n")
	}
}

// maxFrameMemory bounds what is shown of one frame.
const maxFrameMemory = 64 << 10

// frameMemory prints the words of a frame, two a line.
func frameMemory(c *Call, from, to uint64) {
	size, err := c.Prog.AddressSize()
	if err != nil {
		return
	}
	to = min(to, from+maxFrameMemory)
	for at := from; at+size <= to; at += 2 * size {
		c.printf("    %0*x: ", int(size)*2, at)
		for a := at; a < min(at+2*size, to); a += size {
			word, err := c.Prog.ReadUint(a, int(size), false)
			if err != nil {
				c.print(" (missing)")
				continue
			}
			text := ""
			if c.Has("-F") {
				text = meaning(c.Prog, word, c.Times("-F") > 1)
			}
			if text == "" {
				text = fmt.Sprintf("%0*x", int(size)*2, word)
			}
			c.printf(" %-*s", int(size)*2, text)
		}
		c.print("\n")
	}
}

// meaning returns a word as the symbol that it points into, or [the slab cache]; "" if it is neither.
func meaning(p *drgn.Program, word uint64, address bool) string {
	if s, err := p.SymbolAt(word); err == nil {
		return fmt.Sprintf("%s+%d", s.Name, word-s.Address)
	}
	cache := slab.FindContainingCache(p, word)
	if null, err := cache.IsNull(); err != nil || null {
		return ""
	}
	name, err := cache.Member("name").CString()
	if err != nil {
		return ""
	}
	if address {
		return fmt.Sprintf("[%x:%s]", word, escape(name, ""))
	}
	return "[" + escape(name, "") + "]"
}

// stackKinds tells on which of the kernel's stacks an address lies.
type stackKinds struct {
	c     *Call
	task  drgn.Object
	known []stackRange
	done  bool
}

// A stackRange is a stack of a CPU.
type stackRange struct {
	name       string
	start, end uint64
}

// isKernel reports whether code lies in the kernel's half of the addresses. Of a machine whose halves overlap nothing is told.
func (k *stackKinds) isKernel(pc uint64) bool {
	if _, err := k.c.Prog.ModuleAt(pc); err == nil {
		return true
	}
	size, err := k.c.Prog.AddressSize()
	return err == nil && pc>>(size*8-1) == 1
}

// of returns the name of the stack that an address lies on: "task", "IRQ", "NMI" …, "" if it is not known.
func (k *stackKinds) of(sp uint64) string {
	if !k.done {
		k.done = true
		k.find()
	}
	for _, r := range k.known {
		if sp >= r.start && sp < r.end {
			return r.name
		}
	}
	return ""
}

// find lists the stacks: that of the task, and of each CPU those for interrupts and exceptions.
func (k *stackKinds) find() {
	p := k.c.Prog
	size, err := p.Object("THREAD_SIZE").Uint()
	if err != nil {
		return
	}
	if start, err := k.task.Member("stack").Uint(); err == nil {
		k.known = append(k.known, stackRange{"task", start, start + size})
	}
	for cpu, err := range cpumask.ForEachPossibleCPU(p) {
		if err != nil {
			return
		}
		// The top of the stack is 8 bytes above what the pointer says (arch/x86/kernel/irq_64.c); 6.2 moved it into pcpu_hot
		// (commit d7b6d709a76a), 6.15 out again.
		top, err := percpu.PerCPU(p.Object("hardirq_stack_ptr"), cpu).Uint()
		if err != nil {
			top, err = percpu.PerCPU(p.Object("pcpu_hot"), cpu).Member("hardirq_stack_ptr").Uint()
		}
		if err == nil {
			k.known = append(k.known, stackRange{"IRQ", top + 8 - size, top + 8})
		}
		entry := percpu.PerCPU(p.Object("cea_exception_stacks"), cpu)
		address, err := entry.Uint()
		if err != nil || address == 0 || entry.Type().Kind() != types.Pointer {
			continue
		}
		members, err := entry.Type().Elem().Members()
		if err != nil {
			continue
		}
		for _, m := range members {
			if name, ok := strings.CutSuffix(m.Name, "_stack"); ok {
				slot, err := m.Slot()
				if err != nil {
					continue
				}
				if length, err := slot.Type.Size(); err == nil {
					start := address + m.BitOffset/8
					k.known = append(k.known, stackRange{name, start, start + length})
				}
			}
		}
	}
}

// separate prints the line between two stacks.
func (k *stackKinds) separate(from, to uint64) {
	a, b := k.of(from), k.of(to)
	if a != b && a != "" && b != "" {
		k.c.printf("--- <%s stack> ---\n", a)
	}
}
