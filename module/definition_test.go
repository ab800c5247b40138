package module

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// definitions is debugging information that has the definitions of one name.
type definitions struct {
	debugdata.Info
	t       *types.Type
	several bool
	err     error
}

func (d definitions) Definition(kinds types.KindSet, name string) (*types.Type, bool, error) {
	if name != "s" || !kinds.Has(types.Struct) {
		return nil, false, nil
	}
	return d.t, d.several, d.err
}

func TestDefinition(t *testing.T) {
	s := types.NewSet()
	made := func(member string) *types.Type {
		return s.Compound(c.C, types.Struct, "s", 4, func() (types.Detail, error) {
			return types.Detail{Members: []types.Member{{Name: member, Lazy: types.OfType(s.Int(c.C, "int", 4, true, false))}}}, nil
		})
	}
	x, again, y := made("x"), made("x"), made("y")
	failed := errors.New("failed")
	for i, tt := range []struct {
		infos []definitions
		want  *types.Type
		in    []string
		err   error
	}{
		{nil, nil, nil, nil},
		{[]definitions{{}, {}}, nil, nil, nil},
		{[]definitions{{}, {t: x}}, x, nil, nil},
		{[]definitions{{t: x}, {}, {t: again}}, x, nil, nil},
		{[]definitions{{t: x}, {}, {t: y}}, nil, []string{"a", "c"}, nil},
		{[]definitions{{}, {several: true}}, nil, []string{"b"}, nil},
		{[]definitions{{t: x}, {several: true}, {t: x}}, nil, []string{"a", "b", "c"}, nil},
		{[]definitions{{t: x}, {err: failed}}, nil, nil, failed},
	} {
		set := NewSet(Config{Generation: new(atomic.Uint64)})
		for j, info := range tt.infos {
			m, _, err := set.Add(Spec{Kind: Extra, Name: string(rune('a' + j)), ID: uint64(j)})
			if err != nil {
				t.Fatal(err)
			}
			m.files.Store(&Files{opening: newOpening(nil, func(func(done, total uint64)) (debugdata.Info, error) { return info, nil })})
		}
		got, err := set.Definition(types.KindsOf(types.Struct), "s")
		var differ *types.DefinitionError
		if errors.As(err, &differ) {
			if !slices.Equal(differ.Places, tt.in) || differ.Name != "s" {
				t.Errorf("%d: %v", i, err)
			}
		} else if tt.in != nil || !errors.Is(err, tt.err) {
			t.Errorf("%d: %v", i, err)
		}
		if got != tt.want {
			t.Errorf("%d: %v, want %v", i, got, tt.want)
		}
	}
}
