# Runs each command of commands.txt with --drgn, and then the code that it prints.
import contextlib
import io
import sys

from drgn.cli import default_globals
from drgn.commands import CommandError
from drgn.commands._crash.common import CRASH_COMMAND_NAMESPACE

lines = [line[2:].rstrip("\n") for line in open(sys.argv[1]) if line.startswith("$ ")]
failed = done = 0
for line in lines:
    line = line.split(" | head")[0]
    if line.startswith(("help", "log -x")) or "--drgn" in line:
        continue
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            CRASH_COMMAND_NAMESPACE.run(prog, line + " --drgn", globals=default_globals(prog))
    except CommandError as e:
        if line.startswith("set ") and str(e) == "no drgn equivalent":
            continue
        if "error:" in str(e) or "not found" in str(e) or "expression" in str(e) or "large" in str(e) or "unknown" in str(e):
            continue  # the transcript has the error
        print(f"{line}: {type(e).__name__}: {e}")
        failed += 1
        continue
    except (LookupError, ValueError):
        continue  # the transcript has the error
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(out.getvalue(), line, "exec"), {"prog": prog})
        done += 1
    except Exception as e:
        if type(e).__name__ in sys.argv[2:]:
            continue
        print(f"{line}: {type(e).__name__}: {e}\n{out.getvalue()}")
        failed += 1
print(f"{failed} failed")
print(f"{done} ran", file=sys.stderr)
