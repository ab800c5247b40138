package types

import "testing"

func TestIsText(t *testing.T) {
	s := NewSet()
	char, long, void := s.Int(nil, "char", 1, true, false), s.Int(nil, "long", 8, true, false), s.Void(nil)
	for _, tt := range []struct {
		t    *Type
		want bool
	}{
		{char, false}, {s.Pointer(nil, char, 8, false), true}, {s.Array(nil, char, 3), true}, {s.IncompleteArray(nil, char), true}, {s.Pointer(nil, void, 8, false), true},
		{s.Typedef(nil, "text", s.Pointer(nil, s.Typedef(nil, "c", char), 8, false)), true}, {s.Pointer(nil, long, 8, false), false}, {s.Array(nil, long, 1), false}, {void, false},
	} {
		if got := tt.t.IsText(); got != tt.want {
			t.Errorf("%s: %t", tt.t, got)
		}
	}
}
