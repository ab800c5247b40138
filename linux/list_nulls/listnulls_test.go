package listnulls_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	listnulls "github.com/godrgn/drgn/linux/list_nulls"
	"github.com/godrgn/drgn/mem"
)

func TestForEachEntry(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct hlist_nulls_node { struct hlist_nulls_node *next, **pprev; };
			struct hlist_nulls_head { struct hlist_nulls_node *first; };
			struct sock { int id; struct hlist_nulls_node node; };`)
		const mark = 2*77 + 1 // NULLS_MARKER(77)
		head, socks := w.Alloc("struct hlist_nulls_head").Set("first", mark), w.AllocN(3, "struct sock")
		worldtest.CheckValue(t, "empty", true)(listnulls.Empty(head.Ptr()))
		worldtest.Check(t, "entries of an empty list", listnulls.ForEachEntry("struct sock", head.Ptr(), "node"))
		nodes := []uint64{socks[0].Addr("node"), socks[1].Addr("node"), socks[2].Addr("node")}
		w.Chain(mark, append([]uint64{head.At}, nodes...)...)
		worldtest.CheckValue(t, "empty", false)(listnulls.Empty(head.Ptr()))
		worldtest.Check(t, "entries", listnulls.ForEachEntry("struct sock", head.Ptr(), "node"), socks[0].At, socks[1].At, socks[2].At)
		worldtest.CheckValue(t, "mark", true)(listnulls.IsNulls(socks[2].Ptr().Member("node").Member("next")))
		worldtest.CheckValue(t, "mark", false)(listnulls.IsNulls(socks[1].Ptr().Member("node").Member("next")))

		var fault *mem.FaultError
		for _, end := range []uint64{0, worldtest.Dangling} { // a null pointer does not end such a list
			w.Chain(end, nodes...)
			got, err := worldtest.Addresses(t, listnulls.ForEachEntry("struct sock", head.Ptr(), "node"))
			if !errors.As(err, &fault) || fault.Address != end || len(got) != 4 {
				t.Errorf("list that ends with %#x: %x, %v; want a fault after 4 entries", end, got, err)
			}
		}
		var cycle *walk.CycleError
		w.Chain(nodes[0], nodes...)
		if _, err := worldtest.Addresses(t, listnulls.ForEachEntry("struct sock", head.Ptr(), "node")); !errors.As(err, &cycle) {
			t.Errorf("%v; want a cycle", err)
		}
	})
}
