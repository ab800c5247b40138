"""A kernel that crashed: who, why and where, held against what it said on its console. Arguments: the console's file."""

import re

import labtruth
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.panic import panic_message, panic_task
from drgn.helpers.linux.printk import get_dmesg
from drgn.helpers.linux.sched import cpu_curr, task_cpu

check = labtruth.Check("facts about a panic")
with open(labtruth.DIRECTORY, encoding="utf-8", errors="replace") as f:
    console = f.read()
said = console[console.index("LAB-CRASH") :].split("] Linux version ")[0]
log = get_dmesg(prog).decode()
if "Call Trace:" not in said:
    # In an NMI nothing is printed before the other kernel starts: what was to be is in the log.
    said = log
    check.note("from the log")
lines = [re.sub(r"^\[ *[\d.]+\] ?", "", line).rstrip() for line in said.splitlines()]

# The last call trace is that of the panic itself. A "?" is before what only happens to lie on the stack.
start = max(i for i, line in enumerate(lines) if re.match(r"CPU: \d+ ", line))
cpu, pid, comm = re.match(r"CPU: (\d+) .*?PID: (\d+) Comm: (.*?) (?:Kdump: loaded|Not tainted|Tainted)", lines[start]).groups()
places = []
for line in lines[start:]:
    frame = re.match(r" *(?:RIP: 0010:| )([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[\w+\])?$", line)
    if frame:
        places.append((frame[1], int(frame[2], 16)))
# panic() asks for the trace and for the dump from different places.
names = [name for name, _ in places]
innermost = "vpanic" if "vpanic" in names else "panic"
check.wrong_if(innermost not in names, f"no {innermost} in the console's trace")
places = places[names.index(innermost) + 1 :]

thread = prog.crashed_thread()
check.equal("thread that crashed", thread.tid, int(pid))
check.equal("its name", thread.object.comm.string_().decode(), comm)
check.equal("its CPU", task_cpu(thread.object), int(cpu))
check.equal("panic_task()", panic_task(prog).value_(), thread.object.value_())
message = panic_message(prog).decode()
check.wrong_if(message not in lines, f"panic_message() is {message!r}")
for line in lines:
    if line.startswith("Kernel panic"):
        check.wrong_if(line not in log, f"not in the log: {line}")

trace = thread.stack_trace()
frames = iter(trace)
# The kernel itself does not look up every return that is hooked: it then names the symbol before the trampoline.
TRAMPOLINES = {"arch_rethook_trampoline", "__kretprobe_trampoline", "kretprobe_trampoline", "return_to_handler"}
check.wrong_if(len(places) < 2, f"only {len(places)} places in the console's trace")
for name, offset in places:
    addresses = {symbol.address + offset for symbol in prog.symbols(name)}
    if any(symbol.name in TRAMPOLINES for address in addresses for symbol in prog.symbols(address)):
        check.wrong_if(any(frame.pc in addresses for frame in trace), f"a trampoline for a caller in\n{trace}")
        continue
    check.wrong_if(not any(frame.pc in addresses for frame in frames), f"no {name}+{offset:#x} at its place in\n{trace}")

# The other CPUs were stopped by an NMI; their notes have what that interrupted.
online = list(for_each_online_cpu(prog))
for other in online:
    task = cpu_curr(prog, other)
    trace = prog.stack_trace(task)
    check.wrong_if(len(trace) < 2, f"CPU {other}: {trace}")
    if other == int(cpu):
        check.equal("task of the CPU that crashed", task.value_(), thread.object.value_())
check.note(f"{len(places)} places of the console's trace, {len(online)} CPUs")
check.done(at_least=10)
