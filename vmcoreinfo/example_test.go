package vmcoreinfo_test

import (
	"fmt"

	"github.com/godrgn/drgn/vmcoreinfo"
)

func Example() {
	v := vmcoreinfo.Parse([]byte("OSRELEASE=6.12.57\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff9e40c000\n"))
	release, _ := v.String("OSRELEASE")
	address, err := v.Symbol("swapper_pg_dir")
	fmt.Printf("%s %#x %v\n", release, address, err)
	fmt.Println(v.Number("phys_base"))
	// Output:
	// 6.12.57 0xffffffff9e40c000 <nil>
	// 0 VMCOREINFO has no NUMBER(phys_base)
}
