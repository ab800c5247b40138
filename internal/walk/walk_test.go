package walk

import "testing"

func TestGuard(t *testing.T) {
	for tail := range 20 {
		for loop := 1; loop < 20; loop++ {
			var g Guard
			steps := 0
			for pos := 0; g.Visit(uint64(pos + 1000)); steps++ {
				if pos++; pos == tail+loop {
					pos = tail
				}
				if steps > 10*(tail+loop)+10 {
					t.Fatalf("a loop of %d after %d was not noticed", loop, tail)
				}
			}
			if steps < tail+loop {
				t.Fatalf("a loop of %d after %d was noticed after %d steps, before it closed", loop, tail, steps)
			}
		}
	}
	var g Guard
	for i := range uint64(100000) {
		if !g.Visit(i) {
			t.Fatalf("a straight walk was stopped at %d", i)
		}
	}
}
