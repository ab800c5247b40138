package c

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

// Human says what numbers are for people; without it, nothing changes.
func TestFormatHuman(t *testing.T) {
	m := newMock(le64, C)
	u := m.prim(types.CUnsignedInt)
	flags := m.enum("flags", u, "NONE", 0, "F1", 1, "F2", 2, "F4", 4, "F12", 3, "ALSO_F4", 4)
	counts := m.enum("counts", u, "ZERO", 0, "ONE", 1, "TWO", 2)
	masks := m.enum("masks", u, "LOW", 1, "HIGH", 2, "REST", 0xf0)
	long, unsigned := m.prim(types.CLong), m.prim(types.CUnsignedLong)
	size, ktime, loff := m.typedef("size_t", unsigned), m.typedef("ktime_t", long), m.typedef("loff_t", long)
	human := with(Human, TypeName)
	for _, c := range []struct {
		typ   *types.Type
		value uint64
		plain string
		want  string
	}{
		{flags, 5, "5", "F1 | F4"},
		{flags, 3, "F12", "F12"}, // an enumerator of its own
		{flags, 0, "NONE", "NONE"},
		{flags, 0x16, "22", "F2 | F4 | 0x10"},
		{flags, 0x10, "16", "16"}, // no known flag
		{counts, 3, "3", "3"},     // they count up: 3 is not 1 and 2
		{masks, 3, "3", "3"},      // bits without names of their own: no flags
		{m.prim(types.CChar), 'x', "120", "120 'x'"},
		{m.prim(types.CSignedChar), 0xff, "-1", "-1 '\\xff'"},
		{m.prim(types.CChar), 0, "0", "0 '\\0'"},
		{size, 8192, "8192", "8192 (8.0 KiB)"},
		{size, 1023, "1023", "1023"},
		{size, 1 << 63, "9223372036854775808", "9223372036854775808 (8.0 EiB)"},
		{loff, 1<<64 - 2048, "-2048", "-2048"},
		{m.typedef("my_size", size), 3 << 20, "3145728", "3145728 (3.0 MiB)"},
		{ktime, 1500000000, "1500000000", "1500000000 (1.5s)"},
		{ktime, 999, "999", "999"},
		{unsigned, 8192, "8192", "8192"},
	} {
		v := Value{Type: c.typ, Form: Bits, Bits: c.value}
		if got, err := with(0, TypeName).String(v, nil); got != c.plain || err != nil {
			t.Errorf("%v %#x: %q, %v; want %q", c.typ, c.value, got, err, c.plain)
		}
		if got, err := human.String(v, nil); got != c.want || err != nil {
			t.Errorf("%v %#x: %q, %v; want %q", c.typ, c.value, got, err, c.want)
		}
	}
}
