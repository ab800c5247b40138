package rbtree_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/rbtree"
	"github.com/godrgn/drgn/mem"
)

// tree makes a tree of n entries with the numbers 0, 10, 20 …, as balanced as can be, and returns them in order.
func tree(w *worldtest.World, n int) (root worldtest.Var, entries []worldtest.Var) {
	w.Declare(`struct entry { int number; struct rb_node node; };`)
	root, entries = w.Alloc("struct rb_root"), w.AllocN(n, "struct entry")
	var build func(low, high int, parent uint64) uint64
	build = func(low, high int, parent uint64) uint64 {
		if low >= high {
			return 0
		}
		mid := (low + high) / 2
		e := entries[mid].Set("number", uint64(10*mid))
		at := e.Addr("node")
		e.Set("node.__rb_parent_color", parent|uint64(mid&1)) // the colour must not matter
		e.Set("node.rb_left", build(low, mid, at)).Set("node.rb_right", build(mid+1, high, at))
		return at
	}
	root.Set("rb_node", build(0, n, 0))
	return root, entries
}

func TestTree(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		for _, n := range []int{0, 1, 2, 3, 20} {
			root, entries := tree(w, n)
			var nodes, addresses []uint64
			for _, e := range entries {
				nodes, addresses = append(nodes, e.Addr("node")), append(addresses, e.At)
			}
			worldtest.CheckValue(t, "empty", n == 0)(rbtree.EmptyRoot(root.Ptr()))
			worldtest.Check(t, "nodes", rbtree.InorderForEach(root.Ptr()), nodes...)
			worldtest.Check(t, "entries", rbtree.InorderForEachEntry("struct entry", root.Ptr(), "node"), addresses...)
			pre, err := worldtest.Addresses(t, rbtree.PreorderForEach(root.Ptr()))
			if err != nil || n > 0 && pre[0] != nodes[n/2] || n > 2 && pre[1] != nodes[n/2/2] {
				t.Errorf("nodes from the root down: %x, %v", pre, err)
			}
			if slices.Sort(pre); !slices.Equal(pre, nodes) {
				t.Errorf("nodes from the root down: %x; want all of %x", pre, nodes)
			}
			preEntries, err := worldtest.Addresses(t, rbtree.PreorderForEachEntry("struct entry", root.Ptr(), "node"))
			if slices.Sort(preEntries); err != nil || !slices.Equal(preEntries, addresses) {
				t.Errorf("entries from the root down: %x, %v", preEntries, err)
			}
			around := append(append([]uint64{0}, nodes...), 0)
			if n == 0 {
				around = []uint64{0, 0, 0}
			}
			worldtest.CheckPtr(t, "first", rbtree.First(root.Ptr()), around[1])
			worldtest.CheckPtr(t, "last", rbtree.Last(root.Ptr()), around[max(n, 1)])
			for i, e := range entries {
				worldtest.CheckPtr(t, "next", rbtree.Next(e.PtrTo("node")), around[i+2])
				worldtest.CheckPtr(t, "previous", rbtree.Prev(e.PtrTo("node")), around[i])
				find := func(number int64) drgn.Object {
					return rbtree.Find("struct entry", root.Ptr(), "node", func(entry drgn.Object) (int, error) {
						have, err := entry.Member("number").Int()
						return int(number - have), err
					})
				}
				worldtest.CheckPtr(t, "found", find(int64(10*i)), e.At)
				worldtest.CheckPtr(t, "not found", find(int64(10*i+5)), 0)
			}
			if n > 0 {
				worldtest.CheckPtr(t, "parent of the root", rbtree.Parent(root.Ptr().Member("rb_node")), 0)
			}
			if n > 1 {
				worldtest.CheckPtr(t, "parent", rbtree.Parent(entries[n/2/2].PtrTo("node")), nodes[n/2])
			}
		}
	})
}

func TestEmptyNode(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		root, entries := tree(w, 3)
		node := w.Alloc("struct rb_node")
		node.Set("__rb_parent_color", node.At) // RB_CLEAR_NODE
		worldtest.CheckValue(t, "cleared node", true)(rbtree.EmptyNode(node.Ptr()))
		worldtest.CheckValue(t, "node in a tree", false)(rbtree.EmptyNode(entries[0].PtrTo("node")))
		worldtest.CheckPtr(t, "next of a cleared node", rbtree.Next(node.Ptr()), 0)
		worldtest.CheckPtr(t, "previous of a cleared node", rbtree.Prev(node.Ptr()), 0)
		_ = root
	})
}

func TestCorruptTrees(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		root, e := tree(w, 7) // 3 is the root, 1 and 5 are below it
		var cycle *walk.CycleError
		var fault *mem.FaultError

		e[0].Set("node.rb_left", e[3].Addr("node")) // a circle through the root
		if _, err := worldtest.Addresses(t, rbtree.InorderForEach(root.Ptr())); err == nil {
			t.Error("a circle: no error")
		}
		if _, err := worldtest.Addresses(t, rbtree.PreorderForEach(root.Ptr())); !errors.As(err, &cycle) {
			t.Errorf("a circle: %v", err)
		}
		if err := rbtree.First(root.Ptr()).Err(); err == nil {
			t.Error("first of a circle: no error")
		}
		less := func(drgn.Object) (int, error) { return -1, nil }
		if err := rbtree.Find("struct entry", root.Ptr(), "node", less).Err(); err == nil {
			t.Error("search in a circle: no error")
		}
		worldtest.CheckPtr(t, "last, which the circle does not touch", rbtree.Last(root.Ptr()), e[6].Addr("node"))

		root, e = tree(w, 3)
		e[1].Set("node.rb_right", worldtest.Dangling)
		got, err := worldtest.Addresses(t, rbtree.InorderForEach(root.Ptr()))
		if !errors.As(err, &fault) || len(got) != 2 {
			t.Errorf("dangling child: %x, %v; want a fault after 2 nodes", got, err)
		}
		broken := errors.New("broken")
		if err := rbtree.Find("struct entry", root.Ptr(), "node", func(drgn.Object) (int, error) { return 0, broken }).Err(); !errors.Is(err, broken) {
			t.Errorf("search that fails: %v", err)
		}
	})
}

// Neighbours of a node that is const are const.
func TestConst(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		_, entries := tree(w, 3)
		node := drgn.PointerValue(entries[0].Ptr(), "const struct rb_node", entries[0].Addr("node"))
		for what, o := range map[string]drgn.Object{"next": rbtree.Next(node), "previous": rbtree.Prev(node), "parent": rbtree.Parent(node)} {
			if err := o.Err(); err != nil || o.Type().String() != "const struct rb_node *" {
				t.Errorf("%s of a const node: %v, %v", what, o.Type(), err)
			}
		}
	})
}
