# Corners of programs: settable dictionaries, missing platforms, empty names, equal registers.
from drgn import *


def show(source):
    try:
        print(source, "->", eval(source))
    except BaseException as e:
        print(source, "->", type(e).__name__ + ":", e)


P = Platform(Architecture.X86_64)
p, q = Program(P), Program()
for name in "cache", "config":
    setattr(p, name, {1: 2})
    show("p." + name)
    setattr(p, name, None)
    show("p." + name)
    delattr(p, name)
    for f in (lambda: getattr(p, name)), (lambda: delattr(p, name)):
        try:
            f()
            print("there")
        except AttributeError:
            print("gone")
for source in (
    "p.stack_trace(-1)",
    "p.stack_trace(-(1 << 70))",
    "q.stack_trace(0)",
    "q.stack_trace(-1)",
    "q.stack_trace_from_pcs([])",
    "q.stack_trace_from_pcs([1])",
    "p.stack_trace_from_pcs([-1])",
    "p.stack_trace_from_pcs([-(1 << 70)])",
    "p.symbol('')",
    "p.symbols('')",
    "p.function('')",
    "p.variable('', 'f.c')",
    "p.constant('')",
    "p.object('', FindObjectFlags.FUNCTION, 'f.c')",
    "p.object('')",
    "p['']",
    "P.registers[0] == P.registers[0]",
    "P.registers[0] != P.registers[0]",
    "P.registers[0] == P.registers[1]",
    "P.registers[0] == 1",
    "P.registers == Platform(Architecture.X86_64).registers",
    "P.registers.index(P.registers[3])",
    "P.registers[3] in Platform(Architecture.AARCH64).registers",
    "len(P.registers) == sum(a == b for a in P.registers for b in P.registers)",
):
    show(source)
