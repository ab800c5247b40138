package dwarf

import (
	"strings"
	"testing"

	"github.com/godrgn/drgn/types"
)

// TestUserEncoding has base types of DW_ATE_lo_user as gcc 12 writes them (_Complex int x; and, by -gdwarf-2 -gstrict-dwarf, _Decimal64 x;), and those
// of which gcc and clang do not say enough (_Complex unsigned x;).
func TestUserEncoding(t *testing.T) {
	base := func(called string, size uint64) *types.Type {
		t.Helper()
		typ := die(TagBaseType, []attrValue{name(called), num(AttrByteSize, size), num(AttrEncoding, encUser)})
		f := mustOpen(t, withTypes(write(false, 8, typ, die(TagVariable, []attrValue{name("x"), byRef(AttrType, typ), {AttrLocation, FormExprloc, []byte{3, 0, 0, 0, 0, 0, 0, 0, 0}}}))))
		e, ok, err := f.FindEntity(EntityVariable, "x", "", nil)
		if !ok {
			if want := "debugging information does not say whether its parts are signed"; called != "HP_float80" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: %v, want %s", called, err, want)
			}
			return nil
		}
		return e.Type
	}
	for _, c := range []struct {
		name   string
		size   uint64
		part   string
		signed bool
	}{{"complex int", 8, "int", true}, {"__complex__ long unsigned int", 16, "unsigned long", false}, {"_Complex signed char", 2, "signed char", true}} {
		typ := base(c.name, c.size)
		if typ == nil || typ.Name() != c.name {
			t.Errorf("%s: %v", c.name, typ)
			continue
		}
		if n, err := typ.Size(); n != c.size || err != nil {
			t.Error(c.name, n, err)
		}
		for member, at := range map[string]uint64{"real": 0, "imag": c.size / 2 * 8} {
			m, err := typ.FindMember(member)
			if err != nil || m.BitOffset != at || m.Type.Kind() != types.Int || m.Type.OwnSize() != c.size/2 || m.Type.Name() != c.part || m.Type.IsSigned() != c.signed {
				t.Errorf("%s: %s: %+v %v", c.name, member, m, err)
			}
		}
	}
	for called, size := range map[string]uint64{"_Decimal32": 4, "_Decimal64": 8, "_Decimal128": 16} {
		if typ := base(called, size); typ == nil || typ.Kind() != types.Float || typ != typ.Set().DecimalFloat(typ.Language(), called, size, false) {
			t.Errorf("%s: %v", called, typ)
		}
	}
	for called, size := range map[string]uint64{"__unknown__": 16, "complex": 8, "HP_float80": 16} {
		if typ := base(called, size); typ != nil {
			t.Errorf("%s: %v", called, typ)
		}
	}
}
