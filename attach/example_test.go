package attach_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/pid"
)

// A core dump is opened together with the debugging information that lies beside it.
func Example() {
	prog, err := attach.Core("../testdata/tiny-6.12/vmcore")
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	comm, err := prog.Variable("init_task").Member("comm").CString()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", comm)
	// Output: swapper/0
}

// Walks are Go iterators; an error is the last pair.
func ExampleCore_tasks() {
	prog, err := attach.Core("../testdata/tiny-6.12/vmcore")
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	n := 0
	for task, err := range pid.ForEachTask(prog, false) {
		if err != nil {
			log.Fatal(err)
		}
		comm, err := task.Member("comm").CString()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", comm)
		if n++; n == 3 {
			break
		}
	}
	// Output:
	// init
	// kthreadd
	// pool_workqueue_
}

// Decode reads what a program needs of an object into a struct of its own.
func ExampleCore_decode() {
	prog, err := attach.Core("../testdata/tiny-6.12/vmcore")
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	var t struct {
		PID    int32       `drgn:"pid"`
		Comm   string      `drgn:"comm"`
		State  uint64      `drgn:"__state|state"`    // it was renamed in v5.14
		PGD    uint64      `drgn:"mm->pgd,optional"` // a thread of the kernel has no mm
		Parent drgn.Object `drgn:"real_parent"`
	}
	if err := prog.Variable("init_task").Decode(&t); err != nil {
		log.Fatal(err)
	}
	pid, err := t.Parent.Member("pid").Int()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.PID, t.Comm, t.State, t.PGD, pid)
	// Output: 0 swapper/0 0 0 0
}

// The stack of a thread is that of the time of the dump.
func ExampleCore_stackTrace() {
	prog, err := attach.Core("../testdata/tiny-6.12/vmcore")
	if err != nil {
		log.Fatal(err)
	}
	defer prog.Close()
	trace, err := prog.StackTrace(2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trace)
	// Output:
	// #0  context_switch (kernel/sched/core.c:5363:2)
	// #1  __schedule (kernel/sched/core.c:6752:8)
	// #2  __schedule_loop (kernel/sched/core.c:6827:3)
	// #3  schedule (kernel/sched/core.c:6842:2)
	// #4  kthreadd (kernel/kthread.c:755:4)
	// #5  ret_from_fork (arch/x86/kernel/process.c:152:3)
	// #6  ret_from_fork_asm+0x11/0x16 (arch/x86/entry/entry_64.S:244)
}
