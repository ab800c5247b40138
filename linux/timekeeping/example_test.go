package timekeeping_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/timekeeping"
)

// The clock tells for how long the kernel has run.
func Example() {
	prog := coretest.Program()
	up, err := timekeeping.UptimePretty(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(up)
	// Output:
	// 3 seconds
}
