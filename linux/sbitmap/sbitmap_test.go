package sbitmap_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/sbitmap"
	"github.com/godrgn/drgn/mem"
)

// A word has 2^shift bits of the bitmap in its lowest bits; bits in "cleared" (since v5.0) are to be taken as zero.
func TestForEachSet(t *testing.T) {
	for name, c := range map[string]struct {
		word string
		want []uint64
	}{
		"v4.9":                 {`struct sbitmap_word { unsigned long depth, word; };`, []uint64{0, 3, 9, 18, 19}},
		"v5.0, cleared lazily": {`struct sbitmap_word { unsigned long word, cleared; };`, []uint64{0, 9, 18, 19}},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(c.word + `struct sbitmap { unsigned int depth, shift, map_nr; struct sbitmap_word *map; };`)
				words := w.VarAt("struct sbitmap_word [3]", w.AllocBytes(3*w.SizeOf("struct sbitmap_word"), 8))
				words.Set("[0].word", 0b1001).Set("[1].word", 0b10).Set("[2].word", 0b11_1100) // of the last 4 bits count
				if w.VarAt("struct sbitmap_word", words.At).Ptr().HasMember("cleared") {
					words.Set("[0].cleared", 0b1000)
				}
				sb := w.Alloc("struct sbitmap").Set("depth", 20).Set("shift", 3).Set("map_nr", 3).Set("map", words.At)
				got, err := worldtest.Collect(t, sbitmap.ForEachSet(sb.Ptr()))
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%d, %v; want %d", got, err, c.want)
				}
				for designator, corrupt := range map[string]uint64{"shift": 7, "map_nr": 21} {
					sb := w.Alloc("struct sbitmap").Set("depth", 20).Set("shift", 3).Set("map_nr", 3).Set("map", words.At).Set(designator, corrupt)
					if got, err := worldtest.Collect(t, sbitmap.ForEachSet(sb.Ptr())); err == nil || got != nil {
						t.Errorf("%s of %d: %d, %v; want an error", designator, corrupt, got, err)
					}
				}
				var fault *mem.FaultError
				sb.Set("map", worldtest.Dangling)
				if got, err := worldtest.Collect(t, sbitmap.ForEachSet(sb.Ptr())); !errors.As(err, &fault) {
					t.Errorf("dangling words: %d, %v", got, err)
				}
			})
		})
	}
}
