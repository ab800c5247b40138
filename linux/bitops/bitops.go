// Package bitops looks at the kernel's bitmaps: arrays of unsigned long (include/linux/bitops.h).
package bitops

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// maxBits bounds the size of a bitmap: the sizes of foreign memory may lie.
const maxBits = 1 << 32

// word is the size of an unsigned long in bits.
func word(bitmap drgn.Object) (uint64, error) {
	if err := bitmap.Err(); err != nil {
		return 0, err
	}
	elem := bitmap.Type().Underlying().Elem()
	if elem == nil || elem.UnderlyingKind() != types.Int {
		return 0, &drgn.TypeError{Problem: "bitmap must be an array of or pointer to unsigned long, not '" + bitmap.Type().String() + "'"}
	}
	return elem.BitSize()
}

// ForEachSetBit walks the numbers of the bits that are one among the first size bits of a bitmap.
//
// bitmap is an unsigned long * or an array of unsigned long.
//
//drgn:helper for_each_set_bit
func ForEachSetBit(bitmap drgn.Object, size uint64) iter.Seq2[uint64, error] {
	return forEach(bitmap, size, 0)
}

// ForEachClearBit walks the numbers of the bits that are zero among the first size bits of a bitmap.
//
// bitmap is an unsigned long * or an array of unsigned long.
//
//drgn:helper for_each_clear_bit
func ForEachClearBit(bitmap drgn.Object, size uint64) iter.Seq2[uint64, error] {
	return forEach(bitmap, size, ^uint64(0))
}

func forEach(bitmap drgn.Object, size, flip uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		bits, err := word(bitmap)
		if err == nil && size > maxBits {
			err = &drgn.ValueError{Problem: "bitmap is too large"}
		}
		if err != nil {
			yield(0, err)
			return
		}
		for first := uint64(0); first < size; first += bits {
			w, err := bitmap.Index(int64(first / bits)).Uint()
			if err != nil {
				yield(0, err)
				return
			}
			w ^= flip
			for i := uint64(0); i < bits && first+i < size; i++ {
				if w>>i&1 != 0 && !yield(first+i, nil) {
					return
				}
			}
		}
	}
}

// TestBit reports whether bit nr of a bitmap is one.
//
// bitmap is an unsigned long * or an array of unsigned long.
//
//drgn:helper test_bit
func TestBit(nr uint64, bitmap drgn.Object) (bool, error) {
	bits, err := word(bitmap)
	if err != nil {
		return false, err
	}
	w, err := bitmap.Index(int64(nr / bits)).Uint()
	return w>>(nr%bits)&1 != 0, err
}
