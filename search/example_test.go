package search_test

import (
	"context"
	"fmt"
	"log"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
)

// Memory is searched for bytes, numbers and regular expressions.
func ExampleUint() {
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		log.Fatal(err)
	}
	p := drgn.New(platform)
	if err := p.Memory().Add(mem.BytesSegment(0x1000, []byte("\x01\x00\x00\x00\xfe\xff\xff\xff"), false)); err != nil {
		log.Fatal(err)
	}
	values := []search.ValueRange{{Min: 1, Max: 9}}
	for m, err := range search.Uint(context.Background(), p, 4, values, 0, search.Area{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d at %#x\n", m.Value, m.Address)
	}
	// Output: 1 at 0x1000
}
