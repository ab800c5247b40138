package cpumask_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/cpumask"
)

// CPUs that run are listed as the kernel lists them.
func Example() {
	prog := coretest.Program()
	online, err := cpumask.List(cpumask.OnlineMask(prog))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(online)
	// Output:
	// 0-1
}
