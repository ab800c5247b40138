package schema

import (
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/types"
)

// newBTF returns the types of a kernel, to be made in the set.
func newBTF(t testing.TB, data []byte, set *types.Set) debugdata.Info {
	t.Helper()
	s, err := frombtf.Open(frombtf.Config{Name: "BTF", Data: data, Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
