"""Times what scripts do with a running kernel. Prints "name<TAB>seconds<TAB>unit<TAB>remark" lines.

The names have the milliseconds that drgn 0.2 took in such a guest.
"""

import os
import subprocess
import time

from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.pid import find_task, for_each_task

TURNS = 2  # the quickest counts, and that of several rounds


def measure(name, work):
    """Run work, which returns a remark, and print its time."""
    best = remark = None
    try:
        for _ in range(TURNS):
            start = time.perf_counter()
            remark = work()
            took = time.perf_counter() - start
            if best is None or took < best:
                best = took
        print(f"{name}\t{best}\trun\t{remark}", flush=True)
    except Exception as e:
        print(f"{name}\t-\trun\t{type(e).__name__}: {e}", flush=True)


children = [subprocess.Popen(["/bin/sleep", "1000"]) for _ in range(2)]
own = find_task(prog, os.getpid())
head = own.children.address_of_()


def walk_children():
    for _ in range(200):
        n = sum(1 for _ in list_for_each_entry("struct task_struct", head, "sibling"))
    return f"{n} children"


def walk_cpus():
    for _ in range(200):
        n = sum(1 for _ in for_each_possible_cpu(prog))
    return f"{n} CPUs"


def first_task():
    for _ in range(200):
        pid = next(iter(for_each_task(prog))).pid.value_()
    return f"PID {pid}"


def jiffies():
    for _ in range(2000):
        prog["jiffies"].value_()
    return ""


def member():
    for _ in range(2000):
        own.pid.value_()
    return ""


def symbols():
    n = len(prog.symbols())
    return f"{n // 1000},000 symbols"


def tasks():
    return f"{sum(1 for _ in for_each_task(prog)) // 100}00 tasks"


def task_pids():
    for t in for_each_task(prog):
        t.pid.value_()
    return ""


def search():
    it = prog.search_memory(b"no such bytes anywhere \xff\x00\xfe")
    vmalloc = prog["vmalloc_base"].value_()
    it.set_address_range(vmalloc, vmalloc + (1 << 26) - 1)
    return f"{sum(1 for _ in it)} found"


measure("200 walks of 2 children (20 ms)", walk_children)
measure("200 walks of the possible CPUs (18 ms)", walk_cpus)
measure("200 times the first task (86 ms)", first_task)
measure("2,000 times jiffies (28 ms)", jiffies)
measure("2,000 times a member", member)
measure("all symbols (153 ms)", symbols)
measure("walk of all tasks (10 ms)", tasks)
measure("PIDs of all tasks", task_pids)
measure("search of 64 MiB of vmalloc memory (160 ms)", search)

for child in children:
    child.kill()
    child.wait()
