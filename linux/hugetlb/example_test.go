package hugetlb_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/hugetlb"
)

// Huge pages are kept in pools, one for each size. The bundled kernel has none.
func Example() {
	prog := coretest.Program()
	for pool, err := range hugetlb.ForEachState(prog) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(hugetlb.PageSize(pool))
	}
	fmt.Println("that is all")
	// Output: that is all
}
