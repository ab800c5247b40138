package triage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/block"
	"github.com/godrgn/drgn/linux/hugetlb"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/swap"
	"github.com/godrgn/drgn/linux/vmstat"
	"github.com/godrgn/drgn/report"
)

var memory = topic{"memory", "Memory", "what memory is used for, zones with their watermarks, the largest slab caches, processes and users of vmalloc, the files with most in the page cache", lookAtMemory}

// Parts of the section that say more of a row of what memory is used for.
const (
	zonePart    = "memory-zones"
	slabPart    = "memory-slabs"
	processPart = "memory-processes"
	filePart    = "memory-files"
)

// maxRows is how many rows tables of the largest have.
const maxRows = 20

func lookAtMemory(s *scene, out *book) error {
	page, err := s.p.Object("PAGE_SIZE").Uint()
	if err != nil {
		return err
	}
	total, err := mm.TotalRAMPages(s.p)
	if err != nil {
		return err
	}
	total *= page
	lookAtUsage(s, out, total, page)
	lookAtZones(s, out, page)
	found, err := s.hogs()
	out.miss("what has the memory", err)
	out.missed(found.gaps)
	out.find(found.found...)
	showSlabs(out, found.caches)
	showProcesses(out, found.processes)
	lookAtVmalloc(s, out)
	lookAtPageCache(s, out, page)
	return context.Cause(s.ctx)
}

// counted are the counters of nodes of which the report shows the bytes, by the names that it shows (fs/proc/meminfo.c). Those of enum
// node_stat_item that begin with NR_KERNEL_STACK count KiB.
var counted = []struct {
	name  string
	items []string // the newest kernel's first
	kib   bool
	more  string // the part that says more
}{
	{name: "Page cache, with buffers and swap cache", items: []string{"NR_FILE_PAGES"}, more: filePart},
	{name: "Anonymous memory", items: []string{"NR_ANON_MAPPED"}, more: processPart},
	{name: "Mapped files", items: []string{"NR_FILE_MAPPED"}, more: processPart},
	{name: "Shared memory and tmpfs", items: []string{"NR_SHMEM"}, more: processPart},
	{name: "Dirty pages", items: []string{"NR_FILE_DIRTY"}},
	{name: "Pages under writeback", items: []string{"NR_WRITEBACK"}},
	{name: "Kernel stacks", items: []string{"NR_KERNEL_STACK_KB"}, kib: true},
	{name: "Page tables", items: []string{"NR_PAGETABLE"}},
	{name: "Active, anonymous", items: []string{"NR_ACTIVE_ANON"}, more: processPart},
	{name: "Inactive, anonymous", items: []string{"NR_INACTIVE_ANON"}, more: processPart},
	{name: "Active, files", items: []string{"NR_ACTIVE_FILE"}, more: filePart},
	{name: "Inactive, files", items: []string{"NR_INACTIVE_FILE"}, more: filePart},
	{name: "Unevictable", items: []string{"NR_UNEVICTABLE"}},
}

// nodeBytes returns what a counter of nodes says, in bytes.
func nodeBytes(p *drgn.Program, item string, unit uint64) (uint64, error) {
	i, err := p.Constant(item).Uint()
	if err != nil {
		return 0, err
	}
	n, err := vmstat.GlobalNodePageState(p, i)
	return uint64(max(n, 0)) * unit, err
}

func lookAtUsage(s *scene, out *book, total, page uint64) {
	p := s.p
	table := &report.Table{Columns: []report.Column{{Name: "What"}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "Of all", Unit: report.Percent}}}
	add := func(name, more string, value func() (uint64, error)) (v uint64, ok bool) {
		v, err := value()
		if err != nil {
			out.miss(name, err)
			return 0, false
		}
		table.Rows = append(table.Rows, []any{name, v, percent(v, total)})
		table.Details = append(table.Details, more)
		return v, true
	}
	pages := func(get func() (uint64, error)) func() (uint64, error) {
		return func() (uint64, error) {
			n, err := get()
			return n * page, err
		}
	}
	signed := func(get func(*drgn.Program) (int64, error)) func() (uint64, error) {
		return func() (uint64, error) {
			n, err := get(p)
			return uint64(max(n, 0)), err
		}
	}
	add("Total", zonePart, func() (uint64, error) { return total, nil })
	add("Free", zonePart, pages(signed(vmstat.NrFreePages)))
	for _, c := range counted {
		unit := page
		if c.kib {
			unit = 1 << 10
		}
		add(c.name, c.more, func() (uint64, error) { return nodeBytes(p, c.items[0], unit) })
	}
	if n, err := block.BufferPages(p); err == nil { // kernels without block devices have none
		add("Buffers", "", pages(func() (uint64, error) { return n, nil }))
	}
	usage, err := slab.Total(p)
	reclaimable, ok := add("Slabs that can be given up", slabPart, pages(func() (uint64, error) { return usage.ReclaimablePages, err }))
	if unreclaimable, both := add("Slabs that can't", slabPart, pages(func() (uint64, error) { return usage.UnreclaimablePages, err })); ok && both {
		out.find(manySlabs(reclaimable, unreclaimable, total)...)
	}
	if has(p, "pcpu_nr_populated") { // since v4.14
		add("Per-CPU memory", "", pages(func() (uint64, error) { return perCPUPages(p) }))
	}
	add("Committed", "", pages(signed(mm.MemoryCommitted)))
	add("Limit of what can be committed", "", pages(func() (uint64, error) { return mm.CommitLimit(p) }))
	if huge, err := hugetlb.TotalUsage(p); err == nil && huge.Pages > 0 { // kernels without CONFIG_HUGETLBFS have none
		add("Huge pages", "", pages(func() (uint64, error) { return huge.Pages, nil }))
		add("Huge pages that are free", "", pages(func() (uint64, error) { return huge.FreePages, nil }))
	}
	if swapped, err := swap.TotalUsage(p); err == nil && swapped.Pages > 0 { // kernels without CONFIG_SWAP have none
		add("Swap", "", pages(func() (uint64, error) { return swapped.Pages, nil }))
		add("Swap that is free", "", pages(func() (uint64, error) { return swapped.FreePages, nil }))
		out.find(fullSwap(swapped.Pages*page, swapped.FreePages*page)...)
	}
	out.add(report.Part{Title: "What memory is used for", Table: table})
	if item, err := p.Constant("OOM_KILL").Uint(); err == nil {
		kills, err := vmstat.GlobalVMEventState(p, item)
		if !drgn.IsNotFound(err) { // kernels without CONFIG_VM_EVENT_COUNTERS do not count
			out.miss("how often the OOM killer killed", err)
		}
		out.find(killed(kills)...)
	}
}

// perCPUPages returns how many pages hold what each CPU has of its own.
func perCPUPages(p *drgn.Program) (uint64, error) {
	each, err := p.Variable("pcpu_nr_populated").Uint()
	if err != nil {
		return 0, err
	}
	units, err := p.Variable("pcpu_nr_units").Uint()
	return each * units, err
}

// percent returns a share of something.
func percent(part, of uint64) any {
	if of == 0 {
		return nil
	}
	return 100 * float64(part) / float64(of)
}

// Rules on memory as a whole.
var (
	slabRule = rule{"slabs-are-large", report.Warning, "slabs that can't be given up hold more than 30 % of memory", "an object that is not freed is the usual cause; the largest caches say which"}
	swapRule = rule{"swap-is-full", report.Warning, "less than 10 % of swap is free", "memory that does not fit any more can't be moved out"}
	killRule = rule{"oom-kills", report.Warning, "the OOM killer killed a process", "memory ran out before"}
)

func manySlabs(reclaimable, unreclaimable, total uint64) []report.Finding {
	if unreclaimable <= total/10*3 {
		return nil
	}
	return []report.Finding{slabRule.found([]string{fmt.Sprintf("%s can be given up, %s can't, of %s", report.Bytes.Format(reclaimable), report.Bytes.Format(unreclaimable), report.Bytes.Format(total))},
		"Slab caches hold %.0f %% of memory and can't be made to give it up", percent(unreclaimable, total))}
}

func fullSwap(total, free uint64) []report.Finding {
	if total == 0 || free >= total/10 {
		return nil
	}
	return []report.Finding{swapRule.found([]string{fmt.Sprintf("%s of %s are free", report.Bytes.Format(free), report.Bytes.Format(total))}, "Swap is nearly full")}
}

func killed(times uint64) []report.Finding {
	if times == 0 {
		return nil
	}
	return []report.Finding{killRule.found([]string{fmt.Sprintf("OOM_KILL counts %d", times)}, "The OOM killer killed %s since the start", count(times, "process"+map[bool]string{true: "", false: "e"}[times == 1]))}
}

// A zone is a zone of memory of a node, in bytes.
type zone struct {
	node           uint64
	name           string
	managed, free  uint64
	min, low, high uint64
}

func lookAtZones(s *scene, out *book, page uint64) {
	var all []zone
	for pgdat, err := range mmzone.ForEachOnlineNode(s.p) {
		if err != nil {
			out.miss("nodes of memory", err)
			break
		}
		zones := pgdat.Member("node_zones")
		n, err := zones.Len()
		if err != nil {
			out.miss("zones", err)
			break
		}
		for i := range n {
			z, err := zoneOf(pgdat, zones.Index(int64(i)).AddressOf(), page)
			if err != nil {
				out.miss(fmt.Sprintf("zone %d", i), err)
			} else if z.managed > 0 {
				all = append(all, z)
			}
		}
	}
	table := &report.Table{Columns: []report.Column{{Name: "Node"}, {Name: "Zone"}, {Name: "Managed", Unit: report.Bytes, Bar: true}, {Name: "Free", Unit: report.Bytes},
		{Name: "Min", Unit: report.Bytes}, {Name: "Low", Unit: report.Bytes}, {Name: "High", Unit: report.Bytes}}}
	for _, z := range all {
		table.Rows = append(table.Rows, []any{z.node, z.name, z.managed, z.free, z.min, z.low, z.high})
	}
	if len(all) > 0 {
		out.add(report.Part{ID: zonePart, Title: "Zones", Table: table})
	}
	out.find(shortZones(all)...)
}

func zoneOf(pgdat, o drgn.Object, page uint64) (z zone, err error) {
	if z.node, err = pgdat.Member("node_id").Uint(); err != nil {
		return z, err
	}
	if z.name, err = word(o.Member("name")); err != nil {
		return z, err
	}
	if z.managed, err = o.Member("managed_pages").Member("counter").Uint(); err != nil {
		return z, err
	}
	item, err := o.Prog().Constant("NR_FREE_PAGES").Uint()
	if err != nil {
		return z, err
	}
	free, err := vmstat.ZonePageState(o, item)
	if err != nil {
		return z, err
	}
	z.free, z.managed = uint64(free)*page, z.managed*page
	for _, mark := range []struct {
		to  *uint64
		get func(drgn.Object) (uint64, error)
	}{{&z.min, mmzone.MinWatermark}, {&z.low, mmzone.LowWatermark}, {&z.high, mmzone.HighWatermark}} {
		if *mark.to, err = mark.get(o); err != nil {
			return z, err
		}
		*mark.to *= page
	}
	return z, nil
}

var zoneRule = rule{"memory-is-short", report.Warning, "all zones of more than 1 MiB have less free than their watermark min", "only what can't wait gets memory; the rest is slow, or fails"}

// shortZones says that there is no memory left.
func shortZones(all []zone) []report.Finding {
	var evidence []string
	for _, z := range all {
		if z.managed <= 1<<20 || z.name == "DMA" && len(all) > 1 {
			continue
		}
		if z.free >= z.min {
			return nil
		}
		evidence = append(evidence, fmt.Sprintf("node %d, zone %s: %s are free of %s; min is %s", z.node, z.name, report.Bytes.Format(z.free), report.Bytes.Format(z.managed), report.Bytes.Format(z.min)))
	}
	if len(evidence) == 0 {
		return nil
	}
	return []report.Finding{zoneRule.found(evidence, "Memory is short")}
}

func showSlabs(out *book, all []cache) {
	table := &report.Table{Columns: []report.Column{{Name: "Cache"}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "Objects"}, {Name: "In use"}, {Name: "Of an object", Unit: report.Bytes}, {Name: "Slabs"}}}
	for _, c := range all {
		table.Rows = append(table.Rows, []any{c.name, c.bytes, c.objects, c.used, c.object, c.slabs})
	}
	out.detail(slabPart, "The largest slab caches", "", table)
}

// A process is a process with the memory that it has.
type process struct {
	id, resident, swapped, file, shared uint64
	name                                string
}

// findProcesses returns the processes that have memory, the largest first.
func findProcesses(p *drgn.Program, page uint64, missed *gaps) (all []process) {
	failed := 0
	var failure error
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			missed.miss("tasks", err)
			break
		}
		one, ok, err := processOf(p, task, page)
		if err != nil { // the others may have theirs
			failed++
			failure = err
		} else if ok {
			all = append(all, one)
		}
	}
	if failed > 0 {
		missed.miss("the memory of "+count(failed, "task"), failure)
	}
	slices.SortStableFunc(all, func(a, b process) int { return cmp.Or(cmp.Compare(b.resident, a.resident), cmp.Compare(a.id, b.id)) })
	return all
}

func showProcesses(out *book, all []process) {
	table := &report.Table{Columns: []report.Column{{Name: "Process"}, {Name: "Name"}, {Name: "Resident", Unit: report.Bytes, Bar: true}, {Name: "Of files", Unit: report.Bytes},
		{Name: "Shared", Unit: report.Bytes}, {Name: "Swapped out", Unit: report.Bytes}}}
	for _, p := range all {
		table.Rows = append(table.Rows, []any{p.id, p.name, p.resident, p.file, p.shared, p.swapped})
	}
	out.detail(processPart, "The largest processes", "", table)
}

// processOf returns what a task's process has; ok is false for threads that are not its first, and for those of the kernel.
func processOf(prog *drgn.Program, task drgn.Object, page uint64) (p process, ok bool, err error) {
	leader, err := sched.ThreadGroupLeader(task)
	if err != nil || !leader {
		return p, false, err
	}
	if none, err := task.Member("mm").IsNull(); err != nil || none {
		return p, false, err
	}
	rss, err := mm.ResidentSet(prog, task)
	if err != nil {
		return p, false, err
	}
	if p.id, err = task.Member("pid").Uint(); err != nil {
		return p, false, err
	}
	p.name, err = nameOf(task)
	bytes := func(pages int64) uint64 { return uint64(max(pages, 0)) * page }
	p.resident, p.swapped, p.file, p.shared = bytes(rss.Total()), bytes(rss.Swap), bytes(rss.File), bytes(rss.Shmem)
	return p, true, err
}

var processRule = rule{"one-process-is-large", report.Warning, "one process has more than 50 % of memory", "it is the first that memory can be had from"}

func largeProcess(largest process, total uint64) []report.Finding {
	if largest.resident <= total/2 {
		return nil
	}
	return []report.Finding{processRule.found([]string{fmt.Sprintf("%s resident, %s swapped out, of %s", report.Bytes.Format(largest.resident), report.Bytes.Format(largest.swapped), report.Bytes.Format(total))},
		"Process %d (%s) has %.0f %% of memory", largest.id, largest.name, percent(largest.resident, total))}
}

// A caller is a function that has memory by vmalloc.
type caller struct {
	name         string
	areas, bytes uint64
}

func lookAtVmalloc(s *scene, out *book) {
	by := map[string]*caller{}
	each(out, "areas of vmalloc", mm.ForEachVmapArea(s.p), func(area drgn.Object) error {
		bytes, from, err := vmallocOf(area)
		if err != nil || bytes == 0 {
			return err
		}
		name := "not recorded"
		if from != 0 {
			name = symbolAt(s.p, from)
		}
		if by[name] == nil {
			by[name] = &caller{name: name}
		}
		by[name].areas++
		by[name].bytes += bytes
		return nil
	})
	all := slices.SortedFunc(maps.Values(by), func(a, b *caller) int { return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.name, b.name)) })
	table := &report.Table{Columns: []report.Column{{Name: "Caller"}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "Areas"}}}
	for _, c := range all {
		table.Rows = append(table.Rows, []any{c.name, c.bytes, c.areas})
	}
	out.tabled("Memory by vmalloc, by who asked for it", "with what is only mapped there, as memory of devices", table)
}

// vmallocOf returns how large an area is and who asked for it; 0 for what is no area of vmalloc.
func vmallocOf(area drgn.Object) (bytes, from uint64, err error) {
	vm := area.Member("vm")
	if none, err := vm.IsNull(); err != nil || none {
		return 0, 0, err
	}
	if bytes, err = vm.Member("size").Uint(); err != nil {
		return 0, 0, err
	}
	from, err = vm.Member("caller").Uint()
	return bytes, from, err
}

// symbolAt returns the name of the function at an address, with the module's if it is of one; else the address.
func symbolAt(p *drgn.Program, address uint64) string {
	symbol, err := p.SymbolAt(address)
	if err != nil {
		return report.Address.Format(address)
	}
	if module := moduleName(p, address); module != "" {
		return symbol.Name + " [" + module + "]"
	}
	return symbol.Name
}
