package mem

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/godrgn/drgn/failure"
)

func add(t testing.TB, s *Space, segs ...Segment) {
	t.Helper()
	if err := s.Add(segs...); err != nil {
		t.Fatal(err)
	}
}

func wantFault(t testing.TB, err error, address uint64) {
	t.Helper()
	var fault *FaultError
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a fault at %#x", err, address)
	}
	if fault.Address != address {
		t.Fatalf("fault at %#x, want %#x", fault.Address, address)
	}
}

func TestReadAcrossSegments(t *testing.T) {
	s := NewSpace()
	add(t, s, BytesSegment(0x1000, []byte("abcd"), false), BytesSegment(0x1004, []byte("efgh"), false))
	buf := make([]byte, 6)
	if err := s.Read(buf, 0x1001, false); err != nil || string(buf) != "bcdefg" {
		t.Fatalf("%q, %v", buf, err)
	}
	wantFault(t, s.Read(buf, 0x1004, false), 0x1008)
	wantFault(t, s.Read(buf, 0xfff, false), 0xfff)
	wantFault(t, s.Read(buf, 0x1000, true), 0x1000)
	if got := s.Read(buf, 0, false).Error(); got != "could not find memory segment: 0x0" {
		t.Error(got)
	}
	if v, err := s.Uint(0x1002, 4, true, false); err != nil || v != 0x63646566 {
		t.Errorf("%#x, %v", v, err)
	}
	if v, err := s.Uint(0x1002, 3, false, false); err != nil || v != 0x656463 {
		t.Errorf("%#x, %v", v, err)
	}
	for _, size := range []int{-1, 0, 9} {
		if _, err := s.Uint(0x1000, size, false, false); err == nil {
			t.Errorf("integer of %d bytes", size)
		}
	}
	if err := s.Read(nil, 0, false); err != nil {
		t.Error(err)
	}
}

func TestReadFunc(t *testing.T) {
	boom := errors.New("boom")
	s := NewSpace()
	type call struct {
		n               int
		address, offset uint64
		physical        bool
	}
	var calls []call
	read := func(buf []byte, address, offset uint64, physical bool) error {
		calls = append(calls, call{len(buf), address, offset, physical})
		if address == 0x20 {
			return boom
		}
		for i := range buf {
			buf[i] = byte(offset) + byte(i)
		}
		return nil
	}
	add(t, s, Segment{Min: 0x10, Max: 0x1f, Physical: true, Read: read}, Segment{Min: 0x20, Max: 0x2f, Physical: true, Read: read},
		BytesSegment(0x14, []byte{0xff}, true))
	buf := make([]byte, 8)
	if err := s.Read(buf, 0x11, true); err != nil || !bytes.Equal(buf, []byte{1, 2, 3, 0xff, 5, 6, 7, 8}) {
		t.Fatal(buf, err)
	}
	if want := []call{{3, 0x11, 1, true}, {4, 0x15, 5, true}}; !slices.Equal(calls, want) {
		t.Fatal(calls)
	}
	if err := s.Read(buf, 0x1c, true); err != boom {
		t.Fatal(err)
	}
}

func TestWrap(t *testing.T) {
	s := NewSpace()
	s.SetAddressMask(1<<32 - 1)
	add(t, s, BytesSegment(0xfffffffe, []byte{1, 2, 3, 4}, false), BytesSegment(0, []byte{5, 6}, false))
	for _, address := range []uint64{0xfffffffe, 0xfffffffffffffffe} {
		if v, err := s.Uint(address, 4, true, false); err != nil || v != 0x01020506 {
			t.Errorf("%#x, %v", v, err)
		}
	}
	if r := slices.Collect(s.Ranges(false, 0, ^uint64(0))); !slices.Equal(r, []Range{{0, 1}, {0xfffffffe, 0xffffffff}}) {
		t.Error(r)
	}
	s = NewSpace()
	add(t, s, BytesSegment(^uint64(0)-1, []byte{1, 2}, false), BytesSegment(0, []byte{3}, false))
	if v, err := s.Uint(^uint64(0), 2, true, false); err != nil || v != 0x0203 {
		t.Errorf("%#x, %v", v, err)
	}
	if r := slices.Collect(s.Ranges(false, 1, ^uint64(0))); !slices.Equal(r, []Range{{^uint64(0) - 1, ^uint64(0)}}) {
		t.Error(r)
	}
}

func TestBadSegments(t *testing.T) {
	s := NewSpace()
	for _, seg := range []Segment{{Min: 2, Max: 1, View: &Bytes{}}, {Min: 1, Max: 2}} {
		if s.Add(BytesSegment(0, []byte{1}, false), seg) == nil {
			t.Errorf("%v added", seg)
		}
	}
	wantFault(t, s.Read(make([]byte, 1), 0, false), 0)
}

// TestOverlays holds the table of pieces against a plain array.
func TestOverlays(t *testing.T) {
	const size = 64
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s, plain := NewSpace(), [size]int{}
		for id := 1; id <= 12; id++ {
			lo := rng.IntN(size)
			hi := min(lo+rng.IntN(20), size-1)
			b := bytes.Repeat([]byte{byte(id)}, hi-lo+1)
			add(t, s, BytesSegment(uint64(lo), b, false))
			for i := lo; i <= hi; i++ {
				plain[i] = id
			}
		}
		covered := map[uint64]bool{}
		lo, hi := uint64(rng.IntN(size)), uint64(rng.IntN(size))
		last := ^uint64(0)
		for r := range s.Ranges(false, lo, hi) {
			if r.Min > r.Max || r.Min < lo || r.Max > hi || last != ^uint64(0) && r.Min <= last+1 {
				t.Fatalf("range %v after %d", r, last)
			}
			for a := r.Min; a <= r.Max; a++ {
				covered[a] = true
			}
			last = r.Max
		}
		for a := range uint64(size) {
			v, err := s.Uint(a, 1, false, false)
			if plain[a] == 0 && err == nil || plain[a] != 0 && (err != nil || int(v) != plain[a]) {
				t.Fatalf("at %d: %d, %v; want %d", a, v, err, plain[a])
			}
			if covered[a] != (plain[a] != 0 && a >= lo && a <= hi) {
				t.Fatalf("range of %d", a)
			}
		}
	}
}

func TestCString(t *testing.T) {
	s := NewSpace()
	long := append(bytes.Repeat([]byte("x"), 700), 0)
	add(t, s, BytesSegment(0x1000, []byte("hel"), false), BytesSegment(0x1003, []byte("lo\x00no end"), false),
		Segment{Min: 0x2000, Max: 0x2fff, Read: func(buf []byte, _, offset uint64, _ bool) error {
			// Not a byte behind the string can be read.
			if offset+uint64(len(buf)) > uint64(len(long)) {
				return &FaultError{Message: "too far", Address: 0x2000 + uint64(len(long))}
			}
			copy(buf, long[offset:])
			return nil
		}})
	for _, c := range []struct {
		address, max uint64
		want         string
		fault        uint64
	}{
		{0x1000, 100, "hello", 0}, {0x1000, 4, "hell", 0}, {0x1000, 0, "", 0}, {0x1005, 100, "", 0},
		{0x1006, 6, "no end", 0}, {0x1006, 7, "", 0x100c}, {0x2000, 1 << 63, string(long[:700]), 0}, {0x3000, 1, "", 0x3000},
	} {
		got, err := s.CString(c.address, c.max, false)
		if c.fault != 0 {
			wantFault(t, err, c.fault)
		} else if err != nil || string(got) != c.want {
			t.Errorf("%#x, %d: %q, %v", c.address, c.max, got, err)
		}
	}
}

// Who is in the middle of a segment when the space is closed finishes with it; what it is told then is not taken for a fault.
func TestClose(t *testing.T) {
	s := NewSpace()
	err := s.Add(Segment{Min: 0x1000, Max: 0x2fff, Read: func(buf []byte, _, _ uint64, _ bool) error {
		for i := range buf {
			buf[i] = 7
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	var ended error
	seen := 0
	for c, err := range s.Chunks(false, 0, ^uint64(0)) {
		if ended = err; err == nil {
			seen += len(c.Data)
			s.Close()
			s.Close()
		}
	}
	if seen != 0x2000 || !errors.Is(ended, failure.ErrClosed) {
		t.Errorf("%#x bytes of the segment that was begun, then %v", seen, ended)
	}
	if err := s.Add(Segment{Min: 0, Max: 1, Read: func([]byte, uint64, uint64, bool) error { return nil }}); !errors.Is(err, failure.ErrClosed) {
		t.Error(err)
	}
	if _, err := s.Uint(0x1000, 8, false, false); !errors.Is(err, failure.ErrClosed) {
		t.Error(err)
	}

	s = NewSpace()
	if err := s.Add(Segment{Min: 0x1000, Max: 0x2fff, Read: func(buf []byte, address, _ uint64, _ bool) error {
		s.Close()
		return &FaultError{Message: "the file is closed", Address: address}
	}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Read(make([]byte, 8), 0x1000, false); !errors.Is(err, failure.ErrClosed) {
		t.Error(err)
	}
}

func TestConcurrentAdd(t *testing.T) {
	s := NewSpace()
	add(t, s, BytesSegment(0, make([]byte, 256), false))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				if g == 0 {
					if err := s.Add(BytesSegment(uint64(i), []byte{1}, false)); err != nil {
						t.Error(err)
					}
				} else if _, err := s.Uint(uint64(i), 8, false, false); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestMapFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, data := range [][]byte{nil, []byte("hello")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := MapFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Bytes(), data) {
			t.Errorf("%q", m.Bytes())
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir(), "/dev/zero"} {
		if _, err := MapFile(bad); err == nil {
			t.Errorf("%s mapped", bad)
		}
	}
}

func benchSpace(b *testing.B, segments int) *Space {
	path := filepath.Join(b.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, segments*4096), 0o600); err != nil {
		b.Fatal(err)
	}
	m, err := MapFile(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close() })
	s := NewSpace()
	for i := range segments {
		add(b, s, BytesSegment(uint64(i)*8192, m.Bytes()[i*4096:(i+1)*4096], false))
	}
	return s
}

// TestFollow follows integers through segments of either kind.
func TestFollow(t *testing.T) {
	s := NewSpace()
	add(t, s, BytesSegment(0x1000, []byte{0, 0x20, 0, 0x11}, true), Segment{Min: 0x2000, Max: 0x20ff, Physical: true, Read: func(buf []byte, _, offset uint64, _ bool) error {
		copy(buf, []byte{0x10, 0x02}[offset:])
		return nil
	}})
	for _, c := range []struct {
		big   bool
		want  []uint64
		fault uint64
	}{{false, []uint64{0x2000, 0x0210}, 0x210}, {true, []uint64{0x20}, 0x20}} {
		var got []uint64
		wantFault(t, s.Follow(0x1000, 2, c.big, true, func(v uint64) (uint64, bool) {
			got = append(got, v)
			return v, true
		}), c.fault)
		if !slices.Equal(got, c.want) {
			t.Errorf("big-endian %t: %#x, want %#x", c.big, got, c.want)
		}
	}
	if err := s.Follow(0x1000, 2, false, true, func(uint64) (uint64, bool) { return 0, false }); err != nil {
		t.Error(err)
	}
}

func BenchmarkUint64(b *testing.B) {
	for _, n := range []int{1, 8, 1000} {
		b.Run(fmt.Sprint("segments=", n), func(b *testing.B) {
			s := benchSpace(b, n)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Uint(uint64(i%n)*8192+64, 8, false, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead8(b *testing.B) {
	s := benchSpace(b, 8)
	buf := make([]byte, 8)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Read(buf, 3*8192+64, false); err != nil {
			b.Fatal(err)
		}
	}
}
