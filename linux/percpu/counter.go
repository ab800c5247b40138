package percpu

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/cpumask"
)

// CounterSum returns the value of a counter of which each CPU keeps a part.
//
// fbc is a struct percpu_counter *.
//
//drgn:helper percpu_counter_sum(fbc)
func CounterSum(fbc drgn.Object) (int64, error) {
	sum, err := fbc.Member("count").Int()
	if err != nil || !fbc.HasMember("counters") { // a kernel for one processor
		return sum, err
	}
	parts := fbc.Member("counters").Read()
	if none, err := parts.IsNull(); err != nil || none { // not initialized, or not any more
		return sum, err
	}
	for cpu, err := range cpumask.ForEachOnlineCPU(fbc.Prog()) {
		if err != nil {
			return 0, err
		}
		part, err := PerCPUPtr(parts, cpu).Deref().Int()
		if err != nil {
			return 0, err
		}
		sum += part
	}
	return sum, nil
}

// CounterSumPositive returns the value of a counter of which each CPU keeps a part, or 0 if it is negative, as it may be
// while CPUs count.
//
// fbc is a struct percpu_counter *.
//
//drgn:helper percpu_counter_sum_positive(fbc)
func CounterSumPositive(fbc drgn.Object) (int64, error) {
	sum, err := CounterSum(fbc)
	return max(sum, 0), err
}
