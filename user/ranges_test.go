package user

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// The segments of a library may have gaps of whole pages between them, in which others may lie: drgn 0.3.0 says the same ranges.
func TestImageRanges(t *testing.T) {
	const page = 0x1000
	last := ^uint64(0)
	for _, test := range []struct {
		loads []mem.Range // addresses in the file and sizes
		bias  uint64
		want  []mem.Range
	}{
		{[]mem.Range{{Min: 0, Max: page}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x10fff}}},
		{[]mem.Range{{Min: 0, Max: page}, {Min: 0x2000, Max: 0x10}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x10fff}, {Min: 0x12000, Max: 0x12fff}}},
		{[]mem.Range{{Min: 0, Max: 0x500}, {Min: 0x600, Max: 0x10}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x10fff}}},
		{[]mem.Range{{Min: 0, Max: 0x500}, {Min: 0x1800, Max: 0x10}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x11fff}}},
		{[]mem.Range{{Min: 0x3000, Max: page}, {Min: 0, Max: page}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x10fff}, {Min: 0x13000, Max: 0x13fff}}},
		{[]mem.Range{{Min: 0, Max: 0x1800}, {Min: 0x1000, Max: 0x100}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x11fff}}},
		{[]mem.Range{{Min: 0, Max: 0x234}, {Min: 0x1234, Max: 0x100}, {Min: 0x200000, Max: 0x123}}, 0x10000, []mem.Range{{Min: 0x10000, Max: 0x11fff}, {Min: 0x210000, Max: 0x210fff}}},
		{[]mem.Range{{Min: 0, Max: 0x10}, {Min: 0, Max: 0x20}}, 0, []mem.Range{{Min: 0, Max: 0xfff}}},
		{[]mem.Range{{Min: last - 0xfff, Max: 0x10}, {Min: last - 0xfff, Max: 0x20}}, 0, []mem.Range{{Min: last - 0xfff, Max: last}}},
		{[]mem.Range{{Min: last, Max: 2}}, 0, nil},
		{[]mem.Range{{Min: 0, Max: 0}}, 0, nil},
	} {
		i := &image{platform: arch.Platform{Arch: arch.X86_64, Flags: arch.Is64Bit | arch.IsLittleEndian}, bias: test.bias}
		for _, l := range test.loads {
			i.segments = append(i.segments, elf.Segment{Type: elf.PT_LOAD, Vaddr: l.Min, Memsz: l.Max})
		}
		if got := i.ranges(page); !slices.Equal(got, test.want) {
			t.Errorf("segments %x at %#x: ranges %x, want %x", test.loads, test.bias, got, test.want)
		}
	}
}
