package locking_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/locking"
)

// Nobody held the mutex of cgroups.
func Example() {
	prog := coretest.Program()
	free, err := locking.MutexOwner(prog.Variable("cgroup_mutex").AddressOf()).IsNull()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("free:", free)
	// Output:
	// free: true
}
