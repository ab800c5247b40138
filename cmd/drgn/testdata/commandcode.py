# Runs each command of commands.txt, and then the code that it prints for --drgn: the code must run, and the values that it comes by
# must hold every address that the command prints. Arguments: commands.txt, and exceptions that the code may end with where
# the command itself fails.
import contextlib
import io
import re
import sys

from drgn import FaultError, Object, StackTrace, Symbol, TypeKind
from drgn.cli import default_globals
from drgn.commands import CommandArgumentError, CommandError
from drgn.commands._crash.common import CRASH_COMMAND_NAMESPACE

SCALARS = (TypeKind.INT, TypeKind.BOOL, TypeKind.ENUM, TypeKind.POINTER)

# What the code does not come by, by commands: the code says how to get at what they print, not each word of it.
LEFT_OUT = {
    "bt -f": "the words of frames", "bt -F": "the words of frames", "bt -FF": "the words of frames", "ps -s": "stack pointers",
    "runq -g": "the group of all groups",
    "rd": "the addresses of lines", "search -x": "the words around what is found", "kmem ffff": "the slab's page",
    "kmem -s ffff": "the slab's page",
}


class Values:
    """The numbers that code comes by."""

    def __init__(self):
        self.numbers, self.seen = set(), {}

    def add(self, value, depth=0):
        if depth > 3:
            return
        if isinstance(value, int):
            self.numbers.add(value & (1 << 64) - 1)
        elif isinstance(value, str):
            self.numbers.update(int(n, 16) for n in re.findall(r"[0-9a-f]{8,16}", value))
        elif isinstance(value, (bytes, bytearray)):
            self.add(value.decode(errors="replace"))
            self.numbers.update(int.from_bytes(value[i:i + 8], "little") for i in range(0, len(value) - 7, 8))
        elif isinstance(value, Object):
            self.object(value)
        elif isinstance(value, Symbol):
            self.numbers.add(value.address)
        elif isinstance(value, StackTrace):
            for frame in value:
                self.numbers.add(frame.sp)
                self.numbers.update(frame.registers().values())
                with contextlib.suppress(LookupError):
                    self.numbers.update((frame.pc, frame.symbol().address))
        elif isinstance(value, dict):
            for k, v in value.items():
                self.add(k, depth + 1)
                self.add(v, depth + 1)
        elif isinstance(value, (list, tuple, set)):
            for v in value:
                self.add(v, depth + 1)
        elif type(value).__module__.startswith("drgn.helpers"):
            for v in vars(value).values() if hasattr(value, "__dict__") else ():
                self.add(v, depth + 1)

    def object(self, value):
        with contextlib.suppress(FaultError):
            if value.address_ is not None:
                self.numbers.add(value.address_)
            kind = value.type_.unaliased_kind()
            if kind in SCALARS and not value.absent_:
                self.numbers.add(value.value_() & (1 << 64) - 1)
            elif kind == TypeKind.ARRAY and value.type_.length and value.type_.length < 1000 and value[0].type_.unaliased_kind() in SCALARS:
                self.numbers.update(v & (1 << 64) - 1 for v in value.value_())

    def run(self, code, title):
        """Run code, and look at its variables at each line."""

        def line(frame, event, arg):
            for name, value in list(frame.f_locals.items()):
                if not name.startswith("__") and name != "prog" and not (name in self.seen and self.seen[name] is value):
                    self.seen[name] = value
                    self.add(value)
            return line

        def start(frame, event, arg):
            return line if frame.f_code.co_filename == title else None

        compiled, names = compile(code, title, "exec"), {"prog": prog}
        sys.settrace(start)
        try:
            exec(compiled, names)
        finally:
            sys.settrace(None)


def printed(line):
    """Return what a command prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        CRASH_COMMAND_NAMESPACE.run(prog, line, globals=default_globals(prog))
    return out.getvalue()


lines = [line[2:].rstrip("\n") for line in open(sys.argv[1]) if line.startswith("$ ")]
failed = done = compared = 0
for line in lines:
    line = line.split(" | head")[0]
    if line.startswith(("help", "log -x")) or "--drgn" in line:
        continue
    try:
        code = printed(line + " --drgn")
    except CommandArgumentError:
        continue  # the transcript has the error
    except CommandError as e:
        if line.startswith("set ") and str(e) == "no drgn equivalent":
            continue
        if "not found" in str(e) or "expression" in str(e) or "large" in str(e) or "unknown" in str(e):
            continue  # the transcript has the error
        print(f"{line}: {type(e).__name__}: {e}")
        failed += 1
        continue
    except (LookupError, ValueError):
        continue  # the transcript has the error
    values = Values()
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            values.run(code, line)
        done += 1
    except Exception as e:
        if type(e).__name__ in sys.argv[2:]:
            continue
        print(f"{line}: {type(e).__name__}: {e}\n{code}")
        failed += 1
        continue
    values.add(out.getvalue())
    text = printed(line)
    addresses = {int(a, 16) for a in re.findall(r"\b[0-9a-f]{16}\b", text)}
    compared += len(addresses)
    missing = sorted(map(hex, addresses - values.numbers))
    if missing and not any(line.startswith(begin) for begin in LEFT_OUT):
        print(f"{line}: the code does not come by {len(missing)} of {len(addresses)} addresses: {' '.join(missing[:5])}\n{code}")
        failed += 1
print(f"{failed} of {done} failed" if failed or done < 150 or compared < 90000 else "0 failed")
print(f"{done} ran, {compared} addresses compared", file=sys.stderr)
