package mm_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A personality has page tables that map what lies from image on to the physical addresses from there on.
type personality struct{ drgn.Personality }

const image, imagePhysical = 0x70000000, 0x3000

func (personality) Translate(_, address uint64) (uint64, error) {
	return 0, &mem.FaultError{Message: "not mapped", Address: address}
}

func (personality) ImageToPhysical(address uint64) (uint64, bool) {
	return address - image + imagePhysical, address >= image && address < image+0x10000
}

// DirectMap says that it begins at physical address 0; where it lies the constant PAGE_OFFSET says.
func (personality) DirectMap() (virtual, physical uint64, err error) { return 0, 0, nil }

// memory makes a kernel of 512 KiB of memory, and returns the addresses of the direct map and of the struct pages.
func memory(t *testing.T, w *worldtest.World) (base, vmemmap uint64) {
	t.Helper()
	base = w.AllocBytes(0x80000, 1<<16)
	vmemmap = w.AllocBytes(0x80000>>w.PageShift*w.SizeOf("struct page"), 1<<12)
	for name, value := range map[string]uint64{"PAGE_SHIFT": w.PageShift, "PAGE_OFFSET": base, "high_memory": base + 0x80000, "max_pfn": 0x80000 >> w.PageShift} {
		w.Constant(name, "unsigned long", value)
	}
	w.Constant("vmemmap", "struct page *", vmemmap)
	if err := w.Setup(drgn.Setup{Personality: personality{}}); err != nil {
		t.Fatal(err)
	}
	return base, vmemmap
}

func TestAddresses(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`struct page { unsigned long flags, compound_head; unsigned int page_type; };`)
		base, vmemmap := memory(t, w)
		size := w.SizeOf("struct page")
		for pfn := range uint64(0x80000) >> w.PageShift {
			phys, page := pfn<<w.PageShift, w.VarAt("struct page", vmemmap+pfn*size)
			for _, offset := range []uint64{0, 1, 1<<w.PageShift - 1} {
				virt := base + phys + offset
				for what, check := range map[string]struct {
					got  drgn.Object
					want uint64
				}{
					"virt_to_phys": {mm.VirtToPhys(w.Program, virt), phys + offset},
					"phys_to_virt": {mm.PhysToVirt(w.Program, phys+offset), virt},
					"virt_to_pfn":  {mm.VirtToPFN(w.Program, virt), pfn},
					"PHYS_PFN":     {mm.PhysPFN(w.Program, phys+offset), pfn},
					"virt_to_page": {mm.VirtToPage(w.Program, virt), page.At},
					"phys_to_page": {mm.PhysToPage(w.Program, phys+offset), page.At},
				} {
					worldtest.CheckPtr(t, fmt.Sprintf("%s of frame %d and %#x", what, pfn, offset), check.got, check.want)
				}
			}
			worldtest.CheckPtr(t, "PFN_PHYS", mm.PFNPhys(w.Program, pfn), phys)
			worldtest.CheckPtr(t, "pfn_to_virt", mm.PFNToVirt(w.Program, pfn), base+phys)
			worldtest.CheckPtr(t, "pfn_to_page", mm.PFNToPage(w.Program, pfn), page.At)
			worldtest.CheckPtr(t, "page_to_pfn", mm.PageToPFN(page.Ptr()), pfn)
			worldtest.CheckPtr(t, "page_to_phys", mm.PageToPhys(page.Ptr()), phys)
			worldtest.CheckPtr(t, "page_to_virt", mm.PageToVirt(page.Ptr()), base+phys)
			// A pointer to something else is no page: drgn 0.3.0 can't subtract it from one.
			other := w.ObjectAt(page.Ptr().Type(), page.At).AddressOf()
			for what, err := range map[string]error{"page_to_pfn": mm.PageToPFN(other).Err(), "page_to_phys": mm.PageToPhys(other).Err(), "page_to_virt": mm.PageToVirt(other).Err()} {
				if wrong := (*drgn.TypeError)(nil); !errors.As(err, &wrong) {
					t.Errorf("%s of %s: %v", what, other.Type(), err)
				}
			}
		}
		for addr, want := range map[uint64]bool{base - 1: false, base: true, base + 0x7ffff: true, base + 0x80000: false} {
			worldtest.CheckValue(t, fmt.Sprintf("%#x is in the direct map", addr), want)(mm.InDirectMap(w.Program, addr))
		}
		worldtest.CheckPtr(t, "virt_to_phys of the kernel's image", mm.VirtToPhys(w.Program, image+0x123), imagePhysical+0x123)
		if phys, err := mm.VirtToPhys(w.Program, worldtest.Dangling).Uint(); err != nil || phys+base != worldtest.Dangling {
			t.Errorf("virt_to_phys of what is not mapped, as if it were: %#x, %v", phys, err)
		}
	})
}

func TestCompoundPages(t *testing.T) {
	const v72 = `typedef struct { unsigned long f; } memdesc_flags_t;
		struct page { memdesc_flags_t flags; unsigned long compound_info, pad[5]; unsigned int page_type, ref; };
		struct folio { struct page page; unsigned long _flags_1, _head_1; };`
	v72Order := func(w *worldtest.World, first, _ worldtest.Var) {
		w.VarAt("struct folio", first.At).Set("_flags_1", 0x1202)
	}
	for name, c := range map[string]struct {
		declarations string
		setOrder     func(w *worldtest.World, first, second worldtest.Var)
		isMasked     bool // the heads of tail pages are masks
	}{
		// set_compound_head() in include/linux/page-flags.h of v7.2: a pointer unless CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP.
		"v7.2":        {v72, v72Order, false},
		"v7.2, masks": {v72, v72Order, true},
		"v6.18": {`typedef struct { unsigned long f; } memdesc_flags_t;
			struct page { memdesc_flags_t flags; unsigned long compound_head; unsigned int page_type; };
			struct folio { struct page page; unsigned long _flags_1, _head_1; };`,
			func(w *worldtest.World, first, _ worldtest.Var) {
				w.VarAt("struct folio", first.At).Set("_flags_1", 0x1202)
			}, false},
		"v6.6": {`struct page { unsigned long flags, compound_head; unsigned int page_type; };
			struct folio { struct page page; unsigned long _flags_1, _head_1; };`,
			func(w *worldtest.World, first, _ worldtest.Var) {
				w.VarAt("struct folio", first.At).Set("_flags_1", 0x1202)
			}, false},
		"v6.1": {`struct page { unsigned long flags, compound_head; unsigned char compound_dtor, compound_order; };
			struct folio { struct page page; unsigned long _flags_1, __head; unsigned char _folio_dtor, _folio_order; };`,
			func(w *worldtest.World, first, second worldtest.Var) {
				folio := w.VarAt("struct folio", first.At)
				folio.Set("_flags_1", 0x1201)
				folio.Set("_folio_order", 2)
			}, false},
		"v5.10": {`struct page { unsigned long flags, compound_head; unsigned char compound_dtor, compound_order; };`,
			func(_ *worldtest.World, _, second worldtest.Var) { second.Set("compound_order", 2) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`enum pageflags { PG_locked, PG_waiters, PG_uptodate = 3, PG_lru = 5, PG_head = 6, PG_slab = 9, PG_private = 11, PG_alias = 11, __NR_PAGEFLAGS = 20 };` + c.declarations)
				_, vmemmap := memory(t, w)
				page := func(pfn uint64) worldtest.Var { return w.VarAt("struct page", vmemmap+pfn*w.SizeOf("struct page")) }
				flags := "flags"
				if page(0).Object().Member("flags").HasMember("f") {
					flags = "flags.f"
				}
				high := uint64(1) << (8*w.Word() - 1) // where the zone is
				page(1).Set(flags, high|1<<5|1<<3)
				page(4).Set(flags, high|1<<6|1<<0)
				c.setOrder(w, page(4), page(5))
				member, tailOf := "compound_head", page(4).At|1
				if !page(0).Object().HasMember(member) {
					member = "compound_info"
				}
				// Masks are for structures whose size is a power of two, and machines with 64 bits.
				if size := w.SizeOf("struct page"); c.isMasked && size == 64 {
					tailOf = ^uint64(4*64-1) | 1
				}
				for pfn := uint64(5); pfn < 8; pfn++ {
					page(pfn).Set(member, tailOf)
				}
				for pfn := range uint64(8) {
					head, tail := pfn == 4, pfn > 4
					first, order := page(pfn).At, uint64(0)
					if tail {
						first = page(4).At
					}
					if head {
						order = 2
					}
					what := func(s string) string { return fmt.Sprintf("%s of page %d", s, pfn) }
					o := page(pfn).Ptr()
					worldtest.CheckValue(t, what("head"), head)(mm.PageHead(o))
					worldtest.CheckValue(t, what("tail"), tail)(mm.PageTail(o))
					worldtest.CheckValue(t, what("compound"), head || tail)(mm.PageCompound(o))
					worldtest.CheckPtr(t, what("first"), mm.CompoundHead(o), first)
					worldtest.CheckPtr(t, what("order"), mm.CompoundOrder(o), order)
					worldtest.CheckPtr(t, what("number"), mm.CompoundNr(o), 1<<order)
					worldtest.CheckPtr(t, what("size"), mm.PageSize(o), 1<<(order+w.PageShift))
				}
				worldtest.CheckPtr(t, "flags", mm.PageFlags(page(1).Ptr()), high|1<<5|1<<3)
				worldtest.CheckValue(t, "LRU", true)(mm.PageLRU(page(1).Ptr()))
				worldtest.CheckValue(t, "LRU", false)(mm.PageLRU(page(4).Ptr()))
				worldtest.CheckValue(t, "locked", true)(mm.PageLocked(page(4).Ptr()))
				worldtest.CheckValue(t, "a flag that this kernel has not", false)(mm.PageWriteback(page(1).Ptr()))
				worldtest.CheckValue(t, "names", "PG_uptodate|PG_lru")(mm.DecodePageFlags(page(1).Ptr()))
				worldtest.CheckValue(t, "no names", "0")(mm.DecodePageFlags(page(0).Ptr()))
				worldtest.CheckValue(t, "a flag of two names", "PG_private|PG_alias")(mm.DecodePageFlagsValue(w.Program, 1<<11|high))
				other := w.ObjectAt(page(0).Ptr().Type(), page(0).At).AddressOf()
				if _, err := mm.PageTail(other); !errors.As(err, new(*types.NoMembersError)) {
					t.Errorf("whether a %s is a tail: %v", other.Type(), err)
				}
				if lru, err := mm.PageLRU(w.VarAt("struct page", worldtest.Dangling).Ptr()); err == nil || lru {
					t.Errorf("a dangling page is on the LRU: %v, %v", lru, err)
				}
			})
		})
	}
}

// areas makes three areas in a red-black tree: the second is the root.
func areas(w *worldtest.World, typ, node, start, end string, root worldtest.Var, designator string) []worldtest.Var {
	all := w.AllocN(3, typ)
	for i, a := range all {
		a.Set(start, uint64(0x1000*(2*i+1))).Set(end, uint64(0x1000*(2*i+2)))
	}
	all[1].Set(node+".rb_left", all[0].Addr(node)).Set(node+".rb_right", all[2].Addr(node))
	all[0].Set(node+".__rb_parent_color", all[1].Addr(node))
	all[2].Set(node+".__rb_parent_color", all[1].Addr(node))
	root.Set(designator, all[1].Addr(node))
	return all
}

func checkFind(t *testing.T, all []worldtest.Var, find func(addr uint64) drgn.Object) {
	t.Helper()
	for i, a := range all {
		first := uint64(0x1000 * (2*i + 1))
		worldtest.CheckPtr(t, "first byte", find(first), a.At)
		worldtest.CheckPtr(t, "last byte", find(first+0xfff), a.At)
		worldtest.CheckPtr(t, "byte before", find(first-1), 0)
		worldtest.CheckPtr(t, "byte after", find(first+0x1000), 0)
	}
}

// Before v6.1 the areas of an address space were in a list and in a red-black tree.
func TestOldAreas(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			struct vm_area_struct { unsigned long vm_start, vm_end; struct vm_area_struct *vm_next; struct rb_node vm_rb; };
			struct mm_struct { struct vm_area_struct *mmap; struct rb_root mm_rb; };`)
		space := w.Alloc("struct mm_struct")
		worldtest.Check(t, "no areas", mm.ForEachVMA(space.Ptr()))
		all := areas(w, "struct vm_area_struct", "vm_rb", "vm_start", "vm_end", space, "mm_rb.rb_node")
		space.Set("mmap", all[0].At)
		all[0].Set("vm_next", all[1].At)
		all[1].Set("vm_next", all[2].At)
		worldtest.Check(t, "areas", mm.ForEachVMA(space.Ptr()), all[0].At, all[1].At, all[2].At)
		checkFind(t, all, func(addr uint64) drgn.Object { return mm.FindVMA(space.Ptr(), addr) })
		all[2].Set("vm_next", all[1].At)
		var cycle *walk.CycleError
		if _, err := worldtest.Collect(t, mm.ForEachVMA(space.Ptr())); !errors.As(err, &cycle) {
			t.Errorf("a circle: %v", err)
		}
	})
}

// Since v6.9 the areas of vmalloc are in several trees.
func TestVmapAreas(t *testing.T) {
	for _, several := range []bool{false, true} {
		t.Run(fmt.Sprintf("several trees %v", several), func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				w.Declare(`
					struct vmap_area { unsigned long va_start, va_end; struct rb_node rb_node; };
					struct vmap_node { int nr; struct { struct rb_root root; int lock; } busy; };`)
				var all []worldtest.Var
				if several {
					nodes := w.VarAt("struct vmap_node [2]", w.AllocBytes(2*w.SizeOf("struct vmap_node"), 16))
					w.Variable("vmap_nodes", "struct vmap_node *").Set("", nodes.At)
					n := w.Variable("nr_vmap_nodes", "int").Set("", 2)
					all = areas(w, "struct vmap_area", "rb_node", "va_start", "va_end", nodes, "[1].busy.root.rb_node")
					defer func() {
						n.Set("", 1<<30)
						if err := mm.FindVmapArea(w.Program, 1).Err(); err == nil {
							t.Error("2^30 trees: no error")
						}
					}()
				} else {
					all = areas(w, "struct vmap_area", "rb_node", "va_start", "va_end", w.Variable("vmap_area_root", "struct rb_root"), "rb_node")
				}
				worldtest.Check(t, "areas", mm.ForEachVmapArea(w.Program), all[0].At, all[1].At, all[2].At)
				checkFind(t, all, func(addr uint64) drgn.Object { return mm.FindVmapArea(w.Program, addr) })
			})
		})
	}
}

// Before v6.2 the name of an area shares its place with what an area of a file needs (struct vm_area_struct in
// include/linux/mm_types.h of v6.1): only memory without a file has a name.
func TestVMANameInUnion(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`struct anon_vma_name { int kref; char name[16]; };
			struct mm_struct { unsigned long start_brk, brk, start_stack; };
			struct path { void *mnt, *dentry; };
			struct file { unsigned int f_mode; struct path f_path; };
			struct vm_operations_struct { void *name; };
			struct vm_area_struct {
				unsigned long vm_start, vm_end;
				struct mm_struct *vm_mm;
				union { struct { unsigned long rb, last; } shared; struct anon_vma_name *anon_name; };
				const struct vm_operations_struct *vm_ops;
				struct file *vm_file;
			};`)
		vma, name := w.Alloc("struct vm_area_struct"), w.Alloc("struct anon_vma_name")
		name.SetText("name", "heap of x")
		vma.Set("vm_start", 0x1000).Set("vm_end", 0x2000).Set("vm_mm", w.Alloc("struct mm_struct").At).Set("anon_name", name.At)
		if got, err := mm.VMAName(vma.Ptr()); string(got) != "[anon:heap of x]" || err != nil {
			t.Errorf("%s, %v", got, err)
		}
		vma.Set("shared.rb", 5).Set("vm_file", worldtest.Dangling)
		var fault *mem.FaultError
		if got, err := mm.VMAName(vma.Ptr()); !errors.As(err, &fault) || fault.Address < worldtest.Dangling {
			t.Errorf("%s, %v: the file is what can't be read", got, err)
		}
	})
}
