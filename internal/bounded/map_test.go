package bounded

import (
	"sync"
	"testing"
)

func TestMap(t *testing.T) {
	m := Map[string, int]{Limit: 2}
	if v, ok := m.Load("a"); ok {
		t.Errorf("an empty map has %d", v)
	}
	if v := m.LoadOrStore("a", 1); v != 1 {
		t.Errorf("stored 1, got %d", v)
	}
	if v := m.LoadOrStore("a", 2); v != 1 {
		t.Errorf("stored 1 before, got %d", v)
	}
	m.LoadOrStore("b", 2)
	for k, want := range map[string]int{"a": 1, "b": 2} {
		if v, ok := m.Load(k); !ok || v != want {
			t.Errorf("%s: %d, %v; want %d", k, v, ok, want)
		}
	}
	m.LoadOrStore("c", 3)
	if _, ok := m.Load("a"); ok {
		t.Error("a map of two has a third and still the first")
	}
	if v, ok := m.Load("c"); !ok || v != 3 {
		t.Errorf("c: %d, %v; want 3", v, ok)
	}
}

// Of several that store, all get the same, as long as nothing is forgotten; and the map stays small.
func TestMapConcurrently(t *testing.T) {
	m := Map[int, *int]{Limit: 2 * Default}
	var wg sync.WaitGroup
	var got [8][Default]*int
	for g := range got {
		wg.Go(func() {
			for i := range got[g] {
				got[g][i] = m.LoadOrStore(i, new(int))
			}
		})
	}
	wg.Wait()
	for g := range got {
		for i := range got[g] {
			if got[g][i] != got[0][i] {
				t.Fatalf("key %d has two values", i)
			}
		}
	}
	for g := range 4 {
		wg.Go(func() {
			for i := range 20 * Default {
				m.LoadOrStore(g<<32|i, nil)
			}
		})
	}
	wg.Wait()
	n := 0
	m.m.Load().Range(func(any, any) bool { n++; return true })
	if n > 2*Default+4 {
		t.Errorf("%d entries, want at most %d", n, 2*Default)
	}
}
