package idr_test

import (
	"fmt"
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/idr"
	"github.com/godrgn/drgn/linux/xarray"
)

// IDs count from idr_base since v4.16; the array below counts from 0.
func TestIDR(t *testing.T) {
	for name, c := range map[string]struct {
		base uint64
		idr  string
	}{
		"with a base":    {10, `struct idr { struct xarray idr_rt; unsigned int idr_base, idr_next; };`},
		"without a base": {0, `struct idr { struct xarray idr_rt; unsigned int idr_next; };`},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`
					struct xa_node { unsigned char shift, offset, count, nr_values; void *slots[64]; };
					struct xarray { unsigned int xa_flags; void *xa_head; };
					struct thing { int id; };` + c.idr)
				things := w.AllocN(2, "struct thing")
				n := w.Alloc("struct xa_node").Set("slots[0]", things[0].At).Set("slots[7]", things[1].At)
				v := w.Alloc("struct idr").Set("idr_rt.xa_head", n.At|2)
				if c.base != 0 {
					v.Set("idr_base", c.base)
				}
				worldtest.CheckPtr(t, "first ID", idr.Find(v.Ptr(), c.base), things[0].At)
				worldtest.CheckPtr(t, "ID", idr.Find(v.Ptr(), c.base+7), things[1].At)
				for _, id := range []uint64{c.base + 1, c.base + 64, c.base - 1, 1 << 63} {
					worldtest.CheckPtr(t, "an ID that nothing has", idr.Find(v.Ptr(), id), 0)
				}
				want := fmt.Sprintf("[{%d (void *)%#x} {%d (void *)%#x}]", c.base, things[0].At, c.base+7, things[1].At)
				if got := show(worldtest.Collect(t, idr.ForEach(v.Ptr()))); got != want {
					t.Errorf("walk: %s; want %s", got, want)
				}
				want = fmt.Sprintf("[{%d (struct thing *)%#x} {%d (struct thing *)%#x}]", c.base, things[0].At, c.base+7, things[1].At)
				if got := show(worldtest.Collect(t, idr.ForEachEntry(v.Ptr(), "struct thing"))); got != want {
					t.Errorf("walk of entries: %s; want %s", got, want)
				}
				v.Set("idr_rt.xa_head", worldtest.Dangling|2)
				if all, err := worldtest.Collect(t, idr.ForEachEntry(v.Ptr(), "struct thing")); err == nil {
					t.Errorf("dangling: %v", all)
				}
			})
		})
	}
}

// show writes entries without what their pointers point to.
func show(all []xarray.Entry, err error) string {
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, e := range all {
		at, err := e.Value.Uint()
		if err != nil {
			return err.Error()
		}
		parts = append(parts, fmt.Sprintf("{%d (%s)%#x}", e.Index, e.Value.Type(), at))
	}
	return fmt.Sprint(parts)
}
