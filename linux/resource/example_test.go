package resource_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/resource"
)

// A process has limits.
func Example() {
	prog := coretest.Program()
	limits, err := resource.Of(pid.FindTask(prog, 1))
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range limits {
		if l.Name == "NOFILE" {
			fmt.Println("open files:", *l.Limit.Cur, "to", *l.Limit.Max)
		}
	}
	// Output:
	// open files: 1024 to 4096
}
