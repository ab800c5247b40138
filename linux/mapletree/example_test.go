package mapletree_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/mapletree"
	"github.com/godrgn/drgn/linux/pid"
)

// The areas of an address space are in a maple tree.
func Example() {
	prog := coretest.Program()
	areas := pid.FindTask(prog, 1).Member("mm").Member("mm_mt").AddressOf()
	for area, err := range mapletree.Overlapping(areas, 0, 0x500000) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%#x to %#x\n", area.First, area.Last)
	}
	// Output:
	// 0x400000 to 0x400fff
	// 0x401000 to 0x584fff
}
