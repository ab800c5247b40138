// Package percpu finds the kernel's per-CPU variables (include/linux/percpu-defs.h).
package percpu

import (
	"fmt"

	"github.com/godrgn/drgn"
)

// PerCPUPtr returns the pointer to a CPU's own copy of what a per-CPU pointer points to.
//
// ptr is a type __percpu *; cpu is the number of the CPU. The result has the type of ptr.
//
//drgn:helper per_cpu_ptr
func PerCPUPtr(ptr drgn.Object, cpu uint64) drgn.Object {
	at, err := ptr.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	off, err := Offset(ptr.Prog(), cpu)
	if err != nil {
		return drgn.Failed(err)
	}
	return ptr.Prog().ScalarValue(ptr.Type(), at+off)
}

// PerCPU returns a CPU's own copy of a per-CPU variable.
//
// var is the variable itself, such as the program's object "runqueues".
//
//drgn:helper per_cpu(var, cpu)
func PerCPU(variable drgn.Object, cpu uint64) drgn.Object {
	return PerCPUPtr(variable.AddressOf(), cpu).Deref()
}

// Offset returns what is added to the address of a per-CPU variable to get that of a CPU's copy; 0 in a kernel for one
// processor only.
func Offset(p *drgn.Program, cpu uint64) (uint64, error) {
	offsets := p.Object("__per_cpu_offset")
	if err := offsets.Err(); err != nil {
		if drgn.IsNotFound(err) {
			return 0, nil
		}
		return 0, err
	}
	if n, err := offsets.Len(); err != nil {
		return 0, err
	} else if cpu >= n {
		return 0, &drgn.ValueError{Problem: fmt.Sprintf("there is no CPU %d", cpu)}
	}
	// The table is of the CPUs the kernel was built for. Those that this machine can't have show what all start with.
	if possible, err := p.Variable("nr_cpu_ids").Uint(); err == nil && cpu >= possible {
		return 0, &drgn.ValueError{Problem: fmt.Sprintf("there is no CPU %d: the machine has %d at most", cpu, possible)}
	} else if err != nil && !drgn.IsNotFound(err) {
		return 0, err
	}
	return offsets.Index(int64(cpu)).Uint()
}
