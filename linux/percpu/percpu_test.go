package percpu_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/mem"
)

const declarations = `
	struct cpumask { unsigned long bits[1]; };
	struct percpu_counter { long long count; int *counters; };`

func TestPerCPU(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		copies := w.AllocN(3, "int")
		template := w.Variable("ticks", "int").Set("", 99)
		offsets := w.Variable("__per_cpu_offset", "unsigned long [8]")
		for cpu, v := range copies {
			v.Set("", uint64(10+cpu))
			w.WriteWord(offsets.At+uint64(cpu)*w.Word(), v.At-template.At)
		}
		w.Variable("nr_cpu_ids", "unsigned int").Set("", 3)
		w.Variable("__cpu_online_mask", "struct cpumask").Set("bits[0]", 0b101)
		for cpu, v := range copies {
			worldtest.CheckPtr(t, "per_cpu", percpu.PerCPU(w.Program.Variable("ticks"), uint64(cpu)), uint64(10+cpu))
			worldtest.CheckPtr(t, "per_cpu_ptr", percpu.PerCPUPtr(template.Ptr(), uint64(cpu)), v.At)
		}
		var value *drgn.ValueError
		for _, cpu := range []uint64{3, 8, 1 << 63} { // 3 is in the table, but not in this machine
			if err := percpu.PerCPUPtr(template.Ptr(), cpu).Err(); !errors.As(err, &value) {
				t.Errorf("CPU %d: %v", cpu, err)
			}
		}

		counter := w.Alloc("struct percpu_counter").Set("count", 1000).Set("counters", template.At)
		worldtest.CheckValue(t, "sum over the CPUs that run", int64(1000+10+12))(percpu.CounterSum(counter.Ptr()))
		copies[0].Set("", 1<<32-2000) // -2000
		worldtest.CheckValue(t, "sum below zero", int64(1000-2000+12))(percpu.CounterSum(counter.Ptr()))
		worldtest.CheckValue(t, "positive sum", int64(0))(percpu.CounterSumPositive(counter.Ptr()))
		counter.Set("counters", 0)
		worldtest.CheckValue(t, "sum of a counter that is destroyed", int64(1000))(percpu.CounterSum(counter.Ptr()))
		var fault *mem.FaultError
		counter.Set("counters", worldtest.Dangling)
		if n, err := percpu.CounterSum(counter.Ptr()); !errors.As(err, &fault) {
			t.Errorf("sum of dangling parts: %d, %v", n, err)
		}
	})
}

// A kernel for one processor has no offsets, and its counters no parts.
func TestOneProcessor(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`struct percpu_counter { long long count; };`)
		v := w.Variable("ticks", "int")
		worldtest.CheckPtr(t, "per_cpu_ptr", percpu.PerCPUPtr(v.Ptr(), 0), v.At)
		counter := w.Alloc("struct percpu_counter").Set("count", 7)
		worldtest.CheckValue(t, "sum", int64(7))(percpu.CounterSum(counter.Ptr()))
	})
}
