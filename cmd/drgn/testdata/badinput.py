"""Evaluate the expressions of a file, the lines that start with ">>> ", and print the file with what comes of them.

Nearly all fail: an exception is printed with its class, those it derives from, and its attributes.
"""

import sys

import drgn
from drgn import *
from drgn.helpers.common import *
from drgn.helpers.linux import *

task = find_task(1)
user = drgn.Program()
null = NULL(prog, "struct task_struct *")

for line in open(sys.argv[1]):
    if not line.startswith(">>> "):
        if line[0] in "#\n":
            print(line, end="")
        continue
    print(line, end="")
    try:
        print(eval(line[4:]))
    except Exception as e:
        bases = [c.__name__ for c in type(e).__mro__[1:-2] if c is not Exception]
        more = "".join(f", {name} {value:#x}" if isinstance(value, int) else f", {name} {value!r}" for name, value in sorted(vars(e).items()) if name in ("address", "name"))
        print(f"{type(e).__name__}{bases or ''}: {e}{more}")
