package rbtree_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/rbtree"
)

// The timers of a CPU that are next are in a red-black tree.
func Example() {
	prog := coretest.Program()
	timers := percpu.PerCPU(prog.Variable("hrtimer_bases"), 0).Member("clock_base").Index(0).Member("active").Member("rb_root").Member("rb_root").AddressOf()
	n := 0
	for _, err := range rbtree.InorderForEach(timers) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	empty, err := rbtree.EmptyRoot(timers)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "timers; none:", empty)
	// Output:
	// 7 timers; none: false
}
