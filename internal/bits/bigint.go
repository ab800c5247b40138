package bits

import (
	"bytes"
	"math"
	"math/big"
	"slices"
)

// BigInt decodes an integer of any size in bytes; it may be in two's complement. data is not changed.
func BigInt(data []byte, signed, bigEndian bool) *big.Int {
	data = bytes.Clone(data)
	if !bigEndian {
		slices.Reverse(data)
	}
	v := new(big.Int).SetBytes(data)
	if signed && len(data) > 0 && data[0]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
	}
	return v
}

// ExtractBig is [Extract] for an integer of any number of bits, which may be in two's complement.
func ExtractBig(data []byte, off, n uint64, signed, bigEndian bool) (v *big.Int, ok bool) {
	size := uint64(len(data)) * 8
	if off > size || n > size-off {
		return nil, false
	}
	v = new(big.Int)
	for at := uint64(0); at < n; at += 64 {
		k := min(n-at, 64)
		word, _ := Extract(data, off+at, k, bigEndian)
		part := new(big.Int).SetUint64(word)
		if bigEndian {
			v.Or(v.Lsh(v, uint(k)), part)
		} else {
			v.Or(v, part.Lsh(part, uint(at)))
		}
	}
	if signed && n > 0 && v.Bit(int(n-1)) != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(n)))
	}
	return v, true
}

// InsertBig is [Insert] for any number of bits, of v's two's complement.
func InsertBig(data []byte, off, n uint64, bigEndian bool, v *big.Int) bool {
	size := uint64(len(data)) * 8
	if off > size || n > size-off {
		return false
	}
	mask := new(big.Int).SetUint64(math.MaxUint64)
	for i := uint64(0); i < n; i += 64 { // from the least significant bits on
		k := min(n-i, 64)
		at := off + i
		if bigEndian {
			at = off + n - i - k
		}
		Insert(data, at, k, bigEndian, new(big.Int).And(v, mask).Uint64())
		v = new(big.Int).Rsh(v, 64)
	}
	return true
}

// BigBytes returns an integer in size bytes, a negative one in two's complement. It panics if v does not fit.
func BigBytes(v *big.Int, size int, bigEndian bool) []byte {
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	data := v.FillBytes(make([]byte, size))
	if !bigEndian {
		slices.Reverse(data)
	}
	return data
}
