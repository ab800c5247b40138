package crash

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/kthread"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
)

// A selector says which tasks a command is about.
type selector struct {
	refs     []taskRef // by PID or address
	names    []string
	patterns []*regexp.Regexp
	kernel   bool // only these
	user     bool
	leaders  bool
	policies []uint64
	active   bool
	state    string
	sorted   bool // the named ones in the order of their PIDs, not in the order of the arguments
}

// add adds a word that is a PID, the address of a task, 'a regular expression', \name or a name.
func (s *selector) add(word string) error {
	if r, ok := parseTask(word); ok && (r.isPID || r.address > 1<<22) {
		s.refs = append(s.refs, r)
		return nil
	}
	if len(word) > 1 && word[0] == '\'' && word[len(word)-1] == '\'' {
		re, err := regexp.Compile(word[1 : len(word)-1])
		if err != nil {
			return err
		}
		s.patterns = append(s.patterns, re)
		return nil
	}
	s.names = append(s.names, Unquote(word))
	return nil
}

// empty reports whether all tasks are meant.
func (s *selector) all() bool { return len(s.refs)+len(s.names)+len(s.patterns) == 0 }

// tasks returns the tasks, by PID if they are found by a walk. What is named and not there is said as missing.
func (s *selector) tasks(c *Call) ([]drgn.Object, error) {
	var out []drgn.Object
	if !s.all() && len(s.names)+len(s.patterns) == 0 {
		return s.exact(c)
	}
	for t, err := range pid.ForEachTask(c.Prog, !s.user) {
		if err := c.next(err); err != nil {
			return nil, err
		}
		named, err := s.named(t)
		if err != nil {
			return nil, err
		}
		if !named {
			continue
		}
		ok, err := s.fits(t)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, t)
		}
	}
	return out, nil
}

// exact returns the tasks that are named by PID or address. The idle tasks all have the PID 0.
func (s *selector) exact(c *Call) ([]drgn.Object, error) {
	var out []drgn.Object
	for _, r := range s.refs {
		found, err := r.findAll(c)
		if err != nil {
			if err := c.next(nil); err != nil {
				return nil, err
			}
			c.missing("%v", err)
			continue
		}
		for _, t := range found {
			ok, err := s.fits(t)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, t)
			}
		}
	}
	if s.sorted {
		slices.SortStableFunc(out, func(a, b drgn.Object) int {
			m, _ := a.Member("pid").Uint()
			n, _ := b.Member("pid").Uint()
			return cmp.Compare(m, n)
		})
	}
	return out, nil
}

func (r taskRef) findAll(c *Call) ([]drgn.Object, error) {
	if !r.isPID || r.pid != 0 {
		t, err := r.find(c.Prog)
		return []drgn.Object{t}, err
	}
	var out []drgn.Object
	for cpu, err := range cpumask.ForEachOnlineCPU(c.Prog) {
		if err := c.next(err); err != nil {
			return nil, err
		}
		t := sched.IdleTask(c.Prog, cpu)
		if err := t.Err(); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (s *selector) named(t drgn.Object) (bool, error) {
	if s.all() {
		return true, nil
	}
	comm, err := t.Member("comm").CString()
	if err != nil {
		return false, err
	}
	if slices.Contains(s.names, string(comm)) {
		return true, nil
	}
	for _, re := range s.patterns {
		if re.Match(comm) {
			return true, nil
		}
	}
	n, err := t.Member("pid").Uint()
	if err != nil {
		return false, err
	}
	a, err := t.Uint()
	return slices.ContainsFunc(s.refs, func(r taskRef) bool { return r.isPID && r.pid == n || !r.isPID && r.address == a }), err
}

// fits reports whether a task is of the kind that is asked for.
func (s *selector) fits(t drgn.Object) (bool, error) {
	if s.kernel || s.user {
		is, err := isKernelThread(t)
		if err != nil || is == s.user {
			return false, err
		}
	}
	if s.policies != nil {
		n, err := t.Member("policy").Uint()
		if err != nil || !slices.Contains(s.policies, n) {
			return false, err
		}
	}
	if s.leaders {
		is, err := sched.ThreadGroupLeader(t)
		if err != nil || !is {
			return false, err
		}
	}
	if s.active {
		is, err := sched.TaskOnCPU(t)
		if err != nil || !is {
			return false, err
		}
	}
	if s.state != "" {
		is, err := sched.TaskStateChar(t)
		if err != nil || is != s.state {
			return false, err
		}
	}
	return true, nil
}

// isKernelThread reports whether a task is the kernel's own: a thread of it or an idle task.
func isKernelThread(t drgn.Object) (bool, error) { return kthread.IsKthread(t) }

// loop opens the Python loop over the tasks; done closes what it opened.
func (s *selector) loop(b *builder) (done func()) {
	if len(s.refs) > 0 && len(s.names)+len(s.patterns) == 0 {
		if len(s.refs) == 1 && s.refs[0] != (taskRef{isPID: true}) && !s.filters() {
			s.refs[0].code(b)
			b.open("if task:")
			return b.close
		}
		b.line("tasks = []")
		for _, r := range s.refs {
			if r == (taskRef{isPID: true}) {
				b.from("drgn.helpers.linux.cpumask", "for_each_online_cpu")
				b.from("drgn.helpers.linux.sched", "idle_task")
				b.line("for cpu in for_each_online_cpu():\n    tasks.append(idle_task(cpu))")
				continue
			}
			r.code(b)
			b.line("if task:\n    tasks.append(task)")
		}
		b.open("for task in tasks:")
		s.filterCode(b)
		return b.close
	}
	b.from("drgn.helpers.linux.pid", "for_each_task")
	idle := "idle=True"
	if s.user {
		idle = ""
	}
	b.openf("for task in for_each_task(%s):", idle)
	s.conditions(b)
	return b.close
}

func (s *selector) filters() bool {
	return s.kernel || s.user || s.leaders || s.active || s.policies != nil || s.state != ""
}

// conditions writes the Python that passes over tasks which are not meant.
func (s *selector) conditions(b *builder) {
	skip := func(condition string) {
		b.open("if " + condition + ":")
		b.line("continue")
		b.close()
	}
	if !s.all() {
		var any []string
		if len(s.names)+len(s.patterns) > 0 {
			b.line("comm_string = task.comm.string_().decode()")
		}
		for _, n := range s.names {
			any = append(any, "comm_string == "+quoted(n))
		}
		for _, re := range s.patterns {
			b.imports("re")
			any = append(any, "re.search("+quoted(re.String())+", comm_string)")
		}
		for _, r := range s.refs {
			if r.isPID {
				any = append(any, "task.pid.value_() == "+strconv.FormatUint(r.pid, 10))
			} else {
				any = append(any, "task.value_() == 0x"+strconv.FormatUint(r.address, 16))
			}
		}
		skip("not (" + strings.Join(any, " or ") + ")")
	}
	s.filterCode(b)
}

// filterCode writes those that do not depend on what tasks are called.
func (s *selector) filterCode(b *builder) {
	skip := func(condition string) {
		b.open("if " + condition + ":")
		b.line("continue")
		b.close()
	}
	if s.kernel || s.user {
		b.from("drgn.helpers.linux.kthread", "task_is_kthread")
		skip(map[bool]string{true: "not ", false: ""}[s.kernel] + "task_is_kthread(task)")
	}
	if s.policies != nil {
		texts := make([]string, len(s.policies))
		for i, p := range s.policies {
			texts[i] = strconv.FormatUint(p, 10)
		}
		skip("task.policy.value_() not in (" + strings.Join(texts, ", ") + ",)")
	}
	if s.leaders {
		b.from("drgn.helpers.linux.sched", "thread_group_leader")
		skip("not thread_group_leader(task)")
	}
	if s.active {
		b.from("drgn.helpers.linux.sched", "task_on_cpu")
		skip("not task_on_cpu(task)")
	}
	if s.state != "" {
		b.from("drgn.helpers.linux.sched", "task_state_to_char")
		skip("task_state_to_char(task) != " + quoted(s.state))
	}
}
