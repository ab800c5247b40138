package types_test

import (
	"encoding/binary"
	"testing"

	"github.com/godrgn/drgn/lang/c"
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
		{"span<u8>", []types.Member{member("_M_ptr", pointer, 0)}, false, false}, // with no number
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

// Addresses and numbers of elements that make no sense are errors that say why.
func TestSliceIn(t *testing.T) {
	set := types.NewSet()
	u32 := set.Int(c.C, "u32", 4, false, false)
	vector := types.Slice{Elem: u32, Bits: 64, Length: 64, Room: 128, End: true, HasRoom: true}
	for _, tt := range []struct {
		s      types.Slice
		words  []uint64
		number uint64
		err    string
	}{
		{types.Slice{Elem: u32, Bits: 64, Length: 64}, []uint64{0x1000, 3}, 3, ""},
		{types.Slice{Elem: u32, Bits: 64, Length: 64, Big: true}, []uint64{0x1000, 3}, 3, ""},
		{types.Slice{Elem: u32, Bits: 64, Length: 64}, []uint64{0, 0}, 0, ""},
		{types.Slice{Elem: u32, Bits: 64, Length: 64}, []uint64{0x1000, 1 << 62}, 0, "4611686018427387904 elements of 'u32' at 0x1000 are more than there is memory"},
		{types.Slice{Elem: u32, Bits: 64, Length: 64}, []uint64{0x1000}, 0, "out of bounds of value"},
		{types.Slice{Elem: u32, Bits: 64, Fixed: true, Number: 5}, []uint64{0x1000}, 5, ""},
		{types.Slice{Elem: u32, Bits: 64, Length: 64, Room: 128, HasRoom: true}, []uint64{0x1000, 3, 3}, 3, ""},
		{types.Slice{Elem: u32, Bits: 64, Length: 64, Room: 128, HasRoom: true}, []uint64{0x1000, 3, 2}, 0, "there is room for 2 elements only, not for 3"},
		{vector, []uint64{0x1000, 0x100c, 0x1010}, 3, ""},
		{vector, []uint64{0, 0, 0}, 0, ""},
		{vector, []uint64{0x1000, 0xffc, 0x1010}, 0, "the end of the elements, 0xffc, is before the start, 0x1000"},
		{vector, []uint64{0x1000, 0x1002, 0x1010}, 0, "the end of the elements, 0x1002, is not that of an element of 4 bytes from 0x1000 on"},
		{vector, []uint64{0x1000, 0x100c, 0x1004}, 0, "there is room for 1 elements only, not for 3"},
		{vector, []uint64{0x1000, 0x1000, 0}, 0, "the end of the room, 0x0, is before the start, 0x1000"},
	} {
		var data []byte
		for _, w := range tt.words {
			if tt.s.Big {
				data = binary.BigEndian.AppendUint64(data, w)
			} else {
				data = binary.LittleEndian.AppendUint64(data, w)
			}
		}
		address, n, err := tt.s.In(data)
		switch {
		case tt.err != "" && (err == nil || err.Error() != tt.err):
			t.Errorf("%+v %x: %v, want %s", tt.s, tt.words, err, tt.err)
		case tt.err == "" && (err != nil || n != tt.number || address != tt.words[0]):
			t.Errorf("%+v %x: %d at %#x, %v", tt.s, tt.words, n, address, err)
		}
	}
}
