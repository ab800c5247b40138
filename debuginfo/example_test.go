package debuginfo_test

import (
	"fmt"

	"github.com/godrgn/drgn/debuginfo"
	"github.com/godrgn/drgn/internal/coretest"
)

// Kernels are looked for in one directory only.
func ExampleOptions() {
	prog := coretest.Program()
	o := prog.DebugInfoOptions()
	o.KernelDirectories, o.Kmod = []string{"/srv/kernels"}, debuginfo.KmodWalk
	prog.SetDebugInfoOptions(o)
	fmt.Println(prog.DebugInfoOptions().KernelDirectories)
	// Output:
	// [/srv/kernels]
}
