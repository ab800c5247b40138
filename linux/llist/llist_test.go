package llist_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/llist"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func TestLlist(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct llist_node { struct llist_node *next; };
			struct llist_head { struct llist_node *first; };
			struct job { int id; struct llist_node node; };`)
		head, jobs := w.Alloc("struct llist_head"), w.AllocN(3, "struct job")
		var nodes, entries []uint64
		for _, job := range jobs {
			nodes, entries = append(nodes, job.Addr("node")), append(entries, job.At)
		}
		for n := range 4 {
			w.Chain(0, append([]uint64{head.At}, nodes[:n]...)...)
			worldtest.CheckValue(t, "empty", n == 0)(llist.Empty(head.Ptr()))
			worldtest.CheckValue(t, "singular", n == 1)(llist.IsSingular(head.Ptr()))
			worldtest.Check(t, "nodes", llist.ForEach(head.Ptr().Member("first")), nodes[:n]...)
			worldtest.Check(t, "entries", llist.ForEachEntry("struct job", head.Ptr().Member("first"), "node"), entries[:n]...)
			first := uint64(0)
			if n > 0 {
				first = entries[0]
				worldtest.CheckPtr(t, "first", llist.FirstEntry(head.Ptr(), "struct job", "node"), first)
			}
			worldtest.CheckPtr(t, "first or null", llist.FirstEntryOrNull(head.Ptr(), "struct job", "node"), first)
		}
		worldtest.CheckPtr(t, "next", llist.NextEntry(jobs[0].Ptr(), "node"), entries[1])
		if err := llist.NextEntry(jobs[0].Ptr(), "nod").Err(); !errors.As(err, new(*types.NamedError)) {
			t.Errorf("a member that is not there: %v", err)
		}

		var cycle *walk.CycleError
		w.Chain(nodes[1], nodes...)
		if _, err := worldtest.Addresses(t, llist.ForEach(head.Ptr().Member("first"))); !errors.As(err, &cycle) {
			t.Errorf("%v; want a cycle", err)
		}
		var fault *mem.FaultError
		head.Set("first", worldtest.Dangling)
		if singular, err := llist.IsSingular(head.Ptr()); !errors.As(err, &fault) || singular {
			t.Errorf("a dangling list is singular: %v, %v", singular, err)
		}
		if got, err := worldtest.Addresses(t, llist.ForEach(head.Ptr().Member("first"))); !errors.As(err, &fault) || len(got) != 1 {
			t.Errorf("%x, %v; want a fault after 1 node", got, err)
		}
	})
}
