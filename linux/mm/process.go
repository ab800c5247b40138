package mm

import (
	"bytes"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// maxAccess bounds how much is read of an address space at once.
const maxAccess = 1 << 30

// AccessRemoteVM returns the size bytes from an address on in an address space.
//
// mm is a struct mm_struct *.
//
//drgn:helper access_remote_vm
func AccessRemoteVM(mm drgn.Object, address, size uint64) ([]byte, error) {
	s, err := openSpace(mm)
	if err != nil {
		return nil, err
	}
	return s.bytes(address, size)
}

// ReadTable returns the size bytes from an address on that a top-level page table leads to.
//
// pgtable is the virtual address of the table, such as the member pgd of a struct mm_struct.
//
//drgn:helper _read_vm
func ReadTable(p *drgn.Program, pgtable, address, size uint64) ([]byte, error) {
	s, err := openTable(p, pgtable)
	if err != nil {
		return nil, err
	}
	return s.bytes(address, size)
}

// bytes returns the size bytes from an address on.
func (s *addressSpace) bytes(address, size uint64) ([]byte, error) {
	if size > maxAccess {
		return nil, &drgn.ValueError{Problem: "cannot read more than 1 GiB at once"}
	}
	buf := make([]byte, size)
	if err := s.read(buf, address); err != nil {
		return nil, err
	}
	return buf, nil
}

// AccessProcessVM returns the size bytes from an address on in the address space of a task.
//
// task is a struct task_struct * of a user's process; another one's has no such address: a *mem.FaultError.
//
//drgn:helper access_process_vm
func AccessProcessVM(task drgn.Object, address, size uint64) ([]byte, error) {
	mm, err := spaceOf(task)
	if err != nil {
		return nil, err
	}
	if mm == nil {
		return nil, &mem.FaultError{Message: "task has no memory of its own: it is a thread of the kernel, or gone", Address: address}
	}
	return AccessRemoteVM(*mm, address, size)
}

// spaceOf returns a task's struct mm_struct *, or nil when it has none.
func spaceOf(task drgn.Object) (*drgn.Object, error) {
	mm := task.Member("mm").Read()
	if none, err := mm.IsNull(); err != nil || none {
		return nil, err
	}
	return &mm, nil
}

// stringsIn returns the strings, each with a NUL at its end, between the addresses that two members of an address space hold.
func stringsIn(mm drgn.Object, from, to string) ([][]byte, error) {
	start, err := mm.Member(from).Uint()
	if err != nil {
		return nil, err
	}
	end, err := mm.Member(to).Uint()
	if err != nil {
		return nil, err
	}
	if end < start {
		return nil, fmt.Errorf("%s (%#x) is after %s (%#x)", from, start, to, end)
	}
	data, err := AccessRemoteVM(mm, start, end-start)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return [][]byte{}, nil
	}
	return bytes.Split(bytes.TrimSuffix(data, []byte{0}), []byte{0}), nil
}

// CommandLineIn returns the arguments that a program was started with.
//
// mm is a struct mm_struct *.
//
//drgn:helper mm_cmdline
func CommandLineIn(mm drgn.Object) ([][]byte, error) { return stringsIn(mm, "arg_start", "arg_end") }

// CommandLine returns the arguments that a task's program was started with; nil for a thread of the kernel.
//
// task is a struct task_struct *.
//
//drgn:helper cmdline -> Optional[List[bytes]]
func CommandLine(task drgn.Object) ([][]byte, error) {
	mm, err := spaceOf(task)
	if err != nil || mm == nil {
		return nil, err
	}
	return CommandLineIn(*mm)
}

// EnvironmentIn returns the environment that a program was started with, as NAME=VALUE.
//
// mm is a struct mm_struct *.
//
//drgn:helper mm_environ
func EnvironmentIn(mm drgn.Object) ([][]byte, error) { return stringsIn(mm, "env_start", "env_end") }

// Environment returns the environment that a task's program was started with, as NAME=VALUE; nil for a thread of the
// kernel.
//
// task is a struct task_struct *.
//
//drgn:helper environ -> Optional[List[bytes]]
func Environment(task drgn.Object) ([][]byte, error) {
	mm, err := spaceOf(task)
	if err != nil || mm == nil {
		return nil, err
	}
	return EnvironmentIn(*mm)
}

// A TaskRSS is how many pages of a task's memory are resident, by what they are.
//
//drgn:namedtuple TaskRss
type TaskRSS struct {
	File  int64 // pages of mapped files
	Anon  int64 // pages of no file
	Shmem int64 // pages of shared memory
	Swap  int64 // pages that are swapped out: not resident
}

// Total returns how many pages are resident.
func (r TaskRSS) Total() int64 { return r.File + r.Anon + r.Shmem }

// ResidentSet returns how many pages of a task's memory are resident.
//
// task is a struct task_struct *.
//
//drgn:helper task_rss(prog, task)
func ResidentSet(p *drgn.Program, task drgn.Object) (TaskRSS, error) {
	var rss TaskRSS
	mm, err := spaceOf(task)
	if err != nil || mm == nil {
		return rss, err
	}
	for _, c := range []struct {
		name string
		to   *int64
	}{{"MM_FILEPAGES", &rss.File}, {"MM_ANONPAGES", &rss.Anon}, {"MM_SHMEMPAGES", &rss.Shmem}, {"MM_SWAPENTS", &rss.Swap}} {
		i, err := p.Constant(c.name).Int()
		if err != nil {
			return rss, err
		}
		if *c.to, err = rssCounter(task, mm.Member("rss_stat"), i); err != nil {
			return rss, err
		}
	}
	return rss, nil
}

// rssCounter returns one of the counters of an address space.
func rssCounter(task, stat drgn.Object, i int64) (int64, error) {
	// They are per-CPU counters since v6.2, commit f1a7941243c1.
	if stat.Err() == nil && stat.Type().UnderlyingKind() == types.Array {
		return percpu.CounterSumPositive(stat.Index(i).AddressOf())
	}
	n, err := stat.Member("count").Index(i).Member("counter").Int()
	if err != nil || !task.HasMember("rss_stat") {
		return max(n, 0), err
	}
	// Each thread keeps back what it has counted lately (SPLIT_RSS_COUNTING).
	for t, err := range pid.ForEachTaskInGroup(task, true) {
		if err != nil {
			return 0, err
		}
		part, err := t.Member("rss_stat").Member("count").Index(i).Int()
		if err != nil {
			return 0, err
		}
		n += part
	}
	return max(n, 0), nil
}

// VirtualSize returns the size of a task's address space in bytes.
//
// task is a struct task_struct *.
//
//drgn:helper task_vsize
func VirtualSize(task drgn.Object) (uint64, error) {
	mm, err := spaceOf(task)
	if err != nil || mm == nil {
		return 0, err
	}
	l, err := LayoutOf(task.Prog())
	if err != nil {
		return 0, err
	}
	pages, err := mm.Member("total_vm").Uint()
	return pages << l.PageShift, err
}
