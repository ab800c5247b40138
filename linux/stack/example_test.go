package stack_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/stack"
)

// The first process waits in the kernel.
func Example() {
	prog := coretest.Program()
	task := pid.FindTask(prog, 1)
	trace, err := prog.StackTraceOf(task)
	if err != nil {
		log.Fatal(err)
	}
	segments, err := stack.Segments(task, trace)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range segments {
		fmt.Printf("%s, from %s on: %d frames\n", s.Kind, trace.Frame(s.First).Name(), s.End-s.First)
	}
	// Output:
	// task, from context_switch on: 10 frames
	// user, from 0x460a63 on: 1 frames
}
