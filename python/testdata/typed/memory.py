"""Who has the memory: tasks and slab caches as a table."""

from drgn import FaultError, Program, container_of, sizeof
from drgn.helpers.common.format import CellFormat, number_in_binary_units, print_table
from drgn.helpers.linux.mm import for_each_vma, task_rss
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_usage


def main(prog: Program) -> None:
    page_size = int(prog["PAGE_SIZE"])
    rows = [("pid", "name", "areas", "resident")]
    table = []
    for task in for_each_task(prog):
        if not task.mm:
            continue
        areas = sum(1 for _ in for_each_vma(task.mm))
        rss = task_rss(prog, task)
        table.append((task.pid.value_(), task.comm.string_().decode(), areas, rss.total * page_size, rss.anon))
    table.sort(key=lambda row: row[3], reverse=True)
    print_table([*rows, *((pid, name, n, CellFormat(number_in_binary_units(size), ">")) for pid, name, n, size, _ in table[:10])])

    for cache in for_each_slab_cache(prog):
        try:
            usage = slab_cache_usage(cache)
        except FaultError as e:
            print(f"{cache.name.string_().decode()}: {e.message} at {e.address:#x}")
            continue
        print(cache.name.string_().decode(), usage.active_objs, "of", usage.num_objs, "in", usage.num_slabs)

    rq = per_cpu(prog["runqueues"], 0)
    cfs = container_of(rq.cfs.address_of_(), "struct rq", "cfs")
    print(sizeof(rq), hex(cfs), (rq.nr_running + 1) * 2 > 1, -rq.nr_running.value_(), rq.curr == cfs.curr)
