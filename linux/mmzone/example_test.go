package mmzone_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/mmzone"
)

// Memory is divided in nodes, and these in zones.
func Example() {
	prog := coretest.Program()
	for node, err := range mmzone.ForEachOnlineNode(prog) {
		if err != nil {
			log.Fatal(err)
		}
		zone := node.Member("node_zones").Index(0)
		name, err := zone.Member("name").CString()
		if err != nil {
			log.Fatal(err)
		}
		present, err := zone.Member("present_pages").Uint()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d pages\n", name, present)
	}
	// Output:
	// DMA32: 16254 pages
}
