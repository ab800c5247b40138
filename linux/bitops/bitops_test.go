package bitops_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/bitmap"
	"github.com/godrgn/drgn/linux/bitops"
	"github.com/godrgn/drgn/mem"
)

// bits makes a bitmap of words words in which some bits are one: bit n is bit n%width of word n/width in every byte order.
func bits(w *worldtest.World, words int, set ...uint64) worldtest.Var {
	width := 8 * w.Word()
	values := make([]uint64, words)
	for _, n := range set {
		values[n/width] |= 1 << (n % width)
	}
	v := w.VarAt("unsigned long [4]", w.AllocBytes(32, 8))
	for i, value := range values {
		w.WriteWord(v.At+uint64(i)*w.Word(), value)
	}
	return v
}

func TestBitmaps(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		set := []uint64{0, 5, 31, 32, 63, 64, 100, 127}
		v := bits(w, 128/int(8*w.Word()), set...)
		pointer := w.VarAt("unsigned long", v.At).Ptr()
		for name, o := range map[string]drgn.Object{"array": v.Object(), "pointer": pointer} {
			for _, size := range []uint64{0, 1, 31, 32, 33, 64, 65, 101, 128} {
				var ones, zeros []uint64
				for n := range size {
					if slices.Contains(set, n) {
						ones = append(ones, n)
					} else {
						zeros = append(zeros, n)
					}
				}
				if got, err := worldtest.Collect(t, bitops.ForEachSetBit(o, size)); err != nil || !slices.Equal(got, ones) {
					t.Errorf("%s of %d bits: ones %d, %v; want %d", name, size, got, err, ones)
				}
				if got, err := worldtest.Collect(t, bitops.ForEachClearBit(o, size)); err != nil || !slices.Equal(got, zeros) {
					t.Errorf("%s of %d bits: zeros %d, %v; want %d", name, size, got, err, zeros)
				}
				worldtest.CheckValue(t, "weight", uint64(len(ones)))(bitmap.Weight(o, size))
			}
			for n := range uint64(128) {
				worldtest.CheckValue(t, "bit", slices.Contains(set, n))(bitops.TestBit(n, o))
			}
		}

		var value *drgn.ValueError
		if _, err := bitmap.Weight(pointer, 1<<63); !errors.As(err, &value) {
			t.Errorf("a bitmap of 2^63 bits: %v", err)
		}
		var typ *drgn.TypeError
		if _, err := bitmap.Weight(w.Alloc("struct list_head").Ptr(), 8); !errors.As(err, &typ) {
			t.Errorf("a bitmap of lists: %v", err)
		}
		var fault *mem.FaultError
		dangling := w.VarAt("unsigned long", worldtest.Dangling).Ptr()
		if n, err := bitmap.Weight(dangling, 8); !errors.As(err, &fault) || n != 0 {
			t.Errorf("a dangling bitmap: %d, %v", n, err)
		}
		if one, err := bitops.TestBit(3, dangling); !errors.As(err, &fault) || one {
			t.Errorf("bit of a dangling bitmap: %v, %v", one, err)
		}
		if _, err := bitops.TestBit(3, drgn.Failed(fault)); err == nil {
			t.Error("bit of a failed object: no error")
		}
	})
}
