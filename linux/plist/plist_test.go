package plist_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/plist"
)

// A plist has all nodes in node_list, and the first of each priority in prio_list too.
func TestPlist(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct plist_head { struct list_head node_list; };
			struct plist_node { int prio; struct list_head prio_list, node_list; };
			struct waiter { int id; struct plist_node node; };`)
		head, waiters, alone := w.Alloc("struct plist_head"), w.AllocN(3, "struct waiter"), w.Alloc("struct waiter")
		w.Ring(head.At)
		w.Ring(alone.Addr("node.node_list"))
		worldtest.CheckValue(t, "empty", true)(plist.HeadEmpty(head.Ptr()))
		worldtest.CheckValue(t, "node in no list", true)(plist.NodeEmpty(alone.PtrTo("node")))
		worldtest.Check(t, "nodes of an empty list", plist.ForEach(head.Ptr()))

		for i, prio := range []uint64{5, 7, 7} {
			waiters[i].Set("node.prio", prio)
		}
		w.Ring(head.At, waiters[0].Addr("node.node_list"), waiters[1].Addr("node.node_list"), waiters[2].Addr("node.node_list"))
		w.Ring(waiters[0].Addr("node.prio_list"), waiters[1].Addr("node.prio_list"))
		worldtest.CheckValue(t, "empty", false)(plist.HeadEmpty(head.Ptr()))
		worldtest.CheckValue(t, "node in no list", false)(plist.NodeEmpty(waiters[2].PtrTo("node")))
		worldtest.Check(t, "nodes", plist.ForEach(head.Ptr()), waiters[0].Addr("node"), waiters[1].Addr("node"), waiters[2].Addr("node"))
		worldtest.Check(t, "entries", plist.ForEachEntry("struct waiter", head.Ptr(), "node"), waiters[0].At, waiters[1].At, waiters[2].At)
		worldtest.CheckPtr(t, "first", plist.FirstEntry(head.Ptr(), "struct waiter", "node"), waiters[0].At)
		worldtest.CheckPtr(t, "last", plist.LastEntry(head.Ptr(), "struct waiter", "node"), waiters[2].At)

		waiters[2].Set("node.node_list.next", waiters[1].Addr("node.node_list"))
		var cycle *walk.CycleError
		if _, err := worldtest.Addresses(t, plist.ForEach(head.Ptr())); !errors.As(err, &cycle) {
			t.Errorf("%v; want a cycle", err)
		}
	})
}
