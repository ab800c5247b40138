package schema

import (
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
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

// TestSignsOfEnumerations says which enumerations are signed in BTF of 5.10, which does not tell, as that of 6.1 tells of the same ones.
func TestSignsOfEnumerations(t *testing.T) {
	for name, signed := range map[string]bool{"netdev_tx": true, "nf_ip_hook_priorities": true, "reboot_mode": true, "pid_type": false} {
		for _, series := range []string{"5.10", "6.1"} {
			typ, err := newBTF(t, coretest.KernelBTF(t, series), types.NewSet()).FindType(types.KindSet(1<<types.Enum), name, "")
			if err != nil || typ == nil {
				t.Fatal(name, typ, err)
			}
			if typ.IsSigned() != signed {
				t.Errorf("%s: enum %s is signed: %t", series, name, !signed)
			}
		}
	}
}
