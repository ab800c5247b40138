"""Reads of a running kernel by walks and scripts at the same time: no byte may be another reader's.

Arguments: the seconds that each number of threads goes on for.
"""

import os
import sys
import threading
import time

import labtruth
from drgn.helpers.linux.pid import for_each_task

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 40
check = labtruth.Check("reads beside walks")
banner = prog["linux_banner"].string_()
with open("/proc/version", "rb") as f:
    check.equal("linux_banner", banner, f.read())


def read_beside_walks(until, counts):
    reads = wrong = 0
    while time.monotonic() < until:
        own = False
        for task in for_each_task(prog):
            reads += 1
            got = prog["linux_banner"].string_()
            if got != banner:
                wrong += 1
                check.wrong_if(True, f"linux_banner: {got!r}")
            pid = task.pid.value_()
            own |= pid == os.getpid()
            if pid == 0:
                wrong += 1
                check.wrong_if(True, f"a task has the PID 0: {task.comm.string_()!r}")
        check.wrong_if(not own, "a walk over all tasks lacks this process")
    counts.append(reads)


for n in (1, 4):
    counts, until = [], time.monotonic() + SECONDS
    threads = [threading.Thread(target=read_beside_walks, args=(until, counts)) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check.wrong_if(len(counts) != n, f"{n - len(counts)} of {n} threads ended with an exception")
    check.note(f"{sum(counts)} reads from {n} thread{'s' * (n > 1)}")
check.done(at_least=20)
