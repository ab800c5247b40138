# Which pointers and values become others by assignment: every type of a list against every other.
from drgn import *
from mock import LE64

P = Program(LE64)
i, l, u, c = P.int_type("int", 4, True), P.int_type("long", 8, True), P.int_type("unsigned int", 4, False), P.int_type("char", 1, True)
C, V = Qualifiers.CONST, Qualifiers.VOLATILE
void, A, T, p = P.void_type(), P.array_type, P.typedef_type, P.pointer_type


def param(type, name=None):
    return TypeParameter(type, name)


def reel(name="reel", size=8):
    return P.struct_type(name, size, (TypeMember(i, "r"), TypeMember(i, "s", 32)))


def union():
    return P.union_type("reel", 4, (TypeMember(i, "r"),))


def hue(type=u, value=0, name="hue"):
    return P.enum_type(name, type, (TypeEnumerator("RED", value),))


def F(ret, *parameters, va=False):
    return P.function_type(ret, parameters, va)


types = {
    "void": void, "int": i, "int_": P.int_type("int", 4, True), "ib": P.int_type("int", 4, True, "big"), "i2": P.int_type("int", 8, True),
    "s4": P.int_type("sint", 4, True), "long": l, "uint": u, "char": c, "uchar": P.int_type("unsigned char", 1, False),
    "bool": P.bool_type("_Bool", 1), "dbl": P.float_type("double", 8), "cint": i.qualified(C), "vint": i.qualified(V),
    "tint": T("tint", i), "tcint": T("tcint", i.qualified(C)), "ctint": T("tint", i).qualified(C),
    "reel": reel(), "reel2": reel(), "reel16": reel(size=16), "reeldecl": P.struct_type("reel"), "other": reel("other"),
    "anon": reel(None), "anon2": reel(None), "unreel": union(), "unreel2": union(),
    "clreel": P.class_type("reel", 8, (TypeMember(i, "r"), TypeMember(i, "s", 32))), "creel": reel().qualified(C),
    "reelm": P.struct_type("reel", 8, (TypeMember(l, "r"),)), "treel": T("treel", reel()),
    "hue": hue(), "hue2": hue(), "huev": hue(value=1), "huei": hue(i), "huel": hue(l), "huedecl": P.enum_type("hue"),
    "hen": hue(name="hen"), "henu": hue(name=None), "henu2": hue(name=None),
    "a3": A(i, 3), "a4": A(i, 4), "ai": A(i, None), "a0": A(i, 0), "al3": A(l, 3), "ac3": A(i.qualified(C), 3), "ar3": A(reel(), 3),
    "ar3b": A(reel(), 3), "aa": A(A(i, None), 2), "aa3": A(A(i, 3), 2), "ahue": A(hue(), 3), "au3": A(u, 3),
    "f": F(i), "fi": F(i, param(i)), "fin": F(i, param(i, "x")), "fl": F(i, param(l)), "fci": F(i, param(i.qualified(C))), "fva": F(i, va=True),
    "fiva": F(i, param(i), va=True), "fvi": F(void, param(i)), "fti": F(T("tint", i), param(T("tint", i))), "fh": F(i, param(hue())),
    "fu": F(i, param(u)), "fpr": F(i, param(p(reel()))), "fpr2": F(i, param(p(reel()))), "fpc": F(i, param(p(reel().qualified(C)))),
    "fpd": F(i, param(p(P.struct_type("reel")))), "fa3": F(i, param(A(i, 3))), "fpi": F(i, param(p(i))),
    "fpf": F(i, param(p(F(i, param(i))))), "fpf2": F(i, param(p(F(i, param(i, "n"))))), "fii": F(i, param(i), param(i)), "fpvoid": F(i, param(p(void))),
    "pi": p(i), "pi2": p(P.int_type("int", 4, True)), "pci": p(i.qualified(C)), "cpi": p(i).qualified(C), "pv": p(void), "pcv": p(void.qualified(C)),
    "pr": p(reel()), "prd": p(P.struct_type("reel")), "pi4": p(i, 4), "pib": p(i, 8, "big"), "pu": p(u), "ph": p(hue()),
}
REFERENCES = (TypeKind.FUNCTION, TypeKind.ARRAY, TypeKind.STRUCT, TypeKind.UNION, TypeKind.CLASS)


def converts(to, object):
    try:
        implicit_convert(to, object)
    except TypeError:
        return False
    return True


def pointers(name):
    return " ".join(n for n, type in types.items() if converts(p(types[name]), Object(P, p(type), 8)))


def value(type):
    return Object(P, type, address=8) if type.unaliased_kind() in REFERENCES else Object(P, type, 8)


def values(name):
    left_out = "void", "huedecl", "aa"
    return " ".join(n for n, type in types.items() if n not in left_out and converts(types[name], value(type)))


pointers("void")
pointers("int")
pointers("int_")
pointers("ib")
pointers("i2")
pointers("s4")
pointers("long")
pointers("uint")
pointers("char")
pointers("uchar")
pointers("bool")
pointers("dbl")
pointers("cint")
pointers("vint")
pointers("tint")
pointers("tcint")
pointers("ctint")
pointers("reel")
pointers("reel2")
pointers("reel16")
pointers("reeldecl")
pointers("other")
pointers("anon")
pointers("anon2")
pointers("unreel")
pointers("unreel2")
pointers("clreel")
pointers("creel")
pointers("reelm")
pointers("treel")
pointers("hue")
pointers("hue2")
pointers("huev")
pointers("huei")
pointers("huel")
pointers("huedecl")
pointers("hen")
pointers("henu")
pointers("henu2")
pointers("a3")
pointers("a4")
pointers("ai")
pointers("a0")
pointers("al3")
pointers("ac3")
pointers("ar3")
pointers("ar3b")
pointers("aa")
pointers("aa3")
pointers("ahue")
pointers("au3")
pointers("f")
pointers("fi")
pointers("fin")
pointers("fl")
pointers("fci")
pointers("fva")
pointers("fiva")
pointers("fvi")
pointers("fti")
pointers("fh")
pointers("fu")
pointers("fpr")
pointers("fpr2")
pointers("fpc")
pointers("fpd")
pointers("fa3")
pointers("fpi")
pointers("fpf")
pointers("fpf2")
pointers("fii")
pointers("fpvoid")
pointers("pi")
pointers("pi2")
pointers("pci")
pointers("cpi")
pointers("pv")
pointers("pcv")
pointers("pr")
pointers("prd")
pointers("pi4")
pointers("pib")
pointers("pu")
pointers("ph")
values("int")
values("bool")
values("dbl")
values("tcint")
values("reel")
values("reel2")
values("reel16")
values("reeldecl")
values("creel")
values("treel")
values("unreel")
values("clreel")
values("hue")
values("huei")
values("huedecl")
values("a3")
values("fi")
values("pi")
values("pci")
values("cpi")
values("pv")
values("pcv")
values("pr")
values("prd")
values("pi4")
values("pu")
values("ph")
implicit_convert(p(reel("other")), Object(P, p(reel()), 8))
implicit_convert(p(F(i, param(l))), Object(P, p(F(i, param(i))), 8))
implicit_convert(reel(), Object(P, reel(), {"r": 1}))
implicit_convert(reel(), Object(P, reel(), absence_reason=AbsenceReason.OTHER))
implicit_convert(p(F(i, param(i, "x"))), Object(P, F(i, param(i)), address=8))


def cycle():
    f = P.function_type(void, (TypeParameter(lambda: p(f)), TypeParameter(lambda: p(f))))
    return f


f1, f2 = cycle(), cycle()
implicit_convert(p(f1), Object(P, p(f2), 8)).value_()
endless = P.function_type(void, (TypeParameter(lambda: p(cycle())),))
