package idr_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/idr"
)

// PIDs are given out by an IDR.
func Example() {
	prog := coretest.Program()
	t, err := prog.Type("struct pid *")
	if err != nil {
		log.Fatal(err)
	}
	level, err := idr.Find(prog.Variable("init_pid_ns").Member("idr").AddressOf(), 1).Cast(t).Member("level").Uint()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("level of PID 1:", level)
	// Output:
	// level of PID 1: 0
}
