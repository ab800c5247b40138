package pci_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/pci"
)

// Devices on the PCI bus have the names that lspci shows. The bundled kernel has no PCI: this is not run.
func Example() {
	prog := coretest.Program()
	for dev, err := range pci.ForEachDevice(prog) {
		if err != nil {
			log.Fatal(err)
		}
		name, err := pci.Name(dev)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name)
	}
}
