package kernfs_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kernfs"
	"github.com/godrgn/drgn/linux/sysfs"
)

// sysfs is a tree of kernfs nodes.
func Example() {
	prog := coretest.Program()
	path, err := kernfs.Path(kernfs.Lookup(sysfs.LookupNode(prog, ""), "kernel/mm", false))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", path)
	// Output:
	// /kernel/mm
}
