package list_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

const declarations = `struct item { int number; struct list_head node; struct hlist_node hash; };`

// ring returns a list of n items.
func ring(w *worldtest.World, n int) (head worldtest.Var, items []worldtest.Var, nodes, entries []uint64) {
	w.Declare(declarations)
	head, items = w.Alloc("struct list_head"), w.AllocN(n, "struct item")
	for _, item := range items {
		nodes, entries = append(nodes, item.Addr("node")), append(entries, item.At)
	}
	w.Ring(append([]uint64{head.At}, nodes...)...)
	return head, items, nodes, entries
}

func TestList(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		for n := range 4 {
			head, _, nodes, entries := ring(w, n)
			backwards, lastFirst := slices.Clone(nodes), slices.Clone(entries)
			slices.Reverse(backwards)
			slices.Reverse(lastFirst)
			for name, h := range map[string]drgn.Object{"pointer": head.Ptr(), "value of the pointer": head.Ptr().Read()} {
				what := func(s string) string { return fmt.Sprintf("%s of %d items, head as %s", s, n, name) }
				worldtest.Check(t, what("nodes"), list.ForEach(h), nodes...)
				worldtest.Check(t, what("nodes in reverse"), list.ForEachReverse(h), backwards...)
				worldtest.Check(t, what("entries"), list.ForEachEntry("struct item", h, "node"), entries...)
				worldtest.Check(t, what("entries by type"), list.ForEachEntry(w.MustType("struct item"), h, "node"), entries...)
				worldtest.Check(t, what("entries in reverse"), list.ForEachEntryReverse("struct item", h, "node"), lastFirst...)
				worldtest.Check(t, what("validated nodes"), list.ValidateForEach(h), nodes...)
				worldtest.Check(t, what("validated entries"), list.ValidateForEachEntry("struct item", h, "node"), entries...)
				worldtest.CheckValue(t, what("count"), uint64(n))(list.CountNodes(h))
				worldtest.CheckValue(t, what("validated count"), uint64(n))(list.ValidateCountNodes(h))
				worldtest.CheckValue(t, what("empty"), n == 0)(list.Empty(h))
				worldtest.CheckValue(t, what("singular"), n == 1)(list.IsSingular(h))
				if err := list.Validate(h); err != nil {
					t.Error(what("validation"), err)
				}
				want := append(slices.Clone(entries), 0)[0]
				worldtest.CheckPtr(t, what("first or null"), list.FirstEntryOrNull(h, "struct item", "node"), want)
				if n > 0 {
					worldtest.CheckPtr(t, what("first"), list.FirstEntry(h, "struct item", "node"), entries[0])
					worldtest.CheckPtr(t, what("last"), list.LastEntry(h, "struct item", "node"), entries[n-1])
				}
			}
			for i := 1; i < n; i++ {
				worldtest.CheckPtr(t, "next", list.NextEntry(w.VarAt("struct item", entries[i-1]).Ptr(), "node"), entries[i])
				worldtest.CheckPtr(t, "previous", list.PrevEntry(w.VarAt("struct item", entries[i]).Ptr(), "node"), entries[i-1])
			}
		}
	})
}

// A walk that is stopped asks nothing more of memory.
func TestStoppedWalk(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	head, items, _, entries := ring(w, 2)
	items[0].Set("node.next", worldtest.Dangling)
	for o, err := range list.ForEachEntry("struct item", head.Ptr(), "node") {
		if at, _ := o.Uint(); err != nil || at != entries[0] {
			t.Errorf("first entry %#x, %v", at, err)
		}
		break
	}
}

func TestCorruptLists(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		for _, test := range []struct {
			name    string
			corrupt func(head worldtest.Var, items []worldtest.Var)
			want    int // items before the walk fails
			cycle   bool
			fault   uint64
		}{
			{"null pointer", func(_ worldtest.Var, items []worldtest.Var) { items[1].Set("node.next", 0) }, 3, false, 0},
			{"dangling pointer", func(_ worldtest.Var, items []worldtest.Var) { items[1].Set("node.next", worldtest.Dangling) }, 3, false, worldtest.Dangling},
			{"item that points to itself", func(_ worldtest.Var, items []worldtest.Var) { items[1].Set("node.next", items[1].Addr("node")) }, 0, true, 0},
			{"circle without the head", func(_ worldtest.Var, items []worldtest.Var) { items[3].Set("node.next", items[1].Addr("node")) }, 0, true, 0},
			{"head that is dangling", func(head worldtest.Var, _ []worldtest.Var) { head.Set("next", worldtest.Dangling) }, 1, false, worldtest.Dangling},
		} {
			t.Run(test.name, func(t *testing.T) {
				head, items, nodes, _ := ring(w, 4)
				test.corrupt(head, items)
				got, err := worldtest.Addresses(t, list.ForEach(head.Ptr()))
				if test.cycle {
					var cycle *walk.CycleError
					if !errors.As(err, &cycle) || !slices.Contains(nodes, cycle.Address) {
						t.Errorf("%v; want a cycle at one of %x", err, nodes)
					}
				} else {
					var fault *mem.FaultError
					if !errors.As(err, &fault) || fault.Address != test.fault || len(got) != test.want {
						t.Errorf("%d items, %v; want %d and a fault at %#x", len(got), err, test.want, test.fault)
					}
				}
				if n, err := list.CountNodes(head.Ptr()); err == nil {
					t.Errorf("a corrupt list has %d items", n)
				}
				if err := list.Validate(head.Ptr()); err == nil {
					t.Error("a corrupt list is valid")
				}
			})
		}
	})
}

// Only validation sees a wrong pointer backwards.
func TestValidation(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		head, items, nodes, _ := ring(w, 3)
		items[2].Set("node.prev", head.At)
		worldtest.Check(t, "nodes", list.ForEach(head.Ptr()), nodes...)
		got, err := worldtest.Addresses(t, list.ValidateForEach(head.Ptr()))
		var invalid *list.ValidationError
		want := fmt.Sprintf("(struct list_head *)%#x next %#x has prev %#x", nodes[1], nodes[2], head.At)
		if !errors.As(err, &invalid) || invalid.Error() != want || !slices.Equal(got, nodes[:2]) {
			t.Errorf("%x, %v; want %s", got, err, want)
		}
		if n, err := list.ValidateCountNodes(head.Ptr()); !errors.As(err, &invalid) {
			t.Errorf("%d nodes, %v", n, err)
		}
	})
}

func TestHlist(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		head, items := w.Alloc("struct hlist_head"), w.AllocN(3, "struct item")
		worldtest.CheckValue(t, "empty", true)(list.HlistEmpty(head.Ptr()))
		worldtest.Check(t, "nodes of an empty list", list.HlistForEach(head.Ptr()))
		nodes := []uint64{items[0].Addr("hash"), items[1].Addr("hash"), items[2].Addr("hash")}
		w.Chain(0, append([]uint64{head.At}, nodes...)...)
		worldtest.CheckValue(t, "empty", false)(list.HlistEmpty(head.Ptr()))
		worldtest.Check(t, "nodes", list.HlistForEach(head.Ptr()), nodes...)
		worldtest.Check(t, "entries", list.HlistForEachEntry("struct item", head.Ptr(), "hash"), items[0].At, items[1].At, items[2].At)

		w.Chain(nodes[1], nodes...)
		var cycle *walk.CycleError
		if _, err := worldtest.Addresses(t, list.HlistForEach(head.Ptr())); !errors.As(err, &cycle) {
			t.Errorf("%v; want a cycle", err)
		}
		w.Chain(worldtest.Dangling, nodes...)
		var fault *mem.FaultError
		if _, err := worldtest.Addresses(t, list.HlistForEachEntry("struct item", head.Ptr(), "hash")); !errors.As(err, &fault) || fault.Address != worldtest.Dangling {
			t.Errorf("%v; want a fault at %#x", err, worldtest.Dangling)
		}
	})
}

// What is not a list, or names no member, is an error for every helper.
func TestWrongArguments(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	head, items, _, _ := ring(w, 1)
	for name, err := range map[string]error{
		"an int":             list.Validate(items[0].PtrTo("number")),
		"no such member":     second(worldtest.Addresses(t, list.ForEachEntry("struct item", head.Ptr(), "nod"))),
		"no such type":       second(worldtest.Addresses(t, list.ForEachEntry("struct itm", head.Ptr(), "node"))),
		"a null pointer":     second(list.Empty(w.VarAt("struct list_head", 0).Ptr())),
		"a failed object":    second(list.IsSingular(drgn.Failed(errors.New("failed")))),
		"first of a failure": list.FirstEntryOrNull(drgn.Failed(errors.New("failed")), "struct item", "node").Err(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A member that the caller names and that is not there is told apart from one that the walk itself needs.
func TestNamedMembers(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	head, items, _, _ := ring(w, 1)
	for name, c := range map[string]struct {
		err   error
		named bool
	}{
		"of the entries":    {second(worldtest.Addresses(t, list.ForEachEntry("struct item", head.Ptr(), "nod"))), true},
		"of the first":      {list.FirstEntry(head.Ptr(), "struct item", "nod").Err(), true},
		"of the next":       {list.NextEntry(items[0].Ptr(), "nod").Err(), true},
		"of a head":         {second(worldtest.Addresses(t, list.ForEach(items[0].Ptr()))), false},
		"next of an int":    {list.NextEntry(items[0].PtrTo("number"), "nod").Err(), true},
		"next of no object": {list.NextEntry(drgn.Failed(errors.New("failed")), "nod").Err(), false},
	} {
		if c.err == nil || errors.As(c.err, new(*types.NamedError)) != c.named {
			t.Errorf("a member %s that is not there: %v, named is not %v", name, c.err, c.named)
		}
	}
}

func second[T any](_ T, err error) error { return err }
