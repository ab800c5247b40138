"""Callbacks that raise, give what they must not, or change what is being asked; and the state that is left."""
from drgn import *
from mock import LE32, LE64


class Mine(Exception):
    pass


def raising(e):
    def f(*args):
        raise e
    return f


def outcome(f):
    try:
        return f()
    except BaseException as e:
        return type(e).__name__, str(e)


def reader(answer, size=16):
    """A program whose memory is what answer gives or, if it can be called, returns."""
    p = Program(LE64)
    p.add_memory_segment(0, size, answer if callable(answer) else lambda *args: answer)
    return p


# What a reader may return and raise.
[outcome(lambda: reader(b).read(0, 8)) for b in (b"12345678", bytearray(b"12345678"), memoryview(b"12345678"), b"1234567", "12345678", None, 5, [1, 2])]
raised = (Mine("boom"), KeyboardInterrupt(), SystemExit(3), FaultError("nope", 77), LookupError("x"), StopIteration(5), OSError(5, "io", "/x"))
[outcome(lambda: reader(raising(e)).read(0, 8)) for e in raised]
outcome(lambda: reader(lambda a: b"").read(0, 8))


# Whatever is no fault is not passed over where an object is printed.
def printed(e, make, **options):
    p = reader(raising(e))
    p.add_memory_segment(16, 48, lambda address, count, offset, physical: b"A" * count)
    c = p.int_type("char", 1, True)
    s = p.struct_type("s", 16, (TypeMember(p.int_type("int", 4, True), "a"), TypeMember(p.pointer_type(c), "p", 64)))
    return outcome(lambda: make(p, c, s).format_(**options))


[printed(e, lambda p, c, s: Object(p, p.pointer_type(c), 8)) for e in raised]
[printed(e, lambda p, c, s: Object(p, p.pointer_type(s), 0)) for e in raised]
[printed(e, lambda p, c, s: Object(p, s, {"a": 1, "p": 8})) for e in raised]
[printed(e, lambda p, c, s: Object(p, p.array_type(p.pointer_type(c), 2), [8, 24])) for e in raised if e is not raised[3]]
[printed(e, lambda p, c, s: Object(p, s, address=8)) for e in raised if e is not raised[3]]
[printed(e, lambda p, c, s: Object(p, p.array_type(c, 16), address=8)) for e in raised]
[printed(e, lambda p, c, s: Object(p, p.pointer_type(c), 8), string=False) for e in raised]


# A search ends at what a reader can't read.
def hole(address, count, offset, physical):
    if address <= 8 < address + count:
        raise FaultError("a hole", 8)
    return bytes(range(address, address + count))


outcome(lambda: list(reader(hole, 64).search_memory(bytes([4, 5]))))
outcome(lambda: list(reader(hole, 64).search_memory_u16(0x2120)))
outcome(lambda: next(reader(lambda address, *args: hole(address % 64, *args), 64).search_memory(bytes([8, 9]))))


# Finders that raise, or give what they must not.
def typed(answer, name="struct x"):
    p = Program(LE64)
    p.register_type_finder("f", answer if callable(answer) else lambda *args: answer, enable_index=0)
    return outcome(lambda: p.type(name))


[typed(raising(e)) for e in raised]
[typed(raising(e), "int") for e in raised]
[typed(5), typed(None), typed(Program(LE64).struct_type("x")), typed(lambda p, *args: p.int_type("int", 4, True)), typed(lambda a: None)]
typed(lambda p, kinds, name, filename: p.struct_type("other"))


def found(answer):
    p = Program(LE64)
    p.register_object_finder("f", answer if callable(answer) else lambda *args: answer, enable_index=0)
    return outcome(lambda: p["x"]), outcome(lambda: "x" in p), outcome(lambda: p.variable("x"))


[found(raising(e)) for e in raised]
found(5)
found(False)


def symbols(answer):
    p = Program(LE64)
    p.register_symbol_finder("f", answer if callable(answer) else lambda *args: answer, enable_index=0)
    pointer = Object(p, p.pointer_type(p.void_type()), 2)
    return outcome(lambda: p.symbol("s")), outcome(lambda: p.symbol(2)), outcome(lambda: p.symbols()), outcome(lambda: str(pointer))


sym = Symbol("s", 1, 2, SymbolBinding.GLOBAL, SymbolKind.FUNC)
[symbols(raising(e)) for e in raised]
[symbols(answer) for answer in ([], [sym], (sym,), None, 5, [5], {1: sym}, "s", sym)]

# A finder that registers, enables and asks.
calls = []
p = Program(LE64)


def registers(prog, kinds, name, filename):
    calls.append(name)
    prog.register_type_finder(f"late{len(calls)}", lambda *args: calls.append("late"), enable_index=0)


p.register_type_finder("registers", registers, enable_index=0)
outcome(lambda: p.type("struct x")), calls, p.enabled_type_finders()
outcome(lambda: p.type("struct y")), calls, p.enabled_type_finders()
q = Program(LE64)
q.register_type_finder("disables", lambda prog, kinds, name, filename: prog.set_enabled_type_finders([]), enable_index=0)
outcome(lambda: q.type("struct x")), q.enabled_type_finders()
r = Program(LE64)
r.register_type_finder("asks", lambda prog, kinds, name, filename: prog.struct_type(name, 8, (TypeMember(prog.type("struct inner"), "m"),)) if name == "outer" else prog.struct_type(name, 8, ()), enable_index=0)
r.type("struct outer")

# Names and places of finders.
q.set_enabled_type_finders(["disables", "disables"])
q.set_enabled_type_finders(["disables", "nope"])
q.set_enabled_type_finders(n for n in ["disables"])
q.set_enabled_type_finders({"dwarf": 1, "disables": 2})
q.enabled_type_finders()
q.set_enabled_type_finders(outcome(raising(Mine("it"))) and raising(Mine("it"))() for n in [1])
q.set_enabled_type_finders(5)
q.register_type_finder("far", lambda *args: None, enable_index=2**63)
q.register_type_finder("further", lambda *args: None, enable_index=2**64)
q.register_type_finder("before", lambda *args: None, enable_index=-2)
q.register_type_finder("before", lambda *args: None, enable_index=-2**64)
q.register_type_finder("last", lambda *args: None, enable_index=-1)
q.enabled_type_finders()
q.register_type_finder("nul\0", lambda *args: None)
q.register_object_finder("nul\0", lambda *args: None)
q.register_symbol_finder("nul\0", lambda *args: None)
q.register_debug_info_finder("nul\0", lambda *args: None)

# A reader that reads, adds memory, and keeps what it has returned.
p = Program(LE64)
p.add_memory_segment(0, 16, lambda address, count, offset, physical: p.read(0x1000 + offset, count))
p.add_memory_segment(0x1000, 16, lambda address, count, offset, physical: bytes(range(16))[offset:offset + count])
p.read(2, 4)
p.add_memory_segment(0, 16, lambda address, count, offset, physical: p.add_memory_segment(0, 16, lambda *args: b"z" * args[1]) or b"y" * count)
p.read(0, 4), p.read(0, 4)
kept = []
p.add_memory_segment(0, 16, lambda address, count, offset, physical: kept.append(bytearray(count)) or kept[-1])
data = p.read(0, 4)
kept[-1][:] = b"xxxx"
kept[-1].append(1)
data

# Flags and classes are no sequences and no numbers.
Program().struct_type(Qualifiers.CONST, 8, ())
TypeMember(Qualifiers.CONST)
TypeEnumerator("E", Qualifiers.CONST)
Program(LE64).int_type("i", 4, True, Qualifiers.CONST)
Program(LE64).struct_type("s", 8, (), template_parameters=Qualifiers.CONST)
Program(int)
sizeof(int)
i = p.int_type("int", 4, True)
p.language = int
round(Object(p, p.float_type("double", 8), 2.567), 2**64)
round(Object(p, p.float_type("double", 8), 2.567), "1")
i.variable_declaration("a\0b")
[implicit_convert(p.bool_type("_Bool", 1), Object(p, p.array_type(i, n), [0] * n)) for n in (0, 1, 2)]
cast(p.bool_type("_Bool", 1), Object(p, p.enum_type("incomplete"), address=0))
Object(p, p.pointer_type(i), 8).member_("x")
Object(p, i, 8).member_("x")

# Addresses of 32 bits come around.
m = Program(LE32)
asked = []
m.add_memory_segment(0x1fffffff0, 16, lambda address, count, offset, physical: asked.append((address, count, offset)) or bytes(count))
m.read(0xfffffffe, 2), m.read(0x1fffffffe, 2), asked
m.read(0xfffffffe, 4)
Object(m, m.int_type("int", 4, True), address=2**32 + 4).address_


# What a symbol finder raises ends the printing of a stack.
def stack(e):
    p = Program(Platform(Architecture.X86_64))
    p.register_symbol_finder("raising", raising(e), enable_index=0)
    t = p.stack_trace_from_pcs([0x1000, 0x2001])
    return [outcome(f) for f in (lambda: str(t), lambda: str(t[0]), lambda: t[1].name, lambda: t[0].function_name, lambda: t[0].symbol())]


[stack(e) for e in raised]


# The spellings of a type that finders are asked for, in order.
def spellings(name):
    p, asked = Program(LE64), []
    p.set_enabled_type_finders([])
    p.register_type_finder("none", lambda prog, kinds, name, filename: asked.append((list(kinds), name)), enable_index=0)
    return p.type(name), asked


[spellings(n) for n in ("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long", "unsigned long", "long long", "unsigned long long", "float", "double", "long double")]
[spellings(n) for n in ("int unsigned", "long int", "short signed int", "long unsigned long int", "size_t", "ptrdiff_t")]
