package pages_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pages"
)

// Page frames that are there come in ranges.
func Example() {
	prog := coretest.Program()
	for r, err := range pages.ForEachValidPageRange(prog) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("frames from %d to %d\n", r.Start, r.End)
	}
	// Output:
	// frames from 0 to 32768
}
