package cpumask_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/cpumask"
)

// setBits writes a mask of NR_CPUS=128 bits.
func setBits(w *worldtest.World, at uint64, cpus ...uint64) {
	width := 8 * w.Word()
	words := make([]uint64, 128/width)
	for _, cpu := range cpus {
		words[cpu/width] |= 1 << (cpu % width)
	}
	for i, word := range words {
		w.WriteWord(at+uint64(i)*w.Word(), word)
	}
}

func declare(w *worldtest.World) {
	if w.Word() == 8 {
		w.Declare(`struct cpumask { unsigned long bits[2]; };`)
	} else {
		w.Declare(`struct cpumask { unsigned long bits[4]; };`)
	}
}

func TestMasks(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		declare(w)
		w.Variable("nr_cpu_ids", "unsigned int").Set("", 100)
		setBits(w, w.Variable("__cpu_online_mask", "struct cpumask").At, 0, 2, 3)
		setBits(w, w.Variable("__cpu_present_mask", "struct cpumask").At, 0, 1, 2, 3)
		setBits(w, w.Variable("__cpu_possible_mask", "struct cpumask").At, 0, 1, 2, 3, 31, 32, 63, 64, 65, 99, 100, 127)
		for _, test := range []struct {
			name string
			cpus func(p *drgn.Program) ([]uint64, error)
			num  func(p *drgn.Program) (uint64, error)
			mask func(p *drgn.Program) drgn.Object
			want []uint64
			list string
		}{
			{"online", func(p *drgn.Program) ([]uint64, error) { return worldtest.Collect(t, cpumask.ForEachOnlineCPU(p)) },
				cpumask.NumOnline, cpumask.OnlineMask, []uint64{0, 2, 3}, "0,2-3"},
			{"present", func(p *drgn.Program) ([]uint64, error) { return worldtest.Collect(t, cpumask.ForEachPresentCPU(p)) },
				cpumask.NumPresent, cpumask.PresentMask, []uint64{0, 1, 2, 3}, "0-3"},
			// Bits from nr_cpu_ids on don't count.
			{"possible", func(p *drgn.Program) ([]uint64, error) { return worldtest.Collect(t, cpumask.ForEachPossibleCPU(p)) },
				cpumask.NumPossible, cpumask.PossibleMask, []uint64{0, 1, 2, 3, 31, 32, 63, 64, 65, 99}, "0-3,31-32,63-65,99"},
		} {
			if got, err := test.cpus(w.Program); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %d, %v; want %d", test.name, got, err, test.want)
			}
			worldtest.CheckValue(t, "number of CPUs "+test.name, uint64(len(test.want)))(test.num(w.Program))
			worldtest.CheckValue(t, "list of CPUs "+test.name, test.list)(cpumask.List(test.mask(w.Program)))
			worldtest.CheckValue(t, "list of the mask itself", test.list)(cpumask.List(test.mask(w.Program).Deref()))
		}
		worldtest.CheckValue(t, "list of no CPUs", "")(cpumask.List(w.Alloc("struct cpumask").Ptr()))
		if _, err := cpumask.Weight(w.VarAt("struct cpumask", worldtest.Dangling).Ptr()); err == nil {
			t.Error("a dangling mask: no error")
		}
	})
}

// Before v4.5 the masks were variables that pointed to them, and a kernel for one processor has no nr_cpu_ids.
func TestOldMasks(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		declare(w)
		mask := w.Alloc("struct cpumask")
		setBits(w, mask.At, 0, 1)
		w.Variable("cpu_online_mask", "struct cpumask *").Set("", mask.At)
		worldtest.CheckPtr(t, "mask", cpumask.OnlineMask(w.Program), mask.At)
		worldtest.CheckValue(t, "number of CPUs", uint64(1))(cpumask.NumOnline(w.Program))
		if err := cpumask.PossibleMask(w.Program).Err(); !drgn.IsNotFound(err) {
			t.Errorf("a mask that is not there: %v", err)
		}
	})
}

// cpumask_of(n) points so into a table of rows that the word of bit n is where it is in a mask.
func TestOf(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		declare(w)
		w.Variable("nr_cpu_ids", "unsigned int").Set("", 128)
		width, typ := 8*w.Word(), "unsigned long [65][2]"
		if width == 32 {
			typ = "unsigned long [33][4]"
		}
		rows := w.Variable("cpu_bit_bitmap", typ)
		row := w.SizeOf("struct cpumask")
		for n := range width {
			w.WriteWord(rows.At+(n+1)*row, 1<<n)
		}
		for _, cpu := range []uint64{0, 1, 31, 32, 63, 64, 100, 127} {
			got, err := worldtest.Collect(t, cpumask.ForEachCPU(cpumask.Of(w.Program, cpu)))
			if err != nil || !slices.Equal(got, []uint64{cpu}) {
				t.Errorf("the mask of CPU %d has %d, %v", cpu, got, err)
			}
		}
		var value *drgn.ValueError
		for _, cpu := range []uint64{128, 1 << 63} {
			if err := cpumask.Of(w.Program, cpu).Err(); !errors.As(err, &value) {
				t.Errorf("the mask of CPU %d: %v", cpu, err)
			}
		}
	})
}
