package linux_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/bpf"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/mmzone"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/pci"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/linux/timer"
)

func TestCgroupPrograms(t *testing.T) {
	for layout, c := range map[string]struct {
		declare func(w *world)
		link    func(w *world, head uint64, nodes ...uint64)
		place   int // of BPF_CGROUP_DEVICE
	}{
		"v5.10": {
			func(w *world) {
				w.structure("struct bpf_prog_list", "struct list_head: node", "struct bpf_prog *: prog")
				w.structure("struct cgroup_bpf", "struct bpf_prog_array * [4]: effective", "struct list_head [4]: progs")
			},
			func(w *world, head uint64, nodes ...uint64) { w.list(append([]uint64{head}, nodes...)...) }, 3,
		},
		"v6.12": {
			func(w *world) {
				w.structure("struct bpf_prog_list", "struct hlist_node: node", "struct bpf_prog *: prog", "struct bpf_cgroup_link *: link")
				w.structure("struct cgroup_bpf", "struct bpf_prog_array * [4]: effective", "struct hlist_head [4]: progs")
				w.enumeration("cgroup_bpf_attach_type", "CGROUP_INET_INGRESS", "CGROUP_DEVICE", "CGROUP_LSM_START", "CGROUP_LSM_END", "MAX_CGROUP_BPF_ATTACH_TYPE")
			},
			func(w *world, head uint64, nodes ...uint64) { w.chain(append([]uint64{head}, nodes...)...) }, 1,
		},
	} {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			w.structure("struct bpf_prog", "unsigned int: len")
			w.structure("struct bpf_link", "struct bpf_prog *: prog")
			w.structure("struct bpf_cgroup_link", "struct bpf_link: link")
			w.structure("struct bpf_prog_array_item", "struct bpf_prog *: prog", "unsigned long: bpf_cookie")
			w.structure("struct bpf_prog_array", "struct bpf_prog_array_item [0]: items")
			w.enumeration("bpf_attach_type", "BPF_CGROUP_INET_INGRESS", "BPF_XDP", "BPF_LSM_CGROUP", "BPF_CGROUP_DEVICE")
			c.declare(w)
			w.structure("struct cgroup", "struct cgroup_bpf: bpf")
			cgrp, prog, linked := w.alloc("struct cgroup"), w.alloc("struct bpf_prog"), w.alloc("struct bpf_prog")
			for i := range 4 { // empty lists
				if head := w.ObjectAt(w.typ("struct cgroup"), cgrp).Subobject("bpf.progs"); layout == "v5.10" {
					at, _ := head.Index(int64(i)).Address()
					w.list(at)
				}
			}
			first, second := w.alloc("struct bpf_prog_list"), w.alloc("struct bpf_prog_list")
			w.set("struct bpf_prog_list", first, "prog", prog)
			want := []uint64{prog, linked}
			if layout == "v6.12" {
				link := w.alloc("struct bpf_cgroup_link")
				w.set("struct bpf_cgroup_link", link, "link.prog", linked)
				w.set("struct bpf_prog_list", second, "link", link)
			} else {
				w.set("struct bpf_prog_list", second, "prog", linked)
			}
			head, _ := w.place("struct cgroup", cgrp, fmt.Sprintf("bpf.progs[%d]", c.place))
			c.link(w, head, first, second)
			array := w.alloc("unsigned long [6]")
			w.put(array, linked)
			w.put(array+16, prog)
			w.set("struct cgroup", cgrp, fmt.Sprintf("bpf.effective[%d]", c.place), array)

			o := w.pointer("struct cgroup", cgrp)
			const device, ingress, xdp = 3, 0, 1
			if got, err := addresses(bpf.ForEachAttached(o, device)); err != nil || !slices.Equal(got, want) {
				t.Errorf("programs %x, %v; want %x", got, err, want)
			}
			if got, err := addresses(bpf.ForEachEffective(o, device)); err != nil || !slices.Equal(got, []uint64{linked, prog}) {
				t.Errorf("programs in effect %x, %v", got, err)
			}
			for _, kind := range []uint64{ingress, xdp} {
				if got, err := addresses(bpf.ForEachAttached(o, kind)); err != nil || got != nil {
					t.Errorf("programs of type %d: %x, %v; want none", kind, got, err)
				}
				if got, err := addresses(bpf.ForEachEffective(o, kind)); err != nil || got != nil {
					t.Errorf("programs in effect of type %d: %x, %v; want none", kind, got, err)
				}
			}
			if layout == "v6.12" {
				node := w.alloc("struct bpf_prog_list")
				w.set("struct bpf_prog_list", node, "prog", prog)
				at, _ := w.place("struct cgroup", cgrp, "bpf.progs[3]")
				w.chain(at, node)
				const lsm = 2 // has the places from CGROUP_LSM_START to CGROUP_LSM_END
				if got, err := addresses(bpf.ForEachAttached(o, lsm)); err != nil || !slices.Equal(got, []uint64{prog}) {
					t.Errorf("programs of hooks: %x, %v; want %x", got, err, prog)
				}
			}
			var value *drgn.ValueError
			for _, kind := range []uint64{4, 1 << 31, 1 << 63, ^uint64(0)} {
				if got, err := addresses(bpf.ForEachAttached(o, kind)); !errors.As(err, &value) {
					t.Errorf("programs of type %d: %x, %v; want an error", kind, got, err)
				}
			}
		})
	}
}

func TestUsedMaps(t *testing.T) {
	w := newWorld(t)
	w.structure("struct bpf_map", "unsigned int: id")
	w.structure("struct bpf_prog_aux", "unsigned int: used_map_cnt", "struct bpf_map **: used_maps")
	w.structure("struct bpf_prog", "struct bpf_prog_aux *: aux")
	prog, aux, maps := w.alloc("struct bpf_prog"), w.alloc("struct bpf_prog_aux"), w.alloc("unsigned long [2]")
	w.put(prog, aux)
	w.set("struct bpf_prog_aux", aux, "used_map_cnt", 2)
	w.set("struct bpf_prog_aux", aux, "used_maps", maps)
	w.put(maps, 0x1000)
	w.put(maps+8, 0x2000)
	if got, err := addresses(bpf.UsedMaps(w.pointer("struct bpf_prog", prog))); err != nil || !slices.Equal(got, []uint64{0x1000, 0x2000}) {
		t.Errorf("maps %x, %v", got, err)
	}
	w.set("struct bpf_prog_aux", aux, "used_map_cnt", 1<<31)
	if got, err := addresses(bpf.UsedMaps(w.pointer("struct bpf_prog", prog))); err == nil {
		t.Errorf("%d maps of a corrupt program", len(got))
	}
}

func TestOldWatermarks(t *testing.T) {
	for _, members := range [][]string{{"unsigned long [3]: watermark"}, {"unsigned long [3]: _watermark", "unsigned long: watermark_boost"}} {
		w := newWorld(t)
		w.enumeration("zone_watermarks", "WMARK_MIN", "WMARK_LOW", "WMARK_HIGH")
		w.structure("struct zone", members...)
		zone := w.alloc("struct zone")
		for i := range uint64(3) {
			w.put(zone+8*i, 100*(i+1))
		}
		want := uint64(200)
		if len(members) == 2 {
			w.set("struct zone", zone, "watermark_boost", 7)
			want += 7
		}
		if got, err := mmzone.LowWatermark(w.pointer("struct zone", zone)); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", members[0], got, err, want)
		}
	}
}

func TestNodes(t *testing.T) {
	w := newWorld(t)
	w.structure("struct pglist_data", "int: node_id")
	only := w.variable("contig_page_data", "struct pglist_data")
	if got, err := addresses(mmzone.ForEachOnlineNode(w.Program)); err != nil || !slices.Equal(got, []uint64{only}) {
		t.Errorf("nodes %x, %v; want %x", got, err, only)
	}
	w.enumeration("node_states", "N_POSSIBLE", "N_ONLINE", "NR_NODE_STATES")
	w.structure("struct nodemask", "unsigned long [1]: bits")
	data, states := w.variable("node_data", "struct pglist_data * [4]"), w.variable("node_states", "struct nodemask [2]")
	for i := range uint64(4) {
		w.put(data+8*i, 0x1000*(i+1))
	}
	w.put(states, 0xf)
	w.put(states+8, 0b1010)
	if got, err := addresses(mmzone.ForEachOnlineNode(w.Program)); err != nil || !slices.Equal(got, []uint64{0x2000, 0x4000}) {
		t.Errorf("nodes %x, %v", got, err)
	}
	if err := mmzone.NodeData(w.Program, 4).Err(); err == nil {
		t.Error("no error for a node that there is not")
	}
	if at, ok := mmzone.NodeData(w.Program, 1).Address(); !ok || at != data+8 {
		t.Errorf("node 1 is at %#x, %v; want it to be what lies at %#x", at, ok, data+8)
	}
	var unknown *pages.UnknownStateError // as states are no enumeration here
	if name, err := pages.DecodeMemoryBlockStateValue(w.Program, 5); !errors.As(err, &unknown) || unknown.State != 5 {
		t.Errorf("state 5 of a block: %s, %v", name, err)
	}
}

// buses makes a root bus with a bridge, another bus behind it, and a device on each.
func buses(t *testing.T) (w *world, root, child uint64, devices []uint64) {
	w = newWorld(t)
	w.structure("struct kobject", "char *: name")
	w.structure("struct device", "struct kobject: kobj", "char *: init_name")
	w.structure("struct pci_dev", "struct list_head: bus_list", "unsigned char: hdr_type", "unsigned char: pcie_cap", "unsigned short: pcie_flags_reg", "struct device: dev")
	w.structure("struct pci_bus", "struct list_head: node", "struct list_head: children", "struct list_head: devices", "struct device: dev")
	roots := w.variable("pci_root_buses", "struct list_head")
	root, child = w.alloc("struct pci_bus"), w.alloc("struct pci_bus")
	for i := range uint64(3) {
		dev := w.alloc("struct pci_dev")
		w.set("struct pci_dev", dev, "dev.kobj.name", w.newText(fmt.Sprintf("0000:00:0%d.0", i)))
		devices = append(devices, dev)
	}
	w.set("struct pci_bus", root, "dev.init_name", w.newText("0000:00"))
	w.set("struct pci_dev", devices[1], "hdr_type", 1)
	w.list(roots, root)
	w.list(root+16, child)
	w.list(child + 16)
	w.list(root+32, devices[0], devices[1])
	w.list(child+32, devices[2])
	return w, root, child, devices
}

func TestPCI(t *testing.T) {
	w, root, child, devices := buses(t)
	if got, err := addresses(pci.ForEachDevice(w.Program)); err != nil || !slices.Equal(got, devices) {
		t.Errorf("devices %x, %v; want %x", got, err, devices)
	}
	for i, want := range []string{"0000:00:00.0", "0000:00:01.0", "0000:00:02.0"} {
		dev := w.pointer("struct pci_dev", devices[i])
		if name, err := pci.Name(dev); err != nil || name != want {
			t.Errorf("name %q, %v; want %q", name, err, want)
		}
		if bridge, err := pci.IsBridge(dev); err != nil || bridge != (i == 1) {
			t.Errorf("%s is a bridge: %v, %v", want, bridge, err)
		}
	}
	if name, err := pci.BusName(w.pointer("struct pci_bus", root)); err != nil || name != "0000:00" {
		t.Errorf("name %q, %v", name, err)
	}
	dev := w.pointer("struct pci_dev", devices[0])
	if kind, err := pci.PortTypeOf(dev); err != nil || kind != pci.Endpoint {
		t.Errorf("port of a device that is not PCI Express: %v, %v", kind, err)
	}
	w.set("struct pci_dev", devices[0], "pcie_cap", 0x40)
	w.set("struct pci_dev", devices[0], "pcie_flags_reg", 0x0142)
	if kind, err := pci.PortTypeOf(dev); err != nil || kind != pci.RootPort {
		t.Errorf("port %v, %v", kind, err)
	}
	// A bus that is its own child.
	w.list(child+16, child)
	var cycle *walk.CycleError
	if got, err := addresses(pci.ForEachDevice(w.Program)); !errors.As(err, &cycle) {
		t.Errorf("%d devices, %v; want a circle", len(got), err)
	}
}

func TestTimerQueues(t *testing.T) {
	for layout, declare := range map[string]func(w *world){
		"v5.3": func(w *world) {
			w.structure("struct timerqueue_node", "struct rb_node: node")
			w.structure("struct timerqueue_head", "struct rb_root: head")
			w.structure("struct hrtimer", "struct timerqueue_node: node")
			w.structure("struct hrtimer_clock_base", "struct timerqueue_head: active")
		},
		"v6.12": func(w *world) {
			w.structure("struct timerqueue_node", "struct rb_node: node")
			w.structure("struct rb_root_cached", "struct rb_root: rb_root", "struct rb_node *: rb_leftmost")
			w.structure("struct timerqueue_head", "struct rb_root_cached: rb_root")
			w.structure("struct hrtimer", "struct timerqueue_node: node")
			w.structure("struct hrtimer_clock_base", "struct timerqueue_head: active")
		},
		"linked": func(w *world) {
			w.structure("struct rb_node_linked", "struct rb_node: node", "struct rb_node_linked *: prev", "struct rb_node_linked *: next")
			w.structure("struct rb_root_linked", "struct rb_root: rb_root", "struct rb_node_linked *: rb_leftmost")
			w.structure("struct timerqueue_linked_node", "struct rb_node_linked: node")
			w.structure("struct timerqueue_linked_head", "struct rb_root_linked: rb_root")
			w.structure("struct hrtimer", "struct timerqueue_linked_node: node")
			w.structure("struct hrtimer_clock_base", "struct timerqueue_linked_head: active")
		},
	} {
		t.Run(layout, func(t *testing.T) {
			w := newWorld(t)
			declare(w)
			base, a, b := w.alloc("struct hrtimer_clock_base"), w.alloc("struct hrtimer"), w.alloc("struct hrtimer")
			w.put(base, b)
			w.put(b+16, a)
			if got, err := addresses(timer.ForEachHighResolution(w.pointer("struct hrtimer_clock_base", base))); err != nil || !slices.Equal(got, []uint64{a, b}) {
				t.Errorf("timers %x, %v; want %x %x", got, err, a, b)
			}
			w.put(a+16, b)
			if got, err := addresses(timer.ForEachHighResolution(w.pointer("struct hrtimer_clock_base", base))); err == nil {
				t.Errorf("%d timers of a tree in a circle", len(got))
			}
		})
	}
}

func TestTimerBaseNames(t *testing.T) {
	for n, want := range map[int]string{1: "[BASE_STD]", 2: "[BASE_STD BASE_DEF]", 3: "[BASE_LOCAL BASE_GLOBAL BASE_DEF]"} {
		w := newWorld(t)
		w.structure("struct timer_base", "unsigned long: clk")
		w.variable("timer_bases", fmt.Sprintf("struct timer_base [%d]", n))
		if got, err := timer.BaseNames(w.Program); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%d bases: %v, %v; want %s", n, got, err, want)
		}
	}
}

func TestTimerWheel(t *testing.T) {
	w := newWorld(t)
	w.structure("struct timer_list", "struct hlist_node: entry")
	w.structure("struct timer_base", "unsigned long: clk", "struct hlist_head [8]: vectors")
	base, a, b := w.alloc("struct timer_base"), w.alloc("struct timer_list"), w.alloc("struct timer_list")
	w.chain(base+8+8*2, a)
	w.chain(base+8+8*7, b)
	if got, err := addresses(timer.ForEach(w.pointer("struct timer_base", base))); err != nil || !slices.Equal(got, []uint64{a, b}) {
		t.Errorf("timers %x, %v; want %x %x", got, err, a, b)
	}
}

// TestRealTimeGroup walks a queue with a task, a group with a task, and a task of lower priority.
func TestRealTimeGroup(t *testing.T) {
	w := newWorld(t)
	w.structure("struct sched_rt_entity", "struct list_head: run_list", "struct rt_rq *: my_q")
	w.structure("struct rt_prio_array", "struct list_head [3]: queue")
	w.structure("struct rt_rq", "struct rt_prio_array: active")
	w.structure("struct rq", "struct rt_rq: rt")
	w.structure("struct task_struct", "int: pid", "struct sched_rt_entity: rt")
	rq, own := w.alloc("struct rq"), w.alloc("struct rt_rq")
	a, b, c, group := w.alloc("struct task_struct"), w.alloc("struct task_struct"), w.alloc("struct task_struct"), w.alloc("struct sched_rt_entity")
	w.set("struct sched_rt_entity", group, "my_q", own)
	w.list(rq, a+8, group)
	w.list(rq + 16)
	w.list(rq+32, c+8)
	w.list(own)
	w.list(own+16, b+8)
	w.list(own + 32)
	if got, err := addresses(sched.ForEachRealTimeTask(w.pointer("struct rq", rq))); err != nil || !slices.Equal(got, []uint64{a, b, c}) {
		t.Errorf("tasks %x, %v; want %x %x %x", got, err, a, b, c)
	}
	w.set("struct sched_rt_entity", group, "my_q", rq) // a group in itself
	if got, err := addresses(sched.ForEachRealTimeTask(w.pointer("struct rq", rq))); err == nil {
		t.Errorf("%d tasks of a group in itself", len(got))
	}
}

// TestFairGroups walks a queue with a task that runs and a group of another: what is a task is said in the last element of the
// tuple, as in drgn's cfs_rq_for_each_entity.
func TestFairGroups(t *testing.T) {
	w := newWorld(t)
	w.structure("struct rb_root_cached", "struct rb_root: rb_root", "struct rb_node *: rb_leftmost")
	w.structure("struct cfs_rq", "struct rb_root_cached: tasks_timeline", "struct sched_entity *: curr")
	w.structure("struct sched_entity", "struct rb_node: run_node", "unsigned char: on_rq", "struct cfs_rq *: my_q")
	w.structure("struct task_struct", "int: pid", "struct sched_entity: se")
	queue, own := w.alloc("struct cfs_rq"), w.alloc("struct cfs_rq")
	running, waiting, group := w.alloc("struct task_struct"), w.alloc("struct task_struct"), w.alloc("struct sched_entity")
	w.set("struct cfs_rq", queue, "curr", running+8)
	w.set("struct task_struct", running, "se.on_rq", 1)
	w.put(queue, group)
	w.set("struct sched_entity", group, "my_q", own)
	w.put(own, waiting+8)
	collect := func() (out []string, err error) {
		for e, err := range sched.ForEachEntity(w.pointer("struct cfs_rq", queue)) {
			if err != nil {
				return out, err
			}
			at, err := e.Entity.Uint()
			if err != nil {
				return out, err
			}
			out = append(out, fmt.Sprintf("%#x %d %v %v", at, e.Depth, e.Current, e.IsTask))
		}
		return out, nil
	}
	want := []string{fmt.Sprintf("%#x 0 true true", running+8), fmt.Sprintf("%#x 0 false false", group), fmt.Sprintf("%#x 1 false true", waiting+8)}
	if got, err := collect(); err != nil || !slices.Equal(got, want) {
		t.Errorf("entities %q, %v; want %q", got, err, want)
	}
	var value *drgn.ValueError
	if err := sched.EntityToTask(w.pointer("struct sched_entity", group)).Err(); !errors.As(err, &value) {
		t.Errorf("task of a group: %v", err)
	}
	if got, err := sched.EntityToTask(w.pointer("struct sched_entity", waiting+8)).Uint(); err != nil || got != waiting {
		t.Errorf("task %#x, %v; want %#x", got, err, waiting)
	}
	w.set("struct task_struct", waiting, "se.my_q", queue)
	var cycle *walk.CycleError
	if got, err := collect(); !errors.As(err, &cycle) {
		t.Errorf("entities %q, %v; want a circle", got, err)
	}
}

// The name of a task group is that of its control group, not a path, and empty for a session's, as drgn documents it.
func TestGroupName(t *testing.T) {
	w := newWorld(t)
	w.structure("struct kernfs_node", "struct kernfs_node *: parent", "char *: name")
	w.structure("struct cgroup", "struct kernfs_node *: kn")
	w.structure("struct cgroup_subsys_state", "struct cgroup *: cgroup")
	w.structure("struct autogroup", "unsigned long: id")
	w.structure("struct task_group", "struct cgroup_subsys_state: css", "struct autogroup *: autogroup")
	root, above, own := w.alloc("struct kernfs_node"), w.alloc("struct kernfs_node"), w.alloc("struct kernfs_node")
	for _, of := range []struct{ node, parent, name uint64 }{{root, 0, w.newText("")}, {above, root, w.newText("user.slice")}, {own, above, w.newText("frozen")}} {
		w.set("struct kernfs_node", of.node, "parent", of.parent)
		w.set("struct kernfs_node", of.node, "name", of.name)
	}
	for _, of := range []struct {
		node uint64
		want string
	}{{root, "/"}, {above, "user.slice"}, {own, "frozen"}, {0, ""}} {
		group, cgroup := w.alloc("struct task_group"), w.alloc("struct cgroup")
		if of.node == 0 {
			w.set("struct task_group", group, "autogroup", w.alloc("struct autogroup"))
		} else {
			w.set("struct cgroup", cgroup, "kn", of.node)
			w.set("struct task_group", group, "css.cgroup", cgroup)
		}
		if name, err := sched.GroupName(w.pointer("struct task_group", group)); err != nil || string(name) != of.want {
			t.Errorf("%q, %v; want %q", name, err, of.want)
		}
	}
}

// TestCorruptSlabs gives a cache more nodes in its type than the kernel has, as all caches do, and then bad counts.
func TestCorruptSlabs(t *testing.T) {
	w := newWorld(t)
	w.structure("struct atomic", "long: counter")
	w.structure("struct slab", "struct list_head: slab_list", "unsigned short: inuse", "unsigned short: objects")
	w.structure("struct kmem_cache_node", "struct list_head: partial", "struct atomic: nr_slabs", "struct atomic: total_objects")
	w.structure("struct cpumask", "unsigned long [1]: bits")
	w.variable("__cpu_online_mask", "struct cpumask")
	w.structure("struct kmem_cache", "unsigned int: size", "unsigned int: offset", "struct kmem_cache_node * [64]: node", "unsigned int: flags")
	w.put(w.variable("nr_node_ids", "unsigned long"), 2)
	cache, node, partial := w.alloc("struct kmem_cache"), w.alloc("struct kmem_cache_node"), w.alloc("struct slab")
	w.put(cache+8+8*1, node)
	w.put(cache+8+8*2, 0xdeadbeef) // of another cache
	w.set("struct kmem_cache", cache, "size", 64)
	w.set("struct kmem_cache_node", node, "nr_slabs.counter", 3)
	w.set("struct kmem_cache_node", node, "total_objects.counter", 30)
	w.list(node, partial)
	w.set("struct slab", partial, "objects", 10)
	w.set("struct slab", partial, "inuse", 4)
	o := w.pointer("struct kmem_cache", cache)
	if got, err := slab.Usage(o); err != nil || got != (slab.CacheUsage{NumSlabs: 3, NumObjs: 30, FreeObjs: 6}) {
		t.Errorf("%+v, %v", got, err)
	}
	w.set("struct slab", partial, "inuse", 11)
	if got, err := slab.Usage(o); err == nil {
		t.Errorf("%+v of a corrupt slab", got)
	}
}

func TestModuleSymbols(t *testing.T) {
	for _, c := range []struct {
		layout  string
		members []string
		info    uint64
	}{
		{"v5.1", []string{"struct elf64_sym *: symtab", "unsigned int: num_symtab", "char *: strtab"}, 't'},
		{"v6.12", []string{"struct elf64_sym *: symtab", "unsigned int: num_symtab", "char *: strtab", "char *: typetab"}, 0x02},
	} {
		t.Run(c.layout, func(t *testing.T) {
			w := newWorld(t)
			w.structure("struct elf64_sym", "unsigned int: st_name", "unsigned char: st_info", "unsigned char: st_other", "unsigned short: st_shndx",
				"unsigned long: st_value", "unsigned long: st_size")
			w.structure("struct mod_kallsyms", c.members...)
			w.structure("struct module", "struct mod_kallsyms *: kallsyms")
			mod, table, symbols, names := w.alloc("struct module"), w.alloc("struct mod_kallsyms"), w.alloc("struct elf64_sym [4]"), w.newText("\x00first\x00last")
			o := w.pointer("struct module", mod)
			if got, err := kallsyms.Module(o); err != nil || got != nil {
				t.Errorf("symbols of a module without: %v, %v", got, err)
			}
			w.put(mod, table)
			w.set("struct mod_kallsyms", table, "symtab", symbols)
			w.set("struct mod_kallsyms", table, "num_symtab", 4)
			w.set("struct mod_kallsyms", table, "strtab", names)
			for i, s := range []struct{ name, section, value uint64 }{{0, 0, 0}, {1, 5, 0x1000}, {7, 0, 0x2000}, {7, 6, 0x3000}} {
				at := symbols + 24*uint64(i)
				w.set("struct elf64_sym", at, "st_name", s.name)
				w.set("struct elf64_sym", at, "st_info", c.info)
				w.set("struct elf64_sym", at, "st_shndx", s.section)
				w.set("struct elf64_sym", at, "st_value", s.value)
				w.set("struct elf64_sym", at, "st_size", 8)
			}
			want := []drgn.Symbol{
				{Name: "first", Address: 0x1000, Size: 8, Binding: drgn.BindLocal, Kind: drgn.SymbolFunc},
				{Name: "last", Address: 0x3000, Size: 8, Binding: drgn.BindLocal, Kind: drgn.SymbolFunc},
			}
			if got, err := kallsyms.Module(o); err != nil || !slices.Equal(got, want) {
				t.Errorf("symbols %+v, %v; want %+v", got, err, want)
			}
			w.set("struct elf64_sym", symbols, "st_name", 1<<31)
			if got, err := kallsyms.Module(o); err == nil {
				t.Errorf("symbols %+v with a name far away", got)
			}
			w.set("struct mod_kallsyms", table, "num_symtab", 1<<32-1)
			if got, err := kallsyms.Module(o); err == nil {
				t.Errorf("%d symbols of a corrupt module", len(got))
			}
		})
	}
}
