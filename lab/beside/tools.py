"""Small tools as users of drgn write them: every line that they print is an answer."""

import collections

from beside import answer
from drgn import FaultError
from drgn.helpers.common import *
from drgn.helpers.linux import *


def tool(f):
    """Run a tool at once; what it prints last may be an exception."""
    try:
        for i, line in enumerate(f()):
            answer(f.__name__, str(i), lambda: str(line))
    except Exception as e:
        answer(f.__name__, "end", lambda: f"{type(e).__name__}: {e}")


@tool
def lsmod():
    for m in for_each_module(prog):
        users = [u.source.name.string_() for u in list_for_each_entry("struct module_use", m.source_list.address_of_(), "source_list")]
        yield m.name.string_(), m.refcnt.counter.value_(), m.state.format_(type_name=False), users


@tool
def ps():
    for t in for_each_task(prog):
        yield t.pid.value_(), t.tgid.value_(), t.real_parent.pid.value_(), task_state_to_char(t), t.comm.string_(), bool(t.mm), t.prio.value_(), t.cred.uid.val.value_(), t.on_cpu.value_()


@tool
def inodes():
    for sb in list_for_each_entry("struct super_block", prog["super_blocks"].address_of_(), "s_list"):
        kinds = collections.Counter()
        for i in list_for_each_entry("struct inode", sb.s_inodes.address_of_(), "i_sb_list"):
            kinds[i.i_mode.value_() >> 12] += 1
            kinds["pages"] += i.i_mapping.nrpages.value_()
        yield sb.s_id.string_(), sb.s_type.name.string_(), sorted(kinds.items(), key=str)


@tool
def mounts():
    for m in for_each_mount(prog):
        yield mount_src(m), mount_dst(m), mount_fstype(m), m.mnt_id.value_()


@tool
def files():
    for t in list(for_each_task(prog))[::37]:
        for fd, f in for_each_file(t):
            if f:
                yield t.pid.value_(), fd, d_path(f.f_path), f.f_inode.i_ino.value_()


@tool
def vmas():
    for t in list(for_each_task(prog))[::101]:
        if t.mm:
            for v in for_each_vma(t.mm):
                yield t.pid.value_(), hex(v.vm_start), hex(v.vm_end), hex(v.vm_flags), vma_name(v)


@tool
def cgroups():
    for css in css_for_each_descendant_pre(prog["cgrp_dfl_root"].cgrp.self.address_of_()):
        yield cgroup_path(css.cgroup), cgroup_name(css.cgroup), css.cgroup.nr_descendants.value_()


@tool
def irqs():
    for number, d in for_each_irq_desc(prog):
        yield number, hex(d), irq_desc_action_names(d), irq_desc_chip_name(d)


@tool
def slabs():
    for c in for_each_slab_cache(prog):
        yield c.name.string_(), c.size.value_(), c.object_size.value_(), slab_cache_objects_per_slab(c), slab_cache_is_merged(c)


@tool
def dentries():
    def walk(d, depth):
        yield "  " * depth + d.d_name.name.string_().decode(errors="replace")
        if depth < 3:
            children = ("hlist", d.d_children, "d_sib") if hasattr(d, "d_children") else ("list", d.d_subdirs, "d_child")
            for c in {"hlist": hlist_for_each_entry, "list": list_for_each_entry}[children[0]]("struct dentry", children[1].address_of_(), children[2]):
                yield from walk(c, depth + 1)

    yield from walk(find_task(prog, 1).fs.root.dentry, 0)


@tool
def log():
    for r in get_printk_records(prog):
        yield r.level, r.facility, r.seq, r.timestamp, r.caller_tid, r.continuation, r.text, r.context


@tool
def cpus():
    for cpu in for_each_possible_cpu(prog):
        rq = per_cpu(prog["runqueues"], cpu)
        yield cpu, rq.nr_running.value_(), rq.curr.comm.string_(), rq.clock.value_(), cpu_curr(prog, cpu).pid.value_(), hex(idle_task(prog, cpu))


@tool
def timers():
    for cpu in for_each_online_cpu(prog):
        for clock in per_cpu(prog["hrtimer_bases"], cpu).clock_base:
            for n in rbtree_inorder_for_each_entry("struct hrtimer", clock.active.rb_root.rb_root, "node.node"):
                yield cpu, n.node.expires.value_(), prog.symbol(n.function.value_()).name


@tool
def devices():
    for d in for_each_disk(prog):
        yield disk_name(d), d.part0.bd_nr_sectors.value_()
    for p in for_each_partition(prog):
        yield part_name(p), part_devt(p).value_()
    for n in for_each_net(prog):
        yield n.ns.inum.value_(), [(d.name.string_(), d.mtu.value_(), d.ifindex.value_()) for d in for_each_netdev(n)]


@tool
def pages():
    flags = collections.Counter()
    for pfn in range(0, prog["max_pfn"].value_(), 97):
        try:
            flags[decode_page_flags(pfn_to_page(prog, pfn))] += 1
        except FaultError:
            flags["fault"] += 1
    yield from sorted(flags.items())


@tool
def waits():
    places = collections.Counter()
    for t in for_each_task(prog):
        try:
            places[" < ".join(f.name for f in prog.stack_trace(t) if f.name.isidentifier())] += 1
        except ValueError:
            places["running"] += 1
    yield from sorted(places.items())
