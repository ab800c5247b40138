package types_test

import (
	"testing"

	"github.com/godrgn/drgn/types"
)

// Structures that only look like slices of Rust are none.
func TestSlice(t *testing.T) {
	set := types.NewSet()
	u8 := set.Int(nil, "u8", 1, false, false)
	usize := set.Int(nil, "usize", 8, false, false)
	pointer := set.Pointer(nil, u8, 8, false)
	member := func(name string, typ *types.Type, at uint64) types.Member {
		return types.Member{Name: name, BitOffset: 8 * at, Lazy: types.OfType(typ)}
	}
	fat := []types.Member{member("data_ptr", pointer, 0), member("length", usize, 8)}
	for _, tt := range []struct {
		tag     string
		members []types.Member
		ok      bool
		text    bool
	}{
		{"&str", fat, true, true},
		{"&mut str", fat, true, true},
		{"*const [u8]", fat, true, false},
		{"&mut [u8]", fat, true, false},
		{"alloc::boxed::Box<str, alloc::alloc::Global>", fat, true, true},
		{"str", fat, false, false},
		{"&dyn Speaks", fat, false, false},
		{"&str", fat[:1], false, false},
		{"&str", []types.Member{fat[1], fat[0]}, false, false},
		{"&str", []types.Member{member("data_ptr", usize, 0), fat[1]}, false, false},
		{"&str", []types.Member{fat[0], member("length", u8, 8)}, false, false},
		{"String", fat, false, false},
		{"Vec<u8, alloc::alloc::Global>", fat, false, false},
		{"basic_string_view<u8>", []types.Member{member("_M_str", pointer, 0), member("_M_len", usize, 8)}, true, true},
		{"span<u8>", []types.Member{member("__data_", pointer, 0), member("__size_", usize, 8)}, true, false},
		{"span<u8>", fat, false, false},
		{"vector<u8>", []types.Member{member("__begin_", pointer, 0), member("__end_", usize, 8)}, false, false},
		{"_vector<u8>", []types.Member{member("__begin_", pointer, 0), member("__end_", pointer, 8)}, false, false},
	} {
		typ := set.Compound(nil, types.Struct, tt.tag, 16, func() (types.Detail, error) { return types.Detail{Members: tt.members}, nil })
		s, ok, err := typ.Slice()
		if ok != tt.ok || err != nil || ok && (s.Text != tt.text || s.Elem != u8 || s.Data != 0 || s.Length != 64 || s.Bits != 64) {
			t.Errorf("%s: %+v, %v, %v", tt.tag, s, ok, err)
		}
	}
}

// Addresses and numbers of elements that make no sense are refused.
func TestCount(t *testing.T) {
	set := types.NewSet()
	u32 := set.Int(nil, "u32", 4, false, false)
	for _, tt := range []struct {
		end                  bool
		bits                 uint64
		data, length, number uint64
		ok                   bool
	}{
		{false, 64, 0x1000, 3, 3, true},
		{false, 64, 0, 0, 0, true},
		{false, 64, 0x1000, 1 << 62, 0, false},
		{false, 32, 0xfffffff0, 3, 3, true},
		{false, 32, 0xfffffff0, 4, 0, false},
		{true, 64, 0x1000, 0x100c, 3, true},
		{true, 64, 0, 0, 0, true},
		{true, 64, 0x1000, 0xffc, 0, false},
		{true, 64, 0x1000, 0x1002, 0, false},
	} {
		s := types.Slice{Elem: u32, Bits: tt.bits, End: tt.end}
		if n, ok, err := s.Count(tt.data, tt.length); ok != tt.ok || ok && n != tt.number || err != nil {
			t.Errorf("%+v: %d, %v, %v", tt, n, ok, err)
		}
	}
}
