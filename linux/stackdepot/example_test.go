package stackdepot_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/stackdepot"
)

// Allocations whose stacks are tracked have a handle of the trace. The bundled kernel tracks none: this is not run.
func Example() {
	prog := coretest.Program()
	handle := prog.Variable("dummy_handle")
	trace, err := stackdepot.Fetch(handle)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trace)
}
