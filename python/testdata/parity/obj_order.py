# Byte order of results, truth of arrays, flexible arrays in values, ranges of modules.
import re

from drgn import *
from mock import BE64, LE64, memory


def both(make):
    return make(Program(LE64), "big"), make(Program(BE64), "little")


def shown(o):
    return o.type_.type_name(), o.to_bytes_().hex()


def result(f, size=4, name="int", signed=True):
    return [shown(f(Object(p, p.int_type(name, size, signed, order), 7))) for p, order in ((Program(LE64), "big"), (Program(BE64), "little"), (Program(BE64), "big"))]


result(lambda o: +o)
result(lambda o: ~o)
result(lambda o: -o)
result(lambda o: o + 1)
result(lambda o: o + o)
result(lambda o: o << 1)
result(lambda o: o | Object(o.prog_, o.prog_.int_type("int", 4, True), 8))
result(lambda o: +o, 8, "long")
result(lambda o: o + o, 8, "unsigned long", False)
result(lambda o: +o, 2, "short")
result(lambda o: o + o, 2, "short")
[shown(+Object(p, p.enum_type("e", p.int_type("unsigned int", 4, False, order), ()), 1)) for p, order in ((Program(LE64), "big"), (Program(BE64), "little"))]
[shown(Object(p, p.float_type("double", 8, order), 1.5) + 1) for p, order in ((Program(LE64), "big"), (Program(BE64), "little"))]

p = memory(memory(Program(LE64), bytes(range(64)), 0x1000), b"abc\0", 0)
C, I, L = p.int_type("char", 1, True), p.int_type("int", 4, True), p.int_type("long", 8, True)
bool(Object(p, p.array_type(C, 4), address=0))
bool(Object(p, p.array_type(C, None), address=0))
bool(Object(p, p.array_type(C, 0), address=0))
bool(Object(p, p.typedef_type("ta", p.array_type(L, 2)), address=0))
bool(Object(p, p.array_type(C, 4), address=8))
bool(Object(p, p.array_type(C, 4), b"\0\0\0\0"))
bool(Object(p, p.function_type(I, ()), address=0))

fl = p.struct_type("fl", 4, (TypeMember(I, "n"), TypeMember(p.array_type(I, None), "items", 32)))
r = Object(p, fl, address=0x1000)
str(r)
str(r.read_())
str(Object(p, fl, {"n": 3}))
str(Object(p, p.struct_type("fs", 4, (TypeMember(I, "n"), TypeMember(p.array_type(C, None), "s", 32))), address=0x1000).read_())
str(Object(p, p.struct_type("ne", 8, (TypeMember(I, "k"), TypeMember(fl, "f", 32))), address=0x1000).read_())
r.read_().items

q = Program()
a, b = q.extra_module("alpha", create=True), q.extra_module("beta", create=True)
a.address_range = (0x4000, 0x8000)


def ranged(r):
    b.address_range = r
    return q.module(0x5000).name


ranged((0x5000, 0x6000))
ranged((0x7FFF, 0x9000))
ranged((0x4000, 0x8000))
ranged((0x8000, 0x9000))
b.address_ranges = ((0x9000, 0xA000), (0x4000, 0x4001))
b.address_ranges
a.address_range = (0x4000, 0x7000)


def while_walking():
    seen = []
    for m in q.modules():
        seen.append(m.name)
        if len(seen) < 3:
            q.extra_module("gamma", len(seen), create=True)
    return seen


while_walking()


def gears(kind, name, filename): return None
def levers(prog, name, flags, filename): return None


p.add_type_finder(gears)
p.add_type_finder(gears)
p.add_object_finder(levers)
p.add_object_finder(levers)
[re.sub("_(0x)?[0-9a-f]{6,}", "_N", n) for n in p.enabled_type_finders() + p.enabled_object_finders()]
