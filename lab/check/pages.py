"""Pages and addresses: what each is said to be, and memory of processes."""

import re

import labtruth
from drgn import FaultError
from drgn.helpers.common.memory import identify_address
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import (
    PageSlab,
    cmdline,
    compound_head,
    environ,
    for_each_vmap_area,
    page_to_pfn,
    page_to_virt,
    pfn_to_page,
    phys_to_virt,
    task_rss,
    task_vsize,
    totalram_pages,
    virt_to_page,
    virt_to_phys,
)
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import task_state_to_char
from drgn.helpers.linux.slab import find_slab_cache, slab_cache_for_each_allocated_object, slab_object_info

PF_KTHREAD = 0x00200000

check = labtruth.Check("facts about pages and addresses")
stable = labtruth.stable()
ran = labtruth.ran_since(prog)
meminfo = {line.split(":")[0]: int(line.split()[1]) for line in labtruth.read("meminfo")}
page_size = prog["PAGE_SIZE"].value_()
check.equal("pages of memory", totalram_pages(prog) * page_size // 1024, meminfo["MemTotal"])

status = labtruth.per_task("status")
# "@ TGID TID", a newline and the arguments, a NUL after each; no newline follows.
parts = re.split(r"@ (\d+) \d+\n", "\n".join(labtruth.read("args")))
arguments = {int(pid): text.rstrip("\0").split("\0") for pid, text in zip(parts[1::2], parts[2::2])}
excluded = 0
allocated = {o.value_() for o in slab_cache_for_each_allocated_object(find_slab_cache(prog, "task_struct"), "struct task_struct")}
for task in for_each_task(prog):
    pid, address = task.pid.value_(), task.value_()
    try:
        page = virt_to_page(task)
        check.equal(f"pid {pid}: page and back", pfn_to_page(prog, page_to_pfn(page)).value_(), page.value_())
        check.equal(f"pid {pid}: address of the page", page_to_virt(page).value_(), address & -page_size)
        check.equal(f"pid {pid}: physical and back", phys_to_virt(prog, virt_to_phys(task)).value_(), address)
        check.equal(f"pid {pid}: is in a slab", PageSlab(compound_head(page)), True)
        info = slab_object_info(prog, address + 8)
        check.wrong_if(info is None, f"pid {pid}: no slab object at {address:#x}")
        if info is not None:
            check.equal(f"pid {pid}: cache", info.slab_cache.name.string_(), b"task_struct")
            check.equal(f"pid {pid}: object", (info.address, info.allocated), (address, True))
        check.wrong_if(address not in allocated, f"pid {pid}: {address:#x} is not among the allocated task_structs")
        comm = task.comm.string_().decode(errors="replace")
        check.equal(f"pid {pid}: what is at its task_struct", identify_address(prog, address), f"task: {pid} ({comm})")
        if task_state_to_char(task) not in "ZX":
            told = identify_address(prog, task.stack.value_() + 64)
            check.equal(f"pid {pid}: what is at its stack", told, f"task stack: {pid} ({comm}) +0x40")
    except Exception as e:
        check.failed(f"pid {pid}", e)
    fields = dict(line.split(":", 1) for line in status.get(pid, (0, []))[1] if ":" in line)
    if pid not in stable or pid in ran or "VmSize" not in fields:
        continue
    try:
        check.equal(f"pid {pid}: size", task_vsize(task), int(fields["VmSize"].split()[0]) * 1024)
        rss = task_rss(task)
        for name, kind, found in (("RssAnon", "MM_ANONPAGES", rss.anon), ("RssFile", "MM_FILEPAGES", rss.file), ("RssShmem", "MM_SHMEMPAGES", rss.shmem)):
            # The guest tells the sum to which CPUs add now and then: up to 64 pages for each are not in it yet. Before 6.2,
            # it was threads that added, after 64 faults, each of which may map many pages.
            if hasattr(task, "rss_stat"):
                threads = list_for_each_entry("struct task_struct", task.signal.thread_head.address_of_(), "thread_node")
                found = max(0, found - sum(t.rss_stat.count[prog[kind]].value_() for t in threads))
            told = int(fields[name].split()[0]) * 1024 // page_size
            check.wrong_if(abs(found - told) > 128, f"pid {pid}: {name} of {found} pages, the guest says {told}")
    except Exception as e:
        check.failed(f"pid {pid}: memory", e)
    if pid in arguments and task.pid == task.tgid:
        try:
            check.equal(f"pid {pid}: arguments", [a.decode() for a in cmdline(task)], arguments[pid])
            environ(task)
        except FaultError as e:
            # A filtered dump has no pages of user space.
            excluded += 1
            check.wrong_if("excluded" not in str(e), f"pid {pid}: arguments: {e}")

# Sizes of areas of vmalloc. Their addresses are hashed in the guest's account; some come and go.
told = {}
for line in labtruth.read("vmallocinfo"):
    _, size, caller, *_ = line.split()
    if caller != "vm_map_ram":
        told[int(size)] = told.get(int(size), 0) + 1
found = {}
for area in for_each_vmap_area(prog):
    if area.vm:
        size = area.vm.size.value_()
        found[size] = found.get(size, 0) + 1
        check.equal(f"size of the area at {area.va_start.value_():#x}", area.va_end.value_() - area.va_start.value_() >= size, True)
same = sum(min(n, found.get(size, 0)) for size, n in told.items())
total = sum(told.values())
check.wrong_if(same < total * 98 // 100 or sum(found.values()) > total * 102 // 100,
               f"{sum(found.values())} areas of vmalloc, {same} of the guest's {total}")
check.note(f"{same} of {total} areas of vmalloc, user memory of {excluded} processes is not in the dump")
check.done(at_least=10000)
