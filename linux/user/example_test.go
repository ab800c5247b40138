package user_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/user"
)

// The kernel keeps accounts of its users.
func Example() {
	prog := coretest.Program()
	for u, err := range user.ForEach(prog) {
		if err != nil {
			log.Fatal(err)
		}
		uid, err := user.KuidVal(u.Member("uid"))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("user", uid)
	}
	// Output:
	// user 0
}
