package xarray_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/radixtree"
	"github.com/godrgn/drgn/linux/xarray"
	"github.com/godrgn/drgn/mem"
)

const declarations = `
	struct xa_node {
		unsigned char shift, offset, count, nr_values;
		struct xa_node *parent; struct xarray *array; struct list_head private_list;
		void *slots[64];
	};
	struct xarray { int xa_lock; unsigned int xa_flags; void *xa_head; };`

const (
	zero  = 257<<2 | 2 // XA_ZERO_ENTRY
	retry = 256<<2 | 2 // XA_RETRY_ENTRY
)

// sibling is the entry that stands for another slot of its node (xa_mk_sibling).
func sibling(slot uint64) uint64 { return slot<<2 | 2 }

// node makes a node and returns the entry that points to it (xa_mk_node).
func node(w *worldtest.World, shift uint64, slots map[int]uint64) uint64 {
	n := w.Alloc("struct xa_node").Set("shift", shift)
	for i, entry := range slots {
		n.Set(fmt.Sprintf("slots[%d]", i), entry)
	}
	return n.At | 2
}

type pair struct{ index, value uint64 }

func check(t *testing.T, what string, root drgn.Object, advanced bool, want ...pair) {
	t.Helper()
	entries, err := worldtest.Collect(t, xarray.ForEach(root, advanced))
	var got []pair
	for _, e := range entries {
		v, err := e.Value.Uint()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, pair{e.Index, v})
	}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %x, %v; want %x", what, got, err, want)
	}
	for _, p := range want {
		worldtest.CheckPtr(t, fmt.Sprintf("%s: index %d", what, p.index), xarray.Load(root, p.index, advanced), p.value)
	}
}

func TestXArray(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		xa := w.Alloc("struct xarray")
		null := func(indices ...uint64) {
			t.Helper()
			for _, i := range indices {
				worldtest.CheckPtr(t, fmt.Sprintf("nothing at %#x", i), xarray.Load(xa.Ptr(), i, false), 0)
			}
		}
		check(t, "an empty array", xa.Ptr(), false)
		null(0, 1, 1<<63)

		xa.Set("xa_head", 0x1000) // a lone entry at index 0 needs no node
		check(t, "one entry", xa.Ptr(), false, pair{0, 0x1000})
		null(1, 64, 1<<63)
		xa.Set("xa_head", 7<<1|1)
		check(t, "one integer", xa.Ptr(), false, pair{0, 15})

		// Two levels: 0, 3, 63 and 64·5+1; an entry of order 2 at 8, for which 9 to 11 stand in.
		low := node(w, 0, map[int]uint64{0: 0x1000, 3: 0x2000, 8: 0x3000, 9: sibling(8), 10: sibling(8), 11: sibling(8), 63: 0x4000})
		high := node(w, 0, map[int]uint64{1: 0x5000, 2: zero, 4: retry})
		xa.Set("xa_head", node(w, 6, map[int]uint64{0: low, 5: high, 6: 0x6000, 7: sibling(6)}))
		entries := []pair{{0, 0x1000}, {3, 0x2000}, {8, 0x3000}, {63, 0x4000}, {64*5 + 1, 0x5000}}
		check(t, "two levels", xa.Ptr(), false, append(entries, pair{64 * 6, 0x6000})...)
		check(t, "two levels with what is reserved", xa.Ptr(), true, append(entries, pair{64*5 + 2, zero}, pair{64 * 6, 0x6000})...)
		null(1, 12, 62, 64, 64*5, 64*5+2, 64*64, 1<<31, 1<<63)
		for _, i := range []uint64{9, 10, 11} {
			worldtest.CheckPtr(t, "sibling", xarray.Load(xa.Ptr(), i, false), 0x3000)
		}
		for _, i := range []uint64{64*6 + 1, 64*7 + 63} { // an entry of a whole node and its sibling
			worldtest.CheckPtr(t, "entry of a whole node", xarray.Load(xa.Ptr(), i, false), 0x6000)
		}
		worldtest.CheckPtr(t, "radix tree's name for it", radixtree.Lookup(xa.Ptr(), 3), 0x2000)
		if all, err := worldtest.Collect(t, radixtree.ForEach(xa.Ptr())); err != nil || len(all) != 6 {
			t.Errorf("radix tree's walk: %d entries, %v", len(all), err)
		}

		// As deep as an unsigned long is wide: the highest index there is.
		top, shift := node(w, 0, map[int]uint64{63: 0x7000}), uint64(6)
		last := uint64(63)
		for ; shift < 8*w.Word(); shift += 6 {
			slot := min(63, uint64(1)<<(8*w.Word()-shift)-1)
			top = node(w, shift, map[int]uint64{int(slot): top})
			last |= slot << shift
		}
		xa.Set("xa_head", top)
		check(t, "the last index", xa.Ptr(), false, pair{last, 0x7000})
		null(last - 1)
	})
}

func TestValues(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		entry := func(v uint64) drgn.Object { return w.ScalarValue(w.MustType("void *"), v) }
		for v, want := range map[uint64]bool{1: true, 2047: true, 0: false, 0x1000: false, zero: false} {
			worldtest.CheckValue(t, fmt.Sprintf("%#x is an integer", v), want)(xarray.IsValue(entry(v)))
		}
		integer := xarray.ToValue(entry(1234<<1 | 1))
		worldtest.CheckPtr(t, "integer", integer, 1234)
		if got := integer.Type().String(); got != "unsigned long" {
			t.Errorf("integer is of type %s", got)
		}
		worldtest.CheckValue(t, "reserved", true)(xarray.IsZero(entry(zero)))
		worldtest.CheckValue(t, "reserved", false)(xarray.IsZero(entry(retry)))
		failed := drgn.Failed(errors.New("failed"))
		if v, err := xarray.IsValue(failed); err == nil || v {
			t.Errorf("a failed object is an integer: %v, %v", v, err)
		}
		if err := xarray.ToValue(failed).Err(); err == nil {
			t.Error("integer of a failed object: no error")
		}
	})
}

// Before v4.20 the nodes of radix trees were struct radix_tree_node, and marked in the lowest bit.
func TestRadixTree(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct radix_tree_node { unsigned char shift, offset, count, exceptional; struct radix_tree_node *parent; void *slots[16]; };
			struct radix_tree_root { unsigned int gfp_mask; struct radix_tree_node *rnode; };`)
		low, top := w.Alloc("struct radix_tree_node"), w.Alloc("struct radix_tree_node").Set("shift", 4)
		low.Set("slots[2]", 0x1000).Set("slots[15]", zero) // zero is an address as good as others
		top.Set("slots[3]", low.At|1).Set("slots[4]", 0)
		root := w.Alloc("struct radix_tree_root").Set("rnode", top.At|1)
		check(t, "tree", root.Ptr(), false, pair{16*3 + 2, 0x1000}, pair{16*3 + 15, zero})
		worldtest.CheckPtr(t, "nothing", xarray.Load(root.Ptr(), 2, false), 0)
		worldtest.CheckPtr(t, "nothing", xarray.Load(root.Ptr(), 256, false), 0)
	})
}

func TestCorrupt(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations)
		xa := w.Alloc("struct xarray")
		both := func(what string, index uint64, isFault bool) {
			t.Helper()
			var fault *mem.FaultError
			_, walkErr := worldtest.Collect(t, xarray.ForEach(xa.Ptr(), false))
			for name, err := range map[string]error{"walk": walkErr, "load": xarray.Load(xa.Ptr(), index, false).Err()} {
				if err == nil || errors.As(err, &fault) != isFault {
					t.Errorf("%s: %s: %v", what, name, err)
				}
			}
		}
		xa.Set("xa_head", worldtest.Dangling|2)
		both("dangling head", 0, true)
		xa.Set("xa_head", node(w, 6, map[int]uint64{1: worldtest.Dangling | 2}))
		both("dangling child", 64, true)
		xa.Set("xa_head", node(w, 77, nil))
		both("shift of 77", 0, false)

		self := w.Alloc("struct xa_node").Set("shift", 6)
		self.Set("slots[0]", self.At|2)
		xa.Set("xa_head", self.At|2)
		both("node below itself", 0, false)
		xa.Set("xa_head", node(w, 6, map[int]uint64{2: node(w, 12, nil)}))
		if got, err := worldtest.Collect(t, xarray.ForEach(xa.Ptr(), false)); err == nil {
			t.Errorf("a higher node below a lower: %v", got)
		}
	})
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct xa_node { unsigned char shift; void *slots[17]; }; struct xarray { void *xa_head; };`)
	if err := xarray.Load(w.Alloc("struct xarray").Ptr(), 0, false).Err(); err == nil {
		t.Error("nodes of 17 slots: no error")
	}
}
