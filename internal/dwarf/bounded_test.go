package dwarf

import "testing"

func TestBounded(t *testing.T) {
	var b bounded[*int]
	const limit = 8
	for key := range uint64(100) {
		if _, ok := b.load(key); ok {
			t.Fatal(key)
		}
		first, second := new(int), new(int)
		if b.add(key, first, limit) != first {
			t.Error(key, "another value")
		}
		if v, ok := b.load(key); !ok || v != first {
			t.Error(key, "not remembered")
		}
		if key%limit != limit-1 && b.add(key, second, 2*limit) != first {
			t.Error(key, "replaced")
		}
		n := 0
		b.m.Load().Range(func(any, any) bool { n++; return true })
		if n > limit {
			t.Fatal(n, "values")
		}
	}
}

// A walk through all code remembers some line tables only: those of a kernel take hundreds of megabytes.
func TestLineTablesAreBounded(t *testing.T) {
	f := openKernel(t)
	for u, err := range f.Units() {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.Lines(); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	f.scopes.lines.m.Load().Range(func(any, any) bool { n++; return true })
	if f.NumUnits() <= maxLineTables || n > maxLineTables {
		t.Errorf("%d line tables of %d units are remembered", n, f.NumUnits())
	}
}
