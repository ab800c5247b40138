package search_test

import (
	"bytes"
	"context"
	"encoding/binary"
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
	"github.com/godrgn/drgn/search"
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

// mock is a program with memory of its own.
type mock struct {
	*drgn.Program
	t   testing.TB
	big bool
	ptr uint64 // size of a pointer in bytes
}

func newMock(t testing.TB, a *arch.Arch) *mock {
	t.Helper()
	platform, err := arch.NewPlatform(a)
	if err != nil {
		t.Fatal(err)
	}
	return &mock{drgn.New(platform), t, !platform.IsLittleEndian(), uint64(platform.AddressSize())}
}

// everywhere runs a test with both byte orders and both sizes of pointers.
func everywhere(t *testing.T, test func(t *testing.T, m *mock)) {
	for _, a := range []*arch.Arch{arch.X86_64, arch.S390X, arch.ARM, arch.S390} {
		t.Run(a.Name, func(t *testing.T) { test(t, newMock(t, a)) })
	}
}

func (m *mock) order() binary.ByteOrder {
	if m.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (m *mock) put(address uint64, data ...byte) {
	m.t.Helper()
	if err := m.Memory().Add(mem.BytesSegment(address, data, false)); err != nil {
		m.t.Fatal(err)
	}
}

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

func TestBytes(t *testing.T) {
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
				if got := found(t, search.Bytes(bg, m.Program, pattern, align, search.Area{})); !slices.Equal(got, want) {
					t.Fatalf("%x aligned %d: got %x, want %x", pattern, align, got, want)
				}
			}
		}
	}
}

func TestUint(t *testing.T) {
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
				values []search.ValueRange
				ignore uint64
			}{
				{[]search.ValueRange{{a, a}}, 0}, {[]search.ValueRange{{a, a}, {b, b}}, 0}, {[]search.ValueRange{{min(a, b), max(a, b)}}, 0},
				{[]search.ValueRange{{a, a}}, 0xff}, {[]search.ValueRange{{b, b}, {0, 1}}, 0x100}, {[]search.ValueRange{{0, a}, {a, 2 * a}}, 0},
				{[]search.ValueRange{{0, ^uint64(0) >> (64 - 8*size)}}, 0},
			} {
				var want []search.UintMatch
				for i := 0; i+size <= len(data); i += size {
					v := at(i, size)
					for _, r := range c.values {
						same := r.Min == r.Max && r.Min&^c.ignore == v&^c.ignore
						if (same || r.Min <= v && v <= r.Max) && there(readable, i, size) {
							want = append(want, search.UintMatch{Address: 0x1000 + uint64(i), Value: v})
							break
						}
					}
				}
				got := found(t, search.Uint(bg, m.Program, size, c.values, c.ignore, search.Area{}))
				if !slices.Equal(got, want) {
					t.Fatalf("%d bytes, %v: %d found, want %d", size, c, len(got), len(want))
				}
				if uint64(size) == m.ptr && !slices.Equal(found(t, search.Word(bg, m.Program, c.values, c.ignore, search.Area{})), want) {
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
		in   search.Area
		want []uint64
	}{
		{search.Area{}, []uint64{0x1000, 0x1007, 0x100e, ^uint64(0) - 5}}, {search.Area{Physical: true}, []uint64{0x12}},
		{search.Area{Ranges: []mem.Range{{Min: 0x1001, Max: 0x100c}}}, []uint64{0x1007}},
		{search.Area{Ranges: []mem.Range{{Min: 0x1001, Max: 0x100b}}}, nil},
		{search.Area{Ranges: []mem.Range{{Min: 0x1008, Max: ^uint64(0)}, {Min: 2, Max: 1}, {Min: 0, Max: 0x1005}}}, []uint64{0x100e, ^uint64(0) - 5, 0x1000}},
		{search.Area{Ranges: []mem.Range{}}, nil},
	} {
		if got := found(t, search.Bytes(bg, m.Program, []byte("needle"), 1, c.in)); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %x, want %x", c.in, got, c.want)
		}
	}
	for range search.Bytes(bg, m.Program, []byte("needle"), 1, search.Area{}) {
		break
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	for _, err := range search.Bytes(ctx, m.Program, []byte("needle"), 1, search.Area{}) {
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
	for _, err := range search.Bytes(bg, m.Program, []byte("needle"), 1, search.Area{}) {
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
		var invalid *drgn.ValueError
		if !errors.As(err, &invalid) || err.Error() != text {
			t.Errorf("got %v, want %q", err, text)
		}
	}
	for _, err := range search.Bytes(bg, m.Program, nil, 1, search.Area{}) {
		check("cannot search for an empty pattern", err)
	}
	for _, err := range search.Bytes(bg, m.Program, []byte("x"), 3, search.Area{}) {
		check("alignment 3 is not a power of two", err)
	}
	for text, seq := range map[string]iter.Seq2[search.UintMatch, error]{
		"cannot search for integers of 3 bytes": search.Uint(bg, m.Program, 3, []search.ValueRange{{0, 0}}, 0, search.Area{}),
		"no value to search for":                search.Uint(bg, m.Program, 2, nil, 0, search.Area{}),
		"0x10000 does not fit 2 bytes":          search.Uint(bg, m.Program, 2, []search.ValueRange{{0, 1 << 16}}, 0, search.Area{}),
		"range of values from 0x2 to 0x1":       search.Uint(bg, m.Program, 2, []search.ValueRange{{2, 1}}, 0, search.Area{}),
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
	for _, err := range search.Word(bg, drgn.New(arch.Platform{}), nil, 0, search.Area{}) {
		check("program address size is not known", err)
	}
	for _, err := range search.Regexp(bg, m.Program, regexp.MustCompile(`a(b|^c)`), search.Area{}) {
		check("regular expression a(b|^c) asks for the beginning or end of the text, which memory has not; for lines use (?m)", err)
	}
}

func TestRegexp(t *testing.T) {
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
	var want []search.RegexpMatch
	for _, x := range re.FindAllIndex(data, -1) {
		want = append(want, search.RegexpMatch{Address: 0x1000 + uint64(x[0]), Data: data[x[0]:x[1]]})
	}
	got := found(t, search.Regexp(bg, m.Program, re, search.Area{}))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d found, want %d", len(got), len(want))
	}
	for range search.Regexp(bg, m.Program, re, search.Area{}) {
		break
	}
	// A gap ends what matches.
	m.put(0x10, []byte("abc")...)
	m.put(0x14, []byte("abcd")...)
	got = found(t, search.Regexp(bg, m.Program, regexp.MustCompile(`[a-z]*`), search.Area{Ranges: []mem.Range{{Min: 0, Max: 0xfff}}}))
	if want := []search.RegexpMatch{{0x10, []byte("abc")}, {0x13, []byte{}}, {0x14, []byte("abcd")}, {0x18, []byte{}}}; !reflect.DeepEqual(got, want) {
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
	all := search.Area{}
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
	count := func(seq iter.Seq2[search.UintMatch, error]) (n int) { return len(found(b, seq)) }
	v := m.order().Uint64(data[size-96:])
	run("bytes", func() int { return len(found(b, search.Bytes(bg, m.Program, []byte("needle in a haystack"), 1, all))) })
	run("aligned", func() int { return len(found(b, search.Bytes(bg, m.Program, data[size-96:size-88], 8, all))) })
	run("uint64", func() int { return count(search.Uint(bg, m.Program, 8, []search.ValueRange{{v, v}}, 0, all)) })
	run("uint64 of two", func() int {
		return count(search.Uint(bg, m.Program, 8, []search.ValueRange{{v, v}, {v - 1, v - 1}}, 0, all))
	})
	run("regexp", func() int { return len(found(b, search.Regexp(bg, m.Program, regexp.MustCompile(`needle\s+in`), all))) })
}
