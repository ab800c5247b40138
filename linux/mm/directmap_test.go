package mm_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/mm"
)

const pageOffset, physOffset, highMemory, vmemmap = 0xc0000000, 0x40000000, 0xf0000000, 0xf4000000

// direct is a kernel whose mapping of physical memory does not begin with the physical address 0, as on most machines but
// x86-64. Its page tables map 0xf8000000 to 0x1000.
type direct struct{ drgn.Personality }

func (direct) DirectMap() (virtual, physical uint64, err error) { return pageOffset, physOffset, nil }
func (direct) ImageToPhysical(uint64) (uint64, bool)            { return 0, false }
func (direct) Translate(_, address uint64) (uint64, error)      { return address - 0xf8000000 + 0x1000, nil }

func TestDirectMap(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare("struct page { unsigned long words[8]; };")
		w.Constant("PAGE_SHIFT", "unsigned long", w.PageShift)
		w.Constant("PAGE_OFFSET", "unsigned long", pageOffset)
		w.Constant("high_memory", "unsigned long", highMemory)
		w.Constant("vmemmap", "unsigned long", vmemmap)
		if err := w.Setup(drgn.Setup{Platform: w.Platform(), Personality: direct{}}); err != nil {
			t.Fatal(err)
		}
		size := 8 * w.Word() // of struct page
		const virt = pageOffset + 0x321000
		phys := uint64(physOffset + 0x321000)
		pfn := phys >> w.PageShift
		frame := pfn << w.PageShift
		page := mm.PFNToPage(w.Program, pfn)
		for _, test := range []struct {
			what string
			got  drgn.Object
			want uint64
		}{
			{"virt_to_phys", mm.VirtToPhys(w.Program, virt), phys},
			{"phys_to_virt", mm.PhysToVirt(w.Program, phys), virt},
			{"virt_to_pfn", mm.VirtToPFN(w.Program, virt), pfn},
			{"pfn_to_virt", mm.PFNToVirt(w.Program, pfn), frame - physOffset + pageOffset},
			{"pfn_to_page", page, vmemmap + pfn*size},
			{"virt_to_page", mm.VirtToPage(w.Program, virt), vmemmap + pfn*size},
			{"page_to_pfn", mm.PageToPFN(page), pfn},
			{"page_to_phys", mm.PageToPhys(page), frame},
			{"page_to_virt", mm.PageToVirt(page), frame - physOffset + pageOffset},
			{"virt_to_phys outside of the map", mm.VirtToPhys(w.Program, 0xf8000010), 0x1010},
		} {
			worldtest.CheckValue(t, test.what, test.want&w.Platform().AddressMask())(test.got.Uint())
		}
		worldtest.CheckValue(t, "in_direct_map below it", false)(mm.InDirectMap(w.Program, pageOffset-1))
		worldtest.CheckValue(t, "in_direct_map", true)(mm.InDirectMap(w.Program, virt))
		worldtest.CheckValue(t, "in_direct_map after it", false)(mm.InDirectMap(w.Program, highMemory))
	})
}

// A kernel of 32 bits with CONFIG_FLATMEM has one array of struct pages, the first of which is that of the first page frame in low memory.
// What memory lies above low memory has no address.
func TestHighMemory(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		if w.Word() == 8 {
			return
		}
		w.Declare("struct page { unsigned long words[8]; };")
		w.Constant("PAGE_SHIFT", "unsigned long", w.PageShift)
		w.Constant("PAGE_OFFSET", "unsigned long", pageOffset)
		w.Constant("high_memory", "unsigned long", highMemory)
		first := uint64(physOffset) >> w.PageShift
		w.Constant("vmemmap", "unsigned long", 0x00100000) // if the array begins at it and first*32
		w.Variable("mem_map", "struct page *")
		if err := w.Setup(drgn.Setup{Platform: w.Platform(), Personality: direct{}}); err != nil {
			t.Fatal(err)
		}
		layout, err := mm.LayoutOf(w.Program)
		if err != nil || !layout.Flat || layout.FirstPFN() != first {
			t.Fatalf("%+v, %v", layout, err)
		}
		high := uint64(physOffset+highMemory-pageOffset) >> w.PageShift
		page := mm.PFNToPage(w.Program, high)
		worldtest.CheckValue(t, "pfn_to_page", 0x00100000+32*high)(page.Uint())
		worldtest.CheckValue(t, "page_to_pfn", high)(mm.PageToPFN(page).Uint())
		worldtest.CheckValue(t, "pfn_to_virt", uint64(highMemory)-1<<w.PageShift)(mm.PFNToVirt(w.Program, high-1).Uint())
		for what, o := range map[string]drgn.Object{"pfn_to_virt": mm.PFNToVirt(w.Program, high), "page_to_virt": mm.PageToVirt(page)} {
			var value *drgn.ValueError
			if _, err := o.Uint(); !errors.As(err, &value) {
				t.Errorf("%s of high memory: %v", what, err)
			}
		}
	})
}
