package crash

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/panic"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
)

// A Session is what the commands on a program remember of each other. It must not be used by several at once.
type Session struct {
	state *state
	prog  *drgn.Program
}

// state is a session without the program, which keeps it.
type state struct {
	task    uint64 // the address of the task that is looked at; 0: the one that the program suggests
	base    int    // of integers: 10 or 16
	scroll  bool
	pager   string
	noFiles bool // commands write none
	inline  bool // what is not found is said in the output
	columns int  // within which objects are printed, where they can be
}

type stateKey struct{}

// Of returns the session of a program; there is one.
func Of(p *drgn.Program) *Session {
	st, ok := p.Value(stateKey{}).(*state)
	if !ok {
		st = &state{base: 10, scroll: true, pager: "less", columns: 80}
		p.SetValue(stateKey{}, st)
	}
	return &Session{st, p}
}

// WriteNoFiles has commands that would write a file fail: for sessions of those who may only look.
func (s *Session) WriteNoFiles() { s.state.noFiles = true }

// MissingInOutput has commands say in their output, and not as a warning, that something they were asked about is not there, as
// crash does. From the shell that is a warning, which makes the program's exit code 1.
func (s *Session) MissingInOutput() { s.state.inline = true }

// SetColumns says how wide lines may be: the elements of arrays are broken into several lines to stay within, where that can be done.
// At first it is 80.
func (s *Session) SetColumns(columns int) { s.state.columns = columns }

// Pager returns the program through which long output is to go at a prompt, "" if through none.
func (s *Session) Pager() string {
	if !s.state.scroll {
		return ""
	}
	return s.state.pager
}

// A Call is one run of a command.
type Call struct {
	Prog    *drgn.Program
	Name    string // as it was typed
	ctx     context.Context
	session *Session
	command *Command
	given   *given
	out     *bufio.Writer
	warning io.Writer
	result  drgn.Object
	has     bool
	selects *selector // of foreach: what the command is run on
}

// NotKernelError says that a program is no kernel.
type NotKernelError struct{}

func (*NotKernelError) Error() string { return "this command is for the Linux kernel only" }

// Run runs a command with its arguments. What it finds goes to out, and what it has to say besides to warnings: what is
// missing in part, and why. A command that stands for an object returns it. Wrong arguments are an [*ArgumentError], an
// unknown command a [*NotFoundError].
func (s *Session) Run(ctx context.Context, name string, args []string, out, warnings io.Writer) (result drgn.Object, is bool, err error) {
	command, ok := Lookup(name)
	if !ok {
		return drgn.Object{}, false, &NotFoundError{name}
	}
	if s.prog.Flags()&drgn.IsLinuxKernel == 0 {
		return drgn.Object{}, false, &NotKernelError{}
	}
	c := &Call{Prog: s.prog, Name: name, ctx: ctx, session: s, command: command, warning: warnings, out: bufio.NewWriterSize(out, 1<<15)}
	if command.Raw {
		c.given = &given{map[string]int{}, map[string][]string{"": args}}
	} else if c.given, err = command.parse(append([]string(nil), args...)); err != nil {
		return drgn.Object{}, false, err
	}
	err = command.Run(c)
	if flushed := c.out.Flush(); err == nil {
		err = flushed
	}
	return c.result, c.has, err
}

// printf writes what the command found.
func (c *Call) printf(format string, a ...any) { fmt.Fprintf(c.out, format, a...) }

// print writes text.
func (c *Call) print(text ...string) {
	for _, t := range text {
		c.out.WriteString(t)
	}
}

// warn says what is missing. What was printed before comes before it.
func (c *Call) warn(format string, a ...any) {
	c.out.Flush()
	fmt.Fprintf(c.warning, format+"\n", a...)
}

// missing says that something that was named is not there.
func (c *Call) missing(format string, a ...any) {
	if c.session.state.inline {
		c.printf(format+"\n", a...)
	} else {
		c.warn(format, a...)
	}
}

// next is asked in each step of a walk: it returns the walk's error, or why the command is to stop.
func (c *Call) next(err error) error {
	if err != nil {
		return err
	}
	return c.ctx.Err()
}

// returns says what object the command stands for.
func (c *Call) returns(o drgn.Object) { c.result, c.has = o, true }

// Has reports whether an argument was given.
func (c *Call) Has(name string) bool { return c.given.times[name] > 0 }

// Times returns how often an option was given.
func (c *Call) Times(name string) int { return c.given.times[name] }

// List returns the values of an argument.
func (c *Call) List(name string) []string { return c.given.values[name] }

// Text returns the value of an argument, "" if it was not given.
func (c *Call) Text(name string) string {
	if l := c.given.values[name]; len(l) > 0 {
		return l[0]
	}
	return ""
}

// wrong returns the error of an argument that is wrong.
func (c *Call) wrong(format string, a ...any) error {
	return &ArgumentError{c.command.Name, fmt.Sprintf(format, a...), c.command.usage()}
}

// refuse returns the error of arguments that are right each by itself, but do not go together.
func (c *Call) refuse(format string, a ...any) error {
	return &ArgumentError{Problem: fmt.Sprintf(format, a...)}
}

// invalid returns the error of a value that makes no sense.
func invalid(format string, a ...any) error {
	return &drgn.ValueError{Problem: fmt.Sprintf(format, a...)}
}

// live reports whether the kernel runs.
func (c *Call) live() bool { return c.Prog.Flags()&drgn.IsLive != 0 }

// A taskRef is how a task is named: by PID or by the address of its struct task_struct.
type taskRef struct {
	pid     uint64
	address uint64
	isPID   bool
}

// parseTask reads a decimal PID or the hexadecimal address of a task. PIDs have at most 22 bits.
func parseTask(s string) (taskRef, bool) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil && n < 1<<22 {
		return taskRef{pid: n, isPID: true}, true
	}
	n, err := hexadecimal(s)
	return taskRef{address: n}, err == nil
}

// A NoTaskError says that there is no task of a PID or at an address.
type NoTaskError struct{ PID, Address uint64 }

func (e *NoTaskError) Error() string {
	if e.Address != 0 {
		return fmt.Sprintf("invalid task_struct: %#x", e.Address)
	}
	return fmt.Sprintf("no such process with PID %d", e.PID)
}

// LookupFailed marks the error as one of a name or number that is not known.
func (*NoTaskError) LookupFailed() {}

// find returns the task as a struct task_struct *.
func (r taskRef) find(p *drgn.Program) (drgn.Object, error) {
	if !r.isPID {
		t := drgn.PointerValue(p.Literal(0), "struct task_struct", r.address)
		if err := validTask(t); err != nil {
			return drgn.Object{}, &NoTaskError{Address: r.address}
		}
		return t, nil
	}
	t := pid.FindTask(p, r.pid)
	if r.pid == 0 {
		t = sched.IdleTask(p, 0)
	}
	null, err := t.IsNull()
	if err == nil && null {
		err = &NoTaskError{PID: r.pid}
	}
	return t, err
}

// validTask checks that there is a task where a pointer leads: its thread group's leader is one of the same group.
func validTask(t drgn.Object) error {
	tgid, err := t.Member("tgid").Int()
	if err != nil {
		return err
	}
	leader, err := t.Member("group_leader").Member("tgid").Int()
	if err == nil && leader != tgid {
		err = errors.New("not a task")
	}
	return err
}

// code returns the Python that finds the task.
func (r taskRef) code(b *builder) {
	if r.isPID {
		b.from("drgn.helpers.linux.pid", "find_task")
		b.linef("pid = %d", r.pid)
		b.line("task = find_task(pid)")
		return
	}
	b.from("drgn", "Object")
	b.linef("task = Object(prog, \"struct task_struct *\", %#x)", r.address)
}

// panicTask returns the task that crashed; of a kernel that runs, drgn's own. A kernel that had not crashed has none: an error.
func panicTask(p *drgn.Program) (drgn.Object, error) {
	if p.Flags()&drgn.IsLive != 0 {
		return taskRef{pid: uint64(os.Getpid()), isPID: true}.find(p)
	}
	t := panic.Task(p)
	return t, t.Err()
}

// context returns the task that is looked at: the one that was set, the one that crashed, or the one that ran on the first CPU
// of a dump of a kernel that did not crash.
func (c *Call) context() (drgn.Object, error) {
	if a := c.session.state.task; a != 0 {
		t := drgn.PointerValue(c.Prog.Literal(0), "struct task_struct", a)
		return t, t.Err()
	}
	t, err := panicTask(c.Prog)
	if err != nil {
		t = sched.CPUCurr(c.Prog, 0)
		err = t.Err()
	}
	return t, err
}

// contextCode writes the Python that finds the task that is looked at.
func (c *Call) contextCode(b *builder) error {
	t, err := c.context()
	if err != nil {
		return err
	}
	if c.session.state.task == 0 && !c.live() {
		if _, err := panicTask(c.Prog); err == nil {
			b.from("drgn.helpers.linux.panic", "panic_task")
			b.line("task = panic_task()")
			return nil
		}
	}
	n, err := t.Member("pid").Uint()
	if err != nil {
		return err
	}
	address, err := t.Uint()
	if err != nil {
		return err
	}
	if n == 0 {
		taskRef{address: address}.code(b)
	} else {
		taskRef{pid: n, isPID: true}.code(b)
	}
	return nil
}

// task returns the task of a PID or address, or the one that is looked at if there is none.
func (c *Call) task(arg string) (drgn.Object, error) {
	if arg == "" {
		return c.context()
	}
	r, ok := parseTask(arg)
	if !ok {
		return drgn.Object{}, invalid("not a PID or task: '%s'", arg)
	}
	return r.find(c.Prog)
}

// isTask checks an argument that is a PID or the address of a task.
func isTask(v string) string {
	if _, ok := parseTask(v); !ok {
		return fmt.Sprintf("invalid 'pid_or_task' value: '%s'", v)
	}
	return ""
}
