// Package sbitmap looks at the kernel's scalable bitmaps, whose words lie in cache lines of their own
// (include/linux/sbitmap.h).
package sbitmap

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
)

// maxBits bounds the size of a bitmap: the sizes of foreign memory may lie.
const maxBits = 1 << 32

// ForEachSet walks the numbers of the bits that are one.
//
// sb is a struct sbitmap *.
//
//drgn:helper sbitmap_for_each_set
func ForEachSet(sb drgn.Object) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		var b struct {
			Depth uint64      `drgn:"depth"`
			Shift uint64      `drgn:"shift"`
			N     uint64      `drgn:"map_nr"`
			Map   drgn.Object `drgn:"map"`
		}
		err := sb.Decode(&b)
		if err == nil && (b.Shift > 6 || b.Depth > maxBits || b.N > b.Depth) {
			err = fmt.Errorf("sbitmap of %d bits in %d words of 2^%d bits is not understood", b.Depth, b.N, b.Shift)
		}
		if err != nil {
			yield(0, err)
			return
		}
		for i := range b.N {
			word, err := setBits(b.Map.Index(int64(i)))
			if err != nil {
				yield(0, err)
				return
			}
			first := i << b.Shift
			for bit := range min(1<<b.Shift, b.Depth-min(first, b.Depth)) {
				if word>>bit&1 != 0 && !yield(first+bit, nil) {
					return
				}
			}
		}
	}
}

// setBits returns the bits that are one in a struct sbitmap_word.
func setBits(w drgn.Object) (uint64, error) {
	word, err := w.Member("word").Uint()
	if err != nil || !w.HasMember("cleared") {
		return word, err
	}
	// Bits that are cleared lazily, since v5.0, commit ea86ea2cdced.
	cleared, err := w.Member("cleared").Uint()
	return word &^ cleared, err
}
