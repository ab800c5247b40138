package module_test

import (
	"fmt"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/module"
)

// A module says which of its files it has, and what its debugging information can be asked.
func Example() {
	for m := range coretest.Program().Modules() {
		fmt.Println(m.Kind(), m.Name(), m.LoadedFile().Status == module.DontNeedFile, m.DebugFile().Status, m.HasTypes(), m.HasLines())
	}
	// Output:
	// main kernel true found true true
}
