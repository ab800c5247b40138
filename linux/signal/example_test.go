package signal_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/signal"
)

// Sets of signals are decoded to names.
func Example() {
	prog := coretest.Program()
	names, err := signal.DecodeSigset(prog, uint64(1<<1|1<<14))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names)
	// Output:
	// {SIGINT,SIGTERM}
}
