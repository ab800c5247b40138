package crash

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/signal"
)

var sigCommand = Command{
	Name:        "sig",
	Description: "signals",
	Long:        "Show how tasks handle signals, and which are pending.",
	Arguments: []Argument{
		{Meta: "pid|task", Value: Any, Tasks: true, Check: isTask, Help: "of these tasks: decimal PIDs or hexadecimal addresses of task_structs; else of the current one"},
		{Names: []string{"-g"}, Set: 1, Help: "the pending signals of all threads of the process"},
		{Names: []string{"-l"}, Set: 1, Tasks: true, Help: "the numbers and names of all signals"},
		{Names: []string{"-s"}, Meta: "SIGSET", Tasks: true, Value: One, Set: 1, Check: isHexadecimal, Help: "the names of the signals in a hexadecimal set"},
		drgnArgument,
	},
	Run: func(c *Call) error {
		switch {
		case c.Has("-l"):
			return sigList(c)
		case c.Has("-s"):
			set, _ := hexadecimal(c.Text("-s"))
			if c.Has("--drgn") {
				return c.code(func(b *builder) error {
					b.from("drgn.helpers.linux.signal", "decode_sigset")
					b.linef("signals = decode_sigset(%#x)", set)
					return nil
				})
			}
			names, err := signalNames(c.Prog)
			if err != nil {
				return err
			}
			var out []string
			for n := uint64(1); n <= 64; n++ {
				if set>>(n-1)&1 == 1 {
					name, _, _ := strings.Cut(names.of(n), "/")
					out = append(out, name)
				}
			}
			c.print(wrap(strings.Join(out, " "), c.session.state.columns), "\n")
			return nil
		}
		return eachTask(c, sigCode, sig)
	},
}

// names are those of signals; real-time signals have none but the first and the last.
type names map[uint64]string

func (n names) of(number uint64) string {
	if s, ok := n[number]; ok {
		return s
	}
	return fmt.Sprintf("SIGRTMIN+%d", number-32)
}

func signalNames(p *drgn.Program) (names, error) {
	all, err := signal.SignalNumbers(p)
	if err != nil {
		return nil, err
	}
	out := names{}
	for _, n := range all {
		var texts []string
		for _, t := range n.Names {
			if !strings.HasPrefix(t, "SIG") {
				t = "SIG" + t
			}
			texts = append(texts, t)
		}
		out[n.Number] = strings.Join(texts, "/")
	}
	return out, nil
}

func sigList(c *Call) error {
	if c.Has("--drgn") {
		return c.code(func(b *builder) error {
			b.from("drgn.helpers.linux.signal", "signal_numbers")
			b.line("for number, names in signal_numbers().items():\n    ...")
			return nil
		})
	}
	all, err := signalNames(c.Prog)
	if err != nil {
		return err
	}
	count, err := signalCount(c.Prog)
	if err != nil {
		return err
	}
	for n := uint64(1); n <= count; n++ {
		c.printf("%4s %s\n", fmt.Sprintf("[%d]", n), all.of(n))
	}
	return nil
}

// signalCount returns how many signals there are: as many as a process has handlers for.
func signalCount(p *drgn.Program) (uint64, error) {
	t, err := p.Type("struct sighand_struct")
	if err != nil {
		return 0, err
	}
	n, err := p.ObjectAt(t, 0).Member("action").Len()
	return min(n, 128), err
}

// setOf returns a set of signals as a number.
func setOf(set drgn.Object) (string, error) { return signal.SigsetToHex(set) }

func sig(c *Call, t drgn.Object, gap func()) error {
	gap()
	if c.Has("-g") {
		return sigGroup(c, t)
	}
	if err := c.header(t); err != nil {
		return err
	}
	if err := sigHandlers(c, t); err != nil {
		return err
	}
	if err := sigBlocked(c, t, ""); err != nil {
		return err
	}
	return sigPending(c, "SHARED_PENDING", t.Member("signal").Member("shared_pending"), "")
}

func sigGroup(c *Call, t drgn.Object) error {
	leader := t.Member("group_leader").Read()
	if err := c.header(leader); err != nil {
		return err
	}
	if err := sigHandlers(c, leader); err != nil {
		return err
	}
	if err := sigPending(c, "SHARED_PENDING", leader.Member("signal").Member("shared_pending"), ""); err != nil {
		return err
	}
	for thread, err := range pid.ForEachTaskInGroup(leader, true) {
		if err := c.next(err); err != nil {
			return err
		}
		c.print("\n  ")
		if err := c.header(thread); err != nil {
			return err
		}
		if err := sigBlocked(c, thread, "  "); err != nil {
			return err
		}
	}
	return nil
}

// sigHandlers prints how a task handles each signal.
func sigHandlers(c *Call, t drgn.Object) error {
	shared := t.Member("signal").Read()
	at, err := shared.Uint()
	if err != nil {
		return err
	}
	threads, err := shared.Member("nr_threads").Int()
	if err != nil {
		return err
	}
	c.printf("SIGNAL_STRUCT: %x  NR_THREADS: %d\n", at, threads)
	handlers := t.Member("sighand").Read()
	null, err := handlers.IsNull()
	if err != nil {
		return err
	}
	if null {
		c.print("SIGHAND_STRUCT: (none)\n")
		return nil
	}
	count, err := signalCount(c.Prog)
	if err != nil {
		return err
	}
	g := grid{align: "><><<", own: "^^^^<", header: []string{"SIG", "SIGACTION", "HANDLER", "MASK", "FLAGS"}}
	g.own = ">^^^<"
	for i := range count {
		action := handlers.Member("action").Index(int64(i))
		address, err := action.AddressOf().Uint()
		if err := c.next(err); err != nil {
			return err
		}
		a := action.Member("sa")
		handler, err := a.Member("sa_handler").Uint()
		if err != nil {
			return err
		}
		mask, err := setOf(a.Member("sa_mask").AddressOf())
		if err != nil {
			return err
		}
		flags, err := a.Member("sa_flags").Uint()
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%x", flags)
		if flags != 0 {
			text += " (" + signal.DecodeActionFlagsValue(c.Prog, flags) + ")"
		}
		g.add(fmt.Sprintf("[%d]", i+1), fmt.Sprintf("%x", address), handlerName(handler), mask, text)
	}
	g.middle(2, "SIG_") // addresses are right-aligned
	g.print(c)
	return nil
}

// handlerName returns what a process does about a signal (include/uapi/asm-generic/signal-defs.h).
func handlerName(handler uint64) string {
	switch handler {
	case 0:
		return "SIG_DFL"
	case 1:
		return "SIG_IGN"
	}
	return fmt.Sprintf("%x", handler)
}

func sigBlocked(c *Call, t drgn.Object, indent string) error {
	blocked, err := setOf(t.Member("blocked").AddressOf())
	if err != nil {
		return err
	}
	c.printf("%s   BLOCKED: %s\n", indent, blocked)
	return sigPending(c, "PRIVATE_PENDING", t.Member("pending"), indent)
}

// sigPending prints pending signals, and what is known of each.
func sigPending(c *Call, name string, pending drgn.Object, indent string) error {
	set, err := setOf(pending.Member("signal").AddressOf())
	if err != nil {
		return err
	}
	c.printf("%s%s\n%s    SIGNAL: %s\n", indent, name, indent, set)
	g := grid{indent: indent + "  ", align: "<>^", header: []string{"SIGQUEUE:", "SIG", "SIGINFO"}}
	for q, err := range signal.SigpendingForEach(pending.AddressOf()) {
		if err := c.next(err); err != nil {
			return err
		}
		info := q.Member("info")
		infoAt, err := info.AddressOf().Uint()
		if err != nil {
			return err
		}
		n, err := info.Member("si_signo").Int()
		if err != nil {
			return err
		}
		g.add("", fmt.Sprint(n), fmt.Sprintf("%x", infoAt))
	}
	if len(g.rows) == 0 {
		c.printf("%s  SIGQUEUE: (empty)\n", indent)
		return nil
	}
	g.print(c)
	return nil
}

func sigCode(c *Call, b *builder) {
	b.from("drgn.helpers.linux.signal", "decode_sigaction_flags", "sigpending_for_each", "sigset_to_hex")
	b.line("signal_struct = task.signal.read_()\nnr_threads = signal_struct.nr_threads")
	b.open("if task.sighand:")
	b.open("for sigaction in task.sighand.action:")
	b.line("sigaction = sigaction.sa.address_of_()\nhandler = sigaction.sa_handler\nmask = sigset_to_hex(sigaction.sa_mask.address_of_())\nflags = decode_sigaction_flags(sigaction)")
	b.close()
	b.close()
	loop := func(thread string) {
		b.linef("blocked = sigset_to_hex(%s.blocked.address_of_())\nprivate_pending = sigset_to_hex(%s.pending.signal.address_of_())", thread, thread)
		b.linef("for sigqueue in sigpending_for_each(%s.pending.address_of_()):\n    sig = sigqueue.info.si_signo", thread)
	}
	if c.Has("-g") {
		b.from("drgn.helpers.linux.pid", "for_each_task_in_group")
		b.open("for thread in for_each_task_in_group(task, include_self=True):")
		loop("thread")
		b.close()
	} else {
		loop("task")
	}
	b.line("shared_pending = sigset_to_hex(signal_struct.shared_pending.signal.address_of_())")
	b.line("for sigqueue in sigpending_for_each(signal_struct.shared_pending.address_of_()):\n    sig = sigqueue.info.si_signo")
}
