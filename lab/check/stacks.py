"""All stacks: each return address the kernel gives is in the trace, in its order."""

import time

import labtruth
from drgn import Architecture
from drgn.helpers.linux.pid import for_each_task

check = labtruth.Check("stacks")
expected = labtruth.stable()
first, second = labtruth.per_task("stack1"), labtruth.per_task("stack2")
syscalls = labtruth.per_task("syscall")

# The kernel of Power begins with what it finds where the frame of _switch() would have a return address, if that had called.
on_power = prog.platform.arch == Architecture.PPC64
if on_power:
    second = {pid: (tgid, lines[1:]) for pid, (tgid, lines) in second.items()}
    first = {pid: (tgid, lines[1:]) for pid, (tgid, lines) in first.items()}


def known(lines):
    """Return the lines up to a system call: from its entry on, LoongArch's kernel only guesses."""
    ends = [i for i, line in enumerate(lines) if " do_syscall+" in line]
    return lines[: ends[0] + 1] if ends else lines


if prog.platform.arch == Architecture.LOONGARCH64:
    second = {pid: (tgid, known(lines)) for pid, (tgid, lines) in second.items()}
    first = {pid: (tgid, known(lines)) for pid, (tgid, lines) in first.items()}

addresses = {}
for symbol in labtruth.kallsyms():
    addresses.setdefault((symbol.name, symbol.module), set()).add(symbol.address)


def return_address(line):
    """Return the name and the possible addresses in "[<0>] name+0x1/0x2 [module]"."""
    _, place, *module = line.split()
    name, _, offset = place.partition("+")
    offset = int(offset.split("/")[0], 16)
    starts = addresses.get((name, module[0].strip("[]") if module else None), ())
    return name, {start + offset for start in starts}


def missing(expected, frames):
    """Return the first line of expected that frames don't have, in order, or None."""
    frames = iter(frames)
    for line in expected:
        name, places = return_address(line)
        for frame in frames:
            if frame.pc in places:
                break
        else:
            return line
    return None


kernel_start = {Architecture.PPC64: 0xC000000000000000, Architecture.LOONGARCH64: 0x9000000000000000}.get(prog.platform.arch, (1 << 64) - (1 << 47))
frames_seen = users = running = named = 0
start = time.perf_counter()
traces = {}
found = set()
for task in for_each_task(prog):
    pid = task.pid.value_()
    found.add(pid)
    try:
        traces[pid] = prog.stack_trace(task)
        frames_seen += len(traces[pid])
    except ValueError as e:
        # A zombie has no stack: the one thing a trace may refuse.
        stat = expected.get(pid)
        check.wrong_if(stat and stat.state not in "ZX", f"pid {pid}: {e}")
    except Exception as e:
        check.failed(f"pid {pid}", e)
took = time.perf_counter() - start

ran = labtruth.ran_since(prog)
for pid, stat in expected.items():
    lines = second.get(pid, (0, []))[1]
    if first.get(pid, (0, None))[1] != lines or pid in ran:
        continue
    if stat.state in "RZX":
        running += stat.state == "R"
        continue
    if pid not in found and stat.comm.startswith("kworker/"):
        continue  # one that had nothing to do for five minutes has gone
    if pid not in traces:
        check.wrong_if(True, f"pid {pid} {stat.comm}: no trace")
        continue
    try:
        trace = traces[pid]
        line = missing(lines, trace)
        check.wrong_if(line is not None, f"pid {pid} {stat.comm}: no {line} in\n{trace}")
        names = set()
        for frame in trace:
            # Neither the lower nor the upper half of the address space: no frame at all. Power has the kernel in its last quarter, LoongArch in a window of its own.
            if (1 << 47) <= frame.pc < kernel_start:
                check.wrong_if(True, f"pid {pid} {stat.comm}: a frame at {frame.pc:#x}")
            names.add(frame.name)
            try:
                names.add(frame.symbol().name)
            except LookupError:
                pass
        for line in lines:
            # The system call's entry goes by the name of a label inside.
            name = return_address(line)[0]
            named += name in names or name.split(".")[0] in names or name == "entry_SYSCALL_64_after_hwframe"
        # "232 0x3 ... sp pc", or "running", or "-1 sp pc"
        user = syscalls.get(pid, (0, []))[1]
        if user and user[0] != "running":
            *_, sp, pc = user[0].split()
            below = next((frame for frame in trace if labtruth.of_process(prog, frame)), None)
            if int(pc, 16) and below is not None:
                check.equal(f"pid {pid} {stat.comm}: pc in user space", hex(below.pc), pc)
                users += 1
    except Exception as e:
        check.failed(f"pid {pid} {stat.comm}", e)

functions = sum(len(second[p][1]) for p in expected if p in second)
# Labels of assembly code go by other names, in each kernel thread's first function for instance.
check.wrong_if(named < min(functions * 95 // 100, functions - 200), f"only {named} of {functions} functions have the names that the kernel gives them")
check.note(f"{frames_seen} frames in {took:.2f} s, {users} down to user space, {named} of {functions} names alike, {len(ran)} tasks ran since")
check.done(at_least=len(expected) * 8 // 10)
