// Package bitmap counts in the kernel's bitmaps: arrays of unsigned long (include/linux/bitmap.h).
package bitmap

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bitops"
)

// Weight returns how many of the first size bits of a bitmap are one.
//
// bitmap is an unsigned long * or an array of unsigned long.
//
//drgn:helper bitmap_weight(bitmap, size)
func Weight(bitmap drgn.Object, size uint64) (uint64, error) {
	var n uint64
	for _, err := range bitops.ForEachSetBit(bitmap, size) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
