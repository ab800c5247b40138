package fromdwarf

import (
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

// Where there are more symbols than are read, nobody knows whether a variable without a location is thread-local.
func TestTooManyThreadLocals(t *testing.T) {
	f, err := elf.Open("testdata/threadlocals")
	if err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int]debugdata.Where{4: debugdata.NotImplemented, maxThreadLocals: debugdata.ThreadLocal} {
		info, err := Open(Config{File: placed.At(f, 0, nil), Set: types.NewSet()})
		if err != nil {
			t.Fatal(err)
		}
		info.(*source).threadLocals = func() (*threadLocals, error) { return readThreadLocals(f, most) }
		if e, ok, err := info.FindEntity(debugdata.Variable, "alone", "one.c", nil); err != nil || !ok || e.Where != want {
			t.Errorf("of at most %d symbols: %v, place %d, want %d, %v", most, ok, e.Where, want, err)
		}
	}
}
