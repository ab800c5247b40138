package kthread_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kthread"
	"github.com/godrgn/drgn/linux/pid"
)

// Tasks of the kernel itself are told from those of users.
func Example() {
	prog := coretest.Program()
	for _, tid := range []uint64{1, 2} {
		kernel, err := kthread.IsKthread(pid.FindTask(prog, tid))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tid, kernel)
	}
	// Output:
	// 1 false
	// 2 true
}
