package drgn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
)

// TestSymbolIndex has the cases of python/testdata/parity/program_find.py, whose answers are the reference's.
func TestSymbolIndex(t *testing.T) {
	x := drgn.NewSymbolIndex([]drgn.Symbol{
		{Name: "a", Address: 0x100, Size: 0x10}, {Name: "b", Address: 0x108, Size: 0x10}, {Name: "a", Address: 0x300},
		{Name: "big", Size: 0x1000}, {Name: "end", Address: math.MaxUint64 - 1, Size: 0x100},
	})
	name := func(s string) drgn.SymbolQuery { return drgn.SymbolQuery{Name: s, HasName: true} }
	at := func(a uint64) drgn.SymbolQuery { return drgn.SymbolQuery{Address: a, HasAddress: true} }
	both := func(s string, a uint64) drgn.SymbolQuery {
		return drgn.SymbolQuery{Name: s, HasName: true, Address: a, HasAddress: true}
	}
	for _, test := range []struct {
		q    drgn.SymbolQuery
		want string
	}{
		{name("a"), "a a"}, {name("nope"), ""}, {at(0x109), "big a b"}, {at(0x300), "big"}, {at(0x2000), ""},
		{both("a", 0x109), "a"}, {both("a", 0x500), ""}, {drgn.SymbolQuery{}, "big a b a end"},
		{at(0), "big"}, {at(0xfff), "big"}, {at(0x1000), ""}, {at(math.MaxUint64), "end"}, {at(math.MaxUint64 - 2), ""},
	} {
		for _, one := range []bool{false, true} {
			q, want := test.q, strings.Fields(test.want)
			if q.One = one; one && len(want) > 1 {
				want = want[:1]
			}
			found, err := x.Find(nil, q)
			var got []string
			for _, s := range found {
				got = append(got, s.Name)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v: got %v, %v; want %v", q, got, err, want)
			}
		}
	}
	if found, err := drgn.NewSymbolIndex(nil).Find(nil, at(0)); len(found) != 0 || err != nil {
		t.Errorf("an empty index has %v, %v", found, err)
	}
}

// Symbols that begin at the same address stay in their order, whatever their sizes.
func TestSymbolIndexOrder(t *testing.T) {
	for _, sizes := range [][2]uint64{{16, 4}, {4, 16}} {
		x := drgn.NewSymbolIndex([]drgn.Symbol{{Name: "first", Size: sizes[0]}, {Name: "second", Size: sizes[1]}})
		found, err := x.Find(nil, drgn.SymbolQuery{Address: 1, HasAddress: true})
		if err != nil || len(found) != 2 || found[0].Name != "first" {
			t.Errorf("sizes %v: %v, %v", sizes, found, err)
		}
	}
}

// TestSymbolIndexMade compares lookups by address among made-up symbols with a look at each of them.
func TestSymbolIndexMade(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		symbols := make([]drgn.Symbol, r.IntN(40))
		for i := range symbols {
			symbols[i] = drgn.Symbol{Name: "s", Address: r.Uint64N(64), Size: r.Uint64N(16)}
		}
		x := drgn.NewSymbolIndex(symbols)
		for a := range uint64(90) {
			n := 0
			for _, s := range symbols {
				if a >= s.Address && a < s.Address+s.Size {
					n++
				}
			}
			if found, _ := x.Find(nil, drgn.SymbolQuery{Address: a, HasAddress: true}); len(found) != n {
				t.Fatalf("%d symbols contain %d, want %d: %v", len(found), a, n, symbols)
			}
		}
	}
}
