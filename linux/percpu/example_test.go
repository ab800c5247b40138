package percpu_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/percpu"
)

// Each CPU has its own run queue.
func Example() {
	prog := coretest.Program()
	for cpu := range uint64(2) {
		rq := percpu.PerCPU(prog.Variable("runqueues"), cpu)
		n, err := rq.Member("cpu").Int()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("run queue of CPU", n)
	}
	// Output:
	// run queue of CPU 0
	// run queue of CPU 1
}
