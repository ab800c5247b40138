# Operators: C's conversions, pointers, Python operands, what is refused.
from drgn import *
from obj_mock import mock, ints
import math, operator, collections

prog = mock(segments=[(0x1000, bytes(range(256)))])
other = mock()
T = ints(prog)
names = list(T)
I, U, C, UC, S, US, L, UL, LL, ULL = (T[n] for n in ("int", "unsigned int", "char", "unsigned char", "short", "unsigned short", "long", "unsigned long", "long long", "unsigned long long"))
B = prog.bool_type("_Bool", 1)
F = prog.float_type("float", 4)
D = prog.float_type("double", 8)
LD = prog.float_type("long double", 16)
E = prog.enum_type("color", U, (TypeEnumerator("RED", 0), TypeEnumerator("GREEN", 1)))
EI = prog.enum_type("inc")
P = prog.pointer_type(I)
CP = prog.pointer_type(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST))
VP = prog.pointer_type(prog.void_type())
pt = prog.struct_type("point", 8, (TypeMember(I, "x", 0), TypeMember(I, "y", 32)))
SP = prog.pointer_type(pt)
SI = prog.pointer_type(prog.struct_type("incs"))
A = prog.array_type(I, 3)
A2 = prog.array_type(I, 2)
AU = prog.array_type(U, 2)
FN = prog.function_type(prog.void_type(), ())
FP = prog.pointer_type(FN)
TD = prog.typedef_type("myint", I)
i24 = prog.int_type("i24", 3, True)
i128 = prog.int_type("i128", 16, True)
u128 = prog.int_type("u128", 16, False)
O = lambda t, v, **k: Object(prog, t, v, **k)

operands = {
    "i": O(I, 7), "neg": O(I, -7), "u": O(U, 7), "c": O(C, 7), "uc": O(UC, 200), "s": O(S, -7), "us": O(US, 65535), "l": O(L, -7), "ul": O(UL, 7),
    "ll": O(LL, 1 << 40), "ull": O(ULL, (1 << 64) - 1), "b": O(B, True), "e": O(E, 1), "td": O(TD, 7), "i24": O(i24, -7), "f": O(F, 1.5), "d": O(D, -2.25),
    "bf": O(I, 3, bit_field_size=4), "ubf": O(U, 3, bit_field_size=31), "ubf32": O(U, 3, bit_field_size=32), "lbf": O(UL, 3, bit_field_size=40), "ci": O(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST), 5),
    "p": O(P, 0x1010), "cp": O(CP, 0x1000), "vp": O(VP, 0x1000), "sp": O(SP, 0x1020), "si": O(SI, 0x1000), "arr": Object(prog, A, address=0x1000), "av": O(A, [1, 2, 3]), "arr2": Object(prog, A2, address=0x1004),
    "fn": Object(prog, FN, address=0x1000), "fp": O(FP, 0x1000), "st": Object(prog, pt, address=0x1000), "zero": O(I, 0), "fzero": O(D, 0.0), "void": Object(prog, prog.void_type(), address=0x1000), "absent": Object(prog, I),
    "ei": Object(prog, EI, address=0x1000), "ld": Object(prog, LD, address=0x1000), "fault": Object(prog, I, address=0),
    "pi": 3, "pneg": -3, "pbig": 2**40, "phuge": 2**63, "pmax": 2**64, "pf": 0.5, "pt_": True, "pstr": "x", "pnone": None, "plist": [1], "pcx": 1j,
}
ops = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "^": operator.xor, "|": operator.or_,
       "**": operator.pow, "@": operator.matmul, "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
unary = {"-": operator.neg, "+": operator.pos, "~": operator.invert, "bool": bool, "not": operator.not_, "int": int, "float": float, "index": operator.index, "abs": abs, "round": round, "round1": lambda x: round(x, 1), "round-1": lambda x: round(x, -1), "roundn": lambda x: round(x, None), "trunc": math.trunc, "floor": math.floor, "ceil": math.ceil, "len": len, "iter": lambda x: list(iter(x)), "hash": hash, "complex": complex, "str": str, "divmod": lambda x: divmod(x, 2), "hex": hex, "range": lambda x: list(range(x))[:2], "chr": chr}
def result(f, *a):
    try:
        return repr(f(*a))
    except BaseException as e:
        return f"! {type(e).__name__}: {e}".replace("_drgn.", "drgn.")
def short(f, *a):
    r = result(f, *a)
    if r.startswith("! "):
        return r.partition(":")[0]
    if r.startswith("Object(prog, '"):
        o = f(*a)
        r = f"{o.type_.type_name()} {o.value_()!r}" + (f":{o.bit_field_size_}" if o.bit_field_size_ else "")
    return r
left = ["i", "neg", "uc", "us", "l", "ull", "b", "e", "f", "d", "bf", "ubf32", "lbf", "p", "cp", "vp", "arr", "av", "st", "absent", "fault"]
right = [x for x in left if x != "av"] + ["zero", "pi", "pneg", "phuge", "pmax", "pf", "pt_", "pstr", "pnone"]
for op in ("+", "-", "*", "/", "%", "<<", "&", "==", "<"):
    for x in left: print(f">>> {x} {op} each\n" + "\n".join(f"{y}: {short(ops[op], operands[x], operands[y])}" for y in right))
    for x in right: not isinstance(operands[x], Object) and print(f">>> {x} {op} each\n" + "\n".join(f"{y}: {short(ops[op], operands[x], operands[y])}" for y in left))
for op, f in unary.items():
    for x in operands:
        if isinstance(operands[x], Object) and x != "ei": print(f">>> {op} {x}\n{result(f, operands[x])}")
floats = [0.5, 1.5, 2.5, -0.5, -2.5, 1e20, 1e300, float("inf"), float("-inf"), float("nan"), -0.0, 123.456]
for op in ("int", "round", "round1", "round-1", "trunc", "floor", "ceil", "bool", "-", "float", "str"):
    for v in floats: print(f">>> {op} {v!r}\n{result(unary[op], O(D, v))}")
for op in ("+", "-", "*", "/", "%", "==", "<"):
    for v in floats: print(f">>> {op} {v!r} and 2\n{result(ops[op], O(D, v), 2)}\n{result(ops[op], 2, O(D, v))}\n{result(ops[op], O(F, v), O(F, 0.1))}")
for op in ("<<", ">>"):
    for x in (1, -1, -2**31):
        for n in (0, 1, 31, 32, 33, 63, 64, 65, 1000, 2**40, -1, -2**31): print(f">>> {x} {op} {n}\n{result(ops[op], O(I, x), n)}\n{result(ops[op], O(I, x), O(LL, n))}\n{result(ops[op], O(U, x), n)}\n{result(ops[op], x, O(LL, n))}")
for op in ("/", "%"):
    for x in (-2**31, -2**63, -7, 7):
        for y in (-1, 0, 2, -2, 2**31): print(f">>> {x} {op} {y}\n{result(ops[op], O(I, x), O(I, y))}\n{result(ops[op], O(LL, x), O(LL, y))}\n{result(ops[op], O(U, x), O(I, y))}\n{result(ops[op], x, O(I, y))}\n{result(ops[op], O(I, x), y)}")
O(I, 2**31 - 1) + 1
O(U, 2**32 - 1) + 1
O(I, -2**31) - 1
-O(I, -2**31)
O(C, 127) + O(C, 1)
O(UC, 255) + O(UC, 1)
O(US, 65535) * O(US, 65535)
O(LL, 2**62) * 4
O(I, 1) + 2**31
O(I, 1) + 2**63
O(I, 1) + 2**64
O(I, 1) + -2**63
O(I, 1) + -2**64
O(P, 0x1000) + 2**64
O(P, 0x1000) + -2
O(P, 2**64 - 4) + 1
O(P, 0) - 1
O(P, 0x1001) - O(P, 0x1000)
O(P, 0x1000) - O(P, 0x1008)
O(P, 0x1000) - O(P, 0x1007)
O(P, 0x1000) - 0x1000
O(P, 0x1000) == 0x1000
O(P, 0x1000) != 0x1000
O(P, 0x1000) < 0x1001
O(P, 0x1000) == O(I, 0x1000)
0x1000 == O(P, 0x1000)
O(P, 0x1000) == 4096.0
O(P, 0) == None
O(P, 0) == False
O(P, 0) == O(B, 0)
O(P, 2**64 - 1) == -1
O(P, 2**64 - 1) > -1
O(P, 2**64 - 1) == 2**64 - 1
O(P, 0) == 2**64
O(P, 0x1000) == O(VP, 0x1000)
O(P, 0x1000) == O(SP, 0x1000)
O(P, 0x1000) == Object(prog, A, address=0x1000)
Object(prog, A, address=0x1000) == 0x1000
Object(prog, A, address=0x1000) == Object(prog, A2, address=0x1000)
Object(prog, A, address=0x1000) + 1
Object(prog, A, address=0x1000) - Object(prog, A2, address=0x1004)
Object(prog, FN, address=0x1000) == O(FP, 0x1000)
Object(prog, FN, address=0x1000) == 0x1000
O(P, 0x1000) & 7
O(P, 0x1000) | O(P, 1)
~O(P, 0)
-O(P, 1)
+O(P, 1)
O(P, 1) * 2
O(P, 0x1000) + 1.0
O(P, 0x1000) + True
1 + O(P, 0x1000)
1 - O(P, 0x1000)
O(P, 0x1000) + O(E, 1)
O(P, 0x1000) + O(B, True)
O(P, 0x1000) + O(C, -1)
O(P, 0x1000) + O(U, 2**32 - 1)
O(SI, 0x1000) + 1
O(SI, 0x1000) - O(SI, 0x1000)
O(VP, 0x1000) + 1
O(VP, 0x1008) - O(VP, 0x1000)
O(FP, 0x1000) + 1
O(FP, 0x1000) - O(FP, 0x1000)
O(CP, 0x1008) - O(P, 0x1000)
O(SP, 0x1008) - O(P, 0x1000)
Object(prog, I, address=0x1000) + 1
Object(prog, I, address=0x1000, bit_offset=4, bit_field_size=8) + 1
Object(other, ints(other)["int"], 1) + O(I, 1)
Object(other, ints(other)["int"], 1) == O(I, 1)
Object(other, ints(other)["int"], 1) + 1
O(i128, 1)
O(i128, -1).value_()
O(u128, 2**127).value_()
O(u128, -1).value_()
O(i128, 2**100) + 1
O(i128, 2**100) + O(i128, 2**100)
O(i128, 1) == 1
O(i128, 5) * 3
-O(i128, 5)
~O(i128, 5)
bool(O(i128, 2**100))
bool(O(i128, 0))
int(O(i128, 2**100))
float(O(i128, 2**100))
operator.index(O(i128, 2**100))
O(i128, 2**100) >> 90
O(i128, 1) << 100
round(O(i128, 2**100))
math.floor(O(u128, 2**100))
cast(I, O(i128, 2**100 + 5))
cast(i128, O(I, -5))
cast(u128, O(D, 1e30))
cast(D, O(u128, 2**100))
cast(P, O(u128, 2**100 + 16))
cast(u128, O(P, 16))
str(O(i128, -2**100))
O(i128, 2**100).to_bytes_()
O(i128, 2**100).format_(integer_base=16)
O(i24, -1)
O(i24, 2**23).value_()
O(i24, 2**24 - 1) + 1
O(i24, -5) * O(i24, 4)
O(prog.int_type("u40", 5, False), 2**40 - 1).value_()
O(prog.int_type("u40", 5, False), 2**40 - 1) + 1
O(prog.int_type("s72", 9, True), -3)
O(prog.int_type("s72", 9, True), -3).value_()
O(prog.int_type("s72", 9, True), -3) + 1
O(prog.int_type("s128", 16, True), 3, bit_field_size=100)
O(prog.int_type("s128", 16, True), 3, bit_field_size=60)
O(prog.int_type("s200", 25, True), -3).value_()
O(prog.int_type("s0", 0, True), 0)
O(prog.int_type("big128", 16, True, "big"), -3).value_()
O(prog.int_type("big128", 16, True, "big"), -3).to_bytes_()
O(prog.int_type("bigint", 4, True, "big"), -3) + 1
O(prog.int_type("bigint", 4, True, "big"), 3).to_bytes_()
cast(I, O(D, 1.9))
cast(I, O(D, -1.9))
cast(U, O(D, -1.9))
cast(I, O(D, 1e10))
cast(UL, O(D, 1e19))
cast(UL, O(D, 1e30))
cast(I, O(D, float("nan")))
cast(I, O(D, float("inf")))
cast(F, O(D, 1e300))
cast(F, O(D, 0.1))
cast(D, O(F, 0.1))
cast(B, O(I, 256))
cast(B, O(I, 2))
cast(B, O(D, 0.5))
cast(B, O(P, 0x100))
cast(E, O(I, 1))
cast(EI, O(I, 1))
cast(P, O(I, -1))
cast(P, O(U, 2**32 - 1))
cast(P, O(D, 1.0))
cast(D, O(P, 1))
cast(P, Object(prog, A, address=0x1000))
cast(UL, Object(prog, A, address=0x1000))
cast(P, O(A, [1, 2, 3]))
cast(A, O(I, 1))
cast(pt, O(I, 1))
cast(pt, Object(prog, pt, address=0x1000))
cast(prog.void_type(), O(I, 1))
cast(FN, O(I, 1))
cast(FP, Object(prog, FN, address=0x1000))
cast(I, Object(prog, pt, address=0x1000))
cast(I, Object(prog, prog.void_type(), address=0x1000))
cast(I, Object(prog, I))
cast(I, Object(prog, I, address=0))
cast("unsigned long", O(I, -1))
cast("nope", O(I, -1))
cast(I, 1)
cast(1, O(I, 1))
cast(I)
cast(TD, O(C, 5))
cast(I, O(I, 5, bit_field_size=4))
cast(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST), O(L, 5))
cast(ints(other)["int"], O(I, 1))
cast(LD, O(I, 1))
implicit_convert(I, O(L, 5))
implicit_convert(I, O(D, 5.5))
implicit_convert(I, O(L, 5), bit_field_size=2)
implicit_convert(U, O(L, 7), bit_field_size=2)
implicit_convert(I, O(L, 5), bit_field_size=0)
implicit_convert(I, O(L, 5), bit_field_size=33)
implicit_convert(D, O(L, 5), bit_field_size=3)
implicit_convert(I, O(L, 5), bit_field_size=None)
implicit_convert(B, O(L, 256))
implicit_convert(B, O(P, 0x100))
implicit_convert(E, O(I, 1))
implicit_convert(EI, O(I, 1))
implicit_convert(P, O(VP, 1))
implicit_convert(VP, O(P, 1))
implicit_convert(CP, O(P, 1))
implicit_convert(P, O(CP, 1))
implicit_convert(P, O(SP, 1))
implicit_convert(P, O(I, 0))
implicit_convert(P, O(I, 1))
implicit_convert(I, O(P, 1))
implicit_convert(P, Object(prog, A, address=0x1000))
implicit_convert(P, Object(prog, AU, address=0x1000))
implicit_convert(FP, Object(prog, FN, address=0x1000))
implicit_convert(VP, Object(prog, FN, address=0x1000))
implicit_convert(pt, Object(prog, pt, address=0x1000))
implicit_convert(prog.void_type(), O(I, 1))
implicit_convert(D, O(P, 1))
implicit_convert(LD, O(I, 1))
implicit_convert(I, Object(prog, I))
implicit_convert(I, 1)
implicit_convert("long", O(I, 5))
implicit_convert(i128, O(I, -5))
implicit_convert(I, O(i128, 2**64 + 5))
reinterpret(U, O(I, -1))
reinterpret(F, O(I, 0x3f800000))
reinterpret(I, O(L, -1))
reinterpret(L, O(I, -1))
reinterpret(pt, Object(prog, A, address=0x1000))
reinterpret(pt, O(A, [1, 2, 3]))
reinterpret(A, Object(prog, pt, address=0x1000))
reinterpret(A, Object(prog, pt, {"x": 1}))
reinterpret(A2, Object(prog, pt, {"x": 1}))
reinterpret(I, Object(prog, I))
reinterpret(I, O(I, 5, bit_field_size=4))
reinterpret(UC, Object(prog, I, address=0x1000, bit_offset=4, bit_field_size=12))
reinterpret(P, O(UL, 0x1000))
reinterpret(prog.void_type(), O(I, 1))
reinterpret(prog.void_type(), Object(prog, I, address=0x1000))
reinterpret(FN, Object(prog, I, address=0x1000))
reinterpret(EI, O(I, 1))
reinterpret(I, Object(prog, prog.void_type(), address=0x1000))
reinterpret(I, Object(prog, FN, address=0x1000))
reinterpret(prog.array_type(C), O(I, 1))
reinterpret(prog.array_type(C, 2), O(I, 0x01020304))
reinterpret("unsigned int", O(I, -1))
reinterpret(prog.int_type("bigint", 4, True, "big"), O(I, 1))
reinterpret(i24, O(I, 0x01020304))
reinterpret(D, O(F, 1.0))
container_of(O(P, 0x1024), pt, "y")
container_of(O(P, 0x1024), "struct nope", "y")
container_of(O(P, 0x1024), pt, "z")
container_of(O(P, 0x1024), pt, "y[1]")
container_of(O(P, 0x1024), I, "y")
container_of(O(I, 0x1024), pt, "y")
container_of(Object(prog, A, address=0x1000), pt, "y")
container_of(O(VP, 0x1024), pt, "x")
container_of(O(P, 0), pt, "y")
container_of(Object(prog, P), pt, "y")
container_of(Object(prog, P, address=0), pt, "y")
container_of(O(P, 0x1024), A, "[1]")
container_of(O(P, 0x1024), pt, "")
container_of(O(P, 0x1024), pt, "x.")
container_of(1, pt, "x")
container_of(O(P, 0x1024), prog.struct_type("bfs", 4, (TypeMember(Object(prog, I, bit_field_size=4), "a", 0), TypeMember(Object(prog, I, bit_field_size=4), "b", 4))), "b")
container_of(O(P, 0x1024), prog.struct_type("bfs", 4, (TypeMember(Object(prog, I, bit_field_size=4), "a", 0), TypeMember(Object(prog, I, bit_field_size=8), "b", 8))), "b")
