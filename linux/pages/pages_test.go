package pages_test

import (
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/pages"
)

// direct is a kernel whose mapping of physical memory begins with the physical address 0x40000000.
type direct struct{ drgn.Personality }

func (direct) DirectMap() (virtual, physical uint64, err error) { return 0xc0000000, 0x40000000, nil }
func (direct) ImageToPhysical(uint64) (uint64, bool)            { return 0, false }
func (direct) Translate(_, address uint64) (uint64, error)      { return address, nil }

// A kernel with CONFIG_FLATMEM has one array of struct pages, which says how many there are.
func TestFlat(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare("struct page { unsigned long words[8]; };")
		w.Constant("PAGE_SHIFT", "unsigned long", w.PageShift)
		w.Constant("PAGE_OFFSET", "unsigned long", 0xc0000000)
		w.Constant("high_memory", "unsigned long", 0xf0000000)
		w.Constant("vmemmap", "unsigned long", 0x00100000)
		w.Variable("mem_map", "struct page *")
		w.Variable("max_mapnr", "unsigned long").Set("", 3)
		if err := w.Setup(drgn.Setup{Platform: w.Platform(), Personality: direct{}}); err != nil {
			t.Fatal(err)
		}
		first, size := uint64(0x40000000)>>w.PageShift, uint64(8*w.Word())
		for r, err := range pages.ForEachValidPageRange(w.Program) {
			if err != nil || r.Start != first || r.End != first+3 {
				t.Fatalf("range %d to %d, %v; want %d to %d", r.Start, r.End, err, first, first+3)
			}
			worldtest.CheckPtr(t, "page frame 0", r.MemMap, 0x00100000)
		}
		page := 0x00100000 + first*size
		worldtest.Check(t, "pages", pages.ForEachPage(w.Program), page, page+size, page+2*size)
	})
}
