package pid_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
)

// Tasks are found by their PIDs.
func Example() {
	prog := coretest.Program()
	comm, err := pid.FindTask(prog, 1).Member("comm").CString()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", comm)
	// Output:
	// init
}
