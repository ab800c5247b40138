package bitmap_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/bitmap"
)

// A bitmap knows how many CPUs run.
func Example() {
	prog := coretest.Program()
	n, err := bitmap.Weight(prog.Variable("__cpu_online_mask").Member("bits"), 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	// Output:
	// 2
}
