package bits

import (
	"bytes"
	"testing"
)

// naive takes bits one by one.
func naive(data []byte, off, n uint64, big bool) (v uint64, ok bool) {
	if n > 64 || off+n < off || off+n > 8*uint64(len(data)) {
		return 0, false
	}
	for i := range n {
		at := off + i
		if big {
			v = v<<1 | uint64(data[at/8]>>(7-at%8)&1)
		} else {
			v |= uint64(data[at/8]>>(at%8)&1) << i
		}
	}
	return v, true
}

var pattern = []byte{0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x55, 0xaa, 0xff, 0x01}

func TestExtract(t *testing.T) {
	for _, big := range []bool{false, true} {
		for off := range uint64(100) {
			for n := range uint64(66) {
				v, ok := Extract(pattern, off, n, big)
				want, wantOK := naive(pattern, off, n, big)
				if n == 0 && off > 96 {
					wantOK = ok // an empty field past the end: nothing to say
				}
				if v != want || ok != wantOK {
					t.Fatalf("Extract(off %d, n %d, big %v) = %#x, %v; want %#x, %v", off, n, big, v, ok, want, wantOK)
				}
			}
		}
	}
	if _, ok := Extract(pattern, ^uint64(0), 64, false); ok {
		t.Error("offset past the end")
	}
}

func TestInsert(t *testing.T) {
	const v = 0xfedcba9876543210
	for _, big := range []bool{false, true} {
		for off := range uint64(97) {
			for n := range uint64(66) {
				data := bytes.Clone(pattern)
				ok := Insert(data, off, n, big, v)
				if _, want := naive(pattern, off, n, big); ok != want {
					t.Fatalf("off %d, n %d: %v", off, n, ok)
				}
				if !ok {
					if !bytes.Equal(data, pattern) {
						t.Fatalf("off %d, n %d: changed", off, n)
					}
					continue
				}
				if got, _ := naive(data, off, n, big); got != Truncate(v, n) {
					t.Fatalf("off %d, n %d, big %v: %#x", off, n, big, got)
				}
				for _, rest := range [][2]uint64{{0, off}, {off + n, 96 - off - n}} {
					for i := range rest[1] {
						a, _ := naive(data, rest[0]+i, 1, big)
						b, _ := naive(pattern, rest[0]+i, 1, big)
						if a != b {
							t.Fatalf("off %d, n %d: bit %d changed", off, n, rest[0]+i)
						}
					}
				}
			}
		}
	}
}

func TestSignExtend(t *testing.T) {
	for _, c := range []struct {
		v, n uint64
		want int64
	}{{0xff, 8, -1}, {0x7f, 8, 127}, {0x17f, 8, 127}, {8, 4, -8}, {1, 1, -1}, {1 << 63, 64, -1 << 63}, {5, 0, 0}} {
		if got := SignExtend(c.v, c.n); got != c.want {
			t.Errorf("SignExtend(%#x, %d) = %d; want %d", c.v, c.n, got, c.want)
		}
	}
}

func FuzzBits(f *testing.F) {
	f.Add(pattern, uint64(5), uint64(60), true, uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, off, n uint64, big bool, v uint64) {
		n %= 70
		got, ok := Extract(data, off, n, big)
		want, wantOK := naive(data, off, n, big)
		if n > 0 && (got != want || ok != wantOK) {
			t.Fatalf("%#x, %v; want %#x, %v", got, ok, want, wantOK)
		}
		if Insert(data, off, n, big, v) {
			if got, _ := Extract(data, off, n, big); got != Truncate(v, n) {
				t.Fatalf("put %#x, got %#x", v, got)
			}
		}
	})
}

func BenchmarkExtract(b *testing.B) {
	for b.Loop() {
		Extract(pattern, 3, 61, false)
	}
}
