package crash_test

import (
	"context"
	"fmt"
	"os"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/crash"
)

func Example() {
	session := crash.Of(coretest.Program())
	for _, args := range [][]string{{"-H", "1"}, {"-S", "-G"}} {
		if _, _, err := session.Run(context.Background(), "ps", args, os.Stdout, os.Stderr); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	//   1  0  1  ffff98d700188000  S  3.3  2260  1660  init
	//   R: 3
	//   S: 23
	//   I: 20
	//   Z: 1
}
