package kconfig_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kconfig"
)

// The kernel may hold the configuration it was built with. The bundled one does not: this is not run.
func Example() {
	prog := coretest.Program()
	config, err := kconfig.Get(prog)
	if err != nil {
		log.Fatal(err)
	}
	for _, option := range config {
		fmt.Println(option)
	}
}
