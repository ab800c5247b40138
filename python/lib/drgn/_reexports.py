"""Names that scripts import from modules of helpers though others define them: drgn's own modules have imported them.

Their modules are imported when such a name is asked for.
"""

import importlib

import drgn

HELPERS = "drgn.helpers."

# Of each module below drgn.helpers: the modules there, and which of their names.
NAMES = {
    "common.stack": "common.memory:identify_address",
    "linux.block": (
        "common.format:escape_ascii_string common.prog:takes_program_or_default "
        "linux.device:MAJOR,MINOR,MKDEV,class_for_each_device linux.list:list_for_each_entry "
        "linux.sbitmap:sbitmap_for_each_set linux.xarray:xa_for_each"
    ),
    "linux.boot": "common.prog:takes_program_or_default",
    "linux.bpf": (
        "common.prog:takes_program_or_default linux.idr:idr_find,idr_for_each "
        "linux.list:hlist_for_each_entry,list_for_each_entry"
    ),
    "linux.cgroup": (
        "common.prog:takes_program_or_default linux.kernfs:kernfs_name,kernfs_path,kernfs_walk "
        "linux.list:list_for_each_entry"
    ),
    "linux.completion": "linux.swait:swait_for_each_task linux.wait:waitqueue_for_each_task",
    "linux.cpumask": "common.prog:takes_program_or_default linux.bitmap:bitmap_weight linux.bitops:for_each_set_bit",
    "linux.device": "common.prog:takes_program_or_default linux.list:list_for_each_entry",
    "linux.fs": (
        "common.format:escape_ascii_string common.prog:takes_object_or_program_or_default "
        "linux.list:hlist_empty,hlist_for_each_entry,list_for_each_entry linux.rbtree:rbtree_inorder_for_each_entry "
        "linux.xarray:xa_for_each,xa_is_value"
    ),
    "linux.hugetlb": "common.prog:takes_program_or_default linux.mm:PageUsage",
    "linux.idr": "linux.radixtree:radix_tree_for_each",
    "linux.ipc": (
        "common.format:decode_flags common.prog:takes_object_or_program_or_default,takes_program_or_default "
        "linux.idr:idr_find,idr_for_each"
    ),
    "linux.irq": (
        "common.prog:takes_program_or_default linux.cpumask:cpumask_of linux.mapletree:mt_for_each,mtree_load "
        "linux.percpu:per_cpu linux.radixtree:radix_tree_for_each,radix_tree_lookup"
    ),
    "linux.kallsyms": "linux.module:for_each_module",
    "linux.kconfig": "common.prog:takes_program_or_default",
    "linux.kernfs": "linux.rbtree:rbtree_inorder_for_each_entry",
    "linux.mapletree": "linux.xarray:xa_is_zero",
    "linux.mm": (
        "common.format:decode_enum_type_flags common.prog:takes_program_or_default linux.bitops:for_each_set_bit "
        "linux.device:bus_for_each_dev linux.fs:d_path linux.list:list_for_each_entry "
        "linux.mapletree:mt_for_each,mtree_load linux.percpu:percpu_counter_sum,percpu_counter_sum_positive "
        "linux.pid:for_each_task_in_group linux.rbtree:rb_find"
    ),
    "linux.mmzone": "common.format:decode_flags common.prog:takes_program_or_default linux.nodemask:for_each_online_node",
    "linux.module": "common.prog:takes_program_or_default linux.list:list_for_each_entry linux.rbtree:rb_find",
    "linux.net": (
        "common.prog:takes_object_or_program_or_default,takes_program_or_default linux.fs:fget "
        "linux.list:hlist_for_each_entry,list_for_each_entry linux.list_nulls:hlist_nulls_for_each_entry"
    ),
    "linux.nodemask": "common.prog:takes_program_or_default linux.bitops:for_each_set_bit,test_bit",
    "linux.panic": "common.prog:takes_program_or_default linux.printk:get_dmesg",
    "linux.pci": "common.prog:takes_program_or_default linux.device:bus_for_each_dev,dev_name linux.list:list_for_each_entry",
    "linux.percpu": "linux.cpumask:for_each_online_cpu",
    "linux.pid": (
        "common.prog:takes_object_or_program_or_default linux.cpumask:for_each_online_cpu linux.idr:idr_for_each "
        "linux.list:hlist_for_each_entry,list_for_each_entry linux.sched:idle_task"
    ),
    "linux.plist": "linux.list:list_empty,list_for_each_entry",
    "linux.printk": "common.prog:takes_program_or_default linux.timekeeping:ktime_get_coarse_ns,ktime_get_coarse_real_ns",
    "linux.radixtree": "linux.xarray:xa_for_each,xa_load",
    "linux.sched": (
        "common.prog:takes_program_or_default linux.cgroup:cgroup_name linux.list:list_for_each_entry "
        "linux.percpu:per_cpu,per_cpu_ptr linux.rbtree:rbtree_inorder_for_each_entry"
    ),
    "linux.signal": (
        "common.format:decode_flags common.prog:takes_program_or_default linux.bitops:for_each_set_bit "
        "linux.list:list_for_each_entry"
    ),
    "linux.slab": (
        "common.format:escape_ascii_string common.prog:takes_program_or_default linux.cpumask:for_each_online_cpu "
        "linux.list:list_for_each_entry,validate_list_for_each_entry "
        "linux.mm:PageSlab,compound_head,for_each_page,in_direct_map,page_to_virt,virt_to_page "
        "linux.nodemask:for_each_online_node,nr_node_ids linux.percpu:per_cpu_ptr "
        "linux.rbtree:rbtree_inorder_for_each_entry linux.vmstat:global_node_page_state"
    ),
    "linux.swait": "linux.list:list_empty,list_for_each_entry",
    "linux.swap": (
        "common.prog:takes_program_or_default linux.fs:d_path linux.mm:PageUsage linux.vmstat:global_node_page_state"
    ),
    "linux.sysfs": "common.prog:takes_program_or_default linux.kernfs:kernfs_children,kernfs_parent,kernfs_path,kernfs_walk",
    "linux.tc": "linux.list:hlist_for_each_entry,list_for_each_entry",
    "linux.timekeeping": "common.prog:takes_program_or_default",
    "linux.timer": (
        "common.prog:takes_program_or_default linux.list:hlist_for_each_entry "
        "linux.rbtree:rbtree_inorder_for_each_entry"
    ),
    "linux.user": "common.prog:takes_program_or_default linux.list:hlist_for_each_entry",
    "linux.vmstat": "common.prog:takes_program_or_default linux.cpumask:for_each_online_cpu linux.percpu:per_cpu",
    "linux.wait": "linux.list:list_empty,list_for_each_entry",
}


# Names of no use to users that scripts have been seen to import.
PRIVATE = {
    ("linux.fs", "_S_IFMT"): 0o170000, ("linux.net", "_S_IFMT"): 0o170000, ("linux.net", "_S_IFSOCK"): 0o140000,  # include/uapi/linux/stat.h
    ("linux.net", "_CLONE_NEWNET"): 0x40000000,  # include/uapi/linux/sched.h
    ("linux.sched", "_TASK_STATE_CHAR_TO_STATE"): {  # task_state_array in fs/proc/array.c
        "R": "R (running)", "S": "S (sleeping)", "D": "D (disk sleep)", "T": "T (stopped)", "t": "t (tracing stop)", "X": "X (dead)",
        "Z": "Z (zombie)", "P": "P (parked)", "I": "I (idle)",
    },
}

# The modules below drgn.helpers.linux that others' names of this kind are in.
LATE = {
    ("linux.kallsyms", "_load_builtin_kallsyms"): "_kallsyms", ("linux.kallsyms", "_load_proc_kallsyms"): "_kallsyms",
    ("linux.slab", "_SlabCacheHelper"): "_slabcache", ("linux.slab", "_get_slab_cache_helper"): "_slabcache",
    ("linux.slab", "_get_slab_type"): "_slabcache", ("linux.slab", "_slab_cache_name"): "_slabcache",
}


def find(module, name):
    """Return what a module of helpers has imported in drgn under a name."""
    if (module.removeprefix(HELPERS), name) in PRIVATE:
        return PRIVATE[module.removeprefix(HELPERS), name]
    for entry in NAMES.get(module.removeprefix(HELPERS), "").split():
        source, _, names = entry.partition(":")
        if name in names.split(","):
            return getattr(importlib.import_module(HELPERS + source), name)
    if (module.removeprefix(HELPERS), name) in LATE:
        return getattr(importlib.import_module(f"{HELPERS}linux.{LATE[module.removeprefix(HELPERS), name]}"), name)
    if name == "KeyType" and module == HELPERS + "linux.rbtree":
        from typing import TypeVar

        return TypeVar("KeyType")
    if name == "ValidationError":
        return drgn.helpers.ValidationError
    if not name.startswith("_") and name in drgn.__all__:
        return getattr(drgn, name)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
