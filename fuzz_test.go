package drgn_test

import (
	"math/big"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

// FuzzBits takes integers of any width and bit-fields from any bit on; the oracle looks at one bit at a time.
func FuzzBits(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, byte(0), uint16(3), byte(7), byte(2), false)
	f.Add([]byte{0xff, 2, 3, 0x84, 5, 6, 7, 8, 9, 0xff, 0x80, 1, 2, 3, 4, 5, 6, 7}, byte(1), uint16(5), byte(0), byte(16), true)
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, byte(0), uint16(32), byte(78), byte(10), true)
	f.Fuzz(func(t *testing.T, data []byte, platform byte, off uint16, bits, size byte, signed bool) {
		if len(data) == 0 || size == 0 {
			return
		}
		m := newMock(t, platforms[int(platform)%len(platforms)])
		m.put(0x1000, data...)
		typ := m.int("i", uint64(size), signed)
		n := uint64(bits)
		if n == 0 {
			n = uint64(size) * 8
		}
		fits := uint64(off)+n <= uint64(len(data))*8
		valid := uint64(bits) <= uint64(size)*8
		whole := m.array(m.int("unsigned char", 1, false), uint64(len(data)))
		for _, o := range []drgn.Object{m.ObjectAt(whole, 0x1000), m.ObjectAt(whole, 0x1000).Read()} {
			part := o.Slice(typ, uint64(off), uint64(bits))
			for _, part := range []drgn.Object{part, part.Read()} {
				got, err := part.BigInt()
				if (err == nil) != (fits && valid) {
					t.Fatalf("%d bits at %d of %d bytes: %v", n, off, len(data), err)
				}
				if err != nil {
					continue
				}
				if want := oracle(data, uint64(off), n, m.big, signed); got.Cmp(want) != 0 {
					t.Fatalf("%d bits at %d: got %x, want %x", n, off, got, want)
				}
				if n <= 64 {
					if v, err := part.Uint(); err != nil || v != new(big.Int).And(got, new(big.Int).SetUint64(^uint64(0))).Uint64() {
						t.Fatalf("got %x, %v; want %x", v, err, got)
					}
				}
			}
		}
	})
}

// oracle reads an integer bit by bit. In little-endian order the bits of all bytes are one row from the least significant
// on; in big-endian order from the most significant on.
func oracle(data []byte, off, n uint64, bigEndian, signed bool) *big.Int {
	v := new(big.Int)
	for i := range n {
		at := off + i
		if bigEndian {
			v.Lsh(v, 1)
			v.SetBit(v, 0, uint(data[at/8]>>(7-at%8)&1))
		} else {
			v.SetBit(v, int(i), uint(data[at/8]>>(at%8)&1))
		}
	}
	if signed && v.Bit(int(n)-1) == 1 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(n)))
	}
	return v
}

// FuzzMembers navigates through structures that make no sense.
func FuzzMembers(f *testing.F) {
	f.Add(uint64(8), uint64(0), uint64(0), uint64(3), int64(1), "v[1].x")
	f.Add(uint64(1)<<61, ^uint64(0), uint64(65), uint64(1)<<63, int64(-1)<<62, "v[18446744073709551615]")
	f.Fuzz(func(t *testing.T, size, off, bits, length uint64, index int64, designator string) {
		for _, a := range platforms {
			m := newMock(t, a)
			m.put(0x1000, make([]byte, 64)...)
			i := m.int("int", 4, true)
			s := m.structure("s", size, field{"x", off, i, bits}, field{"v", off, m.array(i, length), 0}, field{"p", off, m.PointerTo(m.typ("int")), 0},
				field{"", off, m.compound(types.Union, "", size, field{"u", off, i, bits}), 0})
			var small drgn.Object
			if size <= 64 {
				small = m.ObjectAt(s, 0x1000).Read()
			}
			for _, o := range []drgn.Object{m.ObjectAt(s, 0x1000), small, m.ScalarValue(m.PointerTo(s), 0x1000)} {
				for _, part := range []drgn.Object{o.Member("x"), o.Member("u"), o.Member("v").Index(index), o.Member("p").Index(index), o.Member("p").Deref(),
					o.Subobject(designator), o.AddressOf().ContainerOf(s, designator), o.Index(index).Member("x")} {
					v, err := part.Int()
					if (part.Err() != nil) && err == nil || err != nil && v != 0 {
						t.Errorf("%d and %v", v, err)
					}
					var d struct {
						V []int32 `drgn:"v,optional"`
						X int     `drgn:"x"`
					}
					if length <= 64 {
						_ = o.Decode(&d)
					}
					_ = part.Read().Err()
				}
			}
		}
	})
}
