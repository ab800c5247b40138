package target_test

import (
	"fmt"

	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/vmcoreinfo"
)

func ExampleOpen() {
	core, err := target.Open("../testdata/tiny-6.12/vmcore")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer core.Close()
	page, err := vmcoreinfo.Parse(core.VMCOREINFO).PageSize()
	fmt.Println("kernel:", core.Kernel, "architecture:", core.Platform.Arch, "page:", page, err)
	space, err := core.Space()
	if err != nil {
		fmt.Println(err)
		return
	}
	first := core.Physical[0].Min
	v, err := space.Uint(first, 8, core.Big, true)
	fmt.Printf("%T at the first physical address there is, %v\n", v, err)
	// Output:
	// kernel: true architecture: X86_64 page: 4096 <nil>
	// uint64 at the first physical address there is, <nil>
}
