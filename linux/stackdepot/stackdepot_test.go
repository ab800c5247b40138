package stackdepot_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/stackdepot"
	"github.com/godrgn/drgn/mem"
)

// pcs returns the addresses of a trace's frames.
func pcs(trace *drgn.StackTrace) (all []uint64) {
	for i := range trace.Len() {
		all = append(all, trace.Frame(i).PC())
	}
	return all
}

// Handles are bit-fields, whose order in the word is the machine's.
func TestFetch(t *testing.T) {
	for name, c := range map[string]struct {
		declarations, pools, index string
		plus                       uint64
		isCounted                  bool
	}{
		"v6.12": {`
			union handle_parts { u32 handle; struct { u32 pool_index_plus_1 : 17, offset : 10, extra : 5; }; };
			struct stack_record { struct list_head hash_list; u32 hash, size; union handle_parts handle; struct { atomic_t refs; } count; unsigned long entries[64]; };`,
			"stack_pools", "pool_index_plus_1", 1, true},
		"v6.3": {`
			union handle_parts { u32 handle; struct { u32 pool_index : 16, offset : 10, valid : 1, extra : 5; }; };
			struct stack_record { struct stack_record *next; u32 hash, size; union handle_parts handle; unsigned long entries[]; };`,
			"stack_pools", "pool_index", 0, false},
		"before": {`
			union handle_parts { u32 handle; struct { u32 slabindex : 21, offset : 10, valid : 1; }; };
			struct stack_record { struct stack_record *next; u32 hash, size; union handle_parts handle; unsigned long entries[1]; };`,
			"stack_slabs", "slabindex", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`typedef u32 depot_stack_handle_t;` + c.declarations)
				pools, pool := w.Variable(c.pools, "void *[4]"), w.AllocBytes(4096, 16)
				pools.Set("[2]", pool)
				const offset = 5 // counts 16 bytes
				record := w.VarAt("struct stack_record", pool+16*offset)
				record.Set("size", 3)
				want := []uint64{0x11111000, 0x22222000, 0x33333000}
				for i, pc := range want {
					w.WriteWord(record.Addr("entries")+uint64(i)*w.Word(), pc)
				}
				if c.isCounted {
					record.Set("count.refs.counter", 1)
				}
				handle := func(index, offset uint64) drgn.Object {
					parts := w.Alloc("union handle_parts").Set(c.index, index+c.plus).Set("offset", offset)
					v, err := parts.Ptr().Member("handle").Uint()
					if err != nil {
						t.Fatal(err)
					}
					return w.ScalarValue(w.MustType("depot_stack_handle_t"), v)
				}
				trace, err := stackdepot.Fetch(handle(2, offset))
				if err != nil || trace == nil || !slices.Equal(pcs(trace), want) {
					t.Fatalf("trace %v, %v; want %x", trace, err, want)
				}
				none := func(what string, h drgn.Object) {
					t.Helper()
					if trace, err := stackdepot.Fetch(h); err != nil || trace != nil {
						t.Errorf("%s: %v, %v; want no trace", what, trace, err)
					}
				}
				none("handle 0", w.ScalarValue(w.MustType("depot_stack_handle_t"), 0))
				none("a pool that is not there", handle(1, offset))
				if c.isCounted {
					record.Set("count.refs.counter", 0)
					none("a trace that is not in use", handle(2, offset))
					record.Set("count.refs.counter", 1)
				}
				bad := func(what string, h drgn.Object) {
					t.Helper()
					if trace, err := stackdepot.Fetch(h); err == nil || trace != nil {
						t.Errorf("%s: %v, %v; want an error", what, trace, err)
					}
				}
				none("a pool too far", handle(4, offset))
				record.Set("size", 1<<31)
				bad("2^31 frames", handle(2, offset))
				pools.Set("[2]", worldtest.Dangling)
				var fault *mem.FaultError
				if trace, err := stackdepot.Fetch(handle(2, offset)); !errors.As(err, &fault) || trace != nil {
					t.Errorf("a dangling pool: %v, %v", trace, err)
				}
			})
		})
	}
}
