package types_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// What gcc makes of constants, as gdb writes them (IEEE 754-2008, section 3.5.2).
func TestDecimal(t *testing.T) {
	set := types.NewSet()
	for _, x := range []struct {
		size      uint64
		high, low uint64
		want      string
	}{
		{4, 0, 0x3200000f, "1.5"}, {4, 0, 0x32800001, "1"}, {4, 0, 0xb2000001, "-0.1"}, {4, 0, 0x77f8967f, "9.999999E+96"}, {4, 0, 1, "1E-101"},
		{4, 0, 0x32800000, "0"}, {4, 0, 0x34000001, "1E+3"}, {4, 0, 0x78000000, "Infinity"}, {4, 0, 0xf8000000, "-Infinity"}, {4, 0, 0x7c000000, "NaN"}, {4, 0, 0x7e000000, "sNaN"},
		{4, 0, 0x6cbfffff, "0"}, // more digits than there can be
		{8, 0, 0x31a000000000000f, "1.5"}, {8, 0, 0x318000000000006e, "1.10"}, {8, 0, 0x77fb86f26fc0ffff, "9.999999999999999E+384"},
		{16, 0x3040000000000000, 0x2a, "42"}, {16, 0x3032000000000000, 1, "1E-7"}, {16, 0x3034000000000000, 1, "0.000001"},
	} {
		u := set.DecimalFloat(c.C, "_Decimal", x.size, false)
		b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, x.low), x.high)
		if got, ok := u.Decimal(b); got != x.want || !ok {
			t.Errorf("%#x %#x of %d bytes: %s, %v, want %s", x.high, x.low, x.size, got, ok, x.want)
		}
	}
	if got, ok := set.DecimalFloat(c.C, "_Decimal", 12, false).Decimal(make([]byte, 16)); ok {
		t.Errorf("of 12 bytes: %s", got)
	}
	if got, ok := set.DecimalFloat(c.C, "_Decimal64", 8, false).Decimal(make([]byte, 7)); ok {
		t.Errorf("of 7 bytes: %s", got)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 { // every pattern is something
		b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, random.Uint64()), random.Uint64())
		for _, size := range []uint64{4, 8, 16} {
			if got, ok := set.DecimalFloat(c.C, "_Decimal", size, random.Uint64()%2 == 0).Decimal(b); !ok || got == "" {
				t.Fatalf("%x: %q", b, got)
			}
		}
	}
}
