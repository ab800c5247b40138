"""What test suites ask that no script asks: programs without a platform, sequences, log records, code that commands print."""
import contextlib
import io
import logging
import tempfile

from drgn import *
from drgn.commands import CommandArgumentError, CommandNamespace, DrgnCodeBuilder, argument, command
from mock import LE64, memory


def outcome(f, *args, **keywords):
    try:
        return f(*args, **keywords)
    except BaseException as e:
        return type(e).__name__, str(e)


def logged(levels, more=""):
    for n in levels:  # no comprehension, which is a function of its own before Python 3.12
        none._log(n, f"level {n}{more}")


# Of what is not known of a platform, the order of bytes is missed first but for types with the size of an address.
none = Program()
[(n, outcome(none.type, n)) for n in ("int", "char", "_Bool", "short", "long long", "float", "long double", "int *", "char [2]")]
[(n, outcome(none.type, n)) for n in ("long", "unsigned long", "size_t", "ptrdiff_t", "void *", "struct x")]
i = none.int_type("int", 4, True, "little")
[outcome(Object, none, t, address=0) for t in (i, "int", "void")]
Object(none, i, 1), Object(none, i), outcome(Object.from_bytes_, none, i, b"1234"), outcome(lambda: Object(none, i, 1) + 1)
[outcome(f) for f in (lambda: none.search_memory(1), lambda: none.search_memory_word(1), lambda: none.search_memory_u16(1))]
none.source_location(1)
none.set_core_dump("/dev/null")
none.set_core_dump(__file__)

# Addresses of a stack are any iterable of integers.
x86 = Program(Platform(Architecture.X86_64))
[[hex(f.pc) for f in x86.stack_trace_from_pcs(pcs)] for pcs in ([1, 2], (3,), iter([4]), b"ab", range(5, 7), {8: 0}, [True], [Object(x86, x86.int_type("i", 4, True), 9)])]
[outcome(x86.stack_trace_from_pcs, pcs) for pcs in ("ab", [None], [1.5], [-1], [2**64], [[1]])]
trace = x86.stack_trace_from_pcs([1, 2])
[hex(trace[n].pc) for n in (0, 1, -1, -2, True)]
[outcome(lambda: trace[n]) for n in (2, -3, "x", None, 1.0, slice(1))]

# Registers that are too few; what has no stack.
regs = x86.struct_type("pt_regs", 4, ())
x86.stack_trace(Object(x86, regs, {}))
x86.stack_trace(Object.from_bytes_(x86, x86.struct_type("pt_regs", 160, ()), bytes(160)))
x86.stack_trace(Object(x86, x86.struct_type("task_struct", 4, ()), address=0))
x86.stack_trace(Object(x86, x86.struct_type("user_regs_struct", 4, ()), address=0))

# A place in source code as text.
places = [("a.c", 1, 2), ("a.c", 1, 0), ("a.c", 0, 0), ("a.c", 0, 5), ("", 0, 0), ("", 1, 2)]
[str(SourceLocation(*p)) for p in places]
[str(SourceLocation(*p, lambda: n)) for p in places for n in ("f", "", None)]


# Records are of the line of the script that made drgn log.
class Handler(logging.Handler):
    def emit(self, r):
        print(r.levelname, r.levelno, r.name, r.msg, r.args, r.getMessage(), r.filename, r.funcName)


logger = logging.getLogger("drgn")
logger.addHandler(Handler())
logger.propagate = False
logger.setLevel(1)
logged(range(-1, 6), " %s")
logger.setLevel("ERROR")
logged(range(5))
[outcome(none._log, *args)[0] for args in ((), (1,), (1, 2), ("a", "b"), (1, "a", 3), (2**40, "z"), (1.5, "z"))]
logger.setLevel("WARNING")
none.load_debug_info(["/nonexistent"])

# Options of commands are not shortened; what reads a pipe may stop; a command has a name.
commands = CommandNamespace()


@command(name="add", description="add", arguments=(argument("a", type=int), argument("--verbose", action="store_true")), namespace=commands)
def add(prog, name, args, **kwargs):
    if args.a < 0:
        raise BrokenPipeError
    return args.a, args.verbose


with contextlib.redirect_stderr(io.StringIO()):
    ran = [outcome(commands.run, none, line, globals={}) for line in ("add 1 --verbose", "add 1 --verb", "add 1 --v", "add -- -1")]
ran


@command(description="nothing", namespace=commands)
def _cmd_(prog, name, args, **kwargs): pass


def code(f):
    c = DrgnCodeBuilder(none)
    f(c)
    return c.get()


code(lambda c: (c.add_import("os"), c.add_from_import("re", "z", "a"), c.append("x")))
code(lambda c: (c.add_import("drgn"), c.add_from_import("drgn", "a"), c.append("x")))
code(lambda c: (c.add_import("os"), c.add_from_import("drgn", "a"), c.append("x")))
code(lambda c: (c.add_import("sys"), c.add_import("os"), c.append("x")))
code(lambda c: (c.add_import("zz"), c.add_import("a_b"), c.add_import("B"), c.add_from_import("b", "c"), c.add_from_import("a.c", "q"), c.append("x")))
code(lambda c: (c.add_import("drgn.zz"), c.add_import("drgn"), c.add_from_import("drgn.helpers", "x"), c.add_from_import("drgnx", "y"), c.append("x")))
code(lambda c: (c.add_from_import("re"), c.append("x")))
outcome(code, lambda c: c.begin_block("if x:"))


# A script that is run by another: what it defines and deletes, also if it raises; names that each module has for itself.
def script(text):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
        f.write(text)
        f.flush()
        names = {"y": 5, "__file__": "own", "__name__": "own", "__doc__": "own", "__spec__": 6, "__w__": 7}
        result = outcome(execscript, f.name, "1", globals=names)
    names.pop("__builtins__", None)
    return result, sorted(names.items())


script("z = y + 1\ndel y\n__two__ = 2\n")
script("import sys\nz = sys.argv[1:], __name__, __file__ == sys.argv[0], __doc__\ndel sys\n1 / 0\n")
script("z = sys.modules['__main__'].__dict__ is globals()" .join(["import sys\n", "\ndel sys\n"]))
script("z = 1\nraise SystemExit(3)\n")
execscript("/nonexistent.py")
