package linux

import (
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

// variables are the types of variables that helpers and scripts ask for and that BTF does not have: it has per-CPU variables
// since pahole 1.19, and others since pahole 1.29 only. Of types that are separated by "|" the largest counts that the variable
// has room for; the length of an array that has none is what there is room for.
var variables = map[string]string{
	"__cpu_active_mask": "struct cpumask", "__cpu_online_mask": "struct cpumask", "__cpu_possible_mask": "struct cpumask", "__cpu_present_mask": "struct cpumask",
	"__highest_present_section_nr": "unsigned long", "__per_cpu_offset": "unsigned long []", "__pgtable_l5_enabled": "unsigned int",
	"_totalram_pages": "atomic_long_t", "avenrun": "unsigned long [3]", "block_class": "struct class", "blockdev_superblock": "struct super_block *",
	"bpf_kallsyms": "struct list_head", "btf_idr": "struct idr", "btf_modules": "struct list_head", "bus_kset": "struct kset *", "bus_ktype": "struct kobj_type",
	"cdev_map": "struct kobj_map *", "cgroup_mutex": "struct mutex", "cgrp_dfl_root": "struct cgroup_root", "chrdevs": "struct char_device_struct *[255]",
	"class_kset": "struct kset *", "class_ktype": "struct kobj_type", "crash_notes": "note_buf_t *", "crashing_cpu": "int",
	"delayed_fput_list": "struct llist_head", "device_ktype": "struct kobj_type", "disk_type": "const struct device_type", "driver_ktype": "struct kobj_type",
	"ftrace_ops_list": "struct ftrace_ops *", "high_memory": "void *", "hrtimer_bases": "struct hrtimer_cpu_base", "hstates": "struct hstate []",
	"hugetlb_max_hstate": "int", "idt_table": "gate_desc [256]", "init_ipc_ns": "struct ipc_namespace", "init_mm": "struct mm_struct", "init_net": "struct net",
	"init_pid_ns": "struct pid_namespace", "init_task": "struct task_struct", "init_user_ns": "struct user_namespace", "init_uts_ns": "struct uts_namespace",
	"init_css_set": "struct css_set", "iomem_resource": "struct resource", "ioport_resource": "struct resource", "ipc_mni_shift": "int",
	"irq_desc_tree": "struct xarray", "kprobe_insn_slots": "struct kprobe_insn_cache", "kprobe_optinsn_slots": "struct kprobe_insn_cache",
	"kprobe_table": "struct hlist_head []", "kretprobe_inst_table": "struct hlist_head []", "link_idr": "struct idr", "linux_banner": "const char []",
	"log_buf": "char *", "log_buf_len": "u32", "major_names": "struct blk_major_name *[255]", "map_idr": "struct idr", "max_pfn": "unsigned long",
	"mem_section": "struct mem_section **", "memory_subsys": "struct bus_type", "module_ktype": "struct kobj_type", "modules": "struct list_head",
	"net_namespace_list": "struct list_head", "netns_operations": "const struct proc_ns_operations", "node_data": "struct pglist_data *[]",
	"node_states": "nodemask_t [NR_NODE_STATES]", "nr_cpu_ids": "unsigned int", "nr_irqs": "int", "nr_node_ids": "unsigned int", "nr_swap_pages": "atomic_long_t",
	"nr_swapfiles": "unsigned int", "nr_swapper_spaces": "unsigned int []", "nr_vmap_nodes": "unsigned int", "ns_file_operations": "const struct file_operations",
	"page_offset_base": "unsigned long", "panic_cpu": "atomic_t", "pci_root_buses": "struct list_head", "platform_bus_type": "struct bus_type",
	"prb": "struct printk_ringbuffer *", "prog_idr": "struct idr", "rcu_state": "struct rcu_state", "root_task_group": "struct task_group",
	"runqueues": "struct rq", "sections_per_block": "int", "slab_caches": "struct list_head", "slab_kset": "struct kset *", "sparse_irqs": "struct maple_tree",
	"stack_pools": "void *[8192]|void **", "stack_slabs": "void *[8192]", "super_blocks": "struct list_head", "swap_info": "struct swap_info_struct *[]",
	"swapper_spaces": "struct address_space *[]", "sysctl_overcommit_kbytes": "unsigned long", "sysctl_overcommit_memory": "int",
	"sysctl_overcommit_ratio": "int", "sysfs_root": "struct kernfs_root *", "taint_flags": "const struct taint_flag []", "tainted_mask": "unsigned long",
	"task_groups": "struct list_head", "tcp_hashinfo": "struct inet_hashinfo", "timekeeper_data": "struct tk_data []", "timer_bases": "struct timer_base []",
	"total_nr_irqs": "unsigned int", "total_swap_pages": "long", "uidhash_table": "struct hlist_head []", "utsns_operations": "const struct proc_ns_operations",
	"vm_committed_as": "struct percpu_counter", "vm_event_states": "struct vm_event_state", "vm_node_stat": "atomic_long_t [NR_VM_NODE_STAT_ITEMS]",
	"vm_numa_event": "atomic_long_t [NR_VM_NUMA_EVENT_ITEMS]", "vm_numa_stat": "atomic_long_t [NR_VM_NUMA_STAT_ITEMS]",
	"vm_zone_stat": "atomic_long_t [NR_VM_ZONE_STAT_ITEMS]", "vmap_area_list": "struct list_head", "vmap_area_root": "struct rb_root",
	"vmap_nodes": "struct vmap_node *", "vmemmap_base": "unsigned long",
}

// wellKnown returns a variable that debugging information lacks, if it has no file: its address is that of its symbol, its type
// one of those it has in kernels, which must fit.
func (k *Kernel) wellKnown(name string) (drgn.Object, error) {
	texts, ok := variables[name]
	if !ok {
		return drgn.Object{}, drgn.ErrNotFound
	}
	main, err := k.prog.MainModule()
	if err != nil || main.Fallback() == "" {
		return drgn.Object{}, drgn.ErrNotFound
	}
	info, err := main.Info()
	if err != nil || info == nil {
		return drgn.Object{}, drgn.ErrNotFound // the finder that comes next says what is wrong
	}
	if _, known, err := info.FindEntity(debugdata.Variable, name, "", nil); known || err != nil {
		return drgn.Object{}, drgn.ErrNotFound
	}
	own, err := k.own()
	if err != nil {
		return drgn.Object{}, err
	}
	symbols := own.Named(name)
	if len(symbols) == 0 || len(symbols) > 1 && (symbols[0].Binding == drgn.BindLocal || symbols[1].Binding != drgn.BindLocal) {
		return drgn.Object{}, drgn.ErrNotFound // there is none, or it can't be told which of them is meant
	}
	var best *types.Type
	var size uint64
	for text := range strings.SplitSeq(texts, "|") {
		t, err := k.typeWithin(text, symbols[0].Size)
		if drgn.IsNotFound(err) {
			continue
		}
		if err != nil {
			return drgn.Object{}, err
		}
		if n, err := t.Size(); err == nil && n > size && n <= symbols[0].Size {
			best, size = t, n
		}
	}
	if best == nil {
		return drgn.Object{}, drgn.ErrNotFound
	}
	o := k.prog.ObjectAt(best, symbols[0].Address)
	if !k.plausible(o) {
		return drgn.Object{}, drgn.ErrNotFound
	}
	return o, nil
}

// typeWithin returns the type of a text in variables, given how many bytes there are for it.
func (k *Kernel) typeWithin(text string, size uint64) (*types.Type, error) {
	elem, length, isArray := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	if !isArray || strings.Trim(length, "0123456789") == "" && length != "" {
		return k.prog.Type(text)
	}
	t, err := k.prog.Type(strings.TrimSpace(elem))
	if err != nil {
		return nil, err
	}
	each, err := t.Size()
	if err != nil || each == 0 {
		return nil, err
	}
	n := size / each
	if length != "" {
		if n, err = k.prog.Constant(length).Uint(); err != nil {
			return nil, err
		}
	}
	return k.prog.Types().Array(t.Language(), t, n), nil
}

// plausible reports whether what lies in a variable can be of its type, as far as can be said: a pointer is null or leads into the
// kernel, and the head of a list to nodes. What can't be read is not held against it.
func (k *Kernel) plausible(o drgn.Object) bool {
	pointers := []drgn.Object{o}
	switch t := o.Type().Underlying(); {
	case t.Kind() == types.Struct && t.Tag() == "list_head":
		pointers = []drgn.Object{o.Member("next"), o.Member("prev")}
	case t.Kind() != types.Pointer:
		return true
	}
	for _, p := range pointers {
		if v, err := p.Uint(); err == nil && v != 0 && !k.machine.IsKernelAddress(v) {
			return false
		}
	}
	return true
}
