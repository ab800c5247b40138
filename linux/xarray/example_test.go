package xarray_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/xarray"
)

// The cached pages of a file are in an XArray.
func Example() {
	prog := coretest.Program()
	pages := fs.Lookup(prog, "/bin/busybox", false).Member("dentry").Member("d_inode").Member("i_mapping").Member("i_pages").AddressOf()
	n := 0
	for entry, err := range xarray.ForEach(pages, false) {
		if err != nil {
			log.Fatal(err)
		}
		if entry.Index == 0 {
			fmt.Println("the first page of the file is cached")
		}
		n++
	}
	fmt.Println(n > 100)
	// Output:
	// the first page of the file is cached
	// true
}
