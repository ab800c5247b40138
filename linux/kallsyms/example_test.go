package kallsyms_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kallsyms"
)

// The kernel has a table of its own symbols in its memory.
func Example() {
	prog := coretest.Program()
	symbols, err := kallsyms.Vmlinux(prog)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == "init_task" {
			fmt.Printf("%s at %#x\n", s.Name, s.Address)
		}
	}
	// Output:
	// init_task at 0xffffffff9d60a540
}
