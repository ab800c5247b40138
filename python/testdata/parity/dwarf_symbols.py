# Symbols of ELF files, and relocations of debugging information.

from dwarfmake import AARCH64, ARM, I386, INT, MIPS, PPC, PPC64, RISCV, S390X, X86_64, Writer, d, open_file, unit, write

LOCAL, GLOBAL, WEAK, UNIQUE = 0, 1, 2, 10
NOTYPE, OBJECT, FUNC, SECTION, FILE, COMMON, TLS, IFUNC = 0, 1, 2, 3, 4, 5, 6, 10
data = dict(data=b"", type=8, flags=3, addr=0x3000, size=0x1000)


def S(*symbols, **options):
    prog = open_file(write(unit(), symbols=symbols, extra={".data": data}, **options))
    list(prog.modules())[0].address_range = (0x1000, 0x4000)
    return prog


def A(prog, *what):
    return sorted((s.address, s.name, s.size, s.binding.name, s.kind.name) for s in prog.symbols(*what))


prog = S(
    ("local", 0x1000, 16, LOCAL, FUNC, ".text"),
    ("global", 0x1010, 16, GLOBAL, FUNC, ".text"),
    ("weak", 0x1020, 16, WEAK, FUNC, ".text"),
    ("unique", 0x3000, 8, UNIQUE, OBJECT, ".data"),
    ("object", 0x3010, 8, GLOBAL, OBJECT, ".data"),
    ("notype", 0x1030, 8, GLOBAL, NOTYPE, ".text"),
    ("nosize", 0x1040, 0, GLOBAL, NOTYPE, ".text"),
    ("section", 0x1000, 0, LOCAL, SECTION, ".text"),
    ("main.c", 0, 0, LOCAL, FILE, 0xFFF1),
    ("absolute", 0x1234, 4, GLOBAL, NOTYPE, 0xFFF1),
    ("common", 8, 4, GLOBAL, COMMON, 0xFFF2),
    ("common2", 8, 4, GLOBAL, OBJECT, 0xFFF2),
    ("undefined", 0, 0, GLOBAL, NOTYPE, 0),
    ("undefined2", 0x1000, 8, GLOBAL, FUNC, 0),
    ("tls", 0x10, 4, GLOBAL, TLS, ".data"),
    ("ifunc", 0x1050, 16, GLOBAL, IFUNC, ".text"),
    ("", 0x1060, 16, GLOBAL, FUNC, ".text"),
    ("other", 0x1070, 16, 13, 13, ".text"),
    ("outside", 0x9000, 16, GLOBAL, FUNC, ".text"),
)
A(prog)
A(prog, "local")
A(prog, "global")
A(prog, "nothing")
A(prog, 0x1010)
A(prog, 0x1234)
A(prog, 0x3004)
prog.symbol("local")
prog.symbol("global")
prog.symbol("weak")
prog.symbol("unique").binding
prog.symbol("object")
prog.symbol("notype")
prog.symbol("nosize")
prog.symbol("section")
prog.symbol("main.c")
prog.symbol("absolute")
prog.symbol("common")
prog.symbol("common2")
prog.symbol("undefined")
prog.symbol("undefined2")
prog.symbol("tls")
prog.symbol("ifunc")
prog.symbol("")
prog.symbol("other")
prog.symbol("outside")
prog.symbol("nothing")
prog.symbol(0x1000)
prog.symbol(0x100F)
prog.symbol(0x1010)
prog.symbol(0x101F)
prog.symbol(0x1020)
prog.symbol(0x1035)
prog.symbol(0x103A)
prog.symbol(0x1040)
prog.symbol(0x1045)
prog.symbol(0x105F)
prog.symbol(0x1060)
prog.symbol(0x1075)
prog.symbol(0x1090)
prog.symbol(0x1234)
prog.symbol(0x3000)
prog.symbol(0x3008)
prog.symbol(0x3014)
prog.symbol(0x3018)
prog.symbol(0x9000)
prog.symbol(0x10)
prog.symbol(0)
prog.symbol(0xFFF)
prog.symbol(2**64 - 1)
# Several of one name.
prog = S(("n", 0x1000, 4, LOCAL, FUNC, ".text"), ("n", 0x1010, 4, WEAK, FUNC, ".text"), ("n", 0x1020, 4, GLOBAL, FUNC, ".text"))
prog.symbol("n")
A(prog, "n")
prog = S(("n", 0x1000, 4, LOCAL, FUNC, ".text"), ("n", 0x1010, 4, WEAK, FUNC, ".text"))
prog.symbol("n")
prog = S(("n", 0x1000, 4, LOCAL, FUNC, ".text"), ("n", 0x1010, 4, LOCAL, FUNC, ".text"))
prog.symbol("n")
prog = S(("n", 0x1000, 4, WEAK, FUNC, ".text"), ("n", 0x1010, 4, UNIQUE, FUNC, ".text"))
prog.symbol("n")
prog = S(("n", 0x1000, 4, UNIQUE, FUNC, ".text"), ("n", 0x1010, 4, GLOBAL, FUNC, ".text"))
prog.symbol("n")
prog = S(("n", 0x1010, 4, GLOBAL, FUNC, ".text"), ("n", 0x1000, 4, GLOBAL, FUNC, ".text"))
prog.symbol("n")
# Several at one address.
at = lambda *symbols: S(*[(n, *rest, ".text") for n, *rest in symbols]).symbol(0x1004)
at(("a", 0x1000, 16, LOCAL, FUNC), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 16, WEAK, FUNC), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 16, LOCAL, FUNC), ("b", 0x1000, 16, WEAK, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("b", 0x1000, 16, GLOBAL, FUNC), ("a", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 8, GLOBAL, FUNC), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1000, 8, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1000, 8, LOCAL, FUNC))
at(("a", 0x1000, 8, LOCAL, FUNC), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1000, 8, WEAK, FUNC))
at(("a", 0x1000, 0, LOCAL, FUNC), ("b", 0x1000, 0, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1004, 4, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1002, 8, LOCAL, FUNC))
at(("a", 0x1000, 16, LOCAL, FUNC), ("b", 0x1002, 8, GLOBAL, FUNC))
at(("a", 0x1000, 16, LOCAL, FUNC), ("b", 0x1002, 1, GLOBAL, FUNC))
at(("a", 0x1000, 0, GLOBAL, FUNC), ("b", 0x1000, 16, LOCAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, FUNC), ("b", 0x1000, 0, GLOBAL, FUNC))
at(("a", 0x1000, 0, GLOBAL, FUNC), ("b", 0x1002, 0, GLOBAL, FUNC))
at(("a", 0x1000, 0, GLOBAL, FUNC), ("b", 0x1002, 1, GLOBAL, FUNC))
at(("a", 0x1000, 0, GLOBAL, FUNC))
at(("a", 0x1000, 2, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, NOTYPE), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 16, GLOBAL, OBJECT), ("b", 0x1000, 16, GLOBAL, FUNC))
at(("a", 0x1000, 2**64 - 1, GLOBAL, FUNC))
at(("a", 0x1004, 0, LOCAL, SECTION))
prog = S(("a", 0x1000, 16, GLOBAL, FUNC, ".text"), ("b", 0x1000, 8, LOCAL, FUNC, ".text"), ("c", 0x1004, 2, GLOBAL, FUNC, ".text"))
A(prog, 0x1004)
A(prog, 0x1000)
A(prog, 0x100C)
# Tables.
dyn = [("dynamic", 0x1000, 4, GLOBAL, FUNC, ".text"), ("both", 0x1010, 4, GLOBAL, FUNC, ".text")]
A(S(dynamic=dyn))
A(S(("both", 0x1020, 4, GLOBAL, FUNC, ".text"), dynamic=dyn))
A(S(("x", 0x1020, 4, GLOBAL, FUNC, ".text"), extended_indices=True))
A(S(("abs", 0x1020, 4, GLOBAL, FUNC, 0xFFF1), ("x", 0x1020, 4, GLOBAL, FUNC, ".text"), extended_indices=True))
A(S(("big", 0x1020, 4, GLOBAL, FUNC, ".text"), big=True))
A(S(("narrow", 0x1020, 4, GLOBAL, FUNC, ".text"), bits=32))
A(S(("narrow", 0x1020, 4, GLOBAL, FUNC, ".text"), bits=32, big=True))
A(S(("lost", 0x1020, 4, GLOBAL, FUNC, 99)))
A(S(("odd", 0x1021, 4, GLOBAL, FUNC, ".text"), machine=ARM, bits=32))
A(S(("odd", 0x1021, 4, GLOBAL, FUNC, ".text"), machine=MIPS, bits=32))
A(S(("$a", 0x1020, 0, LOCAL, NOTYPE, ".text"), ("$x", 0x1020, 0, LOCAL, NOTYPE, ".text"), machine=AARCH64))
A(S(("f", 0x1020, 8, GLOBAL, FUNC, ".text"), machine=PPC64, flags=2))
A(S(("f", 0x3020, 8, GLOBAL, FUNC, ".data"), machine=PPC64, big=True, flags=1))
open_file(write(unit(), symbols=[("f", 0x1000, 4, GLOBAL, FUNC, ".text")], extra={".data": data})).symbol("f")
open_file(write(unit(), symbols=[("f", 0x1000, 4, GLOBAL, FUNC, ".text")], extra={".data": data})).symbol(0x1000)
# Relocations of debugging information.
def R(machine, kind, size=8, big=False, bits=64, addend=4, value=0x20, rela=True, type=1, stored=0):
    i = INT()
    loc = b"\x03" + stored.to_bytes(bits // 8, "big" if big else "little")
    x = d("variable", "x", type=i, location=loc)
    u = unit(x, i, address=bits // 8)
    # The address lies in .debug_info behind the attributes before it.
    w = Writer([u], big=big)
    at = w.sections[".debug_info"].index(b"\x03" + stored.to_bytes(bits // 8, "big" if big else "little"), x.offset) + 1
    prog = open_file(write(u, machine=machine, big=big, bits=bits, type=type, symbols=[("s", value, 4, GLOBAL, OBJECT, ".data")],
                           relocations={".debug_info": [(at, kind, 1, addend)]}, rela=rela, text=0,
                           extra={".data": dict(data=b"\0" * 64, flags=3)}))
    return prog["x"]


R(X86_64, 1)
R(X86_64, 10)
R(X86_64, 11)
R(X86_64, 2)
R(X86_64, 24)
R(X86_64, 0)
R(X86_64, 99)
R(X86_64, 1, addend=-4)
R(X86_64, 1, value=2**64 - 1)
R(X86_64, 10, value=2**33)
R(X86_64, 1, stored=0x100)
R(X86_64, 1, rela=False, stored=0x100)
R(I386, 1, bits=32, rela=False, stored=0x100)
R(I386, 2, bits=32, rela=False, stored=0x100)
R(I386, 1, bits=32, stored=0x100)
R(I386, 0, bits=32, rela=False, stored=0x100)
R(I386, 99, bits=32, rela=False, stored=0x100)
R(AARCH64, 257)
R(AARCH64, 258)
R(AARCH64, 260)
R(AARCH64, 261)
R(AARCH64, 0)
R(AARCH64, 256)
R(AARCH64, 99)
R(PPC64, 38, big=True)
R(PPC64, 38)
R(PPC64, 1)
R(PPC64, 44)
R(PPC64, 26)
R(PPC64, 0)
R(S390X, 22, big=True)
R(S390X, 4, big=True)
R(S390X, 5, big=True)
R(S390X, 23, big=True)
R(RISCV, 2)
R(RISCV, 1)
R(RISCV, 33, stored=0x100)
R(RISCV, 35, stored=0x100)
R(RISCV, 36, stored=0x100)
R(RISCV, 40, stored=0x100)
R(RISCV, 52, stored=0x100)
R(RISCV, 53, stored=0x1FF)
R(RISCV, 54, stored=0x100)
R(RISCV, 55, stored=0x100)
R(RISCV, 57, stored=0x100)
R(RISCV, 60, stored=0x100)
R(ARM, 2, bits=32, rela=False, stored=0x100)
R(ARM, 3, bits=32, rela=False, stored=0x100)
R(ARM, 0, bits=32, rela=False, stored=0x100)
R(MIPS, 2, bits=32, rela=False, stored=0x100)
R(MIPS, 18, big=True)
R(MIPS, 2, big=True)
R(PPC, 1, bits=32, big=True)
R(0x9999, 1)
R(X86_64, 1, type=2)
R(X86_64, 1, type=3)


# Symbols without a size: labels.
def label(address, *symbols):
    prog = open_file(write(unit(), symbols=symbols))
    list(prog.modules())[0].address_range = (0x1000, 0x4000)
    try:
        one = prog.symbol(address).name
    except LookupError:
        one = None
    return one, [s.name for s in prog.symbols(address)]


entry = ("entry", 0x1010, 0, LOCAL, FUNC, ".text")
sized = ("sized", 0x1020, 8, LOCAL, FUNC, ".text")
[label(a, entry, sized) for a in (0x100F, 0x1010, 0x1014, 0x1020, 0x1028)]
[label(a, ("weak", 0x1010, 0, WEAK, OBJECT, ".text"), ("global", 0x1010, 0, GLOBAL, OBJECT, ".text")) for a in (0x1010, 0x1012)]
[label(a, ("l1", 0x1010, 8, LOCAL, FUNC, ".text"), ("l2", 0x1010, 0, LOCAL, FUNC, ".text")) for a in (0x1010, 0x1017, 0x1018)]
[label(a, ("l2", 0x1010, 0, GLOBAL, FUNC, ".text"), ("l1", 0x1010, 8, LOCAL, FUNC, ".text")) for a in (0x1010, 0x1017, 0x1018)]
[label(a, entry) for a in (0x1FFF, 0x2000, 0x2100)]
[label(a, ("around", 0x1000, 0x100, GLOBAL, FUNC, ".text"), entry) for a in (0x1010, 0x1014, 0x1100)]
[label(a, ("before", 0x1000, 0x18, GLOBAL, FUNC, ".text"), entry) for a in (0x1010, 0x1014, 0x1018)]
