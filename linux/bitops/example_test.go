package bitops_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/bitops"
)

// The CPUs that run are bits of a mask.
func Example() {
	prog := coretest.Program()
	bits := prog.Variable("__cpu_online_mask").Member("bits")
	for cpu, err := range bitops.ForEachSetBit(bits, 4) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("CPU", cpu)
	}
	// Output:
	// CPU 0
	// CPU 1
}
