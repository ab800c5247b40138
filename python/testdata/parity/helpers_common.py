# Helpers for all programs: decorators for a program that is left out, names of members at offsets.
import functools
import inspect

import drgn
from drgn import *
from drgn.helpers.common import *
from mock import LE64, memory

D, A, B = (Program(LE64) for _ in range(3))
oa, ob = (Object(p, p.int_type("int", 4, True), n) for p, n in ((A, 1), (B, 2)))


def shown(x):
    return next((n for n in ("oa", "ob", "A", "B", "D") if globals()[n] is x), x)


def show(*values):
    return tuple(shown(v) for v in values)


@takes_program_or_default
def f(prog, a, b=5, *, c=None):
    return show(prog, a, b, c)


@takes_program_or_default
def g(prog):
    return show(prog)


@takes_program_or_default
def va(prog, *args, **kw):
    return show(prog, *args), sorted(kw)


@takes_object_or_program_or_default
def h(prog, o, a, *, c=None):
    return show(prog, o, a, c)


@takes_object_or_program_or_default
def h1(prog, o):
    return show(prog, o)


@takes_object_or_program_or_default
def h2(prog, o, *, c=None):
    return show(prog, o, c)


@takes_object_or_program_or_default
def h3(prog, o, a, b):
    return show(prog, o, a, b)


@takes_object_or_program_or_default
def hv(prog, o, *a, **k):
    return show(prog, o, *a), sorted(k)


CALLS = """f(oa) f(3) f(3,oa) f(a=oa) f(b=oa,a=ob) f(a=3,b=oa) f(3,b=oa) f(c=oa,a=3) f(c=oa) f() f(A,ob) f(prog=A,a=ob)
f(oa,prog=B) f(3,prog=B) f(A) f(None,3) f(oa,ob,c=ob) f(oa,3,4) f(A,A) g() g(A) g(prog=A) g(oa) g(3) va(oa) va(3,oa) va(x=oa) va()
va(A,oa) va(prog=A) h(oa,3) h(3) h(oa) h(ob,oa) h(A,3) h(A,ob) h(a=oa) h(o=oa,a=ob) h(o=oa,a=3) h(prog=A,a=3) h(3,c=oa) h(c=oa,a=3)
h() h(A,oa,3) h(oa,a=3) h(A,a=3) h(3,o=oa) h(oa,o=ob) h1() h1(A) h1(oa) h1(o=oa) h1(prog=A) h1(A,ob) h2() h2(c=oa) h2(oa,c=ob)
h2(A,c=ob) h3(oa,ob) h3(3,oa) h3(oa,3,4) h3(a=oa,b=ob) h3(b=oa,a=3) h3(oa,b=3) h3(A,3,4) h3(oa,ob,oa) hv(oa) hv(oa,1) hv(A,1)
hv(x=oa) hv()""".split()


def calls():
    for call in CALLS:
        try:
            print("  ", call, "->", eval(call))
        except Exception as e:
            print("  ", call, "->", type(e).__name__, e)


set_default_prog(None)
calls()
set_default_prog(D)
calls()


class Tool:
    def __call__(self, prog, a):
        return show(prog, a)


def shim(*args, **kw):
    return Tool()(*args, **kw)


shim.__signature__ = inspect.signature(Tool())


def first(p, a): pass
def none(): pass
def default(prog, obj, n=1): pass
def full(prog, obj, n): pass


takes_program_or_default(Tool())(prog=A, a=4)
takes_program_or_default(Tool())(oa)
takes_program_or_default(functools.partial(lambda prog, k, z: (*show(prog), k + z), z=4))(k=1)
takes_program_or_default(shim)(oa)
takes_program_or_default(shim)(a=9)
takes_program_or_default(first)
takes_program_or_default(len)
takes_object_or_program_or_default(first)
takes_object_or_program_or_default(default)
str(inspect.signature(takes_program_or_default(full)))
str(inspect.signature(takes_object_or_program_or_default(full)))
takes_object_or_program_or_default(full).__wrapped__ is full

# The module's own functions.
text = memory(Program(LE64), b"gear\0\0\0\0")
gear = Object(text, text.array_type(text.int_type("char", 1, True), 4), b"gear")
set_default_prog(None)
list(drgn.search_memory(gear))
list(drgn.search_memory(value=gear))
list(drgn.search_memory_u32(Object(text, text.int_type("unsigned int", 4, False), 0x72616567)))
drgn.search_memory(b"gear")
drgn.stack_trace(1)
drgn.source_location(oa)
drgn.source_location("x")
identify_address(gear[0])
identify_address(1)
print_annotated_memory(Object(text, text.int_type("long", 8, True), 0), 8)

# Members at offsets.
P = D
I, L, C = P.int_type("int", 4, True), P.int_type("long", 8, True), P.int_type("char", 1, True)


def bits(type, n):
    return Object(P, type, bit_field_size=n)


pt = P.struct_type("pt", 8, (TypeMember(I, "x"), TypeMember(I, "y", 32)))
pkt = P.struct_type("pkt", 24, (TypeMember(L, "len"), TypeMember(P.array_type(I, None), "word", 64)))
pd = P.struct_type("pd", 16, (TypeMember(L, "a"), TypeMember(C, "b", 64)))
bf = P.struct_type("bf", 16, (TypeMember(bits(I, 3), "a", 0), TypeMember(bits(I, 10), "b", 3), TypeMember(bits(I, 7), "c", 20),
                              TypeMember(bits(L, 12), "d", 44), TypeMember(C, "e", 64)))
un = P.union_type("un", 24, (TypeMember(pd, "p"), TypeMember(bf, "bf"), TypeMember(P.array_type(pd, 1), "q"), TypeMember(C, "c")))
incomplete = P.struct_type("incomplete")
wi = P.struct_type("wi", 16, (TypeMember(L, "a"), TypeMember(incomplete, "in", 64)))
em = P.struct_type("em", 0, ())
we = P.struct_type("we", 16, (TypeMember(em, "e"), TypeMember(L, "a"), TypeMember(em, "z", 64), TypeMember(L, "y", 64)))
fx = P.struct_type("fx", 8, (TypeMember(L, "n"), TypeMember(P.array_type(pd, None), "pds", 64)))
ff = P.struct_type("ff", 64, (TypeMember(P.array_type(fx, 2), "f2"), TypeMember(fx, "f1", 128), TypeMember(P.array_type(P.array_type(I, 3), 2), "aa", 192)))
gap = P.struct_type("gap", 64, (TypeMember(I, "a", 64), TypeMember(pkt, "k", 128), TypeMember(C, "b", 384)))
inu = P.union_type("inu", 16, (TypeMember(L, "k"), TypeMember(P.array_type(I, None), "arr"), TypeMember(P.struct_type("s5", 5, (TypeMember(C, "c0"), TypeMember(I, "c1", 8))), "s5")))
nest = P.struct_type("nest", 32, (TypeMember(L, "a"), TypeMember(pkt, "f", 64)))
ou = P.union_type("ou", 8, (TypeMember(L, "a"), TypeMember(pkt, "f"), TypeMember(fx, "g")))
af = P.struct_type("af", 8, (TypeMember(P.array_type(P.array_type(I, 3), None), "fa"),))
fi = P.struct_type("fi", 8, (TypeMember(L, "n"), TypeMember(P.array_type(incomplete, None), "ta", 64)))
td = P.typedef_type("td_t", P.typedef_type("td2", gap)).qualified(Qualifiers.CONST)


def places(type):
    for offset in (*range(-1, 36), 40, 48, 64, 1 << 63):
        try:
            print("  ", offset, member_at_offset(type, offset))
        except Exception as e:
            print("  ", offset, type_name(e), e)


def type_name(e):
    return e.__class__.__name__


places(pkt)
places(bf)
places(un)
places(wi)
places(we)
places(fx)
places(ff)
places(gap)
places(inu)
places(nest)
places(ou)
places(af)
places(fi)
places(td)
places(P.array_type(pd, 3))
places(P.array_type(pd, None))
places(P.array_type(I, 0))
places(P.array_type(incomplete, 2))
member_at_offset(pkt, Object(P, L, 8))
member_at_offset(pkt, 1.5)
member_at_offset(pkt, "8")
typeof_member(5, "x")
print_annotated_memory(memory(Program(LE64), bytes(range(16))), 0, 16)
print_annotated_memory(memory(Program(LE64), bytes(range(16))), 0, -1)
print_annotated_memory(memory(Program(LE64), bytes(range(16))), "0", 8)
print_annotated_memory(memory(Program(LE64), bytes(range(16))), 0, 8.0)
print_annotated_stack([])
