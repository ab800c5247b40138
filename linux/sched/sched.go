// Package sched looks at the kernel's scheduler: what runs, what waits, and on which CPU (include/linux/sched.h).
package sched

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/types"
)

// TaskThreadInfo returns the struct thread_info * of a task.
//
// task is a struct task_struct *.
//
//drgn:helper task_thread_info
func TaskThreadInfo(task drgn.Object) drgn.Object {
	// It lies at the start of the task since v4.9 where CONFIG_THREAD_INFO_IN_TASK says so (commit c65eacbe290b), else on
	// its stack.
	if task.HasMember("thread_info") {
		info := task.Member("thread_info")
		if info.Err() != nil || info.Type().UnderlyingKind() != types.Pointer {
			return info.AddressOf()
		}
	}
	if err := task.Err(); err != nil {
		return task
	}
	t, err := task.Prog().Type("struct thread_info *")
	if err != nil {
		return drgn.Failed(err)
	}
	return task.MemberAny("stack", "thread_info").Cast(t)
}

// TaskCPU returns the number of the CPU that a task runs on, or last ran on.
//
// task is a struct task_struct *.
//
//drgn:helper task_cpu
func TaskCPU(task drgn.Object) (uint64, error) {
	// The number moved from task_struct.cpu to thread_info.cpu in v5.16, commit bcf9033e5449.
	if task.HasMember("cpu") {
		return task.Member("cpu").Uint()
	}
	info := TaskThreadInfo(task)
	if info.HasMember("cpu") {
		return info.Member("cpu").Uint()
	}
	return 0, info.Err() // a kernel for one processor
}

// TaskOnCPU reports whether a task runs on a CPU now.
//
// task is a struct task_struct *.
//
//drgn:helper task_on_cpu
func TaskOnCPU(task drgn.Object) (bool, error) {
	if task.HasMember("on_cpu") {
		return task.Member("on_cpu").Bool()
	}
	// A kernel for one processor has no on_cpu.
	if err := task.Err(); err != nil {
		return false, err
	}
	curr, err := CPUCurr(task.Prog(), 0).Uint()
	if err != nil {
		return false, err
	}
	at, err := task.Uint()
	return at == curr, err
}

// CPUCurr returns the task that runs on a CPU, as a struct task_struct *.
//
//drgn:helper cpu_curr
func CPUCurr(p *drgn.Program, cpu uint64) drgn.Object {
	return percpu.PerCPU(p.Variable("runqueues"), cpu).Member("curr").Read()
}

// IdleTask returns the idle task of a CPU, as a struct task_struct *.
//
//drgn:helper idle_task
func IdleTask(p *drgn.Program, cpu uint64) drgn.Object {
	return percpu.PerCPU(p.Variable("runqueues"), cpu).Member("idle").Read()
}

// CPURunqueue returns the run queue of a CPU, as a struct rq *.
//
//drgn:helper cpu_rq
func CPURunqueue(p *drgn.Program, cpu uint64) drgn.Object {
	return percpu.PerCPU(p.Variable("runqueues"), cpu).AddressOf()
}

// TaskRunqueue returns the run queue that a task belongs to, as a struct rq *.
//
// task is a struct task_struct *.
//
//drgn:helper task_rq
func TaskRunqueue(task drgn.Object) drgn.Object {
	cpu, err := TaskCPU(task)
	if err != nil {
		return drgn.Failed(err)
	}
	return CPURunqueue(task.Prog(), cpu)
}

// stateChars names the states of a task from the lowest bit on (fs/proc/array.c, task_state_array).
const stateChars = "RSDTtXZP"

var stateNames = map[byte]string{
	'R': "R (running)", 'S': "S (sleeping)", 'D': "D (disk sleep)", 'T': "T (stopped)", 't': "t (tracing stop)",
	'X': "X (dead)", 'Z': "Z (zombie)", 'P': "P (parked)", 'I': "I (idle)",
}

// Bits of task_struct.__state (include/linux/sched.h). TASK_NOLOAD has its place since v4.14, commit 8ef9925b02c2.
const (
	taskUninterruptible = 0x2
	taskReportMask      = 0x7f
	taskNoLoad          = 0x400
	taskIdle            = taskUninterruptible | taskNoLoad
)

// TaskStateChar returns the letter that ps prints for a task's state.
//
// task is a struct task_struct *.
//
//drgn:helper task_state_to_char
func TaskStateChar(task drgn.Object) (string, error) {
	// state became __state in v5.14, commit 2f064a59a11f.
	state, err := task.MemberAny("__state", "state").Uint()
	if err != nil {
		return "", err
	}
	exit, err := task.Member("exit_state").Uint()
	if err != nil {
		return "", err
	}
	// PREEMPT_RT's TASK_RTLOCK_WAIT (since v5.15, commit cd781d0ce8cb) is shown as an uninterruptible sleep, whatever else there is.
	if state&0x1000 != 0 {
		return "D", nil
	}
	if state&taskIdle == taskIdle && exit == 0 {
		return "I", nil
	}
	bit := 0
	for s := (state | exit) & taskReportMask; s != 0; s >>= 1 {
		bit++
	}
	if bit >= len(stateChars) {
		return "", fmt.Errorf("task has a state (%#x) that is not known", state)
	}
	return stateChars[bit : bit+1], nil
}

// TaskState returns a task's state as /proc/PID/status shows it: "S (sleeping)".
//
// task is a struct task_struct *.
//
//drgn:helper get_task_state
func TaskState(task drgn.Object) (string, error) {
	c, err := TaskStateChar(task)
	if err != nil {
		return "", err
	}
	return stateNames[c[0]], nil
}

// LoadAverage returns the system's load averages over 1, 5 and 15 minutes.
//
//drgn:helper loadavg
func LoadAverage(p *drgn.Program) ([3]float64, error) {
	var avg [3]float64
	const fshift = 11 // FSHIFT, include/linux/sched/loadavg.h
	for i := range avg {
		v, err := p.Variable("avenrun").Index(int64(i)).Uint()
		if err != nil {
			return avg, err
		}
		avg[i] = float64(v) / (1 << fshift)
	}
	return avg, nil
}

// ThreadGroupLeader reports whether a task is the first thread of its process.
//
// task is a struct task_struct *.
//
//drgn:helper thread_group_leader
func ThreadGroupLeader(task drgn.Object) (bool, error) {
	signal, err := task.Member("exit_signal").Int()
	return signal >= 0, err
}
