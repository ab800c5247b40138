package crash

import (
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/sched"
)

// cpus says which CPUs a user named.
type cpus struct {
	all, current bool
	list         []uint64
}

// maxCPU is the greatest number of a CPU that makes sense; the kernel's own bound is NR_CPUS, at most 8192.
const maxCPU = 1 << 16

// A CPUsError is what a user wrote where CPUs were to be named.
type CPUsError struct{ Text string }

func (e *CPUsError) Error() string { return "invalid cpuspec: " + e.Text }

// parseCPUs reads "a" or "all", "" for the CPU of the task that is looked at, or numbers and ranges: "0,3-4".
func parseCPUs(s string) (cpus, error) {
	switch s {
	case "a", "all":
		return cpus{all: true}, nil
	case "":
		return cpus{current: true}, nil
	}
	var c cpus
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 32)
		to, err2 := strconv.ParseUint(last, 10, 32)
		if err1 != nil || err2 != nil || to > maxCPU || from > to {
			return cpus{}, &CPUsError{s}
		}
		for n := from; n <= to; n++ {
			c.list = append(c.list, n)
		}
	}
	slices.Sort(c.list)
	c.list = slices.Compact(c.list)
	return c, nil
}

// numbers returns the CPUs. One that the machine can't have is an error.
func (s cpus) numbers(c *Call) ([]uint64, error) {
	var possible []uint64
	for n, err := range cpumask.ForEachPossibleCPU(c.Prog) {
		if err := c.next(err); err != nil {
			return nil, err
		}
		possible = append(possible, n)
	}
	switch {
	case s.all:
		return possible, nil
	case s.current:
		t, err := c.context()
		if err != nil {
			return nil, err
		}
		n, err := sched.TaskCPU(t)
		return []uint64{n}, err
	}
	for _, n := range s.list {
		if !slices.Contains(possible, n) {
			return nil, invalid("invalid CPUs: %d", n)
		}
	}
	return s.list, nil
}

// loop opens the Python loop over the CPUs.
func (s cpus) loop(c *Call, b *builder) error {
	switch {
	case s.all:
		b.from("drgn.helpers.linux.cpumask", "for_each_possible_cpu")
		b.open("for cpu in for_each_possible_cpu():")
	case s.current:
		n, err := s.numbers(c)
		if err != nil {
			return err
		}
		b.openf("for cpu in [%d]:", n[0])
	default:
		if _, err := s.numbers(c); err != nil {
			return err
		}
		b.openf("for cpu in %s:", s.python())
	}
	return nil
}

// python returns the numbers as a list.
func (s cpus) python() string {
	texts := make([]string, len(s.list))
	for i, n := range s.list {
		texts[i] = strconv.FormatUint(n, 10)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// runs returns the task that runs on a CPU.
func runs(p *drgn.Program, cpu uint64) (drgn.Object, error) {
	t := sched.CPUCurr(p, cpu)
	return t, t.Err()
}
