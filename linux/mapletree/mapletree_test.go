package mapletree_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/mapletree"
	"github.com/godrgn/drgn/mem"
)

// declarations are those of 64-bit kernels with 16 slots a node, or of 32-bit ones with 32 (include/linux/maple_tree.h);
// 10 and 21 in nodes with gaps.
func declarations(w *worldtest.World) string {
	n, gaps, padding := 16, 10, 31
	if w.Word() == 4 {
		n, gaps, padding = 32, 21, 63
	}
	return fmt.Sprintf(`
		struct maple_range_64 { void *parent; unsigned long pivot[%d]; void *slot[%d]; };
		struct maple_arange_64 { void *parent; unsigned long pivot[%d]; void *slot[%d]; unsigned long gap[%d]; };
		struct maple_node { union { struct { void *parent; void *slot[%d]; }; struct maple_range_64 mr64; struct maple_arange_64 ma64; }; };
		struct maple_tree { unsigned int ma_flags; void *ma_root; };`, n-1, n, gaps-1, gaps, gaps, padding)
}

// Types of nodes (enum maple_type).
const (
	leaf64   = 1
	range64  = 2
	arange64 = 3
)

const zero = 257<<2 | 2 // XA_ZERO_ENTRY

// A slot of a node: an entry, and the last index it is for.
type slot struct{ last, entry uint64 }

// node makes a node and returns how its parent or the tree has it. max is the last index of the node: it needs no pivot.
func node(w *worldtest.World, kind, max uint64, slots ...slot) uint64 {
	size := w.SizeOf("struct maple_node")
	n := w.VarAt("struct maple_node", w.AllocBytes(size, 256))
	body := "mr64"
	if kind == arange64 {
		body = "ma64"
	}
	for i, s := range slots {
		n.Set(fmt.Sprintf("%s.slot[%d]", body, i), s.entry)
		if s.last != max {
			n.Set(fmt.Sprintf("%s.pivot[%d]", body, i), s.last)
		}
	}
	return n.At | kind<<3 | 2 | 4 // bit 2 is the marker of a root or of a node with a parent
}

func show(t *testing.T, w *worldtest.World, mt worldtest.Var, advanced bool) string {
	all, err := worldtest.Collect(t, mapletree.ForEach(mt.Ptr(), advanced))
	out := ""
	for _, r := range all {
		v, err := r.Value.Uint()
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%#x-%#x:%#x ", r.First, r.Last, v)
	}
	if err != nil {
		out += err.Error()
	}
	return out
}

func TestTree(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations(w))
		end := ^uint64(0) >> (64 - 8*w.Word()) // the last index
		mt := w.Alloc("struct maple_tree")
		check := func(what string, advanced bool, want string, at map[uint64]uint64) {
			t.Helper()
			if got := show(t, w, mt, advanced); got != want {
				t.Errorf("%s: %s; want %s", what, got, want)
			}
			for index, value := range at {
				worldtest.CheckPtr(t, fmt.Sprintf("%s: index %#x", what, index), mapletree.Load(mt.Ptr(), index, advanced), value)
			}
		}
		check("an empty tree", false, "", map[uint64]uint64{0: 0, end: 0})
		mt.Set("ma_root", 0x1000)
		check("an entry at 0", false, "0x0-0x0:0x1000 ", map[uint64]uint64{0: 0x1000, 1: 0})

		low := node(w, leaf64, 0xfff, slot{0, 0x1000}, slot{9, 0}, slot{0x1f, 0x2000}, slot{0xfff, zero})
		high := node(w, leaf64, end, slot{0x7fff, 0x3000}, slot{end - 1, 0}, slot{end, 0x4000})
		want := fmt.Sprintf("0x0-0x0:0x1000 0xa-0x1f:0x2000 0x1000-0x7fff:0x3000 %#x-%#x:0x4000 ", end, end)
		reserved := fmt.Sprintf("0x0-0x0:0x1000 0xa-0x1f:0x2000 0x20-0xfff:0x406 0x1000-0x7fff:0x3000 %#x-%#x:0x4000 ", end, end)
		at := map[uint64]uint64{0: 0x1000, 1: 0, 9: 0, 10: 0x2000, 0x1f: 0x2000, 0x20: 0, 0xfff: 0, 0x1000: 0x3000, 0x7fff: 0x3000, 0x8000: 0, end - 1: 0, end: 0x4000}
		for _, kind := range []uint64{range64, arange64} {
			mt.Set("ma_root", node(w, kind, end, slot{0xfff, low}, slot{end, high}))
			check(fmt.Sprintf("a tree below a node of type %d", kind), false, want, at)
			at[0x20], at[0xfff] = zero, zero
			check("with what is reserved", true, reserved, at)
			at[0x20], at[0xfff] = 0, 0
		}
		all, err := worldtest.Collect(t, mapletree.Overlapping(mt.Ptr(), 0x1f, 0x1000))
		if err != nil || len(all) != 2 || all[0].Last != 0x1f || all[1].First != 0x1000 {
			t.Errorf("what overlaps with 0x1f to 0x1000: %v, %v", all, err)
		}

		// A node that is full has no pivot for its last slot.
		n := uint64(16)
		if w.Word() == 4 {
			n = 32
		}
		var slots []slot
		want = ""
		for i := range n {
			last := i*10 + 9
			if i == n-1 {
				last = end
			}
			slots = append(slots, slot{last, 0x1000 * (i + 1)})
			want += fmt.Sprintf("%#x-%#x:%#x ", i*10, last, 0x1000*(i+1))
		}
		mt.Set("ma_root", node(w, leaf64, end, slots...))
		check("a full node", false, want, map[uint64]uint64{0: 0x1000, 15: 0x2000, end: 0x1000 * n})
	})
}

func TestCorrupt(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(declarations(w))
		end := ^uint64(0) >> (64 - 8*w.Word())
		self := node(w, range64, end)
		w.VarAt("struct maple_node", self&^255).Set("mr64.slot[0]", self)
		for name, c := range map[string]struct {
			root    uint64
			isFault bool
		}{
			"a dangling root":             {worldtest.Dangling | range64<<3 | 2, true},
			"a dangling leaf":             {node(w, range64, end, slot{9, worldtest.Dangling | leaf64<<3 | 2}, slot{end, 0}), true},
			"a node of a type that isn't": {node(w, 9, end), false},
			"pivots that go back":         {node(w, leaf64, end, slot{100, 0x1000}, slot{50, 0x2000}, slot{end, 0}), false},
			"a node below itself":         {self, false},
		} {
			mt := w.Alloc("struct maple_tree").Set("ma_root", c.root)
			var fault *mem.FaultError
			_, err := worldtest.Collect(t, mapletree.ForEach(mt.Ptr(), false))
			if err == nil || errors.As(err, &fault) != c.isFault {
				t.Errorf("%s: %v", name, err)
			}
			if name == "pivots that go back" {
				continue // a search does not get there
			}
			if err := mapletree.Load(mt.Ptr(), 0, false).Err(); err == nil || errors.As(err, &fault) != c.isFault {
				t.Errorf("%s: search: %v", name, err)
			}
		}
		if err := mapletree.Load(drgn.Failed(errors.New("failed")), 0, false).Err(); err == nil {
			t.Error("a failed object: no error")
		}
	})
}
