package completion_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/completion"
	"github.com/godrgn/drgn/linux/kthread"
	"github.com/godrgn/drgn/linux/pid"
)

// A thread of the kernel says by a completion that it has parked.
func Example() {
	prog := coretest.Program()
	done, err := completion.Done(kthread.Of(pid.FindTask(prog, 2)).Member("parked").AddressOf())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done)
	// Output:
	// false
}
