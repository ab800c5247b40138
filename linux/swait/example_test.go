package swait_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/swait"
)

// The thread of RCU waits in a simple wait queue.
func Example() {
	prog := coretest.Program()
	for task, err := range swait.ForEachTask(prog.Variable("rcu_state").Member("gp_wq").AddressOf()) {
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
	// rcu_sched
}
