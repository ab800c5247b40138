package vmstat_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/vmstat"
)

// The kernel counts the pages that are free.
func Example() {
	prog := coretest.Program()
	free, err := vmstat.NrFreePages(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(free, "pages are free")
	// Output:
	// 9697 pages are free
}
