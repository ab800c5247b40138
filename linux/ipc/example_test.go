package ipc_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/ipc"
)

// The guest made a message queue with the key 42.
func Example() {
	prog := coretest.Program()
	for q, err := range ipc.ForEachMsgQueue(prog) {
		if err != nil {
			log.Fatal(err)
		}
		key, err := q.Member("q_perm").Member("key").Int()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(key)
	}
	// Output:
	// 42
}
