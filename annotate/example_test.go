package annotate_test

import (
	"log"
	"os"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/mem"
)

// The list of all tasks, as it lies in memory.
func ExampleMemory() {
	p := coretest.Program()
	at, err := p.Object("init_task").Member("tasks").AddressOf().Uint()
	if err != nil {
		log.Fatal(err)
	}
	if err := annotate.Memory(os.Stdout, p, at, 16, false); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ffffffff9d60a870: ffff98d700188330 [task: 1 (init) +0x330]
	// ffffffff9d60a878: ffff98d700a10ef0 [task: 66 (sleep) +0x330]
}

// A name beside what it belongs to.
func ExampleHex() {
	p := coretest.Program()
	at, ok := p.Object("init_task").Member("comm").Address()
	if !ok {
		log.Fatal("init_task has no address")
	}
	if err := annotate.Hex(os.Stdout, p, at-24, 40); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ffffffff9d60ab00: 00 00 00 00 00 00 00 00  20 2a 62 9d ff ff ff ff  ........ *b..... [+8 0xffffffff9d622a20 object symbol: init_cred+0x0]
	// ffffffff9d60ab10: 20 2a 62 9d ff ff ff ff  73 77 61 70 70 65 72 2f   *b.....swapper/ [+0 0xffffffff9d622a20 object symbol: init_cred+0x0]
	// ffffffff9d60ab20: 30 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  0...............
}

// Bytes at the end of an area that fill no word are a shorter number, in the program's byte order.
func ExampleMemory_tail() {
	platform, err := arch.NewPlatform(arch.S390X)
	if err != nil {
		log.Fatal(err)
	}
	p := drgn.New(platform)
	if err := p.Memory().Add(mem.BytesSegment(0x1000, []byte{0, 0, 0, 0, 0, 0, 0x20, 1, 2, 3, 4}, false)); err != nil {
		log.Fatal(err)
	}
	if err := annotate.Memory(os.Stdout, p, 0x1000, 11, false); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0000000000001000: 0000000000002001
	// 0000000000001008: 020304
}
