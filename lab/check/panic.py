"""A kernel that crashed: who, why and where, held against what it said on its console. Arguments: the console's file."""

import re

import labtruth
from drgn.helpers.linux.cpumask import for_each_present_cpu
from drgn.helpers.linux.panic import panic_message, panic_task
from drgn.helpers.linux.printk import get_dmesg
from drgn.helpers.linux.sched import cpu_curr, task_cpu
from drgn.helpers.linux.stack import kernel_stack_trace

check = labtruth.Check("facts about a panic")
with open(labtruth.DIRECTORY, encoding="utf-8", errors="replace") as f:
    console = f.read()
said = console[console.index("LAB-CRASH") :].split("] Linux version ")[0]
log = get_dmesg(prog).decode()


def heads_in(lines):
    """Return where the lines are with which call traces begin."""
    return [i for i, line in enumerate(lines) if re.match(r"(\[ *[\d.]+\] )?CPU: \d+ ", line)]


last = log.splitlines()
last = last[heads_in(last)[-1] :]
if any(line not in said for line in last):
    # In an NMI, or a double fault, not all is printed before the other kernel starts: what was to be is in the log.
    said = log
    check.note("from the log")
lines = [re.sub(r"^\[ *[\d.]+\] ?", "", line).rstrip() for line in said.splitlines()]


def places_in(lines):
    """Return names and offsets of what a call trace has; "?" is before what only happens to lie on the stack."""
    places = []
    for line in lines:
        if re.match(r"RIP: 0010:0x0$", line):
            places.append((None, 0))
        # Power has the places on the stack and the address before it, and doubts the first one.
        frame = re.match(r"(?: *RIP: 0010:| +|(?:\[[0-9a-f]{16}\] ){2})([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[\w+\])?(?: \(unreliable\))?$", line)
        if frame:
            places.append((frame[1], int(frame[2], 16)))
    return places


def addresses_of(name, offset):
    """Return all addresses that a place may have."""
    return {symbol.address + offset for symbol in prog.symbols(name)} if name else {0}


def is_at(frame, name, offset):
    """Say whether a frame is at a place."""
    if frame.pc in addresses_of(name, offset):
        return True
    try:
        symbol = frame.symbol()
    except LookupError:
        return False
    return symbol.name == name and frame.pc - symbol.address == offset


# The kernel itself does not look up every return that is hooked: it then names the symbol before the trampoline.
TRAMPOLINES = {"arch_rethook_trampoline", "__kretprobe_trampoline", "kretprobe_trampoline", "return_to_handler"}


def compare(trace, places):
    """Compare a trace with the places of a call trace: all are there, in their order, and nothing is said to be missing."""
    frames = iter(trace)
    for name, offset in places:
        addresses = addresses_of(name, offset)
        if any(symbol.name in TRAMPOLINES for address in addresses for symbol in prog.symbols(address)):
            check.wrong_if(any(frame.pc in addresses for frame in trace), f"a trampoline for a caller in\n{trace}")
            continue
        check.wrong_if(not any(is_at(frame, name, offset) for frame in frames), f"no {name}+{offset:#x} at its place in\n{trace}")


# The last call trace is that of the crash itself.
heads = heads_in(lines)
start = heads[-1]
cpu, pid, comm = re.match(r"CPU: (\d+) .*?PID: (\d+) Comm: (.*?) (?:Kdump: loaded|Not tainted|Tainted)", lines[start]).groups()
places = places_in(lines[start:])
names = [name for name, _ in places]
PANICS = ("vpanic", "panic")
for innermost in PANICS:
    if innermost in names:
        # panic() asks for the trace and for the dump from different places.
        places = places[names.index(innermost) + 1 :]
        break
else:
    # An oops: the dump's registers are those of the exception, and so are the trace's.
    check.wrong_if(not any(re.search(r"\[#1\]", line) for line in lines), "no panic and no oops on the console")

thread = prog.crashed_thread()
check.equal("thread that crashed", thread.tid, int(pid))
check.equal("its name", thread.object.comm.string_().decode(), comm)
check.equal("its CPU", task_cpu(thread.object), int(cpu))
check.equal("panic_task()", panic_task(prog).value_(), thread.object.value_())
message = panic_message(prog)
check.wrong_if(message is None or message.decode() not in lines, f"panic_message() is {message!r}")
for line in lines:
    if line.startswith(("Kernel panic", "Oops: ", "BUG: ")):
        check.wrong_if(line not in log, f"not in the log: {line}")

# Where what is not code was called, the kernel doubts all the rest; the module's own functions are right.
if len(places) == 1:
    places += places_in(re.sub(r"^ \? lab_", " lab_", line) for line in lines[start:] if line.startswith(" ? "))
# A stack that nothing points to can't be shown, by the kernel neither: that has to be said.
lost = len(places) == 1
trace = thread.stack_trace()
compare(trace, places)
check.wrong_if(lost != ("[the stack " in str(trace)), f"whole or not?\n{trace}")
if not any(name in names for name in PANICS):
    check.wrong_if(not is_at(trace[0], *places[0]), f"not at {places[0]}: {trace[0]}")

# The stacks that it lies on; the kernel's own trace begins with the handler of the exception, ours with what that interrupted.
MARKS = {"TASK": "TASK", "IRQ": "IRQ", "SOFTIRQ": "SOFTIRQ", "NMI": "NMI"}
marks = [MARKS.get(mark[1], "EXCEPTION") for mark in (re.match(r" *<(#?[A-Z0-9]+)>$", line) for line in lines[start:]) if mark]
kinds = [segment.kind.name for segment in kernel_stack_trace(thread.object).segments]
kinds = [kind for kind in kinds if kind not in ("USER", "UNKNOWN")]
kinds = [kind for i, kind in enumerate(kinds) if i == 0 or kind != kinds[i - 1]]  # the kernel says only where the stack is another one
if marks or "RIP: " in said:  # kernels for x86 mark them
    check.wrong_if(kinds != marks[len(marks) - len(kinds) :], f"stacks {kinds}; the kernel's {marks}")

if "lab: in a probe" in log:
    # The kernel's own trace ends at the detour of the probe.
    functions = [frame.name or "" for frame in trace]
    check.equal("from the probe's handler on", functions[functions.index("kprobe_optinsn_page") :][:2], ["kprobe_optinsn_page", "lab_probed"])
    check.wrong_if("lab_now" not in functions, f"not down to where the module is told to crash: {trace}")

# In a module of the lab's own: what its debug file says if there is one, names in any case.
has_file = any(module.name == "crash" and module.debug_file_path for module in prog.modules())
depths = []
for frame in trace:
    if not (frame.name or "").startswith("lab_"):
        continue
    # init_module is another name of a function.
    names_here = {symbol.name for symbol in [frame.symbol(), *prog.symbols(frame.pc)]}
    check.wrong_if(frame.name not in names_here, f"{frame} is in {names_here}")
    try:
        check.wrong_if(not frame.source()[0].endswith("/crash.c") or not has_file, f"the source of {frame} is {frame.source()}")
        if frame.name == "lab_overflow":
            depths.append(frame["depth"])
    except LookupError as e:
        check.wrong_if(has_file, f"no source of {frame}: {e}")
for i, depth in enumerate(reversed(depths)):
    check.wrong_if(not depth.absent_ and depth.value_() != i, f"depth of the {i}th call is {depth}")
known = sum(not depth.absent_ for depth in depths)

# The other CPUs were stopped, on x86 by an NMI; their notes have what that interrupted. An oops shows their stacks, too, just before.
cpus = list(for_each_present_cpu(prog))  # aarch64 has those that it stops for offline
told = 0
for other in cpus:
    task = cpu_curr(prog, other)
    trace = prog.stack_trace(task)
    check.wrong_if("[the stack " in str(trace) and not (lost and other == int(cpu)), f"CPU {other}: {trace}")
    if other == int(cpu):
        check.equal("task of the CPU that crashed", task.value_(), thread.object.value_())
        continue
    for head, end in zip(heads, heads[1:]):
        at, pid = re.match(r"CPU: (\d+) .*?PID: (\d+) ", lines[head]).groups()
        if int(at) == other and int(pid) == task.pid.value_():
            # Since then it has gone on, unless it waits for ever: it is still where it began.
            shown = places_in(lines[head:end])
            waits = [i for i, (name, _) in enumerate(shown) if name and name.startswith("lab_")]
            compare(trace, shown[waits[0] if waits else -2 :])
            told += 1
if "lab: hanging" in log:
    # One of the CPUs loops in the module, be it the one that the NMI of outside or that of the panic came to.
    traces = [[frame.name for frame in prog.stack_trace(cpu_curr(prog, each))] for each in cpus]
    hanging = [names[names.index("lab_hang") - 1 :][:4] for names in traces if "lab_hang" in names]
    check.equal("the CPU that hangs", hanging, [["lab_spin", "lab_hang", "lab_now", "param_attr_store"]])
check.note(f"{len(places)} places of the console's trace, {len(cpus)} CPUs, {told} others with a trace of their own, {known} depths known")
check.done(at_least=10)
