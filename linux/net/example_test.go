package net_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/net"
)

// A network namespace has devices. The bundled kernel has no network: this is not run.
func Example() {
	prog := coretest.Program()
	for dev, err := range net.ForEachDevice(prog) {
		if err != nil {
			log.Fatal(err)
		}
		name, err := net.DeviceName(dev)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", name)
	}
}
