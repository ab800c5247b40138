package radixtree_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/radixtree"
)

// What was a radix tree is an XArray since v4.20, and is read the same way.
func Example() {
	prog := coretest.Program()
	first := radixtree.Lookup(prog.Variable("init_pid_ns").Member("idr").Member("idr_rt").AddressOf(), 1)
	none, err := first.IsNull()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("PID 1 is there:", !none)
	// Output:
	// PID 1 is there: true
}
