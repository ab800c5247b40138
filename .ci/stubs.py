#!/usr/bin/env python3
"""Hold the stubs of drgn --stubs against mypy: scripts, the examples of the documentation, and mistakes that it must find.

    .ci/stubs.py DRGN

DRGN is the program. mypy must be installed.
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(ROOT, "python", "testdata", "typed")

# What the prompt knows.
GLOBALS = """from typing import Any
from drgn import *
from drgn.helpers.common import *
from drgn.helpers.linux import *
import drgn
prog: Program
_: Any
"""


def page(path):
    """Return what a page types at the prompt, as a script."""
    with open(path) as f:
        blocks = re.findall(r"^```pycon\n(.*?)^```", f.read(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    return GLOBALS + "\n".join(line[4:] for line in lines if line.startswith((">>> ", "... ")) and not line.startswith(">>> %"))


def main(drgn):
    with tempfile.TemporaryDirectory() as directory:
        stubs = os.path.join(directory, "stubs")
        subprocess.run([drgn, "--stubs", stubs], check=True)

        def mypy(*args, cwd=directory):
            command = ["mypy", "--no-error-summary", "--cache-dir", os.path.join(directory, "cache"), *args]
            out = subprocess.run(command, cwd=cwd, env={**os.environ, "MYPYPATH": stubs}, stdout=subprocess.PIPE, text=True).stdout
            return out.splitlines()

        problems = mypy("--strict", "-p", "drgn")
        scripts = sorted(os.path.join(SCRIPTS, name) for name in os.listdir(SCRIPTS) if name.endswith(".py") and name != "wrong.py")
        problems += mypy("--strict", *scripts)
        for name in ("tutorial", "recipes", "drgn-users", "gdb-users"):
            path = os.path.join(directory, name.replace("-", "_") + ".py")
            with open(path, "w") as f:
                f.write(page(os.path.join(ROOT, "docs", name + ".md")))
            problems += mypy("--allow-redefinition", "--no-strict-optional", "--disable-error-code", "var-annotated", path)

        wrong = os.path.join(SCRIPTS, "wrong.py")
        with open(wrong) as f:
            want = {i for i, line in enumerate(f, 1) if line.endswith("# wrong\n")}
        found = {int(m[1]): m[2] for line in mypy("--strict", wrong) if (m := re.match(r".*wrong\.py:(\d+): error: (.*)", line))}
        problems += [f"wrong.py:{i}: no mistake is found here" for i in sorted(want - found.keys())]
        problems += [f"wrong.py:{i}: {found[i]}" for i in sorted(found.keys() - want)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
