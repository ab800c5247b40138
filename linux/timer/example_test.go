package timer_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/timer"
)

// Timers wait in bases, of which each CPU has some.
func Example() {
	prog := coretest.Program()
	names, err := timer.BaseNames(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names)
	// Output:
	// [BASE_STD]
}
