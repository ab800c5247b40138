package drgn_test

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/types"
)

func TestAlignment(t *testing.T) {
	for _, test := range []struct {
		arch *arch.Arch
		want [7]uint64 // of integers of 1, 2, 3, 4, 8, 16 and 32 bytes
	}{
		{arch.X86_64, [7]uint64{1, 2, 2, 4, 8, 16, 16}},
		{arch.ByName("I386"), [7]uint64{1, 2, 2, 4, 4, 16, 16}},
		{arch.ByName("ARM"), [7]uint64{1, 2, 2, 4, 8, 8, 8}},
		{arch.ByName("S390X"), [7]uint64{1, 2, 2, 4, 8, 8, 8}},
		{arch.ByName("RISCV64"), [7]uint64{1, 2, 2, 4, 8, 16, 16}},
	} {
		m := newMock(t, test.arch)
		for i, size := range []uint64{1, 2, 3, 4, 8, 16, 32} {
			if n, err := m.Alignment(m.Types().Int(lang, "n", size, true, false)); n != test.want[i] || err != nil {
				t.Errorf("%s, %d bytes: %d, %v", test.arch.Name, size, n, err)
			}
		}
		var self *types.Type
		self = m.Types().Compound(lang, types.Struct, "s", 8, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Name: "self", Lazy: types.OfType(self)}}}, nil
		})
		_, err := m.Alignment(self)
		wantErr[*types.DepthError](t, err, "maximum type depth exceeded in alignof()")
		_, err = m.Alignment(m.Types().IncompleteArray(lang, m.typ("int")))
		wantErr[*drgn.TypeError](t, err, "cannot get alignment of incomplete array type")
	}
	unknown := drgn.New(arch.Platform{Arch: arch.Unknown, Flags: arch.Is64Bit})
	_, err := unknown.Alignment(unknown.Types().Int(lang, "int", 4, true, false))
	wantErr[*drgn.ValueError](t, err, "program alignment requirements are not known")
}
