package orc

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/bin"
)

// rows is a number of entries of one look.
type rows struct {
	n          int
	regs, last byte
	sp, bp     int16
}

// kernels are how entries look in kernels of Debian, counted in their vmlinux; headers are theirs. Where no frame
// is realigned or interrupted, the offsets are those of a function that saved a register.
var kernels = map[string]struct {
	header string
	format Format
	rows   []rows
}{
	"5.10.218": {"", FormatEnd, []rows{
		{180596, 0x05, 0, 8, 0}, {108562, 0x15, 0, 16, -16}, {38003, 0x00, 0, 0, 0}, {2850, 0x14, 0, 16, -16}, {727, 0x05, 2, 0, 0},
		{6, 0x05, 2, -8, 0}, {72, 0x05, 1, 0, 0}, {114, 0x05, 1, -8, 0}, {101, 0x48, 0, -8, 0}, {92, 0x06, 0, 0, 0}, {92, 0x46, 0, 0, 0},
		{66, 0, 4, 0, 0}, {3, 0x07, 0, 0, 0}, {3, 0x47, 0, 0, 0}, {1, 0x02, 2, 0, 0},
	}},
	"6.1.192": {"", FormatEnd, []rows{
		{194636, 0x05, 0, 8, 0}, {126491, 0x15, 0, 16, -16}, {42221, 0x00, 0, 0, 0}, {3640, 0x14, 0, 16, -16}, {771, 0x05, 2, 0, 0},
		{6, 0x05, 2, -8, 0}, {74, 0x05, 1, 0, 0}, {114, 0x05, 1, -8, 0}, {136, 0x48, 0, -8, 0}, {114, 0x06, 0, 0, 0}, {114, 0x46, 0, 0, 0},
		{81, 0, 4, 0, 0}, {20, 0x19, 0, 8, -16}, {17, 0x09, 0, 8, 0}, {10, 0x07, 0, 0, 0}, {10, 0x47, 0, 0, 0}, {1, 0x02, 2, 0, 0},
	}},
	"6.12.117": {"fe5d32bf581bd63b2ca9a5c65ba5a625eab3fe24", FormatType, []rows{
		{228011, 0x05, 2, 8, 0}, {146947, 0x15, 2, 16, -16}, {53390, 0x00, 0, 0, 0}, {4200, 0x14, 2, 16, -16}, {775, 0x05, 0xc, 0, 0},
		{6, 0x05, 0xc, -8, 0}, {232, 0x48, 2, -8, 0}, {82, 0x05, 0xb, 0, 0}, {129, 0x05, 0xb, -8, 0}, {160, 0x06, 2, 0, 0},
		{160, 0x46, 2, 0, 0}, {44, 0, 1, 0, 0}, {34, 0x07, 2, 0, 0}, {34, 0x47, 2, 0, 0}, {21, 0x19, 2, 8, -16}, {18, 0x09, 2, 8, 0},
		{7, 0x05, 4, 0, 0}, {1, 0x02, 0xc, 0, 0},
	}},
	"7.2.13": {"137c36ad7627c4dd55932176bb0ecdbd5041fc82", FormatSorted, []rows{
		{216778, 0x03, 2, 8, 0}, {110629, 0x83, 2, 16, -16}, {58635, 0x00, 0, 0, 0}, {4849, 0x84, 2, 16, -16}, {777, 0x03, 0xc, 0, 0},
		{6, 0x03, 0xc, -8, 0}, {253, 0x4a, 2, -8, 0}, {85, 0x03, 0xb, 0, 0}, {159, 0x03, 0xb, -8, 0}, {166, 0x46, 2, 0, 0},
		{166, 0x06, 2, 0, 0}, {47, 0, 1, 0, 0}, {39, 0x47, 2, 0, 0}, {39, 0x07, 2, 0, 0}, {22, 0x89, 2, 8, -16}, {19, 0x09, 2, 8, 0},
		{7, 0x03, 4, 0, 0}, {1, 0x02, 0xc, 0, 0},
	}},
}

// tablesOf makes tables with a share of each look, at least one entry.
func tablesOf(all []rows, share int) Tables {
	var entries []raw
	for _, r := range all {
		for range max(r.n/share, 1) {
			entries = append(entries, raw{text + uint64(len(entries))*0x10, r.sp, r.bp, r.regs, r.last})
		}
	}
	return tables(entries...)
}

// TestShapesOfKernels tells the layout of real kernels' entries without their headers, which a kernel to come may have
// changed, and of a module's entries alone: those of calls.
func TestShapesOfKernels(t *testing.T) {
	for name, k := range kernels {
		for _, share := range []int{1, 50, 1 << 20} {
			for _, header := range []string{"", "\x01 header unknown to us"} {
				tt := tablesOf(k.rows, share)
				if share == 1<<20 { // a function of each of the usual looks
					tt = tablesOf(k.rows[:4], share)
				}
				tt.Header = []byte(header)
				table, err := New(tt)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if table.Layout().Format() != k.format {
					t.Errorf("%s: format %d, want %d", name, table.Layout().Format(), k.format)
				}
			}
		}
		if k.header == "" {
			continue
		}
		tt := tablesOf(k.rows, 1000)
		tt.Header = unhex(t, k.header)
		if f := open(t, tt).Layout().Format(); f != k.format {
			t.Errorf("%s by header: format %d, want %d", name, f, k.format)
		}
	}
}

// TestUnknownLayouts refuses entries of layouts that no kernel known has.
func TestUnknownLayouts(t *testing.T) {
	shifted := func(by byte) []rows { // other numbers of bases
		out := []rows{}
		for _, r := range kernels["7.2.13"].rows {
			lo, hi := r.regs&0xf, r.regs>>4
			if lo != 0 {
				lo += by
			}
			if hi != 0 {
				hi += by
			}
			r.regs = lo&0xf | hi<<4
			out = append(out, r)
		}
		return out
	}
	with := func(r ...rows) []rows { return append(r, kernels["7.2.13"].rows...) }
	swapped := func(a, b byte) []rows {
		out := []rows{}
		for _, r := range kernels["7.2.13"].rows {
			switch r.regs & 0xf {
			case a:
				r.regs = r.regs&0xf0 | b
			case b:
				r.regs = r.regs&0xf0 | a
			}
			out = append(out, r)
		}
		return out
	}
	for name, all := range map[string][]rows{
		"numbers plus 1": shifted(1), "numbers plus 2": shifted(2), "indirect bases swapped": swapped(9, 10), "base 11": with(rows{1, 0x0b, 2, 0, 0}),
		"frame pointer's base 9": with(rows{1, 0x93, 2, 8, -8}), "type 5": with(rows{1, 0x03, 5, 8, 0}), "a bit more": with(rows{1, 0x03, 0x12, 8, 0}),
		"half a word": with(rows{1, 0x03, 2, 12, 0}), "a base and no type": with(rows{1, 0x03, 0, 8, 0}),
		"frames that grow upwards": with(rows{1, 0x03, 2, -8, 0}), "an end with a base": with(rows{1, 0x03, 1, 8, 0}),
		"only interrupts": {{9000, 0x05, 0xc, 0, 0}, {2000, 0x05, 2, 8, 0}},
		// SP in one numbering is DI in the other.
		"one of each": {{10, 0x03, 2, 8, 0}, {10, 0x05, 2, 8, 0}},
	} {
		tt := tablesOf(all, 1000)
		tt.Header = []byte("\xca\xfe")
		table, err := New(tt)
		var decode *bin.DecodeError
		if table != nil || !errors.As(err, &decode) || !strings.Contains(err.Error(), ".orc_header cafe is that of no kernel known") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
