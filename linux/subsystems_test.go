package linux_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/bpf"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/hugetlb"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/net"
	"github.com/godrgn/drgn/linux/pci"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/timer"
)

// TestAbsentSubsystems asks for what the bundled kernel was built without.
func TestAbsentSubsystems(t *testing.T) {
	p := open(t)
	for what, seq := range map[string]iter.Seq2[drgn.Object, error]{
		"namespaces": net.ForEach(p), "devices": net.ForEachDevice(p), "PCI devices": pci.ForEachDevice(p),
	} {
		n := 0
		for o, err := range seq {
			if n++; err == nil || !drgn.IsNotFound(err) {
				t.Errorf("%s: %v, %v; want that there are none", what, o, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d elements, want an error", what, n)
		}
	}
	if err := net.DeviceByName(p, "lo").Err(); !drgn.IsNotFound(err) {
		t.Errorf("a device in a kernel without network: %v", err)
	}
}

// TestNoBPF looks for BPF programs where none were loaded.
func TestNoBPF(t *testing.T) {
	p := open(t)
	for what, seq := range map[string]iter.Seq2[drgn.Object, error]{
		"programs": bpf.ForEachProgram(p), "maps": bpf.ForEachMap(p), "links": bpf.ForEachLink(p),
	} {
		if found := all(t, seq); len(found) != 0 {
			t.Errorf("%s: %v", what, found)
		}
	}
	for _, o := range []drgn.Object{bpf.MapByID(p, 1), bpf.ProgramByID(p, 1), bpf.ProgramByID(p, 1<<63)} {
		if none, err := o.IsNull(); err != nil || !none {
			t.Errorf("%v, %v; want a null pointer", o, err)
		}
	}
}

func TestKallsyms(t *testing.T) {
	p := open(t)
	symbols, err := kallsyms.Vmlinux(p)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]drgn.Symbol{}
	for _, s := range symbols {
		found[s.Name] = s
	}
	// What the debug file says of some: the addresses must be the same, the sizes at least as large.
	for _, name := range []string{"schedule", "start_kernel", "_stext", "init_task", "init_mm", "do_exit", "linux_banner"} {
		want, err := p.Symbol(name)
		if err != nil {
			t.Fatal(err)
		}
		got := found[name]
		if got.Address != want.Address || got.Size < want.Size {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if s := found["schedule"]; s.Kind != drgn.SymbolFunc || s.Binding != drgn.BindGlobal {
		t.Errorf("schedule: %+v", s)
	}
	if s := found["runqueues"]; s.Address >= 1<<20 {
		t.Errorf("runqueues, which is absolute: %+v", s)
	}
}

func TestZones(t *testing.T) {
	p := open(t)
	nodes := all(t, mmzone.ForEachOnlineNode(p))
	if len(nodes) != 1 {
		t.Fatalf("%d nodes, want 1", len(nodes))
	}
	zone := nodes[0].Member("node_zones").Index(0).AddressOf()
	num := must[uint64](t)
	low, mid, high := num(mmzone.MinWatermark(zone)), num(mmzone.LowWatermark(zone)), num(mmzone.HighWatermark(zone))
	if low == 0 || low > mid || mid > high {
		t.Errorf("watermarks %d, %d, %d", low, mid, high)
	}
	if _, err := mmzone.Watermark(zone, 100); err == nil {
		t.Error("no error for a watermark that there is not")
	}
}

func TestSections(t *testing.T) {
	p := open(t)
	num, is := must[uint64](t), must[bool](t)
	sections := all(t, mmzone.ForEachPresent(p))
	if len(sections) != 1 || sections[0].Number != 0 {
		t.Fatalf("sections %v, want that of 64 MiB of memory", sections)
	}
	s := sections[0].Section
	for what, got := range map[string]bool{
		"present": is(mmzone.IsPresent(s)), "valid": is(mmzone.IsValidNumber(p, 0)), "online": is(mmzone.IsOnlineNumber(p, 0)), "early": is(mmzone.IsEarly(s)),
	} {
		if !got {
			t.Errorf("section is not %s", what)
		}
	}
	if got, want := must[string](t)(mmzone.DecodeFlags(s)), "SECTION_MARKED_PRESENT|SECTION_HAS_MEM_MAP|SECTION_IS_ONLINE|SECTION_IS_EARLY"; got != want {
		t.Errorf("flags %s, want %s", got, want)
	}
	if got, want := num(mmzone.DecodeMemMap(s, 0).Uint()), num(mm.PFNToPage(p, 0).Uint()); got != want {
		t.Errorf("first page %#x, want %#x", got, want)
	}
	if num(mmzone.PFNToSectionNumber(p, 0x12345).Uint()) != 2 || num(mmzone.SectionNumberToPFN(p, 2).Uint()) != 0x10000 {
		t.Error("sections are not of 128 MiB")
	}
	for _, nr := range []uint64{1, 1 << 20, 1 << 40, ^uint64(0)} {
		if is(mmzone.IsPresentNumber(p, nr)) {
			t.Errorf("section %#x is present", nr)
		}
	}
}

func TestTimers(t *testing.T) {
	p := open(t)
	names, err := timer.BaseNames(p)
	if err != nil || !slices.Contains(names, "BASE_DEF") && len(names) != 1 {
		t.Errorf("bases %q, %v", names, err)
	}
	wheel, precise := 0, 0
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range names {
			for _, timer := range all(t, timer.ForEach(percpu.PerCPU(p.Variable("timer_bases"), cpu).Index(int64(i)).AddressOf())) {
				wheel++
				if s, err := p.SymbolAt(must[uint64](t)(timer.Member("function").Uint())); err != nil || s.Kind != drgn.SymbolFunc {
					t.Errorf("function of a timer: %+v, %v", s, err)
				}
			}
		}
		last := int64(0)
		clock := percpu.PerCPU(p.Variable("hrtimer_bases"), cpu).Member("clock_base").Index(0).AddressOf()
		for _, timer := range all(t, timer.ForEachHighResolution(clock)) {
			precise++
			expires := must[int64](t)(timer.Member("node").Member("expires").Int())
			if expires < last {
				t.Errorf("a timer that expires at %d after one at %d", expires, last)
			}
			last = expires
			if s, err := p.SymbolAt(must[uint64](t)(timer.Member("function").Uint())); err != nil || s.Kind != drgn.SymbolFunc {
				t.Errorf("function of a timer: %+v, %v", s, err)
			}
		}
	}
	if wheel == 0 || precise == 0 {
		t.Errorf("%d timers of the wheel, %d of high resolution", wheel, precise)
	}
}

func TestQueues(t *testing.T) {
	p := open(t)
	num := must[uint64](t)
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			t.Fatal(err)
		}
		rq := sched.CPURunqueue(p, cpu)
		fair := map[uint64]bool{}
		for _, task := range all(t, sched.ForEachFairTask(rq)) {
			fair[num(task.Uint())] = true
		}
		if n := num(rq.Member("cfs").MemberAny("h_nr_queued", "h_nr_running").Uint()); n != uint64(len(fair)) {
			t.Errorf("CPU %d: %d tasks, the kernel counts %d", cpu, len(fair), n)
		}
		for _, e := range all(t, sched.ForEachEntity(rq.Member("cfs").AddressOf())) {
			if !e.IsTask {
				continue
			}
			task := num(sched.EntityToTask(e.Entity).Uint())
			if !fair[task] {
				t.Errorf("CPU %d: task %#x is queued but not in the list", cpu, task)
			}
			delete(fair, task)
			if running := task == num(sched.CPUCurr(p, cpu).Uint()); running != e.Current {
				t.Errorf("CPU %d: task %#x runs: %v, found %v", cpu, task, running, e.Current)
			}
		}
		if len(fair) > 0 {
			t.Errorf("CPU %d: tasks %v are in the list but not queued", cpu, fair)
		}
		if n := num(rq.Member("rt").Member("rt_nr_running").Uint()); n != uint64(len(all(t, sched.ForEachRealTimeTask(rq)))) {
			t.Errorf("CPU %d: the kernel counts %d real-time tasks", cpu, n)
		}
	}
	if own, err := sched.SinceLastArrival(pid.FindTask(p, 1)); err == nil { // the kernel has CONFIG_SCHED_INFO
		clock := num(sched.Clock(p))
		if own < 0 {
			t.Errorf("the first task last ran in %d ns", -own)
		}
		if d, ok, err := sched.SinceArrival(pid.FindTask(p, 1), clock); d < own || !ok || err != nil {
			t.Errorf("task 1 has been what it is for %d ns by the newest clock, %t, %v, and %d by that of its CPU", d, ok, err, own)
		}
		if d, ok, err := sched.SinceArrival(p.Variable("init_task"), clock); ok || err != nil {
			t.Errorf("when an idle task began to run is not kept: %d, %v", d, err)
		}
	}
	if p.Variable("task_groups").Err() == nil {
		for tg, err := range list.ForEachEntry("struct task_group", p.Variable("task_groups").AddressOf(), "list") {
			if err != nil {
				t.Fatal(err)
			}
			if name := string(must[[]byte](t)(sched.GroupName(tg))); name != "/" { // there is one only
				t.Errorf("group %q", name)
			}
			if _, err := sched.GroupEntity(tg, 0).Uint(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestSlabUsage(t *testing.T) {
	p := open(t)
	var slabs, pages uint64
	for _, cache := range all(t, slab.ForEachCache(p)) {
		u, err := slab.Usage(cache)
		if err != nil {
			t.Fatal(err)
		}
		per := must[uint64](t)(slab.ObjectsPerSlab(cache))
		if u.NumObjs > u.NumSlabs*per || u.FreeObjs > u.NumObjs {
			t.Errorf("%s: %+v with %d objects a slab", cache, u, per)
		}
		slabs += u.NumSlabs
		pages += u.NumSlabs * must[uint64](t)(slab.PagesPerSlab(cache))
	}
	total, err := slab.Total(p)
	if err != nil {
		t.Fatal(err)
	}
	// Each CPU keeps some of what it counted, and large allocations are counted, too.
	if all := total.ReclaimablePages + total.UnreclaimablePages; slabs == 0 || all+200 < pages || all > pages*2 {
		t.Errorf("%d pages in %d slabs, %+v in all", pages, slabs, total)
	}
	aliases, err := slab.Aliases(p)
	if err != nil && !drgn.IsNotFound(err) {
		t.Error(err)
	}
	for _, a := range aliases {
		alias, name := a.Name, a.Served
		if c, err := slab.FindCache(p, alias); err != nil || c != nil {
			t.Errorf("%s, another name of %s, is a cache of its own (%v)", alias, name, err)
		}
		if c, err := slab.FindCache(p, name); err != nil || c == nil {
			t.Errorf("%s, which is also called %s, is not found (%v)", name, alias, err)
		}
	}
}

func TestNoSuchCPU(t *testing.T) {
	p := open(t)
	for _, cpu := range []uint64{2, 99, 1 << 20, 1 << 63} {
		_, err := percpu.PerCPU(p.Variable("runqueues"), cpu).Member("cpu").Int()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("there is no CPU %d", cpu)) {
			t.Errorf("%d: %v", cpu, err)
		}
	}
}

func TestHugePages(t *testing.T) {
	p := open(t)
	// The bundled kernel was built without them; the lab's have some.
	if usage, err := hugetlb.TotalUsage(p); usage != (mm.PageUsage{}) || err != nil {
		t.Errorf("%+v, %v", usage, err)
	}
}

func TestMaskOfOneCPU(t *testing.T) {
	p := open(t)
	for _, cpu := range []uint64{0, 1} {
		mask := cpumask.Of(p, cpu)
		if got := all(t, cpumask.ForEachCPU(mask)); !slices.Equal(got, []uint64{cpu}) || mask.Type().String() != "struct cpumask *" {
			t.Errorf("CPU %d: %v of type %v", cpu, got, mask.Type())
		}
	}
	if err := cpumask.Of(p, 1<<40).Err(); !errors.As(err, new(*drgn.ValueError)) {
		t.Error(err)
	}
}
