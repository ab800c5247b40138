package flags

import "testing"

func TestDecode(t *testing.T) {
	known := []Flag{{"A", 1}, {"ALSO_A", 1}, {"BOTH", 6}, {"NONE", 0}}
	for value, want := range map[uint64]string{0: "0", 1: "A|ALSO_A", 6: "BOTH", 2: "0x2", 0x107: "A|ALSO_A|BOTH|0x100"} {
		if got := Decode(value, known); got != want {
			t.Errorf("Decode(%#x) = %s, want %s", value, got, want)
		}
	}
}
