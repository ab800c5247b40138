package sbitmap_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/sbitmap"
)

// The requests of a block device have tags, which are bits of a scalable bitmap. The bundled kernel has no block devices: this is not run.
func Example() {
	prog := coretest.Program()
	tags := prog.Variable("blk_tags").Member("bitmap_tags").Member("sb").AddressOf()
	for tag, err := range sbitmap.ForEachSet(tags) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("tag", tag)
	}
}
