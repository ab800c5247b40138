package swap_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/swap"
)

// What is swapped out is counted in pages. The bundled kernel does not swap.
func Example() {
	prog := coretest.Program()
	usage, err := swap.TotalUsage(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", usage)
	// Output:
	// {Pages:0 FreePages:0}
}
