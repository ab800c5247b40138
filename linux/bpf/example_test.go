package bpf_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/bpf"
)

// A kernel in which no BPF program was loaded has none.
func Example() {
	prog := coretest.Program()
	n := 0
	for _, err := range bpf.ForEachProgram(prog) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n)
	// Output:
	// 0
}
