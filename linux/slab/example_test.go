package slab_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/slab"
)

// Objects come from caches.
func Example() {
	prog := coretest.Program()
	cache, err := slab.FindCache(prog, "task_struct")
	if err != nil {
		log.Fatal(err)
	}
	n, err := slab.ObjectsPerSlab(*cache)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "tasks in a slab")
	at, err := pid.FindTask(prog, 1).Uint()
	if err != nil {
		log.Fatal(err)
	}
	info, err := slab.InfoAt(prog, at)
	if err != nil {
		log.Fatal(err)
	}
	name, err := info.SlabCache.Member("name").CString()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("init is in %s, allocated: %v\n", name, info.Allocated)
	// Output:
	// 10 tasks in a slab
	// init is in task_struct, allocated: true
}
