package nameindex_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/nameindex"
)

func TestIndex(t *testing.T) {
	for _, hashes := range [][]uint32{nil, {7}, {0, 0xffffffff}, {5, 0x80000000, 5, 0x80000001, 0xffffffff, 0, 5}} {
		var all []nameindex.Item
		want := map[uint32][]uint32{3: nil, 0xfffffffe: nil}
		for i, h := range hashes {
			all = append(all, nameindex.Item{Hash: h, Number: uint32(i)})
			want[h] = append(want[h], uint32(i))
		}
		ix := nameindex.New(all)
		for h, numbers := range want {
			var got []uint32
			for _, item := range ix.Bucket(h) {
				if item.Hash == h {
					got = append(got, item.Number)
				}
			}
			if len(got) != len(numbers) {
				t.Fatalf("%#x of %#x: %d, want %d", h, hashes, got, numbers)
			}
			for i := range got {
				if got[i] != numbers[i] {
					t.Errorf("%#x of %#x: %d, want %d", h, hashes, got, numbers)
				}
			}
		}
	}
}
