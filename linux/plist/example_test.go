package plist_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/plist"
)

// The tasks that wait in a futex are in a list by their priorities.
func Example() {
	prog := coretest.Program()
	first := prog.Variable("init_task").Member("pushable_tasks").AddressOf()
	empty, err := plist.NodeEmpty(first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in no list:", empty)
	// Output:
	// in no list: true
}
