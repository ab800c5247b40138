package mem

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestManySegments lays segments of all sizes over each other, alone and many at once, until the tree has several
// levels, and compares with an array of bytes. A tree that a reader holds does not change.
func TestManySegments(t *testing.T) {
	const size = 1 << 12
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 5))
		s, plain := NewSpace(), make([]byte, size)
		for id := 1; id <= 3000; {
			var segs []Segment
			for range 1 + rng.IntN(3)*rng.IntN(40) {
				lo := rng.IntN(size)
				n := 1 + rng.IntN(3)
				if rng.IntN(300) == 0 {
					n = 1 + rng.IntN(size/4)
				}
				hi := min(lo+n, size) - 1
				b := bytes.Repeat([]byte{byte(id%255) + 1}, hi-lo+1)
				copy(plain[lo:], b)
				segs = append(segs, BytesSegment(uint64(lo), b, false))
				id++
			}
			before := s.virtual.Load()
			var was []span
			looked := rng.IntN(10) == 0
			if looked {
				was = pieces(before)
			}
			add(t, s, segs...)
			if looked && !slices.Equal(pieces(before), was) {
				t.Fatal("a tree that readers may hold has changed")
			}
			if at := rng.IntN(size); plain[at] != 0 {
				if v, err := s.Uint(uint64(at), 1, false, false); err != nil || byte(v) != plain[at] {
					t.Fatalf("at %d after %d segments: %d, %v; want %d", at, id, v, err, plain[at])
				}
			}
		}
		checkNode(t, s.virtual.Load(), 0)
		for at, want := range plain {
			v, err := s.Uint(uint64(at), 1, false, false)
			if want == 0 && err == nil || want != 0 && (err != nil || byte(v) != want) {
				t.Fatalf("at %d: %d, %v; want %d", at, v, err, want)
			}
			next, ok := s.Next(uint64(at), false)
			n := bytes.IndexFunc(plain[at:], func(r rune) bool { return r != 0 })
			if ok != (n >= 0) || ok && next != uint64(at+n) {
				t.Fatalf("next of %d: %d, %v; want %d", at, next, ok, at+n)
			}
		}
		lo, hi := uint64(rng.IntN(size/2)), uint64(size/2+rng.IntN(size/2))
		var got []byte
		at := lo
		for c, err := range s.Chunks(false, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, make([]byte, c.Address-at)...)
			got, at = append(got, c.Data...), c.Address+uint64(len(c.Data))
		}
		if want := plain[lo : hi+1]; !bytes.Equal(got, want[:len(got)]) || bytes.Trim(want[len(got):], "\x00") != nil {
			t.Fatal("chunks differ")
		}
	}
}

type span struct{ min, max uint64 }

func pieces(n *node) (all []span) {
	n.from(0, func(p *piece) bool {
		all = append(all, span{p.min, p.max})
		return true
	})
	return all
}

// checkNode checks the order and the sizes of a tree's nodes and returns its depth.
func checkNode(t *testing.T, n *node, depth int) int {
	t.Helper()
	if len(n.pieces) > fanout || len(n.kids) > fanout || len(n.kids) != len(n.ends) || n.kids != nil && n.pieces != nil {
		t.Fatalf("node of %d pieces, %d nodes, %d ends", len(n.pieces), len(n.kids), len(n.ends))
	}
	for i := 1; i < len(n.pieces); i++ {
		if n.pieces[i].min <= n.pieces[i-1].max {
			t.Fatal("pieces out of order")
		}
	}
	below := 0
	for i, kid := range n.kids {
		if kid.empty() || kid.end() != n.ends[i] || i > 0 && kid.start() <= n.ends[i-1] {
			t.Fatal("nodes out of order")
		}
		d := checkNode(t, kid, depth+1)
		if i > 0 && d != below {
			t.Fatal("leaves on different levels")
		}
		below = d
	}
	return max(below, depth)
}

// TestDepth adds many segments one by one, in order, backwards and scattered.
func TestDepth(t *testing.T) {
	const n = 1 << 15
	orders := map[string]func(i int) uint64{
		"ascending":  func(i int) uint64 { return uint64(i) },
		"descending": func(i int) uint64 { return uint64(n - i) },
		"scattered":  func(i int) uint64 { return uint64(i*0x9e3779b1) % n },
	}
	for name, order := range orders {
		s := NewSpace()
		for i := range n {
			add(t, s, Segment{Min: order(i) << 12, Max: order(i)<<12 + 99, View: &Bytes{}})
		}
		if d := checkNode(t, s.virtual.Load(), 0); d > 3 {
			t.Errorf("%s: depth %d", name, d)
		}
		if got := len(pieces(s.virtual.Load())); got != n {
			t.Errorf("%s: %d pieces", name, got)
		}
		add(t, s, Segment{Max: ^uint64(0), View: &Bytes{}}) // hides all of them
		if got := pieces(s.virtual.Load()); len(got) != 1 {
			t.Errorf("%s: %d pieces are left", name, len(got))
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{4145, 16000, 70000} {
		segs := make([]Segment, n)
		for i := range segs {
			segs[i] = Segment{Min: uint64(i) << 13, Max: uint64(i)<<13 + 4095, View: &Bytes{}}
		}
		b.Run(fmt.Sprint("at-once=", n), func(b *testing.B) {
			for b.Loop() {
				add(b, NewSpace(), segs...)
			}
		})
		b.Run(fmt.Sprint("one-by-one=", n), func(b *testing.B) {
			for b.Loop() {
				s := NewSpace()
				for i := range segs {
					add(b, s, segs[i])
				}
			}
		})
	}
}

func BenchmarkUint64OfMillion(b *testing.B) {
	const n = 1 << 20
	segs := make([]Segment, n)
	data := make([]byte, 4096)
	for i := range segs {
		segs[i] = BytesSegment(uint64(i)<<13, data, false)
	}
	s := NewSpace()
	add(b, s, segs...)
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		if _, err := s.Uint(i*0x9e3779b1%n<<13+64, 8, false, false); err != nil {
			b.Fatal(err)
		}
	}
}
