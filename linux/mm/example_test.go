package mm_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/pid"
)

// An address space has areas, each of a file or with a name of its own.
func Example() {
	prog := coretest.Program()
	for vma, err := range mm.ForEachVMA(pid.FindTask(prog, 1).Member("mm")) {
		if err != nil {
			log.Fatal(err)
		}
		name, err := mm.VMAName(vma)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", name)
	}
	// Output:
	// "/bin/busybox"
	// "/bin/busybox"
	// "/bin/busybox"
	// "/bin/busybox"
	// "/bin/busybox"
	// ""
	// "[heap]"
	// "[vvar]"
	// "[vdso]"
	// "[stack]"
}
