package sysfs_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/sysfs"
)

// Directories of sysfs can be listed.
func Example() {
	prog := coretest.Program()
	names, err := sysfs.ListDir(prog, "class/mem")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		fmt.Printf("%s\n", name)
	}
	// Output:
	// random
	// zero
	// urandom
	// kmsg
	// full
	// null
}
