# Integers as arguments: negative ones, those that are too large, those of other kinds.
from drgn import *
from mock import *
prog = memory(Program(Platform(Architecture.X86_64)), bytes(range(64)), 0x1000)
I = prog.int_type("int", 4, True)
U = prog.int_type("unsigned long", 8, False)
NAMES = {}


class Index:
    def __init__(self, n):
        self.n = n

    def __index__(self):
        return self.n


INTEGERS = {
    "-1": -1, "-2**63": -2**63, "-2**64": -2**64, "2**63": 2**63, "2**64-1": 2**64 - 1, "2**64": 2**64, "True": True, "1.5": 1.5,
    "'x'": "x", "None": None, "Index(1)": Index(1), "Index(-1)": Index(-1), "Object(int, -1)": Object(prog, I, -1),
    "Object(int, 1)": Object(prog, I, 1), "Object(unsigned long, 2**64-1)": Object(prog, U, 2**64 - 1),
}


def each(call):
    for name, x in INTEGERS.items():
        try:
            r = repr(call(x))
        except Exception as e:
            r = "! " + type(e).__name__
        print(name, "->", r)


def made(call):
    return lambda x: call(x) is not None


each(lambda x: Object(prog, I, address=x))
each(lambda x: Object(prog, I, x))
each(lambda x: Object(prog, U, x))
each(lambda x: Object(prog, prog.pointer_type(I), x))
each(lambda x: Object(prog, I, address=0x1000)[x])
each(lambda x: Object(prog, prog.pointer_type(I), 0x1000) + x)
each(lambda x: prog.read(x, 1))
each(lambda x: prog.read(0x1000, x))
each(lambda x: prog.read_u8(x))
each(lambda x: prog.read_u64(x))
each(lambda x: prog.read_word(x))
each(lambda x: prog.read_c_string(x))
each(lambda x: prog.symbol(x))
each(lambda x: prog.symbols(x))
each(lambda x: prog.source_location(x))
each(lambda x: prog.module(x))
each(made(lambda x: prog.stack_trace_from_pcs([x])))
each(lambda x: prog.stack_trace(x))
each(lambda x: prog.int_type("i", x, True).size)
each(lambda x: prog.array_type(I, x).length)
each(lambda x: prog.enum_type("e", U, [TypeEnumerator("A", x)]).enumerators[0].value == x)
each(lambda x: list(prog.search_memory_u64(0x0706050403020100, ignore_mask=x)))
each(lambda x: list(prog.search_memory_u16(x)))
each(lambda x: list(prog.search_memory_u64(x)))
each(lambda x: prog.extra_module("m", x, create=True)[0].id)
each(lambda x: Symbol("s", x, 1, SymbolBinding.GLOBAL, SymbolKind.FUNC).address)
trace = prog.stack_trace_from_pcs([1, 2, 3])
each(lambda x: trace[x].pc)
