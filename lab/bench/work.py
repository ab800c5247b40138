"""Times the work scripts do most. Prints "name<TAB>seconds<TAB>unit<TAB>remark" lines."""

import time

from drgn.helpers.linux.pid import for_each_task

LOOPS = 100_000


def measure(name, unit, work):
    """Run work, which returns how many units it did and a remark, and print its time."""
    try:
        start = time.perf_counter()
        units, remark = work()
        took = time.perf_counter() - start
        print(f"{name}\t{took / max(units, 1)}\t{unit}\t{remark}")
    except Exception as e:
        print(f"{name}\t-\t{unit}\t{type(e).__name__}: {e}")


def walk_tasks():
    n = 0
    for task in for_each_task(prog):
        task.pid.value_()
        n += 1
    return n, f"{n} tasks"


def member():
    task = prog["init_task"]
    for _ in range(LOOPS):
        task.pid
    return LOOPS, ""


def value():
    pid = prog["init_task"].pid
    for _ in range(LOOPS):
        pid.value_()
    return LOOPS, ""


def read_u64():
    address = prog["init_task"].address_of_().value_()
    for _ in range(LOOPS):
        prog.read_u64(address)
    return LOOPS, ""


def find_type():
    for _ in range(LOOPS // 10):
        prog.type("struct task_struct *")
    return LOOPS // 10, ""


traces = []


def stacks():
    frames = 0
    for task in for_each_task(prog):
        try:
            trace = prog.stack_trace(task)
        except ValueError:
            continue
        traces.append(trace)
        frames += len(trace)
    return frames, f"{len(traces)} stacks, {frames} frames"


def printed_stacks():
    frames = sum(len(t) for t in traces)
    size = sum(len(str(t)) for t in traces)
    return frames, f"{size >> 10} KiB of text"


def print_task():
    return 1, f"{len(str(prog['init_task'])) >> 10} KiB of text"


def dentries():
    from drgn.helpers.linux.slab import find_slab_cache, slab_cache_for_each_allocated_object

    cache = find_slab_cache(prog, "dentry")
    n = sum(1 for _ in slab_cache_for_each_allocated_object(cache, "struct dentry"))
    return 1, f"{n} objects"


def search():
    n = sum(1 for _ in prog.search_memory(b"needle in shared memory: godrgn lab"))
    return 1, f"{n} found"


measure("for_each_task: task.pid.value_()", "task", walk_tasks)
measure("the same again", "task", walk_tasks)
measure("object.member", "call", member)
measure("object.value_()", "call", value)
measure("prog.read_u64()", "call", read_u64)
measure("prog.type()", "call", find_type)
measure("stack traces of all threads", "frame", stacks)
measure("the same, printed", "frame", printed_stacks)
measure('str(prog["init_task"])', "run", print_task)
measure("the same again", "run", print_task)
measure("all dentry objects", "run", dentries)
measure("search_memory, all of it", "run", search)
