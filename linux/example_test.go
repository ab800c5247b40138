package linux_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux"
)

// A program that is a kernel knows which, and how the kernel has laid out its memory.
func Example() {
	kernel, err := linux.Of(coretest.Program())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(kernel.Release())
	physical, err := kernel.Translate(0, 0xffffffff9d60a540) // init_task
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%#x\n", physical)
	// Output:
	// 6.12.117-godrgn
	// 0x360a540
}
