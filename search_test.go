package drgn_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// found collects what is found, and fails at an error.
func found[T any](t testing.TB, seq iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

var bg = context.Background()

// scattered puts data into memory in pieces of random length, with holes, and returns it with what can be read.
func scattered(m *mock, rng *rand.Rand, n int) (data []byte, readable []bool) {
	data, readable = make([]byte, n), make([]bool, n)
	for i := range data {
		data[i] = byte(rng.IntN(3))
	}
	for at := 0; at < n; {
		k := min(1+rng.IntN(20), n-at)
		if rng.IntN(5) > 0 {
			m.put(0x1000+uint64(at), data[at:at+k]...)
			for i := range k {
				readable[at+i] = true
			}
		}
		at += k
	}
	return data, readable
}

func there(readable []bool, at, n int) bool {
	return at+n <= len(readable) && !slices.Contains(readable[at:at+n], false)
}

func TestSearchMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		m := newMock(t, arch.X86_64)
		data, readable := scattered(m, rng, 400)
		for n := 1; n < 7; n++ {
			for _, align := range []uint64{0, 1, 2, 4} {
				pattern := data[:n]
				var want []uint64
				for at := 0; at+n <= len(data); at++ {
					if uint64(at)%max(align, 1) == 0 && bytes.Equal(data[at:at+n], pattern) && there(readable, at, n) {
						want = append(want, 0x1000+uint64(at))
						at += n - 1
					}
				}
				if got := found(t, m.SearchMemory(bg, pattern, align, drgn.SearchArea{})); !slices.Equal(got, want) {
					t.Fatalf("%x aligned %d: got %x, want %x", pattern, align, got, want)
				}
			}
		}
	}
}

func TestSearchMemoryUint(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		rng := rand.New(rand.NewPCG(1, 2))
		data, readable := scattered(m, rng, 4000)
		at := func(i, size int) (v uint64) {
			for k, b := range data[i : i+size] {
				if m.big {
					v = v<<8 | uint64(b)
				} else {
					v |= uint64(b) << (8 * k)
				}
			}
			return v
		}
		for _, size := range []int{2, 4, 8} {
			a, b := at(0, size), at(16, size)
			for _, c := range []struct {
				values []drgn.ValueRange
				ignore uint64
			}{
				{[]drgn.ValueRange{{a, a}}, 0}, {[]drgn.ValueRange{{a, a}, {b, b}}, 0}, {[]drgn.ValueRange{{min(a, b), max(a, b)}}, 0},
				{[]drgn.ValueRange{{a, a}}, 0xff}, {[]drgn.ValueRange{{b, b}, {0, 1}}, 0x100}, {[]drgn.ValueRange{{0, a}, {a, 2 * a}}, 0},
				{[]drgn.ValueRange{{0, ^uint64(0) >> (64 - 8*size)}}, 0},
			} {
				var want []drgn.UintMatch
				for i := 0; i+size <= len(data); i += size {
					v := at(i, size)
					for _, r := range c.values {
						same := r.Min == r.Max && r.Min&^c.ignore == v&^c.ignore
						if (same || r.Min <= v && v <= r.Max) && there(readable, i, size) {
							want = append(want, drgn.UintMatch{Address: 0x1000 + uint64(i), Value: v})
							break
						}
					}
				}
				got := found(t, m.SearchMemoryUint(bg, size, c.values, c.ignore, drgn.SearchArea{}))
				if !slices.Equal(got, want) {
					t.Fatalf("%d bytes, %v: %d found, want %d", size, c, len(got), len(want))
				}
				if uint64(size) == m.ptr && !slices.Equal(found(t, m.SearchMemoryWord(bg, c.values, c.ignore, drgn.SearchArea{})), want) {
					t.Error("words")
				}
			}
		}
	})
}

func TestSearchAreas(t *testing.T) {
	m := newMock(t, arch.X86_64)
	m.put(0x1000, []byte("needle needle needle")...)
	if err := m.Memory().Add(mem.BytesSegment(0x10, []byte("a needle"), true)); err != nil {
		t.Fatal(err)
	}
	m.put(^uint64(0)-5, []byte("needle")...)
	for _, c := range []struct {
		in   drgn.SearchArea
		want []uint64
	}{
		{drgn.SearchArea{}, []uint64{0x1000, 0x1007, 0x100e, ^uint64(0) - 5}}, {drgn.SearchArea{Physical: true}, []uint64{0x12}},
		{drgn.SearchArea{Ranges: []mem.Range{{Min: 0x1001, Max: 0x100c}}}, []uint64{0x1007}},
		{drgn.SearchArea{Ranges: []mem.Range{{Min: 0x1001, Max: 0x100b}}}, nil},
		{drgn.SearchArea{Ranges: []mem.Range{{Min: 0x1008, Max: ^uint64(0)}, {Min: 2, Max: 1}, {Min: 0, Max: 0x1005}}}, []uint64{0x100e, ^uint64(0) - 5, 0x1000}},
		{drgn.SearchArea{Ranges: []mem.Range{}}, nil},
	} {
		if got := found(t, m.SearchMemory(bg, []byte("needle"), 1, c.in)); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %x, want %x", c.in, got, c.want)
		}
	}
	for range m.SearchMemory(bg, []byte("needle"), 1, drgn.SearchArea{}) {
		break
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	for _, err := range m.SearchMemory(ctx, []byte("needle"), 1, drgn.SearchArea{}) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	boom := errors.New("boom")
	if err := m.Memory().Add(mem.Segment{Min: 0x2000, Max: 0x2fff, Read: func([]byte, uint64, uint64, bool) error { return boom }}); err != nil {
		t.Fatal(err)
	}
	var last error
	n := 0
	for _, err := range m.SearchMemory(bg, []byte("needle"), 1, drgn.SearchArea{}) {
		n, last = n+1, err
	}
	if n != 4 || last != boom {
		t.Error(n, last)
	}
}

func TestSearchArguments(t *testing.T) {
	m := newMock(t, arch.X86_64)
	check := func(text string, err error) {
		t.Helper()
		wantErr[*drgn.ValueError](t, err, text)
	}
	for _, err := range m.SearchMemory(bg, nil, 1, drgn.SearchArea{}) {
		check("cannot search for an empty pattern", err)
	}
	for _, err := range m.SearchMemory(bg, []byte("x"), 3, drgn.SearchArea{}) {
		check("alignment 3 is not a power of two", err)
	}
	for text, seq := range map[string]iter.Seq2[drgn.UintMatch, error]{
		"cannot search for integers of 3 bytes": m.SearchMemoryUint(bg, 3, []drgn.ValueRange{{0, 0}}, 0, drgn.SearchArea{}),
		"no value to search for":                m.SearchMemoryUint(bg, 2, nil, 0, drgn.SearchArea{}),
		"0x10000 does not fit 2 bytes":          m.SearchMemoryUint(bg, 2, []drgn.ValueRange{{0, 1 << 16}}, 0, drgn.SearchArea{}),
		"range of values from 0x2 to 0x1":       m.SearchMemoryUint(bg, 2, []drgn.ValueRange{{2, 1}}, 0, drgn.SearchArea{}),
	} {
		n := 0
		for _, err := range seq {
			check(text, err)
			n++
		}
		if n != 1 {
			t.Error(text)
		}
	}
	for _, err := range drgn.New(arch.Platform{}).SearchMemoryWord(bg, nil, 0, drgn.SearchArea{}) {
		check("program address size is not known", err)
	}
	for _, err := range m.SearchMemoryRegexp(bg, regexp.MustCompile(`a(b|^c)`), drgn.SearchArea{}) {
		check("regular expression a(b|^c) asks for the beginning or end of the text, which memory has not; for lines use (?m)", err)
	}
}

func TestSearchMemoryRegexp(t *testing.T) {
	m := newMock(t, arch.X86_64)
	const size = 5 << 20
	data := bytes.Repeat([]byte{0}, size)
	rng := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < size-100; at += 1 + rng.IntN(40000) {
		copy(data[at:], "linux-6.1"+string(rune('0'+rng.IntN(10))))
	}
	for at := 1 << 20; at < size-100000; at += 1 << 20 { // wherever pieces meet
		copy(data[at-3:], "linux-6.77")
		copy(data[at+(64<<10)-3:], "linux-6.88")
	}
	for at := 0; at < size; {
		n := min(size-at, 1+rng.IntN(300000))
		m.put(0x1000+uint64(at), data[at:at+n]...)
		at += n
	}
	re := regexp.MustCompile(`\blinux-(\d+\.)*\d+`)
	var want []drgn.RegexpMatch
	for _, x := range re.FindAllIndex(data, -1) {
		want = append(want, drgn.RegexpMatch{Address: 0x1000 + uint64(x[0]), Data: data[x[0]:x[1]]})
	}
	got := found(t, m.SearchMemoryRegexp(bg, re, drgn.SearchArea{}))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d found, want %d", len(got), len(want))
	}
	for range m.SearchMemoryRegexp(bg, re, drgn.SearchArea{}) {
		break
	}
	// A gap ends what matches.
	m.put(0x10, []byte("abc")...)
	m.put(0x14, []byte("abcd")...)
	got = found(t, m.SearchMemoryRegexp(bg, regexp.MustCompile(`[a-z]*`), drgn.SearchArea{Ranges: []mem.Range{{Min: 0, Max: 0xfff}}}))
	if want := []drgn.RegexpMatch{{0x10, []byte("abc")}, {0x14, []byte("abcd")}}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
}

func BenchmarkSearch(b *testing.B) {
	m := newMock(b, arch.X86_64)
	const size = 256 << 20
	data := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{})
	for at := 0; at < size; at += 8192 { // half of it is zero
		_, _ = rng.Read(data[at : at+4096])
	}
	copy(data[size-100:], "needle in a haystack")
	m.put(0x1000, data...)
	all := drgn.SearchArea{}
	run := func(name string, search func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if search() != 1 {
					b.Fatal("not found")
				}
			}
		})
	}
	count := func(seq iter.Seq2[drgn.UintMatch, error]) (n int) { return len(found(b, seq)) }
	v := m.order().Uint64(data[size-96:])
	run("bytes", func() int { return len(found(b, m.SearchMemory(bg, []byte("needle in a haystack"), 1, all))) })
	run("aligned", func() int { return len(found(b, m.SearchMemory(bg, data[size-96:size-88], 8, all))) })
	run("uint64", func() int { return count(m.SearchMemoryUint(bg, 8, []drgn.ValueRange{{v, v}}, 0, all)) })
	run("uint64 of two", func() int { return count(m.SearchMemoryUint(bg, 8, []drgn.ValueRange{{v, v}, {v - 1, v - 1}}, 0, all)) })
	run("regexp", func() int { return len(found(b, m.SearchMemoryRegexp(bg, regexp.MustCompile(`needle\s+in`), all))) })
}
