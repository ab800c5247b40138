package types

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzFloat decodes any bytes, and holds numbers of 32 and 64 bits against those of the processor.
func FuzzFloat(f *testing.F) {
	f.Add(uint64(0x3ff8000000000000), uint64(0))
	f.Add(uint64(1)<<63, uint64(0x7fff))
	f.Fuzz(func(t *testing.T, low, high uint64) {
		data := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, low), high)
		for format := Half; format <= Quadruple; format++ {
			v, ok := format.Float64(data, false)
			want := v
			switch format {
			case Single:
				want = float64(math.Float32frombits(uint32(low)))
			case Double:
				want = math.Float64frombits(low)
			}
			same := math.Float64bits(v) == math.Float64bits(want) || math.IsNaN(v) && math.IsNaN(want)
			if !same || format < Extended && !ok {
				t.Errorf("format %d of %#x, %#x: %v, %v, want %v", format, low, high, v, ok, want)
			}
		}
	})
}

func TestFloatFormat(t *testing.T) {
	s := NewSet()
	for _, test := range []struct {
		name       string
		size       uint64
		longDouble FloatFormat
		want       FloatFormat
	}{
		{"long double", 16, Extended, Extended},
		{"long double", 12, Extended, Extended},
		{"long double", 16, Quadruple, Quadruple},
		{"long double", 16, UnknownFloat, UnknownFloat}, // ppc64: one of two
		{"long double", 8, UnknownFloat, Double},
		{"_Float128", 16, Extended, Quadruple},
		{"__ibm128", 16, Quadruple, UnknownFloat},
		{"_Float16", 2, Extended, Half},
		{"__bf16", 2, Extended, BFloat16},
		{"other", 2, Extended, UnknownFloat},
		{"float", 4, Extended, Single},
	} {
		s.SetLongDouble(test.longDouble)
		if got := s.Float(nil, test.name, test.size, false).FloatFormat(); got != test.want {
			t.Errorf("%s of %d bytes: format %d, want %d", test.name, test.size, got, test.want)
		}
	}
}
