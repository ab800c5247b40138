package attach_test

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn"
)

// Every function of the small kernel is at the address of its symbol: of several symbols of a name at that of a global one,
// if there is one. Weak functions that others replaced have no symbol.
func TestFunctionsAreAtTheirSymbols(t *testing.T) {
	p := open(t)
	all, err := p.Symbols(drgn.SymbolQuery{})
	if err != nil {
		t.Fatal(err)
	}
	global, local := map[string][]uint64{}, map[string][]uint64{}
	for _, s := range all {
		switch {
		case s.Kind != drgn.SymbolFunc:
		case s.Binding == drgn.BindLocal:
			local[s.Name] = append(local[s.Name], s.Address)
		default:
			global[s.Name] = append(global[s.Name], s.Address)
		}
	}
	checked := 0
	check := func(name string, want []uint64) {
		o := p.Function(name)
		if drgn.IsNotFound(o.Err()) {
			return // of an assembler file
		}
		at, _ := o.Address()
		if _, absent := o.Absent(); absent {
			return
		}
		checked++
		if !slices.Contains(want, at) {
			t.Errorf("%s is at %#x, %v; want one of %#x", name, at, o.Err(), want)
		}
	}
	for name, want := range global {
		check(name, want)
	}
	for name, want := range local {
		if global[name] == nil {
			check(name, want)
		}
	}
	if checked < 10000 {
		t.Errorf("%d functions were compared", checked)
	}
}

// The kernel's own finder comes before that of debugging information: what it has, that one does not, and would look
// through all modules for.
func TestOrderOfFinders(t *testing.T) {
	if got := open(t).EnabledFinders(drgn.ObjectFinders); !slices.Equal(got, []string{"linux", "dwarf"}) {
		t.Error(got)
	}
}
