package sched_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
)

// A task has run on a CPU, and is in a state.
func Example() {
	prog := coretest.Program()
	task := pid.FindTask(prog, 1)
	cpu, err := sched.TaskCPU(task)
	if err != nil {
		log.Fatal(err)
	}
	state, err := sched.TaskStateChar(task)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("CPU", cpu, "state", state)
	// Output:
	// CPU 1 state S
}
