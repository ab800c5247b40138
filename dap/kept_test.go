package dap

import "testing"

// TestKept keeps more than is kept.
func TestKept(t *testing.T) {
	var k kept[int]
	for i := 1; i <= 3*maxKept; i++ {
		if n := k.add(i); n != i {
			t.Fatalf("%d has number %d", i, n)
		}
	}
	for number, ok := range map[int]bool{-1: false, 0: false, 1: false, 3*maxKept - maxKept/2 + 1: true, 3 * maxKept: true, 3*maxKept + 1: false} {
		if v, err := k.get(number, "number"); (err == nil) != ok || ok && v != number {
			t.Errorf("%d: %d, %v", number, v, err)
		}
	}
	if len(k.all) > maxKept {
		t.Errorf("%d are kept", len(k.all))
	}
}
