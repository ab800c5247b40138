package block_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/block"
)

// Disks have names. The bundled kernel has no block devices: this is not run.
func Example() {
	prog := coretest.Program()
	for disk, err := range block.ForEachDisk(prog) {
		if err != nil {
			log.Fatal(err)
		}
		name, err := block.DiskName(disk)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", name)
	}
}
