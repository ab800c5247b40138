package llist_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/llist"
)

// Files whose last reference went in an interrupt wait in a lock-less list.
func Example() {
	prog := coretest.Program()
	empty, err := llist.Empty(prog.Variable("delayed_fput_list").AddressOf())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("no file waits:", empty)
	// Output:
	// no file waits: true
}
