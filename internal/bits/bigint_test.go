package bits

import (
	"bytes"
	"math/big"
	"testing"
)

func TestBigInt(t *testing.T) {
	for _, test := range []struct {
		data   []byte // big-endian
		signed bool
		want   string
	}{
		{nil, true, "0"}, {[]byte{0xff}, true, "-1"}, {[]byte{0xff}, false, "255"}, {[]byte{0x80, 0}, true, "-32768"},
		{[]byte{1, 0, 0, 0, 0, 0, 0, 0, 2}, true, "18446744073709551618"},
		{[]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 0}, true, "-18446744073709551616"},
	} {
		for _, big := range []bool{true, false} {
			data := bytes.Clone(test.data)
			if !big {
				for i := range data {
					data[i] = test.data[len(data)-1-i]
				}
			}
			before := bytes.Clone(data)
			v := BigInt(data, test.signed, big)
			if v.String() != test.want || !bytes.Equal(data, before) {
				t.Errorf("%x, signed %t, big-endian %t: %s, want %s", data, test.signed, big, v, test.want)
			}
			if back := BigBytes(v, len(data), big); !bytes.Equal(back, data) {
				t.Errorf("%s in %d bytes, big-endian %t: %x, want %x", v, len(data), big, back, data)
			}
		}
	}
	if got := BigBytes(big.NewInt(-2), 3, true); !bytes.Equal(got, []byte{0xff, 0xff, 0xfe}) {
		t.Errorf("-2 in 3 bytes: %x", got)
	}
}
