package drgn_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func TestDecodeMap(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		i := m.int("int", 4, true)
		inner := m.compound(types.Union, "", 4, field{"c", 0, i, 0}, field{"d", 0, i, 0})
		counters := m.structure("counters", 12, field{"a", 0, i, 0}, field{"", 32, inner, 0}, field{"", 64, i, 7}, field{"bit", 64, i, 8})
		m.put(0x1000, m.word(1, 4)...)
		m.put(0x1004, m.word(0xfffffffe, 4)...)
		m.put(0x1008, 3, 0, 0, 0)
		o := m.ObjectAt(counters, 0x1000)
		type key string
		for _, o := range []drgn.Object{o, o.AddressOf(), o.Read()} {
			got := map[key]int16{"gone": 1}
			if err := o.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[key]int16{"a": 1, "c": -2, "d": -2, "bit": 3}, got); diff != "" {
				t.Error(diff)
			}
		}
		var objects map[string]drgn.Object
		if err := o.Decode(&objects); err != nil {
			t.Fatal(err)
		}
		if at, ok := objects["d"].Address(); !ok || at != 0x1004 || len(objects) != 4 {
			t.Errorf("d at %#x, %t, of %d", at, ok, len(objects))
		}
		var outer struct {
			Members map[string]drgn.Object `drgn:"in"`
			Each    []map[string]int       `drgn:"array"`
		}
		s := m.structure("outer", 24, field{"in", 0, counters, 0}, field{"array", 0, m.array(counters, 1), 0})
		if err := m.Setup(drgn.Setup{Flags: drgn.IsLive}); err != nil {
			t.Fatal(err)
		}
		if err := m.ObjectAt(s, 0x1000).Decode(&outer); err != nil {
			// The second half of the structure is not mapped; neither member lies there.
			t.Fatal(err)
		}
		if at, ok := outer.Members["d"].Address(); !ok || at != 0x1004 || outer.Each[0]["d"] != -2 {
			t.Errorf("d at %#x, %t; %v", at, ok, outer.Each)
		}

		var unsigned map[string]uint
		if err := o.Decode(&unsigned); err == nil || !strings.HasSuffix(err.Error(), ".c: -2 does not fit uint") || unsigned != nil {
			t.Error(unsigned, err)
		}
		wantErr[*drgn.TypeError](t, o.Decode(&map[int]int{}), "cannot decode 'struct counters' into map[int]int: its keys are not strings")
		wantErr[*drgn.TypeError](t, o.Member("a").Decode(&unsigned), "cannot decode 'int' into map[string]uint: its members are not known")
		wantErr[*drgn.TypeError](t, m.ObjectAt(m.Types().IncompleteCompound(lang, types.Struct, "later"), 0x1000).Decode(&unsigned),
			"cannot decode 'struct later' into map[string]uint: its members are not known")
		wantType[*mem.FaultError](t, m.ObjectAt(counters, 0x5000).Decode(&unsigned))
		// No members are no error.
		if err := m.ObjectAt(m.structure("none", 0), 0x1000).Decode(&unsigned); err != nil || unsigned == nil || len(unsigned) != 0 {
			t.Error(unsigned, err)
		}
	})
}

func TestDecodeMapHoldsItself(t *testing.T) {
	m := newMock(t, arch.X86_64)
	var self *types.Type
	self = m.Types().Compound(lang, types.Struct, "", 8, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{{Lazy: types.Later(func() (types.Slot, error) { return types.Slot{Type: self}, nil })}}}, nil
	})
	wantType[*types.DepthError](t, m.ObjectAt(self, 0x1000).Decode(&map[string]int{}))
}
