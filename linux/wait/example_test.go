package wait_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/wait"
)

// init waits for its children.
func Example() {
	prog := coretest.Program()
	queue := pid.FindTask(prog, 1).Member("signal").Member("wait_chldexit").AddressOf()
	for task, err := range wait.QueueTasks(queue) {
		if err != nil {
			log.Fatal(err)
		}
		comm, err := task.Member("comm").CString()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", comm)
	}
	// Output:
	// init
}
