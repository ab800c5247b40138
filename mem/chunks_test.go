package mem

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// holes is a Viewer of pages with their number in each byte, of which only those in it can be read.
type holes map[uint64]bool

func (h holes) View(address uint64) ([]byte, error) {
	pfn := address / smallestPage
	if !h[pfn] {
		return nil, &FaultError{Message: "hole", Address: address}
	}
	return bytes.Repeat([]byte{byte(pfn)}, smallestPage)[address%smallestPage:], nil
}

// sparse knows its holes.
type sparse struct{ holes }

func (s sparse) Next(address uint64) (uint64, bool) {
	for pfn := address / smallestPage; pfn < 300; pfn++ {
		if s.holes[pfn] {
			return max(address, pfn*smallestPage), true
		}
	}
	return 0, false
}

func chunks(t *testing.T, s *Space, lo, hi uint64) []string {
	t.Helper()
	var got []string
	for c, err := range s.Chunks(true, lo, hi) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		if len(c.Data) == 0 {
			continue
		}
		got = append(got, fmt.Sprintf("%#x %d %x", c.Address, len(c.Data), c.Data[0]))
	}
	return got
}

func TestChunks(t *testing.T) {
	boom := errors.New("boom")
	pages := holes{0: true, 2: true, 3: true, 255: true}
	read := func(buf []byte, address, _ uint64, _ bool) error {
		for i := range buf {
			if b, err := pages.View(address + uint64(i)); err != nil {
				return err
			} else {
				buf[i] = b[0]
			}
		}
		return nil
	}
	all := []string{"0x0 4096 0", "0x2000 4096 2", "0x3000 4096 3", "0xff000 4096 ff"}
	for name, seg := range map[string]Segment{
		"view":   {Max: 1<<20 - 1, View: pages},
		"sparse": {Max: ^uint64(0), View: sparse{pages}},
		"read":   {Max: 1<<20 - 1, Read: read},
		"gaps":   {Max: ^uint64(0), Read: read, Next: sparse{pages}.Next},
	} {
		seg.Physical = true
		s := NewSpace()
		add(t, s, seg)
		all := all
		if seg.Read != nil { // as many pages at once as there are
			all = []string{"0x0 4096 0", "0x2000 8192 2", "0xff000 4096 ff"}
		}
		if got := chunks(t, s, 0, ^uint64(0)); !slices.Equal(got, all) {
			t.Errorf("%s: %q", name, got)
		}
		if got := chunks(t, s, 0x10, 0x2fff); !slices.Equal(got, []string{"0x10 4080 0", "0x2000 4096 2"}) {
			t.Errorf("%s: %q", name, got)
		}
		if got := chunks(t, s, 0x10, 0x10); !slices.Equal(got, []string{"0x10 1 0"}) {
			t.Errorf("%s: %q", name, got)
		}
		if got := chunks(t, s, 0x1000, 0x1fff); got != nil {
			t.Errorf("%s: %q", name, got)
		}
		for range s.Chunks(true, 0, ^uint64(0)) {
			break
		}
	}
	s := NewSpace()
	add(t, s, BytesSegment(^uint64(0)-9, bytes.Repeat([]byte{7}, 10), true),
		Segment{Min: 0x1000, Max: 0x1fff, Physical: true, Read: func([]byte, uint64, uint64, bool) error { return boom }})
	if got := chunks(t, s, 0x3000, ^uint64(0)); !slices.Equal(got, []string{"0xfffffffffffffff6 10 7"}) {
		t.Errorf("%q", got)
	}
	if got := chunks(t, s, 0, ^uint64(0)); !slices.Equal(got, []string{"boom"}) {
		t.Errorf("%q", got)
	}
}

// TestChunksOfNothing stops an iteration that finds nothing readable and doesn't know how far that goes.
func TestChunksOfNothing(t *testing.T) {
	reads := 0
	s := NewSpace()
	add(t, s, Segment{Max: ^uint64(0), Read: func(_ []byte, address, _ uint64, _ bool) error {
		reads++
		return &FaultError{Message: "not mapped", Address: address}
	}})
	for c, err := range s.Chunks(false, 0, ^uint64(0)) {
		if err != nil || len(c.Data) > 0 || c.Address != breathe*smallestPage {
			t.Errorf("%#x %d, %v", c.Address, len(c.Data), err)
		}
		break
	}
	if reads > 2*breathe {
		t.Errorf("%d reads", reads)
	}
}

// TestChunksVague ends at a fault that says nothing of the memory around.
func TestChunksVague(t *testing.T) {
	s := NewSpace()
	add(t, s, Segment{Max: 0xff, Read: func(buf []byte, address, _ uint64, _ bool) error {
		if address+uint64(len(buf)) > 0x10 {
			return &FaultError{Message: "a hole", Address: 0x10, Vague: true}
		}
		return nil
	}}, BytesSegment(0x1000, []byte{1}, false))
	var got []string
	for c, err := range s.Chunks(false, 0, ^uint64(0)) {
		got = append(got, fmt.Sprintf("%#x %d %v", c.Address, len(c.Data), err))
	}
	if want := []string{"0x0 16 <nil>", "0x10 0 a hole: 0x10"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestNext(t *testing.T) {
	s := NewSpace()
	add(t, s, BytesSegment(0x10, []byte{1, 2}, true), Segment{Min: 0x1000, Max: 1<<20 - 1, Physical: true, View: sparse{holes{2: true, 255: true}}},
		BytesSegment(1<<21, []byte{1}, true))
	for _, c := range []struct {
		address, want uint64
		ok            bool
	}{
		{0, 0x10, true}, {0x11, 0x11, true}, {0x12, 0x2000, true}, {0x2345, 0x2345, true}, {0x3000, 0xff000, true}, {1 << 20, 1 << 21, true},
		{1<<21 + 1, 0, false}, {^uint64(0), 0, false},
	} {
		if got, ok := s.Next(c.address, true); ok != c.ok || ok && got != c.want {
			t.Errorf("%#x: %#x, %t", c.address, got, ok)
		}
	}
	if _, ok := s.Next(0, false); ok {
		t.Error("virtual memory")
	}
	s.SetAddressMask(0xffff)
	add(t, s, BytesSegment(1<<20, []byte{1}, false))
	if at, ok := s.Next(0, false); ok {
		t.Errorf("%#x is beyond the address space", at)
	}
}

// TestChunksReads counts what a running kernel is asked: pages before a hole are read at once, not one by one, each after
// one more try to read all; only once where the segment says what comes next.
func TestChunksReads(t *testing.T) {
	const pages = 64 // every eighth is a hole
	isHole := func(address uint64) bool { return address/smallestPage%8 == 7 }
	reads := 0
	seg := Segment{Max: pages*smallestPage - 1, Read: func(buf []byte, address, _ uint64, _ bool) error {
		reads++
		for i := range buf {
			if at := address + uint64(i); isHole(at) {
				return &FaultError{Message: "hole", Address: at}
			}
			buf[i] = byte((address + uint64(i)) / smallestPage)
		}
		return nil
	}}
	gaps := seg
	gaps.Next = func(address uint64) (uint64, bool) {
		for isHole(address) {
			address = (address/smallestPage + 1) * smallestPage
		}
		return address, address < pages*smallestPage
	}
	for _, test := range []struct {
		seg  Segment
		most int
	}{
		{seg, 4 * pages / 8}, // at a hole: all, what is before it, all after that, one page
		{gaps, pages / 8},
	} {
		reads = 0
		s := NewSpace()
		add(t, s, test.seg)
		read := 0
		for c, err := range s.Chunks(false, 0, pages*smallestPage-1) {
			if err != nil {
				t.Fatal(err)
			}
			for i, b := range c.Data {
				if at := c.Address + uint64(i); b != byte(at/smallestPage) {
					t.Fatalf("%#x: %d", at, b)
				}
			}
			read += len(c.Data)
		}
		if want := pages / 8 * 7 * smallestPage; read != want {
			t.Errorf("%d bytes; want %d", read, want)
		}
		if reads > test.most {
			t.Errorf("%d reads for %d holes; want at most %d", reads, pages/8, test.most)
		}
	}
}
