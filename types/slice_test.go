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
	} {
		typ := set.Compound(nil, types.Struct, tt.tag, 16, func() (types.Detail, error) { return types.Detail{Members: tt.members}, nil })
		s, ok, err := typ.Slice()
		if ok != tt.ok || err != nil || ok && (s.Text != tt.text || s.Elem != u8 || s.Data != 0 || s.Length != 64 || s.Bits != 64) {
			t.Errorf("%s: %+v, %v, %v", tt.tag, s, ok, err)
		}
	}
}
