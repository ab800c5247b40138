package schema

import (
	"io"
	"os"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/types"
)

// readBTF reads a file that is compressed with xz.
func readBTF(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := xz.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// newBTF returns the types of a kernel, to be made in the set.
func newBTF(t testing.TB, data []byte, set *types.Set) debugdata.Info {
	t.Helper()
	s, err := frombtf.Open(frombtf.Config{Name: "BTF", Data: data, Set: set, PointerSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
