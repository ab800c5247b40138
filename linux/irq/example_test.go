package irq_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/irq"
)

// Interrupts have the names of those who handle them.
func Example() {
	prog := coretest.Program()
	for d, err := range irq.ForEachDesc(prog) {
		if err != nil {
			log.Fatal(err)
		}
		names, err := irq.ActionNames(d.Desc)
		if err != nil {
			log.Fatal(err)
		}
		for _, name := range names {
			fmt.Printf("%d: %s\n", d.IRQ, name)
		}
	}
	// Output:
	// 0: timer
	// 2: cascade
	// 4: ttyS0
}
