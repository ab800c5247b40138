package panic_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	kpanic "github.com/godrgn/drgn/linux/panic"
)

// The bundled core is of a kernel that ran.
func Example() {
	prog := coretest.Program()
	_, ok, err := kpanic.Message(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("it came down:", ok)
	// Output:
	// it came down: false
}
