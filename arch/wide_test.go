package arch

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// TestWide has where registers lie in an XSAVE area: xmm1 at 176, the upper half of ymm1 at 592, st1 at 48 (Intel SDM, volume 1,
// sections 10.5.1 and 13.4).
func TestWide(t *testing.T) {
	p := Platform{X86_64, Is64Bit | IsLittleEndian}
	data := make([]byte, 832)
	for i := range data {
		data[i] = byte(i % 251)
	}
	sets := p.WideSets()
	for _, ymm := range []bool{true, false} {
		data[xsaveXCR0] = 3
		if ymm {
			data[xsaveXCR0] = 7
		}
		w, err := sets[0].Parse(p, data)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(data[176:192])
		if ymm {
			want = append(want, data[592:608]...)
		}
		if !bytes.Equal(w[18], want) || !bytes.Equal(w[34], data[48:58]) || len(w) != 24 {
			t.Errorf("%d registers, xmm1 %x, st1 %x", len(w), w[18], w[34])
		}
	}
	for _, p := range []Platform{p, {I386, IsLittleEndian}, {AArch64, Is64Bit | IsLittleEndian}} {
		for _, set := range p.WideSets() {
			if _, err := set.Parse(p, data[:200]); !errors.As(err, new(*ShortError)) {
				t.Errorf("%s: 200 bytes of note %#x: %v", p.Arch.Name, set.Type, err)
			}
		}
	}
	if sets := (Platform{}).WideSets(); sets != nil {
		t.Errorf("no machine has %d sets", len(sets))
	}
}
