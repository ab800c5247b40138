"""A guest of QEMU, looked at from outside while it runs or is stopped, over a Unix socket and over TCP."""

import os
import socket
import sys
import time

import labtruth
from drgn import Architecture, FaultError, Platform, Program, ProgramFlags
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import cpu_curr

check = labtruth.Check("facts about a guest")
mode = sys.argv[2]
live = ProgramFlags.IS_LINUX_KERNEL | ProgramFlags.IS_LIVE
check.equal("flags", prog.flags, live)
check.equal("init_task", prog["init_task"].comm.string_(), b"swapper/0")
check.equal("release", prog["UTS_RELEASE"].string_().decode(), labtruth.read("version")[0].split()[2])
try:
    prog.set_qemu_qmp("/nonexistent")
    check.wrong_if(True, "a program has two targets")
except ValueError as e:
    check.equal("a second target", str(e), "program memory was already initialized")

expected = labtruth.stable()
start = time.perf_counter()
found = {t.pid.value_(): t.comm.string_().decode() for t in for_each_task(prog)}
check.note(f"{len(found)} tasks in {(time.perf_counter() - start) * 1e3:.0f} ms")
for tid, stat in expected.items():
    if not stat.comm.startswith("kworker/"):
        check.equal(f"name of task {tid}", found.get(tid), stat.comm[:15])


def rate(read, seconds=0.5):
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        read()
        count += 1
    return round(count / (time.perf_counter() - start))


jiffies = prog["jiffies"].address_
check.note(f"{rate(lambda: prog.read_u64(jiffies))} reads of 8 bytes a second")
if mode == "running":
    # What runs now may be asleep a moment later.
    refused = 0
    for _ in range(200):
        for cpu in (0, 1):
            try:
                prog.stack_trace(cpu_curr(prog, cpu))
            except ValueError as e:
                check.equal("stack of a running task", str(e), "cannot unwind stack of running task (stop the guest first)")
                refused += 1
    check.wrong_if(not refused, "no task runs")
    first = prog["jiffies"].value_()
    time.sleep(0.3)
    check.wrong_if(prog["jiffies"].value_() == first, "time stands still")
else:
    for cpu in (0, 1):
        task = cpu_curr(prog, cpu)
        trace = prog.stack_trace(task)
        pc = trace[0].register("rip") if "rip" in trace[0].registers() else trace[0].pc
        check.equal("where a running task is", trace[0].pc, pc)
        # Stopped in user space it has one frame, in the kernel the stack of its task.
        check.wrong_if(len(trace) < 1, f"no frames of {task.comm.string_()}")
        print(f"CPU {cpu}: {task.comm.string_().decode()}\n{trace}")
    first = prog["jiffies"].value_()
    time.sleep(0.3)
    check.equal("time", prog["jiffies"].value_(), first)

    # The same without what only a Unix socket can do: slow, and somebody must say where the kernel lies.
    other = Program(vmcoreinfo=prog["VMCOREINFO"].string_())
    other.set_qemu_qmp(sys.argv[3])
    check.equal("flags over TCP", other.flags, live)
    check.equal("platform over TCP", other.platform, prog.platform)
    check.equal("memory over TCP", other.read(prog["init_task"].comm.address_, 16), prog.read(prog["init_task"].comm.address_, 16))
    check.equal("physical memory over TCP", other.read(0x100000, 10000, physical=True), prog.read(0x100000, 10000, physical=True))
    check.equal("vmalloc over TCP", other.read(prog["init_task"].stack.value_(), 8), prog.read(prog["init_task"].stack.value_(), 8))
    check.note(f"{rate(lambda: other.read_u64(jiffies))} over TCP")
    for read in (other.read, prog.read):
        for address, physical in ((0xFEE00000, True), (1 << 50, True), (0, False), (1 << 63, False)):
            try:
                read(address, 8, physical)
                check.wrong_if(True, f"{address:#x} can be read")
            except FaultError:
                check.wrong_if(False)

    # Nobody says what the guest is: memory and nothing else.
    plain = Program(Platform(Architecture.X86_64))
    connection = socket.create_connection(sys.argv[4].split(":"))
    plain.set_qemu_qmp(connection.fileno())
    connection.close()
    check.equal("flags of a guest that is not known", plain.flags, ProgramFlags.IS_LIVE)
    check.equal("its memory", plain.read(0x100000, 64, True), prog.read(0x100000, 64, True))

    # The guest ends.
    os.kill(int(sys.argv[5]), 9)
    time.sleep(0.5)
    for p, of in ((prog, "Unix"), (other, "TCP")):
        try:
            p.read(jiffies, 8)
            check.wrong_if(True, f"{of}: a guest that has ended can be read")
        except FaultError as e:
            check.wrong_if("guest has ended" not in str(e), f"{of}: {e}")
    try:
        prog.stack_trace(cpu_curr(prog, 0))
        check.wrong_if(True, "a guest that has ended has stacks")
    except FaultError:
        check.wrong_if(False)
check.done(at_least=len(expected) // 2)
