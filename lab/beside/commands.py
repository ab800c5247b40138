"""Crash's commands with random arguments: what they print, line by line."""

import collections
import contextlib
import io
import re

from beside import answer, questions
from drgn import FaultError
from drgn.commands import run_command
from drgn.helpers.linux import *

# <a|b> is one of several; {name} one of the pool of that name. Options that need each other stand together.
COMMANDS = """
ascii <|6c6c6548|zz|{number}>
bpf <|-s|-p 1|-m 1|-ps|-p 999>
bt <|-l|-f|-F|-FF|-s> {pid}
bt <-a|-c 0|-c 0-1|-c 7|-p|-a -l>
btop {address}
dev <|-i|-p|-d>
eval <|-b|-l> <1+1|0x10 * 3|(2 + 40) * 7|10 / 3|-1|1g|100k|5 & 8|~0|init_task|nope|1 / 0|{number}>
files <|-c|-R passwd|-d {dentry}|-p {inode}> {pid}
foreach <|{pid}|kernel|user|gleader|active|RU|IN|UN> <ps|bt|sig|files|task -R pid|vm|set|net|nope>
help <|ps|nope>
ipcs <|-s|-m|-q> <|0|32768|zz>
irq <|-u|-d|-b|-a|-s|-s -c 0|1|4 5|999>
kmem <-f|-F|-i|-v|-V|-n|-z|-o|-h|-s|-g|-g 4|-p|-s {cache}|-S {cache}|nope|>
kmem <|-s|-p|-v> {address}
list <-H slab_caches|task_struct.tasks -h {task}|-H modules -o module.list -s module.name|-H super_blocks -s super_block.s_id -l super_block.s_list|-s list_head slab_caches -x|nope>
log <|-T|-t>
mod <|-t|xfs|nope>
mount <|-n {pid}|ext4>
net <|-a>
p <|-x|-d> <{variable}|{variable}:0|{variable}:a|init_task.pid|&init_task|jiffies+1|runqueues:0.nr_running|nope|{symbol}>
ps <|-k|-u|-G|-y 0|-A|-s|-p|-c|-t|-l|-m|-a|-g|-r|-S|-C 0|-H|-m -u> {pid}
ptob <1|0x1000|zz|{number}>
ptov <0|{number}|0x10:0|0x2b000:0,1|zz>
rd <|-8|-16|-32|-64|-a|-s|-S|-x|-d|-D|-N|-R|-o 8> <{symbol}|{address}|-p {number}> <|4|7|-3>
runq <|-t|-T|-m|-g|-c 0|-c 9>
set <|{pid}|-p|-c 1|hex|radix 16|nope|99999>
sig <|-g|-l|-s {number}> {pid}
<struct|union|*> <|-x|-d> {struct} <|{task}|-l 8 {task}|init_task|-c 2 {task}|0>
struct -o {struct}
swap
sym <|-p|-n> <{symbol}|{address}|nope>
sym -q <schedul|tcp_v4_r|zzzz>
sys <|config|nope>
task <|-x|-d> <|-R pid,comm|-R se|-R nope> {pid}
timer <|-r|-C 0|-r -C 1|-C 9>
tree <-t maple {maple}|-t radix irq_desc_tree|-t nope 1|-t maple sparse_irqs>
vm {pid}
vtop <{address}|{symbol}|0x400000>
waitq <nope|{variable}|{address}>
whatis <{variable}|struct {struct}|{struct}|{symbol}|u64|pid_t|nope|enum pid_type>
search -s {direct} -l 0x100000 <-w|-h|> <init|dead|{number}>
"""


# What is no difference: of answers to questions that an expression matches, what another one matches is replaced.
ALIKE = [(re.compile(question), re.compile(answer, re.M), by) for question, answer, by in (
    # The letter and source line of a symbol are told, as crash tells them.
    (r"kmem 0x", r"^([0-9a-f]+) \(.\) (\S+(?: \[\w+\])?)(?: \S+: \d+)?$", r"\1 \2"),
    # Which of many symbols at one address is named is no matter.
    (r"kmem 0x", r" __kstrtabns_\w+", " __kstrtabns"),
    # The state of a task is told, as crash tells it.
    (r"kmem 0x|(foreach .*)?set\b", r"^  STATE: .*\n", ""),
    # The path of a file on an overlay is the one that the process sees.
    (r"(foreach .*)?(vm|files)\b", r" /\S*/(?=[^\s/]+$)", " /"),
)]


def alike(line, said):
    if re.match(r"(foreach .* )?timer\b", line):  # crash has them in the order in which they expire
        return "\n".join(sorted(said.split("\n")))
    for question, part, by in ALIKE:
        if question.match(line):
            said = part.sub(by, said)
    return said


def pools(random):
    tasks = sorted(for_each_task(prog), key=lambda t: t.pid.value_())
    some = random.sample(tasks, min(40, len(tasks)))
    names = sorted({t.comm.string_().decode(errors="replace") for t in tasks})
    known = collections.Counter(s.name for s in prog.symbols())
    # One name may stand for several symbols; files' names are symbols, too, at address 0.
    symbols = random.sample(sorted((s.name, s.address) for s in prog.symbols() if s.name and s.address and known[s.name] == 1), 200)
    files = [f for t in tasks[:3] if t.mm for _, f in for_each_file(t) if f][:20]
    addresses = [hex(a) for _, a in symbols] + [hex(t.value_() + 16) for t in some] + ["0", "0x400000", "0xffffffffffffffff", hex(virt_to_page(tasks[0]).value_())]
    task = [hex(t.value_()) for t in some]
    return {
        "pid": ["", "1", "2", "99999", *(str(t.pid.value_()) for t in some), *task, *(n for n in names if re.fullmatch(r"[\w-]+", n))],
        "task": task,
        "number": [hex(random.randrange(1 << random.choice([4, 16, 30]))) for _ in range(40)],
        "address": addresses + [hex(f.value_()) for f in files],
        "direct": [hex(prog["page_offset_base"].value_() + (1 << 24))],
        "symbol": [n for n, _ in symbols],
        "dentry": [hex(f.f_path.dentry.value_()) for f in files],
        "inode": [hex(f.f_inode.value_()) for f in files],
        "cache": [c.name.string_().decode() for c in for_each_slab_cache(prog)],
        "maple": [hex(t.mm.mm_mt.address_of_().value_()) for t in some if t.mm][:10] or ["0"],
        "variable": "init_task jiffies linux_banner runqueues system_state slab_caches modules init_net super_blocks cpu_number nr_cpu_ids max_pfn hrtimer_bases timer_bases".split(),
        "struct": "task_struct task_struct.pid task_struct.comm,tgid list_head list_head.next mm_struct page rq cfs_rq file inode dentry kmem_cache super_block pid nope spinlock zone".split(),
    }


def make(random, count):
    pool, commands = pools(random), COMMANDS.split("\n")[1:-1]
    try:
        prog.read(0x1000, 8, True)
    except Exception:  # drgn 0.3.0 reads no physical memory of compressed dumps
        commands = [c.replace("|-p {number}", "") for c in commands]
    for _ in range(count):
        line = random.choice(commands)
        line = re.sub(r"<([^<>]*)>", lambda m: random.choice(m[1].split("|")), line)
        line = re.sub(r"\{(\w+)\}", lambda m: random.choice(pool[m[1]]), line)
        yield line.split()[0], " ".join(line.split())


def run(line):
    """Return what a command prints, with its exception in the last line.

    Of faults only that there was one: which of a structure's bytes is read first, and in what words it is told, may differ.
    """
    out, failed = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run_command(prog, "crash " + line)
    except FaultError:
        failed = "FaultError"
    except (Exception, SystemExit) as e:
        failed = f"{type(e).__name__}: {e}"
    return alike(line, "\n".join([*(printed.rstrip() for printed in out.getvalue().splitlines()), failed]))


# A dump of a kernel that had not crashed has no task to look at first in the reference.
with contextlib.redirect_stdout(io.StringIO()):
    run_command(prog, "crash set -c 0")
for kind, question in questions(make):
    answer(kind, question, lambda: run(question))
