package crash

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/hugetlb"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/swap"
	"github.com/godrgn/drgn/linux/vmstat"
)

var kmemCommand = Command{
	Name:        "kmem",
	Description: "memory of the kernel",
	Usage: "[-f | -F | -i | -v | -V | -n | -z | -o | -h | -p |\n            -m PAGE_MEMBERS | -s | -g [FLAGS]] [-I NAME[,NAME...]] [--drgn]\n" +
		"            [name ...] [address ...]",
	Arguments: []Argument{
		{Meta: "name", Shown: true, Help: "with -s: only the slab caches of these names"},
		{Meta: "address", Value: Any, Help: "what lies at these addresses: symbols, tasks and their stacks, vmalloc areas, pages and slab objects; with -v, -p, -m or -s only that"},
		{Names: []string{"-f"}, Set: 1, Help: "the free lists of the page allocator"},
		{Names: []string{"-F"}, Set: 1, Help: "like -f, with each free block"},
		{Names: []string{"-i"}, Set: 1, Help: "how much memory is used for what"},
		{Names: []string{"-v"}, Set: 1, Help: "what vmalloc and vmap have mapped"},
		{Names: []string{"-V"}, Set: 1, Help: "counters of zones, nodes, NUMA and events"},
		{Names: []string{"-n"}, Set: 1, Help: "nodes, zones, sections and memory blocks"},
		{Names: []string{"-z"}, Set: 1, Help: "zones and their counters"},
		{Names: []string{"-o"}, Set: 1, Help: "what is added to the address of a per-CPU variable on each CPU"},
		{Names: []string{"-h"}, Set: 1, Help: "huge pages of hugetlbfs"},
		{Names: []string{"-p"}, Set: 1, Help: "all pages"},
		{Names: []string{"-m"}, Meta: "PAGE_MEMBERS", Value: One, Set: 1, Help: "these members of struct page, of all pages"},
		{Names: []string{"-s"}, Set: 1, Help: "slab caches"},
		{Names: []string{"-g"}, Meta: "FLAGS", Value: Maybe, Set: 1, Check: isHexadecimal, Help: "the flags of pages that are set in a hexadecimal number, or all flags"},
		{Names: []string{"-I"}, Meta: "NAME[,NAME...]", Value: One, Help: "with -s: not the slab caches of these names"},
		drgnArgument,
	},
	Run: kmem,
}

// kmemForms are what the options of kmem show, and the Python for it.
var kmemForms = []struct {
	option string
	show   func(c *Call) error
	code   func(c *Call, b *builder) error
}{
	{"-f", kmemFree, kmemFreeCode}, {"-F", kmemFree, kmemFreeCode}, {"-i", kmemInfo, kmemInfoCode}, {"-v", kmemVmalloc, kmemVmallocCode},
	{"-V", kmemCounters, kmemCountersCode}, {"-n", kmemNodes, kmemNodesCode}, {"-z", kmemZones, kmemZonesCode}, {"-o", kmemOffsets, kmemOffsetsCode},
	{"-h", kmemHuge, kmemHugeCode}, {"-p", kmemPages, kmemPagesCode}, {"-m", kmemPages, kmemPagesCode}, {"-s", kmemSlabs, kmemSlabsCode}, {"-g", kmemFlags, kmemFlagsCode},
}

// kmemAlone is what the options show that take no addresses.
var kmemAlone = map[string]string{"-f": "free_pages", "-F": "free_pages", "-i": "info", "-V": "vmstat", "-n": "nodes", "-z": "zones", "-o": "per_cpu_offset",
	"-h": "hstate"}

func kmem(c *Call) error {
	words := c.List("address")
	switch {
	case c.Has("-I") && !c.Has("-s"):
		return c.refuse("-I can only be used with -s")
	case !c.Has("-s") && slices.ContainsFunc(words, func(w string) bool { return isHexadecimal(w) != "" }):
		return c.refuse("name can only be used with -s")
	}
	for _, f := range kmemForms {
		if !c.Has(f.option) {
			continue
		}
		if len(words) > 0 && f.option != "-s" {
			if what := kmemAlone[f.option]; what != "" {
				return c.refuse("address not allowed with %s", what)
			}
			return kmemAt(c, words)
		}
		if f.option == "-s" && len(words) > 0 && strings.HasPrefix(words[0], "0x") || f.option == "-s" && len(words) > 0 && isHexadecimal(words[0]) == "" && len(words[0]) > 6 {
			return kmemAt(c, words)
		}
		if c.Has("--drgn") {
			return c.code(func(b *builder) error { return f.code(c, b) })
		}
		return f.show(c)
	}
	if len(words) == 0 {
		return c.refuse("address or option is required")
	}
	return kmemAt(c, words)
}

// size returns bytes as users read them: 69632 is "68KB", 0 is "0".
func size(n uint64) string {
	if n == 0 {
		return "0"
	}
	return units1024(n) + "B"
}

// units1024 returns a number in the greatest unit that is not greater than it, with one digit behind the point if it is no whole
// number of these.
func units1024(n uint64) string {
	i, unit := 0, uint64(1)
	for n/1024 >= unit && i < 6 {
		unit *= 1024
		i++
	}
	if n%unit == 0 {
		return fmt.Sprintf("%d%s", n/unit, []string{"", "K", "M", "G", "T", "P", "E"}[i])
	}
	return fmt.Sprintf("%.1f%s", float64(n)/float64(unit), []string{"", "K", "M", "G", "T", "P", "E"}[i])
}

func pageSize(p *drgn.Program) (uint64, error) {
	return p.Object("PAGE_SIZE").Uint()
}

func kmemInfo(c *Call) error {
	p := c.Prog
	pageBytes, err := pageSize(p)
	if err != nil {
		return err
	}
	g := grid{align: ">>>>", own: ">>>^", header: []string{"", "PAGES", "TOTAL", "PERCENTAGE"}}
	add := func(name string, pages, of uint64, ofName string) {
		share := ""
		switch {
		case ofName == "":
			share = "       ----       "
		case of == 0:
			share = fmt.Sprintf("0%% of %s", ofName)
		default:
			share = fmt.Sprintf("%.0f%% of %s", float64(pages)*100/float64(of), ofName)
		}
		g.add(fmt.Sprintf("%12s", name), fmt.Sprint(pages), size(pages*pageBytes), share)
	}
	total, err := mm.TotalRAMPages(p)
	if err != nil {
		return err
	}
	free, err := vmstat.NrFreePages(p)
	if err != nil {
		return err
	}
	buffers, buffersErr := block.BufferPages(p)
	if buffersErr != nil { // a kernel without block devices has none
		c.warn("couldn't get BUFFERS: %v", buffersErr)
	}
	item, err := p.Object("NR_FILE_PAGES").Uint()
	if err != nil {
		return err
	}
	filePages, err := vmstat.GlobalNodePageState(p, item)
	if err != nil {
		return err
	}
	swapCache, err := swap.CachedPages(p)
	if err != nil {
		return err
	}
	slabs, err := slab.Total(p)
	if err != nil {
		return err
	}
	add("TOTAL MEM", total, 0, "")
	add("FREE", uint64(max(free, 0)), total, "TOTAL MEM")
	add("USED", total-min(uint64(max(free, 0)), total), total, "TOTAL MEM")
	if buffersErr == nil {
		add("BUFFERS", buffers, total, "TOTAL MEM")
	}
	add("CACHED", uint64(max(filePages-swapCache-int64(buffers), 0)), total, "TOTAL MEM")
	add("SLAB", slabs.ReclaimablePages+slabs.UnreclaimablePages, total, "TOTAL MEM")
	if huge, err := hugetlb.TotalUsage(p); err == nil && p.Variable("hugetlb_max_hstate").Err() == nil { // else without CONFIG_HUGETLBFS
		g.add("")
		add("TOTAL HUGE", huge.Pages, 0, "")
		add("HUGE FREE", huge.FreePages, huge.Pages, "TOTAL HUGE")
	}
	if swapped, err := swap.TotalUsage(p); err == nil {
		g.add("")
		add("TOTAL SWAP", swapped.Pages, 0, "")
		add("SWAP USED", swapped.Pages-min(swapped.FreePages, swapped.Pages), swapped.Pages, "TOTAL SWAP")
		add("SWAP FREE", swapped.FreePages, swapped.Pages, "TOTAL SWAP")
	}
	limit, err := mm.CommitLimit(p)
	if err != nil {
		return err
	}
	committed, err := mm.MemoryCommitted(p)
	if err != nil {
		return err
	}
	g.add("")
	add("COMMIT LIMIT", limit, 0, "")
	add("COMMITTED", uint64(max(committed, 0)), limit, "TOTAL LIMIT")
	g.print(c)
	return nil
}

func kmemInfoCode(_ *Call, b *builder) error {
	b.from("drgn.helpers.linux.block", "nr_blockdev_pages")
	b.from("drgn.helpers.linux.hugetlb", "hugetlb_total_usage")
	b.from("drgn.helpers.linux.mm", "totalram_pages", "vm_commit_limit", "vm_memory_committed")
	b.from("drgn.helpers.linux.slab", "slab_total_usage")
	b.from("drgn.helpers.linux.swap", "swap_total_usage", "total_swapcache_pages")
	b.from("drgn.helpers.linux.vmstat", "global_node_page_state", "nr_free_pages")
	b.line("total_mem = totalram_pages()\nfree = nr_free_pages()\nused = total_mem - free\nbuffers = nr_blockdev_pages()")
	b.line("file_pages = global_node_page_state(prog[\"NR_FILE_PAGES\"])\ncached = file_pages - total_swapcache_pages() - buffers")
	b.line("slab_usage = slab_total_usage()\nhugetlb_usage = hugetlb_total_usage()\nswap_usage = swap_total_usage()")
	b.line("commit_limit = vm_commit_limit()\ncommitted = vm_memory_committed()")
	return nil
}

var slabHeader = []string{"CACHE", "OBJSIZE", "ALLOCATED", "TOTAL", "SLABS", "SSIZE", "NAME"}

func kmemSlabs(c *Call) error {
	var ignore []string
	if c.Has("-I") {
		ignore = strings.Split(c.Text("-I"), ",")
	}
	g := grid{align: "<>>>>><", header: slabHeader}
	if names := c.List("address"); len(names) > 0 {
		for _, n := range names {
			cache, err := slab.FindCache(c.Prog, n)
			if err := c.next(err); err != nil {
				return err
			}
			if cache == nil {
				c.warn("no slab cache named %s", n)
				continue
			}
			row, err := slabRow(c, *cache)
			if err != nil {
				return err
			}
			g.add(row...)
		}
		g.print(c)
		return nil
	}
	for cache, err := range slab.ForEachCache(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		row, err := slabRow(c, cache)
		if err != nil {
			return err
		}
		if !slices.Contains(ignore, row[len(row)-1]) {
			g.add(row...)
		}
	}
	g.print(c)
	return nil
}

// slabRow returns the cells of a slab cache. A kernel that does not count objects has none there.
func slabRow(c *Call, cache drgn.Object) ([]string, error) {
	at, err := cache.Uint()
	if err != nil {
		return nil, err
	}
	bytes, err := cache.Member("object_size").Uint()
	if err != nil {
		return nil, err
	}
	name, err := cache.Member("name").CString()
	if err != nil {
		return nil, err
	}
	row := []string{fmt.Sprintf("%x", at), strconv.FormatUint(bytes, 10), "?", "?", "?", "?", escape(name, "")}
	if usage, err := slab.Usage(cache); err == nil {
		row[2], row[3], row[4] = fmt.Sprint(usage.NumObjs-min(usage.FreeObjs, usage.NumObjs)), fmt.Sprint(usage.NumObjs), fmt.Sprint(usage.NumSlabs)
	}
	pages, err := slab.PagesPerSlab(cache)
	if err == nil {
		var pageBytes uint64
		if pageBytes, err = pageSize(c.Prog); err == nil {
			row[5] = fmt.Sprintf("%dk", pages*pageBytes/1024)
		}
	}
	return row, nil
}

func kmemSlabsCode(c *Call, b *builder) error {
	b.from("drgn.helpers.linux.slab", "slab_cache_pages_per_slab", "slab_cache_usage")
	fields := func() {
		b.line("name = cache.name\nobjsize = cache.object_size\nusage = slab_cache_usage(cache)\nallocated = usage.active_objs\ntotal = usage.num_objs\nslabs = usage.num_slabs")
		b.line("ssize = prog[\"PAGE_SIZE\"] * slab_cache_pages_per_slab(cache)")
		b.close()
	}
	for _, n := range c.List("address") {
		b.from("drgn.helpers.linux.slab", "find_slab_cache")
		b.linef("cache = find_slab_cache(%s)", quoted(n))
		b.open("if cache:")
		fields()
	}
	if len(c.List("address")) > 0 {
		return nil
	}
	b.from("drgn.helpers.linux.slab", "for_each_slab_cache")
	b.open("for cache in for_each_slab_cache():")
	if c.Has("-I") {
		var names []string
		for n := range strings.SplitSeq(c.Text("-I"), ",") {
			names = append(names, "b"+quoted(n))
		}
		b.linef("if cache.name.string_() in (%s,):\n    continue", strings.Join(names, ", "))
	}
	fields()
	return nil
}

var vmallocHeader = []string{"VMAP_AREA", "VM_STRUCT", "ADDRESS RANGE", "SIZE"}

func kmemVmalloc(c *Call) error {
	g := grid{align: "^^^>", header: vmallocHeader}
	for va, err := range mm.ForEachVmapArea(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		row, err := vmallocRow(va)
		if err != nil {
			return err
		}
		g.add(row...)
	}
	g.print(c)
	return nil
}

func vmallocRow(va drgn.Object) ([]string, error) {
	var v [4]uint64
	for i, o := range []drgn.Object{va, va.Member("vm"), va.Member("va_start"), va.Member("va_end")} {
		var err error
		if v[i], err = o.Uint(); err != nil {
			return nil, err
		}
	}
	return []string{fmt.Sprintf("%x", v[0]), fmt.Sprintf("%x", v[1]), fmt.Sprintf("%x - %x", v[2], v[3]), fmt.Sprint(v[3] - v[2])}, nil
}

func kmemVmallocCode(_ *Call, b *builder) error {
	b.from("drgn.helpers.linux.mm", "for_each_vmap_area")
	b.open("for va in for_each_vmap_area():")
	b.line("vm = va.vm\nstart = va.va_start\nend = va.va_end\nsize = end - start")
	b.close()
	return nil
}

func kmemOffsets(c *Call) error {
	c.print("PER-CPU OFFSET VALUES:\n")
	for cpu, err := range cpumask.ForEachPossibleCPU(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		offset, err := percpu.Offset(c.Prog, cpu)
		if err != nil {
			return err
		}
		c.printf("  CPU %d: %x\n", cpu, offset)
	}
	return nil
}

func kmemOffsetsCode(_ *Call, b *builder) error {
	b.from("drgn", "NULL")
	b.from("drgn.helpers.linux.cpumask", "for_each_possible_cpu")
	b.from("drgn.helpers.linux.percpu", "per_cpu_ptr")
	b.line("for cpu in for_each_possible_cpu():\n    offset = per_cpu_ptr(NULL(prog, \"void *\"), cpu)")
	return nil
}

func kmemHuge(c *Call) error {
	g := grid{align: "<>>><", own: "^>>><", header: []string{"HSTATE", "SIZE", "FREE", "TOTAL", "NAME"}}
	for h, err := range hugetlb.ForEachState(c.Prog) {
		if err := c.next(err); err != nil {
			return err
		}
		at, err := h.Uint()
		if err != nil {
			return err
		}
		bytes, err := hugetlb.PageSize(h).Uint()
		if err != nil {
			return err
		}
		free, err := h.Member("free_huge_pages").Uint()
		if err != nil {
			return err
		}
		total, err := h.Member("nr_huge_pages").Uint()
		if err != nil {
			return err
		}
		name, err := h.Member("name").CString()
		if err != nil {
			return err
		}
		g.add(fmt.Sprintf("%x", at), fmt.Sprintf("%4s", size(bytes)), fmt.Sprint(free), fmt.Sprint(total), escape(name, ""))
	}
	g.print(c)
	return nil
}

func kmemHugeCode(_ *Call, b *builder) error {
	b.from("drgn.helpers.linux.hugetlb", "for_each_hstate", "huge_page_size")
	b.open("for hstate in for_each_hstate():")
	b.line("size = huge_page_size(hstate)\nfree = hstate.free_huge_pages\ntotal = hstate.nr_huge_pages\nname = hstate.name")
	b.close()
	return nil
}
