package boot_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/boot"
)

// KASLR moved the kernel by so many bytes.
func Example() {
	prog := coretest.Program()
	offset, err := boot.KASLROffset(prog)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%#x\n", offset)
	// Output:
	// 0x1bc00000
}
