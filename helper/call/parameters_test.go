package call

import "testing"

func TestMentions(t *testing.T) {
	for _, test := range []struct {
		text, word string
		want       bool
	}{
		{"size is in bytes.", "size", true}, {"of a size", "size", true}, {"a max_size, a sized size.", "size", true}, {"(size)", "size", true},
		{"max_size", "size", false}, {"sizes", "size", false}, {"size2 resize", "size", false}, {"", "size", false}, {"siz", "size", false},
	} {
		if got := mentions(test.text, test.word); got != test.want {
			t.Errorf("%q in %q: %v", test.word, test.text, got)
		}
	}
}
