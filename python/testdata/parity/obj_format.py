# format_() and str(): every option, wrapping, strings and characters, pointers, nesting.
from drgn import *
from obj_mock import mock, ints

text = b"hi\0" + b"\a\b\t\n\v\f\r\x00\x01\x7f\xff\"'\\%\0" + b"abcdefgh" * 4 + b"\0"
memory = bytes(range(1, 65)).ljust(0x80, b"\0") + text.ljust(0x80, b"\0") + bytes(0x100)
prog = mock(segments=[(0x1000, memory), (0x5000, (0x1080).to_bytes(8, "little") + (0x1000).to_bytes(8, "little") + bytes(8))])
prog.register_symbol_finder("s", lambda p, name, addr, one: [Symbol("sym", 0x1000, 0x40, SymbolBinding.GLOBAL, SymbolKind.OBJECT)] if addr is not None and 0x1000 <= addr < 0x1040 else [], enable_index=0)
T = ints(prog)
I, U, C, SC, UC, S, L, UL = T["int"], T["unsigned int"], T["char"], T["signed char"], T["unsigned char"], T["short"], T["long"], T["unsigned long"]
B = prog.bool_type("_Bool", 1)
F, D = prog.float_type("float", 4), prog.float_type("double", 8)
E = prog.enum_type("color", U, (TypeEnumerator("RED", 0), TypeEnumerator("GREEN", 1), TypeEnumerator("ROUGE", 0)))
ES = prog.enum_type(None, I, (TypeEnumerator("MINUS", -1),))
EI = prog.enum_type("inc")
P, VP, CP, PP = prog.pointer_type(I), prog.pointer_type(prog.void_type()), prog.pointer_type(C), prog.pointer_type(prog.pointer_type(I))
A, A0, AI, AA = prog.array_type(I, 5), prog.array_type(I, 0), prog.array_type(I), prog.array_type(prog.array_type(I, 3), 2)
CA = prog.array_type(C, 8)
pt = prog.struct_type("point", 8, (TypeMember(I, "x", 0), TypeMember(I, "y", 32)))
ln = prog.struct_type("line", 16, (TypeMember(pt, "a", 0), TypeMember(pt, "b", 64)))
em = prog.struct_type("empty", 0, ())
un = prog.union_type("u", 4, (TypeMember(I, "i", 0), TypeMember(prog.array_type(UC, 4), "c", 0)))
cl = prog.class_type("cls", 4, (TypeMember(I, "i", 0),))
an = prog.struct_type("an", 16, (TypeMember(prog.struct_type(None, 4, (TypeMember(I, "p", 0),)), None, 0), TypeMember(prog.union_type(None, 4, (TypeMember(I, "q", 0), TypeMember(F, "r", 0))), None, 32), TypeMember(prog.struct_type(None, 8, (TypeMember(I, "m", 0), TypeMember(I, "n", 32))), "named", 64)))
bf = prog.struct_type("bf", 8, (TypeMember(Object(prog, U, bit_field_size=4), "a", 0), TypeMember(Object(prog, I, bit_field_size=12), "b", 4), TypeMember(Object(prog, I, bit_field_size=4), None, 16), TypeMember(Object(prog, UL, bit_field_size=40), "c", 20)))
mix = prog.struct_type("mix", 96, (TypeMember(CP, "name", 0), TypeMember(CA, "buf", 64), TypeMember(A, "arr", 128), TypeMember(E, "e", 288), TypeMember(B, "b", 320), TypeMember(C, "ch", 328), TypeMember(D, "d", 384), TypeMember(pt, "pt", 448), TypeMember(prog.array_type(pt, 2), "pts", 512), TypeMember(P, "p", 640), TypeMember(prog.pointer_type(pt), "sp", 704)))
rec = prog.struct_type("rec", 16, (TypeMember(lambda: prog.pointer_type(rec), "next", 0), TypeMember(I, "v", 64)))
flex = prog.struct_type("flex", 4, (TypeMember(I, "n", 0), TypeMember(AI, "data", 32)))
SI, UI = prog.struct_type("incs"), prog.union_type("incu")
holdi = prog.struct_type("holdi", 8, (TypeMember(I, "n", 0), TypeMember(SI, "s", 32)))
FN = prog.function_type(prog.void_type(), ())
TD, TDI = prog.typedef_type("point_t", pt), prog.typedef_type("u32", U)
TDC = prog.typedef_type("ch", C)
CI = prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST)
R = lambda t, a=0x1000, **k: Object(prog, t, address=a, **k)
V = lambda t, v, **k: Object(prog, t, v, **k)
z = V(mix, {"name": 0x1080, "buf": b"ab", "arr": [0, 1, 0, 0, 2], "e": 1, "b": 1, "ch": 65, "d": 1.5, "pt": {"x": 1}, "pts": [{}, {"y": -1}], "p": 0x1004, "sp": 0x1008})
objs = {"i": V(I, 5), "neg": V(I, -5), "u": V(U, 5), "zero": V(I, 0), "ul": V(UL, 2**64 - 1), "c": V(C, 65), "c0": V(C, 0), "cneg": V(C, -1), "sc": V(SC, 39), "uc": V(UC, 200), "tdc": V(TDC, 10), "b": V(B, 1), "b0": V(B, 0), "f": V(F, 1.1), "d": V(D, 1e20), "dz": V(D, -0.0),
    "dn": V(D, float("nan")), "di": V(D, float("-inf")), "ds": V(D, 1e-7), "d1": V(D, 0.1), "dw": V(D, 5.0), "db": V(D, 1e300), "e": V(E, 0), "e1": V(E, 1), "e9": V(E, 9), "es": V(ES, -1), "es2": V(ES, 3), "p": V(P, 0x1004), "p0": V(P, 0), "pb": V(P, 0x9000), "vp": V(VP, 0x1004), "vp2": V(VP, 0x9000),
    "cp": V(CP, 0x1080), "cp2": V(CP, 0x1083), "cp3": V(CP, 0x9000), "cp4": V(CP, 0), "cpc": V(prog.pointer_type(C, qualifiers=Qualifiers.CONST), 0x1080), "ucp": V(prog.pointer_type(UC), 0x1080), "tcp": V(prog.pointer_type(TDC), 0x1080), "ccp": V(prog.pointer_type(prog.int_type("char", 1, True, qualifiers=Qualifiers.CONST)), 0x1080), "pp": V(PP, 0x5008), "sp": V(prog.pointer_type(pt), 0x1000), "spb": V(prog.pointer_type(pt), 0x9000),
    "psi": V(prog.pointer_type(SI), 0x1000), "fp": V(prog.pointer_type(FN), 0x1000), "fp2": V(prog.pointer_type(FN), 0x9000), "pa": V(prog.pointer_type(A), 0x1000), "pca": V(prog.pointer_type(CA), 0x1080), "fn": R(FN), "fn2": R(FN, 0x9000), "a": V(A, [0, 1, 0, 3]), "az": V(A, []), "a0": V(A0, []), "ai": R(AI), "aa": V(AA, [[1, 2], [0, 3]]), "ra": R(A), "ca": V(CA, b"ab"), "caf": V(CA, b"abcdefgh"), "caz": V(CA, b""), "caesc": R(prog.array_type(C, 17), 0x1083),
    "uca": V(prog.array_type(UC, 3), b"ab"), "tca": V(prog.array_type(TDC, 3), b"ab"), "ca2": V(prog.array_type(CA, 2), [b"ab", b"c"]), "cai": R(prog.array_type(C), 0x1080), "pt": V(pt, {"x": 1}), "ptz": V(pt, {}), "rpt": R(pt), "ln": V(ln, {"b": {"y": 2}}), "em": V(em, {}), "un": V(un, {"i": 0x01020304}), "cl": V(cl, {"i": 3}), "an": V(an, {"p": 1, "q": 2, "named": {"n": 3}}), "bf": R(bf), "mix": z, "rec": R(rec), "flex": R(flex),
    "td": V(TD, {"x": 1}), "tdi": V(TDI, 7), "ci": V(CI, 3), "bfv": V(I, -3, bit_field_size=4), "bitref": R(U, bit_offset=4, bit_field_size=8), "pts": V(prog.array_type(pt, 3), [{}, {"x": 1}]), "ap": V(prog.array_type(P, 3), [0x1004, 0, 0x9000]), "acp": V(prog.array_type(CP, 2), [0x1080, 0x9000]), "ad": V(prog.array_type(D, 3), [1.5, 0, -0.0]), "ae": V(prog.array_type(E, 3), [0, 1, 7]), "ab": V(prog.array_type(B, 2), [1, 0]), "absent": Object(prog, I), "absents": Object(prog, pt, absence_reason=AbsenceReason.OPTIMIZED_OUT),
    "si": R(SI), "ei": R(EI), "void": R(prog.void_type()), "fault": R(I, 0x9000), "faults": R(pt, 0x9000), "ld": R(prog.float_type("long double", 16)), "apt": V(prog.array_type(prog.array_type(pt, 1), 2), []), "a1": V(prog.array_type(I, 1), [0]), "pta": V(prog.struct_type("s", 12, (TypeMember(prog.array_type(I, 3), "v", 0),)), {"v": [1]})}
options = ["dereference", "symbolize", "string", "char", "type_name", "member_type_names", "element_type_names", "members_same_line", "elements_same_line", "member_names", "element_indices", "implicit_members", "implicit_elements"]
def result(o, **k):
    try:
        return o.format_(**k)
    except BaseException as e:
        return f"! {type(e).__name__}: {e}".replace("_drgn.", "drgn.")
for n, o in objs.items(): print(f">>> {n}\n{result(o)}")
for opt in options:
    for n, o in objs.items():
        for v in (True, False): (result(o, **{opt: v}) != result(o)) and print(f">>> {n} {opt}={v}\n{result(o, **{opt: v})}")
for n, o in objs.items():
    for base in (8, 16): print(f">>> {n} base {base}\n{result(o, integer_base=base)}")
for n in ("a", "aa", "pt", "ln", "mix", "pts", "ap", "an", "em", "az", "sp", "pta", "ca2", "bf"):
    for cols in (0, 1, 20, 30, 36, 44, 60, 80, 1000): print(f">>> {n} columns {cols}\n{result(objs[n], columns=cols)}\n{result(objs[n], columns=cols, members_same_line=True)}\n{result(objs[n], columns=cols, elements_same_line=False, element_indices=True)}\n{result(objs[n], columns=cols, implicit_members=False, member_names=False, members_same_line=True)}\n{result(objs[n], columns=cols, type_name=False, member_type_names=False, members_same_line=True, implicit_elements=True)}")
import itertools
pairs = list(itertools.combinations(options, 2))
for n in ("mix", "aa", "an", "sp"):
    for x, y in pairs[::2]:
        for vx, vy in ((True, True), (True, False), (False, True), (False, False)): print(f">>> {n} {x}={vx} {y}={vy}\n{result(objs[n], columns=50, **{x: vx, y: vy})}")
V(I, 5).format_(columns=None)
V(I, 5).format_(columns=-1)
V(I, 5).format_(columns=2**64)
V(I, 5).format_(columns="x")
V(I, 5).format_(integer_base=7)
V(I, 5).format_(integer_base=0)
V(I, 5).format_(integer_base=None)
V(I, 5).format_(integer_base="x")
V(I, 5).format_(type_name=None)
V(I, 5).format_(type_name="x")
V(I, 5).format_(type_name=0)
V(I, 5).format_(nope=1)
V(I, 5).format_(5)
str(V(prog.array_type(C, 3), b"a'\""))
str(V(C, 39))
V(C, 39).format_(char=True)
V(C, 34).format_(char=True)
V(C, 92).format_(char=True)
V(C, 0).format_(char=True)
V(UC, 255).format_(char=True)
V(C, -1).format_(char=True)
V(C, 1).format_(char=True)
V(C, 27).format_(char=True)
V(prog.array_type(C, 3), b"a'\"").format_(string=False, char=True)
V(TDC, 65).format_(char=True)
V(prog.int_type("char", 1, False), 65).format_(char=True)
V(prog.int_type("u8", 1, False), 65).format_(char=True)
V(C, 65, bit_field_size=7).format_(char=True)
V(prog.int_type("i24", 3, True), -1)
str(V(prog.int_type("i24", 3, True), -1))
V(prog.int_type("i24", 3, True), -1).format_(integer_base=16)
V(I, -255).format_(integer_base=16)
V(I, -8).format_(integer_base=8)
V(I, 0).format_(integer_base=16)
V(I, 0).format_(integer_base=8)
V(prog.int_type("u128", 16, False), 2**100).format_(integer_base=16)
V(prog.int_type("u128", 16, False), 2**100).format_()
V(prog.int_type("u128", 16, False), 2**100).format_(integer_base=8)
len(R(prog.array_type(I, 2**40), 0x1000).format_(type_name=False)) > 0 if False else None
str(R(prog.array_type(I, 2**61)))
str(R(prog.array_type(em, 4), 0x1000))
R(prog.array_type(em, 4), 0x1000).format_(implicit_elements=True)
R(prog.array_type(pt, 2), 0x1000).format_(members_same_line=True)
R(holdi).format_()
R(ln, 0x11f8).format_()
