package target

import (
	"math/rand/v2"
	"testing"

	"github.com/godrgn/drgn/mem"
)

// TestLooksEncrypted has memory with some random pages, some of text and the rest of zeros, in two parts.
func TestLooksEncrypted(t *testing.T) {
	const page, pages = 4096, 1024
	for name, c := range map[string]struct {
		random, text int // of 1,024 pages
		want         bool
	}{
		"zeros": {0, 0, false}, "random": {1024, 0, true}, "text": {0, 1024, false}, "a tenth is random": {102, 922, false},
		"half is zeros": {512, 0, true}, "too few to say": {20, 0, false}, "some is shared with the outside": {1000, 24, true},
	} {
		random := rand.NewChaCha8([32]byte{1})
		data := make([]byte, pages*page)
		order := rand.New(rand.NewPCG(1, 2)).Perm(pages)
		for i, at := range order {
			b := data[at*page:][:page]
			switch {
			case i < c.random:
				if _, err := random.Read(b); err != nil {
					t.Fatal(err)
				}
			case i < c.random+c.text:
				for j := range b {
					b[j] = "the kernel's memory "[j%20]
				}
			}
		}
		s := mem.NewSpace()
		defer s.Close()
		const middle = 300 * page
		for _, part := range []mem.Segment{
			{Max: middle - 1, Physical: true, View: &mem.Bytes{Data: data[:middle]}},
			{Min: 1 << 40, Max: 1<<40 + uint64(len(data)-middle) - 1, Physical: true, View: &mem.Bytes{Min: 1 << 40, Data: data[middle:]}},
		} {
			if err := s.Add(part); err != nil {
				t.Fatal(err)
			}
		}
		if got := LooksEncrypted(s); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
