package bits

import (
	"bytes"
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
