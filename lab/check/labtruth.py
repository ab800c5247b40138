"""What the guest wrote down of itself, and how a check tells what it found.

The directory is the script's first argument. See lab/guest/truth.c for the files.
"""

import collections
import os
import sys

from drgn import PlatformFlags
from drgn.helpers.linux.pid import for_each_task

DIRECTORY = sys.argv[1] if len(sys.argv) > 1 else "truth"

# No more than this many differences are printed.
SHOWN = 20


def read(name):
    """Return the lines of a file."""
    with open(os.path.join(DIRECTORY, name), encoding="utf-8", errors="surrogateescape") as f:
        return f.read().splitlines()


def per_task(name):
    """Return {tid: (tgid, lines)} of a file with a part for each task."""
    result = {}
    for line in read(name):
        if line.startswith("@ "):
            _, tgid, tid = line.split()
            lines = []
            result[int(tid)] = (int(tgid), lines)
        else:
            lines.append(line)
    return result


Stat = collections.namedtuple("Stat", "tgid comm state ppid flags")


def stats(name):
    """Return {tid: Stat} of a file of /proc/TID/stat, tasks that were gone left out."""
    result = {}
    for tid, (tgid, lines) in per_task(name).items():
        if lines:
            text = "\n".join(lines)
            comm = text[text.index("(") + 1 : text.rindex(")")]
            rest = text[text.rindex(")") + 2 :].split()
            result[tid] = Stat(tgid, comm, rest[0], int(rest[1]), int(rest[6]))
    return result


def of_process(prog, frame):
    """Return whether a frame of a kernel's stack is that of the process that entered the kernel."""
    try:
        # On s390x, where processes and the kernel have address spaces of their own, the problem state tells.
        return bool(frame.register("pswm") >> 48 & 1)
    except ValueError:
        # Debian's kernels of 32 bits have the last GiB of the address space, and on Arm 16 MiB before it.
        return frame.pc < (1 << 47 if prog.platform.flags & PlatformFlags.IS_64_BIT else 0xBF000000)
    except LookupError:
        return False


def stable():
    """Return {tid: Stat} of the tasks that were the same twice, the writer left out."""
    first, second = stats("stat1"), stats("stat2")
    writer = int(read("self")[0])
    return {
        tid: stat
        for tid, stat in first.items()
        if second.get(tid) == stat and tid != writer
    }


def ran_since(prog):
    """Return the TIDs of tasks that ran after the guest wrote of them: their stacks may be others by now."""
    told = {}
    for tid, (_, lines) in per_task("status").items():
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        if "voluntary_ctxt_switches" in fields:
            told[tid] = (int(fields["voluntary_ctxt_switches"]), int(fields["nonvoluntary_ctxt_switches"]))
    switches = ((task.pid.value_(), (task.nvcsw.value_(), task.nivcsw.value_())) for task in for_each_task(prog))
    return {tid for tid, found in switches if found != told.get(tid, found)}


Symbol = collections.namedtuple("Symbol", "address kind name module")


def kallsyms():
    """Yield the symbols of /proc/kallsyms."""
    for line in read("kallsyms"):
        # The name of a label of RISC-V's assembler ends in a space: ".L0 ".
        address, kind, rest = line.split(" ", 2)
        name, _, module = rest.partition("\t")
        yield Symbol(int(address, 16), kind, name, module.strip("[]") or None)


class Check:
    """Counts what was compared and ends the script."""

    def __init__(self, what):
        self.what = what
        self.compared = 0
        self.wrong = 0
        self.notes = []

    def wrong_if(self, wrong, *message):
        """Count one comparison; the message tells what is wrong."""
        self.compared += 1
        if wrong:
            self.wrong += 1
            if self.wrong <= SHOWN:
                print("WRONG", *message)

    def equal(self, of, found, expected):
        """Count one comparison of two values."""
        self.wrong_if(found != expected, f"{of}: found {found!r}, the guest says {expected!r}")

    def failed(self, of, error):
        """Count a comparison that an exception prevented."""
        self.wrong_if(True, f"{of}: {type(error).__name__}: {error}")

    def note(self, text):
        """Add to the closing line."""
        self.notes.append(text)

    def done(self, at_least=1):
        """Print the closing line and exit; too little to compare is a failure, too."""
        if self.compared < at_least:
            print(f"WRONG only {self.compared} {self.what} compared, {at_least} expected")
            self.wrong += 1
        notes = "".join(f", {n}" for n in self.notes)
        print(f"{self.compared} {self.what} compared, {self.wrong} wrong{notes}")
        sys.exit(1 if self.wrong else 0)
