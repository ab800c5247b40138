// Package resource looks at the limits on what processes may use (include/uapi/asm-generic/resource.h).
package resource

import (
	"fmt"

	"github.com/godrgn/drgn"
)

// names are what is limited, without "RLIMIT_", by its number. MIPS and SPARC have some in another order.
var names = [...]string{"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING",
	"MSGQUEUE", "NICE", "RTPRIO", "RTTIME"}

// A Limit is a limit on a resource; nil means unlimited.
//
//drgn:namedtuple Rlimit
type Limit struct {
	Cur *uint64 // what is limited to now
	Max *uint64 // what Cur may be set to
}

// Limits are the limits on all resources.
//
//drgn:dict
type Limits []NamedLimit

// A NamedLimit is the limit on a resource.
type NamedLimit struct {
	Name  string // "NOFILE"
	Limit Limit
}

// Of returns the limits of a task.
//
// task is a struct task_struct *.
//
//drgn:helper task_rlimits(task)
func Of(task drgn.Object) (Limits, error) {
	all := task.Member("signal").Member("rlim")
	n, err := all.Len()
	if err != nil {
		return nil, err
	}
	if n != uint64(len(names)) {
		return nil, fmt.Errorf("kernel limits %d resources, not %d as is known", n, len(names))
	}
	out := make(Limits, len(names))
	for i, name := range names {
		out[i].Name = name
		for _, v := range []struct {
			member string
			to     **uint64
		}{{"rlim_cur", &out[i].Limit.Cur}, {"rlim_max", &out[i].Limit.Max}} {
			if *v.to, err = limit(all.Index(int64(i)).Member(v.member)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// limit returns the value of a limit, nil for RLIM_INFINITY: an unsigned long with all bits set.
func limit(o drgn.Object) (*uint64, error) {
	v, err := o.Uint()
	if err != nil {
		return nil, err
	}
	bits, err := o.Type().BitSize()
	if err != nil || v == ^uint64(0)>>(64-bits) {
		return nil, err
	}
	return &v, nil
}
