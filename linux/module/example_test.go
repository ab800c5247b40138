package module_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/module"
)

// The bundled kernel has no module loaded.
func Example() {
	prog := coretest.Program()
	n := 0
	for _, err := range module.ForEach(prog) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "modules")
	// Output:
	// 0 modules
}
