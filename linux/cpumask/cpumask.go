// Package cpumask looks at the kernel's sets of CPUs (include/linux/cpumask.h).
package cpumask

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bitops"
	"github.com/godrgn/drgn/types"
)

// mask returns one of the kernel's masks as a struct cpumask *.
func mask(p *drgn.Program, name string) drgn.Object {
	// __cpu_online_mask is the mask since v4.5 (commit 4b804c85dc37); before, cpu_online_mask was a variable.
	o := p.Variable("__cpu_" + name + "_mask")
	if drgn.IsNotFound(o.Err()) {
		return p.Variable("cpu_" + name + "_mask").Read()
	}
	return o.AddressOf()
}

// OnlineMask returns the mask of CPUs that run, as a struct cpumask *.
//
//drgn:helper cpu_online_mask
func OnlineMask(p *drgn.Program) drgn.Object { return mask(p, "online") }

// PossibleMask returns the mask of CPUs that there may ever be, as a struct cpumask *.
//
//drgn:helper cpu_possible_mask
func PossibleMask(p *drgn.Program) drgn.Object { return mask(p, "possible") }

// PresentMask returns the mask of CPUs that are plugged in, as a struct cpumask *.
//
//drgn:helper cpu_present_mask
func PresentMask(p *drgn.Program) drgn.Object { return mask(p, "present") }

// Of returns the kernel's constant mask of one CPU only, as a struct cpumask *; the CPU need not be there.
//
// cpu is its number, less than that of CPUs the kernel was built for.
//
//drgn:helper cpumask_of
func Of(p *drgn.Program, cpu uint64) drgn.Object {
	// Row 1+n has bit n of its first word. A row begins as many zero words earlier as the CPU's word comes later.
	rows := p.Variable("cpu_bit_bitmap")
	if err := rows.Err(); err != nil {
		return drgn.Failed(err)
	}
	n, err := rows.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	words, err := rows.Index(0).Len()
	if err != nil {
		return drgn.Failed(err)
	}
	if n < 2 || cpu >= (n-1)*words {
		return drgn.Failed(&drgn.ValueError{Problem: fmt.Sprintf("CPU number %d is too large: the kernel is for %d", cpu, (max(n, 1)-1)*words)})
	}
	t, err := p.Type("struct cpumask *")
	if err != nil {
		return drgn.Failed(err)
	}
	wordBits := n - 1
	first, err := rows.Index(int64(1 + cpu%wordBits)).Index(-int64(cpu / wordBits)).AddressOf().Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, first)
}

// bits returns the bitmap of a mask and how many of its bits count.
func bits(m drgn.Object) (bitmap drgn.Object, n uint64, err error) {
	bitmap = m.Member("bits")
	if err := bitmap.Err(); err != nil {
		return m, 0, err
	}
	p := m.Prog()
	if n, err = p.Variable("nr_cpu_ids").Uint(); drgn.IsNotFound(err) {
		// With one processor only, nr_cpu_ids is a macro.
		n, err = 1, nil
	}
	if err != nil {
		return m, 0, err
	}
	if size, err := bitmap.Type().BitSize(); err == nil && bitmap.Type().UnderlyingKind() == types.Array && n > size {
		n = size
	}
	return bitmap, n, nil
}

// ForEachCPU walks the numbers of the CPUs in a mask.
//
// mask is a struct cpumask or a pointer to one.
//
//drgn:helper for_each_cpu
//drgn:eager
func ForEachCPU(mask drgn.Object) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		bitmap, n, err := bits(mask)
		if err != nil {
			yield(0, err)
			return
		}
		for cpu, err := range bitops.ForEachSetBit(bitmap, n) {
			if !yield(cpu, err) {
				return
			}
		}
	}
}

// ForEachOnlineCPU walks the numbers of the CPUs that run.
//
//drgn:helper for_each_online_cpu
//drgn:eager
func ForEachOnlineCPU(p *drgn.Program) iter.Seq2[uint64, error] { return ForEachCPU(OnlineMask(p)) }

// ForEachPossibleCPU walks the numbers of the CPUs that there may ever be.
//
//drgn:helper for_each_possible_cpu
//drgn:eager
func ForEachPossibleCPU(p *drgn.Program) iter.Seq2[uint64, error] { return ForEachCPU(PossibleMask(p)) }

// ForEachPresentCPU walks the numbers of the CPUs that are plugged in.
//
//drgn:helper for_each_present_cpu
//drgn:eager
func ForEachPresentCPU(p *drgn.Program) iter.Seq2[uint64, error] { return ForEachCPU(PresentMask(p)) }

// Weight returns how many CPUs are in a mask.
//
// mask is a struct cpumask or a pointer to one.
//
//drgn:helper cpumask_weight
func Weight(mask drgn.Object) (uint64, error) {
	var n uint64
	for _, err := range ForEachCPU(mask) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// NumOnline returns how many CPUs run.
//
//drgn:helper num_online_cpus
func NumOnline(p *drgn.Program) (uint64, error) { return Weight(OnlineMask(p)) }

// NumPossible returns how many CPUs there may ever be.
//
//drgn:helper num_possible_cpus
func NumPossible(p *drgn.Program) (uint64, error) { return Weight(PossibleMask(p)) }

// NumPresent returns how many CPUs are plugged in.
//
//drgn:helper num_present_cpus
func NumPresent(p *drgn.Program) (uint64, error) { return Weight(PresentMask(p)) }

// List returns the CPUs in a mask as the kernel writes them: "0-3,8".
//
// mask is a struct cpumask or a pointer to one.
//
//drgn:helper cpumask_to_cpulist
func List(mask drgn.Object) (string, error) {
	var b strings.Builder
	var first, last uint64
	open := false
	flush := func() {
		if !open {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, first)
		if last != first {
			fmt.Fprintf(&b, "-%d", last)
		}
	}
	for cpu, err := range ForEachCPU(mask) {
		if err != nil {
			return "", err
		}
		if open && cpu == last+1 {
			last = cpu
			continue
		}
		flush()
		first, last, open = cpu, cpu, true
	}
	flush()
	return b.String(), nil
}
