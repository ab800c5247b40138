package user_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/user"
)

// A program that is the core dump of a process knows its threads.
func Example() {
	prog, err := attach.Core("../testdata/process/threads.core.gz")
	if err != nil {
		log.Fatal(err)
	}
	process, err := user.Of(prog)
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for _, err := range process.Threads(prog) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "threads")
	// Output:
	// 5 threads
}
