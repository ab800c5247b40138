package triage

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	kpanic "github.com/godrgn/drgn/linux/panic"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/timekeeping"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/target"
)

var happened = topic{"what-happened", "What happened",
	"why the kernel came down, its log, the task that crashed with its stack, what taints the kernel, the machine", lookAtCrash}

// crashedThread returns the task in which the kernel came down; nil if it did not, or runs.
func crashedThread(p *drgn.Program) (*drgn.Thread, error) {
	if p.Flags()&drgn.IsLive != 0 {
		return nil, nil
	}
	thread, err := p.CrashedThread()
	var none *drgn.ThreadNotFoundError
	if errors.As(err, &none) {
		return nil, p.Variable("panic_cpu").Err() // it tells; without it nobody knows
	}
	return thread, err
}

func lookAtCrash(s *scene, out *book) error {
	thread, err := s.crash()
	out.miss("the task that crashed", err)
	facts := &sheet{out: out}
	var trace *drgn.StackTrace
	if thread != nil {
		trace = lookAtMessage(s, out, facts, thread)
	} else if err == nil {
		facts.facts = append(facts.facts, report.Fact{Name: "State", Value: "it did not crash: it runs, or ran when its memory was saved"})
	}
	lookAtMachine(s, facts)
	lookAtTaints(s, out, facts, thread != nil)
	out.change(func(section *report.Section) {
		section.Parts = slices.Insert(section.Parts, 0, report.Part{Facts: facts.facts})
	})
	lookAtLog(s, out, thread, trace)
	return nil
}

// crashed says why a kernel came down. Whatever brings a kernel down is out of the ordinary.
var crashed = rule{"crashed", report.Critical, "the kernel came down", "it is what the dump was saved for"}

// crashStack is the ID of the stack of the task that crashed.
const crashStack = "crash"

// lookAtMessage says why the kernel came down and where. It returns the stack of the task that crashed, nil if it is not known.
func lookAtMessage(s *scene, out *book, facts *sheet, thread *drgn.Thread) *drgn.StackTrace {
	text := ""
	message, ok, err := kpanic.Message(s.p)
	out.miss("the message of the panic", err)
	if ok {
		text = string(message)
		facts.facts = append(facts.facts, report.Fact{Name: "Message", Value: text})
	}
	fact(facts, "Crashed task", report.Plain, func() (string, error) { return taskName(thread.Object) })
	fact(facts, "On CPU", report.Plain, func() (uint64, error) { return s.cpuOf(thread) })
	trace, err := thread.StackTrace()
	if err != nil {
		out.miss("the stack of the task that crashed", err)
		if text != "" {
			out.find(crashed.found([]string{text}, "%s", kindOf(text).what))
		}
		return nil
	}
	stack := s.stackOf("", trace, true)
	stack.ID = crashStack
	stack.Threads = []report.Thread{{ID: thread.TID, Name: thread.Name}}
	k := kindOf(text)
	if records, err := s.log(); err == nil { // the log itself says so otherwise
		k = k.withAccess(accessIn(records, text))
	}
	c := culprit(stack.Frames, k)
	if text != "" {
		out.find(crashed.found(evidenceOf(text, c), "%s", sentence(k, c)))
		facts.facts = slices.Insert(facts.facts, 0, report.Fact{Name: "Kind", Value: k.name})
	}
	out.add(report.Part{Title: "Stack of the task that crashed", Stacks: []report.Stack{stack}})
	lookAtCauses(s, out, k)
	return trace
}

// culprit returns the frame that a crash of a kind is told by: where the exception was, or who called panic; nil if there is none.
func culprit(frames []report.Frame, k kind) *report.Frame {
	if k.isException() {
		for i := range frames {
			if known := frames[i].Symbol != "" || frames[i].Inline; known && (i > 0 || !k.called) {
				return &frames[i]
			}
		}
		return nil
	}
	begun := false // with what the kernel stops by
	for i := range frames {
		f := &frames[i]
		name, _, _ := strings.Cut(f.Function, ".") // panic.cold
		if stopping[name] {
			begun = true
		} else if begun || f.Symbol != "" && !f.Inline {
			return f
		}
	}
	return nil
}

// sentence says what happened where.
func sentence(k kind, c *report.Frame) string {
	if c == nil {
		return k.what
	}
	where := c.Function
	if c.Module != "" {
		where += " of module " + c.Module
	}
	if c.Source != "" {
		where += " (" + c.Source + ")"
	}
	switch {
	case k.called:
		return k.what + " by " + where
	case k.isException():
		return k.what + " in " + where
	}
	return k.what + ": panic was called by " + where
}

// evidenceOf returns the message and the instruction that a crash is told by.
func evidenceOf(message string, c *report.Frame) []string {
	all := []string{message}
	if c == nil {
		return all
	}
	for _, i := range c.Code {
		if i.Here {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s: %s  %s", i.At, i.Text, i.Comment)))
		}
	}
	return all
}

// taskName returns "123 (name)".
func taskName(task drgn.Object) (string, error) {
	id, err := task.Member("pid").Int()
	if err != nil {
		return "", err
	}
	name, err := nameOf(task)
	return fmt.Sprintf("%d (%s)", id, name), err
}

// maxEvidence bounds how many lines a finding has as evidence.
const maxEvidence = 20

func lookAtMachine(s *scene, facts *sheet) {
	p := s.p
	uts := func(name string) (string, error) { return word(p.Object("init_uts_ns").Member("name").Member(name)) }
	fact(facts, "Kernel", report.Plain, func() (string, error) { return uts("release") })
	fact(facts, "Built", report.Plain, func() (string, error) { return uts("version") })
	fact(facts, "Machine", report.Plain, func() (string, error) { return uts("machine") })
	private(facts, "Host name", func() (string, error) { return uts("nodename") })
	private(facts, "Kernel's command line", func() (string, error) { return word(p.Variable("saved_command_line")) })
	fact(facts, "Date", report.Plain, func() (string, error) {
		n, err := timekeeping.RealSeconds(p).Int()
		return time.Unix(n, 0).UTC().Format(time.DateTime + " UTC"), err
	})
	fact(facts, "Up for", report.Time, func() (int64, error) {
		seconds, err := timekeeping.Uptime(p)
		return int64(seconds) * int64(time.Second), err
	})
	fact(facts, "CPUs", report.Plain, func() (string, error) {
		online, err := cpumask.NumOnline(p)
		if err != nil {
			return "", err
		}
		present, err := cpumask.NumPresent(p)
		if err != nil || online == present {
			return fmt.Sprint(online), err
		}
		return fmt.Sprintf("%d of %d online", online, present), nil
	})
	fact(facts, "Load average", report.Plain, func() (string, error) {
		l, err := sched.LoadAverage(p)
		return fmt.Sprintf("%.2f, %.2f, %.2f", l[0], l[1], l[2]), err
	})
	fact(facts, "Memory", report.Bytes, func() (uint64, error) {
		pages, err := mm.TotalRAMPages(p)
		if err != nil {
			return 0, err
		}
		size, err := p.Object("PAGE_SIZE").Uint()
		return pages * size, err
	})
	private(facts, "Dump", func() (string, error) {
		if p.CoreDumpPath() == "" {
			return "", nil
		}
		return filepath.Base(p.CoreDumpPath()), nil
	})
	fact(facts, "Left out of the dump", report.Plain, func() (string, error) {
		if p.CoreDumpPath() == "" || p.Flags()&drgn.IsLive != 0 {
			return "", nil
		}
		level, ok, err := target.DumpLevel(p.CoreDumpPath())
		if err != nil || !ok {
			return "", err
		}
		return leftOut(level), nil
	})
}

// leftOut says what makedumpfile left out of a dump at a level (its option -d).
func leftOut(level uint32) string {
	var kinds []string
	for bit, kind := range []string{"pages of zeros", "the page cache", "private data in the page cache", "memory of processes", "free pages"} {
		if level>>bit&1 != 0 {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return "nothing"
	}
	return strings.Join(kinds, ", ")
}

// Rules on what taints a kernel.
var (
	badTaint = rule{"tainted", report.Warning, "one of M, B, L", "hardware errors, damaged pages and stuck CPUs are causes of what comes later"}
	others   = rule{"third-party-modules", report.Notice, "a kernel that crashed has a module with the taint P, O or E",
		"they are not the kernel's own: who made them knows them"}
)

// badTaints says which taints are bad by themselves.
func badTaints(letters string) []report.Finding {
	var all []report.Finding
	for _, c := range letters {
		if strings.ContainsRune("MBL", c) {
			all = append(all, badTaint.found([]string{"taint " + string(c)}, "The kernel is tainted: %s", taints[c]))
		}
	}
	return all
}

func lookAtTaints(s *scene, out *book, facts *sheet, crashed bool) {
	letters, err := kpanic.Tainted(s.p)
	if err != nil {
		out.miss("what taints the kernel", err)
		return
	}
	var meanings []string
	for _, c := range letters {
		if text, ok := taints[c]; ok {
			meanings = append(meanings, fmt.Sprintf("%c: %s", c, text))
		}
	}
	if len(meanings) == 0 {
		meanings = []string{"no"}
	}
	facts.facts = append(facts.facts, report.Fact{Name: "Tainted", Value: strings.Join(meanings, "; ")})
	out.find(badTaints(letters)...)
	var foreign []string
	for m, err := range module.ForEach(s.p) {
		var name, letters string
		if err == nil {
			name, err = word(m.Member("name"))
		}
		if err == nil {
			letters, err = module.Taints(m)
		}
		if err != nil {
			out.miss("modules", err)
			break
		}
		if strings.ContainsAny(letters, "POE") {
			foreign = append(foreign, fmt.Sprintf("%s (%s)", name, letters))
		}
	}
	if len(foreign) > 0 {
		facts.facts = append(facts.facts, report.Fact{Name: "Third-party modules", Value: strings.Join(foreign, ", ")})
	}
	if len(foreign) > 0 && crashed {
		out.find(others.found(foreign, "Modules from outside of the kernel are loaded: %d", len(foreign)))
	}
}

// Lines of the log that are shown: the last ones, and more of them where the crash is told of further above.
const (
	logLines    = 40
	maxLogLines = 200
	logBefore   = 5
)

// lookAtLog shows the end of the log. Lines of its call traces lead to the frames of the task that crashed, whose stack trace is, if that is known.
func lookAtLog(s *scene, out *book, thread *drgn.Thread, trace *drgn.StackTrace) {
	records, err := s.log()
	if err != nil {
		out.miss("the log", err)
		return
	}
	text := strings.Split(strings.TrimRight(string(printk.Format(records, printk.Seconds, 0)), "\n"), "\n")
	start, marked := max(0, len(text)-logLines), -1
	if message, ok := kpanic.MessageIn([]byte(strings.Join(text, "\n"))); ok {
		for i := len(text) - 1; i >= 0; i-- {
			if strings.HasSuffix(text[i], "] "+string(message)) {
				marked = i
				break
			}
		}
	}
	if marked >= 0 {
		start = max(0, len(text)-maxLogLines, min(start, marked-logBefore))
	}
	lines := &report.Lines{Text: text[start:], Private: true}
	if marked >= start {
		lines.Marked = []int{marked - start}
	}
	if trace != nil {
		if cpu, err := sched.TaskCPU(thread.Object); err == nil { // else only the links are missing
			lines.Stack, lines.Frames = crashStack, called(s.p, text[start:], thread.TID, cpu, tracedFrames(trace))
		}
	}
	out.add(report.Part{Title: fmt.Sprintf("The last %d of %d lines of the log", len(text)-start, len(text)), Lines: lines})
}
