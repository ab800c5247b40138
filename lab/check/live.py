"""The running kernel, looked at by a program that runs on it: what /proc says at the same time.

Argument: "bare" if there are no debug files.
"""

import contextlib
import io
import os
import subprocess
import sys
import threading
import time

import labtruth
from drgn import FaultError, Object, Program, ProgramFlags, UnsupportedOperation, program_from_kernel
from drgn.commands import run_command
from drgn.helpers import ValidationError
from drgn.helpers.common.stack import print_annotated_stack
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import access_process_vm, access_remote_vm, cmdline
from drgn.helpers.linux.module import for_each_module
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.pid import find_task, for_each_task
from drgn.helpers.linux.sched import cpu_rq, rq_for_each_rt_task

check = labtruth.Check("facts about the running kernel")
bare = sys.argv[1:] == ["bare"]


def tasks_of_proc():
    """Return {tid: name} of all tasks."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/comm", "rb") as f:
                    found[int(tid)] = f.read()[:-1]
        except OSError:
            pass  # it has ended
    return found


def expect(of, exception, text, do):
    """Something must fail in a certain way."""
    try:
        got = do()
    except exception as e:
        check.wrong_if(text not in str(e), f"{of}: {type(e).__name__}: {e}")
    except Exception as e:
        check.failed(of, e)
    else:
        check.wrong_if(True, f"{of}: {got!r} instead of {exception.__name__}")


check.equal("flags", prog.flags, ProgramFlags.IS_LINUX_KERNEL | ProgramFlags.IS_LIVE | ProgramFlags.IS_LOCAL)
check.equal("release", prog["UTS_RELEASE"].string_().decode(), os.uname().release)
check.equal("init_task", prog["init_task"].comm.string_(), b"swapper/0")
check.equal("core dump path", prog.core_dump_path, "/proc/kcore")
expect("a second target", ValueError, "program memory was already initialized", prog.set_kernel)

# Tasks that are there before and after are there in between. Kernel workers change their names at times.
before = tasks_of_proc()
found = {t.pid.value_(): t.comm.string_() for t in for_each_task(prog)}
after = tasks_of_proc()
for tid, comm in before.items():
    if after.get(tid) == comm:
        check.wrong_if(tid not in found, f"task {tid} is missing")
        if not comm.startswith(b"kworker") and tid in found:
            check.equal(f"name of task {tid}", found[tid], comm[:15])
for tid in found:
    check.wrong_if(tid not in before and tid not in after, f"there is no task {tid}")

with open("/proc/modules") as f:
    modules = {line.split()[0]: int(line.split()[5], 16) for line in f}
ours = {}
for module in for_each_module(prog):
    base = module.mem[0].base if hasattr(module, "mem") else module.core_layout.base
    ours[module.name.string_().decode()] = base.value_()
check.equal("modules", ours, modules)
loaded = {m.name for m in prog.modules() if m.debug_file_path}
if bare:
    check.equal("debug files", loaded, set())
else:
    check.wrong_if(not set(modules) <= loaded, f"modules without debugging information: {sorted(set(modules) - loaded)}")

# A module that is unloaded, and loaded again, often where it was.
for _ in range(4 if bare else 1):
    symbol = prog.symbol("dummy_xmit")
    subprocess.run(["ip", "link", "del", "dummy0"], check=True)
    subprocess.run(["rmmod", "dummy"], check=True)
    for what, do in (
        ("symbol", lambda: prog.symbol("dummy_xmit")),
        ("function", lambda: prog.function("dummy_xmit")),
        ("symbol at its address", lambda: prog.symbol(symbol.address)),
        ("module at its address", lambda: prog.module(symbol.address)),
        ("source location", lambda: prog.source_location(symbol.address)),
    ):
        expect(f"{what} of a module that was unloaded", LookupError, "", do)
    subprocess.run(["insmod", "/modules/dummy.ko"], check=True)
    expect("a name that nothing has", LookupError, "", lambda: prog["no_such_variable"])  # asks each module
    prog.create_loaded_modules()
    with open("/proc/kallsyms") as f:
        again = {int(line.split()[0], 16) for line in f if line.split()[2:] == ["dummy_xmit", "[dummy]"]}
    if bare:  # else its debug file was not looked for again, unless it lies where it was
        check.equal("symbol of a module that was loaded again", {prog.symbol("dummy_xmit").address}, again)
    check.equal("module that was loaded again", prog.module(next(iter(again))).name, "dummy")

# Stacks: twice what the kernel says, and ours in between.
addresses = {}
with open("/proc/kallsyms") as f:
    for line in f:
        address, _, name, *module = line.split()
        addresses.setdefault((name, module[0] if module else None), set()).add(int(address, 16))


def stack_of_proc(tid):
    """Return a task's stack and how often it was taken off a CPU before: what /proc says of one that runs is no stack."""
    try:
        with open(f"/proc/{tid}/status") as f:
            switches = [line.split()[1] for line in f if "ctxt_switches" in line]
        with open(f"/proc/{tid}/stack") as f:
            stack = f.read().splitlines()
    except OSError:
        return None, None
    return stack, switches


if bare:
    # Symbols and types of the kernel and of its modules, which nothing but its memory and /sys/kernel/btf have.
    start = time.perf_counter()
    found = {}
    for symbol in prog.symbols():
        found.setdefault(symbol.name, set()).add(symbol.address)
    check.note(f"{len(found)} names of symbols in {time.perf_counter() - start:.1f} s")
    made = ("[bpf]", "[__builtin__ftrace]", "[__builtin__kprobes]")
    missing = [f"{n} {m}" for (n, m), places in addresses.items() if m not in made and not places <= found.get(n, set())]
    check.wrong_if(missing, f"{len(missing)} symbols are missing: {missing[:5]}")
    start = time.perf_counter()
    try:
        prog.symbol("no_such_symbol")
        check.wrong_if(True, "there is a no_such_symbol")
    except LookupError:
        check.note(f"no symbol of a name in {time.perf_counter() - start:.2f} s")
    for name in ("struct xfs_mount", "struct nft_table"):
        try:
            check.wrong_if(prog.type(name).size == 0, name)
        except Exception as e:
            check.failed(name, e)

stacks = frames = refused = 0
took = 0.0
for tid in sorted(after)[:: 3 if bare else 1]:
    first = stack_of_proc(tid)
    start = time.perf_counter()
    try:
        trace = prog.stack_trace(tid)
    except (ValueError, LookupError):
        refused += 1
        continue
    except Exception as e:
        check.failed(f"stack of task {tid}", e)
        continue
    pcs = [f.pc for f in trace]
    took += time.perf_counter() - start
    frames += len(pcs)
    if not first[0] or first != stack_of_proc(tid) or after[tid].startswith(b"kworker") or os.path.exists(f"/proc/self/task/{tid}"):
        continue  # our own threads wake up whenever we do something
    rest, missing = iter(pcs), None
    for line in first[0]:
        _, place, *module = line.split()
        name, _, offset = place.partition("+")
        offset = int(offset.split("/")[0], 16)
        places = {a + offset for a in addresses.get((name, module[0] if module else None), ())}
        if not any(pc in places for pc in rest):
            missing = line
            break
    check.wrong_if(missing is not None, f"task {tid} {after[tid]}: no {missing} in\n{trace}")
    stacks += missing is None
check.wrong_if(stacks < (30 if bare else 100), f"only {stacks} stacks compared")
check.note(f"{stacks} stacks, {frames} frames at {took / max(frames, 1) * 1e6:.0f} us, {refused} tasks ran or had ended")
own = threading.get_native_id()
expect("our own stack", UnsupportedOperation, "cannot unwind stack of running task", lambda: prog.stack_trace(own))


def command(line):
    """Return what one of crash's commands prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run_command(prog, "crash " + line)
    return out.getvalue()


check.wrong_if("DUMPFILE: /proc/kcore\n" not in command("sys"), "sys does not say from where memory is read")
expect("bt -p", UnsupportedOperation, "crashed thread is only defined for core dumps", lambda: command("bt -p"))
expect("stack of no task", LookupError, "", lambda: prog.stack_trace(0x7FFFFFF0))
try:
    print_annotated_stack(prog.stack_trace(2))
    check.wrong_if(False)
except Exception as e:
    check.failed("print_annotated_stack", e)

# Memory of every kind.
online = os.sysconf("SC_NPROCESSORS_ONLN")
for cpu in range(online):
    check.equal(f"runqueues of CPU {cpu}", per_cpu(prog["runqueues"], cpu).cpu.value_(), cpu)
for name in ("xfs", "nf_tables"):
    symbol = next((a for (n, m), places in addresses.items() if n == "cleanup_module" and m == f"[{name}]" for a in places), None)
    check.wrong_if(symbol is None or not any(prog.read(symbol, 16)), f"code of {name} at {symbol}")
expect("address 0", FaultError, "", lambda: prog.read(0, 8))

def value_of(address):
    """What an object of eight bytes has at an address."""
    return Object(prog, "unsigned long", address=address).value_()


holes = 0
with open("/proc/vmallocinfo") as f:
    for line in f:
        if " vmalloc " in line and holes < 50:
            # The last page of each area is there for whoever runs over its end.
            guard = int(line.split()[0].partition("-")[2], 16) - 4096
            expect(f"guard page {guard:#x}", FaultError, "not mapped", lambda: prog.read(guard, 8))
            try:
                prog.read(guard - 8, 8)
                value_of(guard - 8)  # after which memory around it is read without a look at the page tables
                expect(f"value in guard page {guard:#x}", FaultError, "not mapped", lambda: value_of(guard))
                expect(f"value across the start of guard page {guard:#x}", FaultError, "not mapped", lambda: value_of(guard - 4))
                check.wrong_if(False)
            except FaultError:
                pass  # freed since
            holes += 1
check.wrong_if(holes < 20, f"only {holes} guard pages")

if bare:
    check.done(at_least=300)  # the rest does not depend on debug files

buffer = bytearray(b"what a program keeps in its own memory")
import ctypes

at = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
task = find_task(prog, os.getpid())
check.equal("memory of a process", access_remote_vm(task.mm, at, len(buffer)), bytes(buffer))
buffer[0:4] = b"WHAT"
check.equal("memory of a process that has changed", access_process_vm(task, at, 4), b"WHAT")
with open("/proc/self/cmdline", "rb") as f:
    check.equal("arguments", cmdline(task), f.read().split(b"\0")[:-1])

# Nothing is kept.
start, first = time.monotonic_ns(), prog["jiffies"].value_()
time.sleep(0.2)
ticks = prog["jiffies"].value_() - first
check.wrong_if(ticks < 0.1 * 100, f"{ticks} ticks in {time.monotonic_ns() - start} ns")

# A task finds itself on its CPU's run queue: a walk is made on the thread that asks for it, which runs meanwhile.
cpus, cpu = os.sched_getaffinity(0), online - 1
os.sched_setaffinity(0, {cpu})
os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
for _ in range(20):
    on_queue = [t.pid.value_() for t in rq_for_each_rt_task(cpu_rq(prog, cpu))]
    check.wrong_if(own not in on_queue, f"task {own} runs and finds only {on_queue} on the run queue of CPU {cpu}")
os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
os.sched_setaffinity(0, cpus)

# A kernel that changes under our feet: every walk ends, with a clear error at the worst. A list comes to a place again where
# list_del_init() has left a child that ended by itself (__unhash_process()), or where a task's structure is another's by now, as
# dup_task_struct() copies its parent's. PIDs are in a tree: one of its nodes may have become another's.
circle, tree = "linked list is corrupt: it comes to ", " is corrupt: "
churn = subprocess.Popen(["/bin/sh", "-c", "while :; do /bin/true; /bin/true & done"])
ended = {}
deadline = time.monotonic() + 5
walks = 0
while time.monotonic() < deadline:
    for do, loop in (
        (lambda: [t.comm.string_() for t in for_each_task(prog)], tree),
        (lambda: [t.pid.value_() for t in list_for_each_entry("struct task_struct", prog["init_task"].tasks.address_of_(), "tasks")], circle),
        (lambda: [t.pid.value_() for t in list_for_each_entry("struct task_struct", find_task(prog, churn.pid).children.address_of_(), "sibling")], circle),
        (lambda: [prog.stack_trace(t) for t in list(for_each_task(prog))[-3:]], tree),
    ):
        walks += 1
        try:
            do()
        except Exception as e:
            ended[type(e).__name__] = ended.get(type(e).__name__, 0) + 1
            clear = isinstance(e, (FaultError, ValueError, LookupError)) or type(e) is Exception or (isinstance(e, ValidationError) and loop in str(e))
            check.wrong_if(not clear, f"a walk in a changing kernel: {e!r}")
churn.kill()
churn.wait()
check.note(f"{walks} walks while tasks came and went, {ended or 'none'} ended with an error")

# Others of its kind.
second = Program()
second.set_kernel()
check.equal("flags of Program.set_kernel", second.flags, prog.flags)
check.equal("platform", second.platform, prog.platform)
try:
    check.equal("program_from_kernel", program_from_kernel()["init_task"].comm.string_(), b"swapper/0")
except Exception as e:
    check.failed("program_from_kernel", e)

jiffies = prog["jiffies"].address_
count, start = 0, time.perf_counter()
while time.perf_counter() - start < 1:
    for _ in range(100):
        prog.read_u64(jiffies)
    count += 100
check.note(f"{count} reads of 8 bytes a second")
check.done(at_least=500)
