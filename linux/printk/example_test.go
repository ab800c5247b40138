package printk_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/printk"
)

// The first line of the log is the kernel's banner.
func Example() {
	prog := coretest.Program()
	records, err := printk.Records(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.27s\n", records[0].Text)
	// Output:
	// Linux version 6.12.117-godr
}
