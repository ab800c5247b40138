package nodemask_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/nodemask"
)

// The NUMA nodes that are online are bits of a mask.
func Example() {
	prog := coretest.Program()
	for node, err := range nodemask.ForEachOnlineNode(prog) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("node", node)
	}
	// Output:
	// node 0
}
