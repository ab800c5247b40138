package ioport_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/ioport"
)

// The memory map is a tree of resources.
func Example() {
	prog := coretest.Program()
	for r, err := range ioport.ForEachResource(prog.Variable("iomem_resource").AddressOf()) {
		if err != nil {
			log.Fatal(err)
		}
		name, err := r.Member("name").CString()
		if err != nil {
			log.Fatal(err)
		}
		if string(name) == "System RAM" {
			start, err := r.Member("start").Uint()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s at %#x\n", name, start)
		}
	}
	// Output:
	// System RAM at 0x1000
	// System RAM at 0x100000
}
