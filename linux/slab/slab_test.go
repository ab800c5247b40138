package slab_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/slab"
)

// A kernel is how one of several versions has its pages and slabs.
type kernel struct {
	declarations string
	page         string // a slab's structure
	isSheaved    bool
	isPerNode    bool                     // nodes and barns lie next to each other, and CPUs have sheaves only
	mark         func(page worldtest.Var) // as a page of a slab
}

// The enumerations that all kernels since v6.10 have.
const pageFlags = `enum pageflags { PG_locked, PG_writeback, PG_head = 6 };
	enum _slab_flag_bits { _SLAB_CONSISTENCY_CHECKS, _SLAB_RED_ZONE, _SLAB_STORE_USER = 7 };`

var kernels = map[string]kernel{
	"v7.2": {pageFlags + `
		enum pagetype { PGTY_buddy = 0xf0, PGTY_slab = 0xf5 };
		typedef struct { unsigned long f; } memdesc_flags_t;
		struct page { memdesc_flags_t flags; unsigned long compound_info; unsigned long pad[4]; unsigned int page_type; int _refcount; unsigned long memcg_data; };
		struct freelist_counters { void *freelist; union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; };
		struct slab { memdesc_flags_t flags; struct kmem_cache *slab_cache; struct list_head slab_list; struct freelist_counters; unsigned int __page_type; int __page_refcount; unsigned long obj_exts; };
		struct slab_sheaf { struct list_head barn_list; struct kmem_cache *cache; unsigned int size; int node; void *objects[4]; };
		struct slub_percpu_sheaves { int lock; struct slab_sheaf *main, *spare, *rcu_free; };
		struct kmem_cache_per_node_ptrs { struct node_barn *barn; struct kmem_cache_node *node; };
		struct node_barn { int lock; struct list_head sheaves_full, sheaves_empty; unsigned int nr_full, nr_empty; };`, "struct slab", true, true,
		func(page worldtest.Var) { page.Set("page_type", 0xf5<<24) }},
	"v6.18, with sheaves": {pageFlags + `
		enum pagetype { PGTY_buddy = 0xf0, PGTY_slab = 0xf5 };
		typedef struct { unsigned long f; } memdesc_flags_t;
		struct page { memdesc_flags_t flags; unsigned long compound_head; unsigned long pad[4]; unsigned int page_type; int _refcount; };
		struct slab { unsigned long flags; struct kmem_cache *slab_cache; union { struct list_head slab_list; struct slab *next; }; void *freelist;
			union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; unsigned int __page_type; int __page_refcount; };
		struct slab_sheaf { struct list_head barn_list; unsigned int size; void *objects[4]; };
		struct slub_percpu_sheaves { int lock; struct slab_sheaf *main, *spare, *rcu_free; };
		struct node_barn { int lock; struct list_head sheaves_full; };`, "struct slab", true, false,
		func(page worldtest.Var) { page.Set("page_type", 0xf5<<24) }},
	"v6.12": {pageFlags + `
		enum pagetype { PGTY_buddy = 0xf0, PGTY_slab = 0xf5 };
		struct page { unsigned long flags, compound_head; unsigned long pad[4]; unsigned int page_type; int _refcount; };
		struct slab { unsigned long __page_flags; struct kmem_cache *slab_cache; union { struct list_head slab_list; struct slab *next; }; void *freelist;
			union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; unsigned int __page_type; int __page_refcount; };`, "struct slab", false, false,
		func(page worldtest.Var) { page.Set("page_type", 0xf5<<24) }},
	"v6.10": {pageFlags + `
		enum pagetype { PG_buddy = 0x80, PG_slab = 0x1000 };
		struct page { unsigned long flags, compound_head; unsigned long pad[4]; unsigned int page_type; int _refcount; };
		struct slab { unsigned long __page_flags; struct kmem_cache *slab_cache; union { struct list_head slab_list; struct slab *next; }; void *freelist;
			union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; unsigned int __page_type; int __page_refcount; };`, "struct slab", false, false,
		func(page worldtest.Var) { page.Set("page_type", 0xffffffff&^0x1000) }},
	"v5.17": {`enum pageflags { PG_locked, PG_slab = 9, PG_head = 16 };
		struct page { unsigned long flags, compound_head; unsigned long pad[4]; unsigned int page_type; int _refcount; };
		struct slab { unsigned long __page_flags; union { struct list_head slab_list; struct slab *next; }; struct kmem_cache *slab_cache; void *freelist;
			union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; unsigned int __unused; int __page_refcount; };`, "struct slab", false, false,
		func(page worldtest.Var) { page.Set("flags", 1<<9) }},
	"v5.10": {`enum pageflags { PG_locked, PG_slab = 9, PG_head = 16 };
		struct page { unsigned long flags; union { struct list_head slab_list; struct page *next; unsigned long compound_head; }; struct kmem_cache *slab_cache; void *freelist;
			union { unsigned long counters; struct { unsigned int inuse : 16, objects : 15, frozen : 1; }; }; int _mapcount; };`, "struct page", false, false,
		func(page worldtest.Var) { page.Set("flags", 1<<9) }},
}

// A machine is a made-up kernel with one slab of two pages, of a cache named "thing".
type machine struct {
	*worldtest.World
	cache, slab worldtest.Var
	node, cpu   worldtest.Var
	objects     []uint64
	base        uint64 // of the direct map
}

const (
	redZone = 0x400 // SLAB_RED_ZONE
	size    = 96    // of an object with all that is around it
	leftPad = 16
	inside  = 40 // offset of the pointer to the next free object
	random  = 0xa5a5a5a55a5a5a5a
)

func build(t *testing.T, w *worldtest.World, k kernel, hardened bool) *machine {
	t.Helper()
	w.Declare(k.declarations + `
		struct cpumask { unsigned long bits[1]; };
		` + map[bool]string{false: "struct kmem_cache_cpu { void *freelist; unsigned long tid; " + k.page + " *" + k.page[len("struct "):] + ", *partial; };"}[k.isPerNode] + `
		struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; atomic_long_t nr_slabs, total_objects; ` +
		map[bool]string{true: "struct node_barn *barn;"}[k.isSheaved && !k.isPerNode] + ` };
		struct kmem_cache { ` + map[bool]string{false: "struct kmem_cache_cpu *cpu_slab;"}[k.isPerNode] + ` unsigned int flags, size, object_size, inuse, offset; struct { unsigned int x; } oo; int refcount, red_left_pad; ` +
		map[bool]string{true: "unsigned long random;"}[hardened] + map[bool]string{true: "struct slub_percpu_sheaves *cpu_sheaves;"}[k.isSheaved] + `
			const char *name; struct list_head list; ` +
		map[bool]string{false: "struct kmem_cache_node *node[4];", true: "struct kmem_cache_per_node_ptrs per_node[4];"}[k.isPerNode] + ` };`)
	m := &machine{World: w}
	pages := uint64(0x80000) >> w.PageShift
	m.base = w.AllocBytes(0x80000, 1<<16)
	vmemmap := w.AllocBytes(pages*w.SizeOf("struct page"), 1<<12)
	for name, value := range map[string]uint64{"PAGE_SHIFT": w.PageShift, "PAGE_OFFSET": m.base, "high_memory": m.base + 0x80000, "vmemmap": vmemmap, "max_pfn": pages} {
		w.Constant(name, "unsigned long", value)
	}
	w.Variable("__cpu_online_mask", "struct cpumask").Set("bits[0]", 1)
	w.Variable("nr_cpu_ids", "unsigned int").Set("", 1)
	w.Variable("nr_node_ids", "unsigned int").Set("", 1)
	w.Variable("__per_cpu_offset", "unsigned long [1]")

	m.cache, m.node = w.Alloc("struct kmem_cache"), w.Alloc("struct kmem_cache_node")
	nodeAt := "per_node[0].node"
	if !k.isPerNode {
		nodeAt, m.cpu = "node[0]", w.Alloc("struct kmem_cache_cpu")
		m.cache.Set("cpu_slab", m.cpu.At)
	}
	m.flag("RED_ZONE", redZone)
	m.cache.Set("size", size).Set("object_size", 64).Set("offset", inside).
		Set("oo.x", 1<<16|10).Set("refcount", 1).Set("red_left_pad", leftPad).Set("name", w.Text("thing")).Set(nodeAt, m.node.At)
	if hardened {
		m.cache.Set("random", random&(^uint64(0)>>(64-8*w.Word())))
	}
	w.Ring(w.Variable("slab_caches", "struct list_head").At, m.cache.Addr("list"))

	page := func(pfn uint64) worldtest.Var { return w.VarAt("struct page", vmemmap+pfn*w.SizeOf("struct page")) }
	k.mark(page(2))
	flags := "flags"
	if page(2).Object().Member("flags").HasMember("f") {
		flags = "flags.f"
	}
	head, err := w.Program.Constant("PG_head").Uint()
	if err != nil {
		t.Fatal(err)
	}
	old, err := page(2).Object().Subobject(flags).Uint()
	if err != nil {
		t.Fatal(err)
	}
	page(2).Set(flags, old|1<<head)
	switch {
	case !k.isPerNode:
		page(3).Set("compound_head", page(2).At|1)
	case w.SizeOf("struct page") == 64:
		page(3).Set("compound_info", ^uint64(2*64-1)|1)
	default:
		page(3).Set("compound_info", page(2).At|1)
	}
	m.slab = w.VarAt(k.page, page(2).At).Set("slab_cache", m.cache.At).Set("objects", 10).Set("inuse", 8)
	for i := range uint64(10) {
		m.objects = append(m.objects, m.base+2<<w.PageShift+leftPad+i*size)
	}
	w.Ring(m.node.Addr("partial"), m.slab.Addr("slab_list"))
	m.node.Set("nr_slabs.counter", 3).Set("total_objects.counter", 30)
	return m
}

// flag adds a flag to the cache; before v6.9 its value was always the same.
func (m *machine) flag(name string, before uint64) {
	if bit, err := m.Program.Constant("_SLAB_" + name).Uint(); err == nil {
		before = 1 << bit
	}
	old, err := m.cache.Object().Member("flags").Uint()
	if err != nil {
		panic(err)
	}
	m.cache.Set("flags", old|before)
}

// free links objects into a list of free ones and returns the address of the first.
func (m *machine) free(hardened bool, objects ...int) uint64 {
	for i, o := range objects {
		next, at := uint64(0), m.objects[o]+inside
		if i+1 < len(objects) {
			next = m.objects[objects[i+1]]
		}
		if hardened { // freelist_ptr_encode() since v5.7
			swapped := bits.ReverseBytes64(at) >> (64 - 8*m.Word())
			next ^= random ^ swapped
		}
		m.WriteWord(at, next&(^uint64(0)>>(64-8*m.Word())))
	}
	return m.objects[objects[0]]
}

func TestObjects(t *testing.T) {
	for name, k := range kernels {
		for _, hardened := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, hardened %v", name, hardened), func(t *testing.T) {
				worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
					m := build(t, w, k, hardened)
					m.slab.Set("freelist", m.free(hardened, 3, 1))
					allocated := []int{0, 2, 4, 5, 6, 7, 8, 9}
					if !k.isPerNode {
						m.cpu.Set("freelist", m.free(hardened, 6, 4, 5))
						allocated = []int{0, 2, 7, 8, 9}
					}
					if k.isSheaved {
						main, full, barn := w.Alloc("struct slab_sheaf"), w.Alloc("struct slab_sheaf"), w.Alloc("struct node_barn")
						main.Set("size", 1).Set("objects[0]", m.objects[7]).Set("objects[1]", m.objects[0]) // the second is none of it any more
						full.Set("size", 2).Set("objects[0]", m.objects[9]).Set("objects[1]", m.objects[2])
						m.cache.Set("cpu_sheaves", w.Alloc("struct slub_percpu_sheaves").Set("main", main.At).At)
						w.Ring(barn.Addr("sheaves_full"), full.Addr("barn_list"))
						if k.isPerNode {
							m.cache.Set("per_node[0].barn", barn.At)
						} else {
							m.node.Set("barn", barn.At)
						}
						sheaved := []int{7, 9, 2}
						allocated = slices.DeleteFunc(allocated, func(i int) bool { return slices.Contains(sheaved, i) })
					}
					var want []uint64
					for _, i := range allocated {
						want = append(want, m.objects[i])
					}
					worldtest.Check(t, "allocated objects", slab.ForEachAllocatedObject(m.cache.Ptr(), "struct list_head"), want...)
					for i, at := range m.objects {
						for _, addr := range []uint64{at, at + size - 1} {
							info, err := slab.InfoAt(w.Program, addr)
							if err != nil || info == nil || info.Address != at || info.Allocated != slices.Contains(allocated, i) {
								t.Errorf("object %d: %+v, %v; want allocated %v", i, info, err, slices.Contains(allocated, i))
								continue
							}
							worldtest.CheckPtr(t, "cache", info.SlabCache, m.cache.At)
							worldtest.CheckPtr(t, "slab", info.Slab, m.slab.At)
							worldtest.CheckPtr(t, "cache of the address", slab.FindContainingCache(w.Program, addr), m.cache.At)
						}
					}
					first := m.base + 2<<w.PageShift
					for what, addr := range map[string]uint64{"the red zone before the objects": first, "after the objects": m.objects[9] + size,
						"the second page": first + 1<<w.PageShift + 0xf00, "a page of no slab": m.base, "no page": worldtest.Dangling} {
						if info, err := slab.InfoAt(w.Program, addr); err != nil || info != nil {
							t.Errorf("%s: %+v, %v; want nothing", what, info, err)
						}
					}
					worldtest.CheckPtr(t, "cache of the second page", slab.FindContainingCache(w.Program, first+1<<w.PageShift), m.cache.At)
					worldtest.CheckPtr(t, "cache of no slab", slab.FindContainingCache(w.Program, m.base), 0)
				})
			})
		}
	}
}

func TestCaches(t *testing.T) {
	for name, k := range kernels {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				m := build(t, w, k, false)
				worldtest.Check(t, "caches", slab.ForEachCache(w.Program), m.cache.At)
				found, err := slab.FindCache(w.Program, "thing")
				if err != nil || found == nil {
					t.Fatalf("%v, %v", found, err)
				}
				worldtest.CheckPtr(t, "cache", *found, m.cache.At)
				if found, err := slab.FindCache(w.Program, "thin"); err != nil || found != nil {
					t.Errorf("a name that no cache has: %v, %v", found, err)
				}
				worldtest.CheckValue(t, "objects a slab", uint64(10))(slab.ObjectsPerSlab(m.cache.Ptr()))
				worldtest.CheckValue(t, "order", uint64(1))(slab.Order(m.cache.Ptr()))
				worldtest.CheckValue(t, "pages a slab", uint64(2))(slab.PagesPerSlab(m.cache.Ptr()))
				worldtest.CheckValue(t, "merged", false)(slab.IsMerged(m.cache.Ptr()))
				worldtest.CheckValue(t, "merged", true)(slab.IsMerged(m.cache.Set("refcount", 2).Ptr()))
				worldtest.CheckValue(t, "merged", false)(slab.IsMerged(m.cache.Set("refcount", 0xffffffff).Ptr())) // can't be merged
				// What CPUs keep: an own list, a slab that they allocate from, others that come next; or sheaves.
				if k.isPerNode {
					sheaf := w.Alloc("struct slab_sheaf").Set("size", 2).Set("objects[0]", m.objects[7]).Set("objects[1]", m.objects[3])
					m.cache.Set("cpu_sheaves", w.Alloc("struct slub_percpu_sheaves").Set("spare", sheaf.At).At)
				} else {
					current, next, last := w.Alloc(k.page), w.Alloc(k.page), w.Alloc(k.page)
					for slab, used := range map[worldtest.Var]uint64{current: 9, next: 4, last: 10} {
						slab.Set("objects", 10).Set("inuse", used)
					}
					next.Set("next", last.At)
					m.cpu.Set("freelist", m.free(false, 6, 4, 5)).Set(k.page[len("struct "):], current.At).Set("partial", next.At)
				}
				want := uint64(2 + 3 + 1 + 6)
				if k.isPerNode {
					want = 2 + 2
				}
				worldtest.CheckValue(t, "usage", slab.CacheUsage{NumSlabs: 3, NumObjs: 30, FreeObjs: want})(slab.Usage(m.cache.Ptr()))
				m.slab.Set("inuse", 11)
				if u, err := slab.Usage(m.cache.Ptr()); err == nil {
					t.Errorf("more objects in use than there are: %+v", u)
				}
			})
		})
	}
}

func TestCorrupt(t *testing.T) {
	for name, k := range kernels {
		t.Run(name, func(t *testing.T) {
			for what, corrupt := range map[string]func(m *machine){
				"list of free objects in a circle": func(m *machine) {
					m.slab.Set("freelist", m.free(false, 1, 2))
					m.WriteWord(m.objects[2]+inside, m.objects[1])
				},
				"dangling list of free objects":     func(m *machine) { m.slab.Set("freelist", worldtest.Dangling) },
				"dangling list of the CPU":          func(m *machine) { m.cpu.Set("freelist", worldtest.Dangling) },
				"objects of no size":                func(m *machine) { m.cache.Set("size", 0) },
				"a CPU whose cache is not there":    func(m *machine) { m.cache.Set("cpu_slab", worldtest.Dangling) },
				"pointers to free objects far away": func(m *machine) { m.slab.Set("freelist", m.free(false, 1)); m.cache.Set("offset", 1<<30) },
			} {
				if k.isPerNode && strings.Contains(what, "CPU") {
					continue
				}
				t.Run(what, func(t *testing.T) {
					worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
						m := build(t, w, k, false)
						corrupt(m)
						if got, err := worldtest.Addresses(t, slab.ForEachAllocatedObject(m.cache.Ptr(), "struct list_head")); err == nil {
							t.Errorf("objects %x, no error", got)
						}
						if info, err := slab.InfoAt(w.Program, m.objects[5]); err == nil {
							t.Errorf("object: %+v, no error", info)
						}
					})
				})
			}
		})
	}
}

// What a kernel's counters say is allocated is what the walk finds, in each cache of a real kernel whose CPUs keep slabs.
func TestUsageIsWhatTheWalkFinds(t *testing.T) {
	p := coretest.Program()
	kept := 0
	for cache, err := range slab.ForEachCache(p) {
		if err != nil {
			t.Fatal(err)
		}
		usage, err := slab.Usage(cache)
		if err != nil {
			t.Fatal(err)
		}
		all, err := worldtest.Addresses(t, slab.ForEachAllocatedObject(cache, "void"))
		if err != nil {
			t.Fatal(err)
		}
		name, err := cache.Member("name").CString()
		if err != nil {
			t.Fatal(err)
		}
		if uint64(len(all)) != usage.NumObjs-usage.FreeObjs {
			t.Errorf("%s: %+v; the walk finds %d", name, usage, len(all))
		}
		if usage.FreeObjs > 0 {
			kept++
		}
	}
	if kept == 0 {
		t.Error("no cache has free objects")
	}
}
