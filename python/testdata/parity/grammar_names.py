# What types are called: names, declarations, definitions and reprs of every shape.
import itertools
from drgn import *
from grammar import program, result

prog, named = program()
Q = Qualifiers
NQ = (Q.NONE, Q.CONST, Q.VOLATILE, Q.RESTRICT, Q.ATOMIC, Q.CONST | Q.VOLATILE, Q.CONST | Q.VOLATILE | Q.RESTRICT | Q.ATOMIC)
i = prog.int_type("int", 4, True)
u = prog.int_type("unsigned int", 4, False)
v = prog.void_type()
f = prog.float_type("double", 8)
b = prog.bool_type("_Bool", 1)
st = prog.struct_type("point", 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32)))
an = prog.struct_type(None, 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32)))
un = prog.union_type("u", 4, (TypeMember(i, "i"), TypeMember(u, "u")))
aun = prog.union_type(None, 4, (TypeMember(i, "i"),))
cl = prog.class_type("k", 4, (TypeMember(i, "i"),))
acl = prog.class_type(None, 4, (TypeMember(i, "i"),))
en = prog.enum_type("color", u, (TypeEnumerator("RED", 0), TypeEnumerator("BLUE", 2**32 - 1)))
aen = prog.enum_type(None, i, (TypeEnumerator("NEG", -1),))
een = prog.enum_type("none", i, ())
ist, iun, icl, ien, iast, iaen = prog.struct_type("s"), prog.union_type("u"), prog.class_type("k"), prog.enum_type("e"), prog.struct_type(None), prog.enum_type(None)
est = prog.struct_type("empty", 0, ())
aest = prog.struct_type(None, 0, ())
td = prog.typedef_type("td", st)
tda = prog.typedef_type("tda", an)
tde = prog.typedef_type("tde", aen)
fn = prog.function_type(v, ())
fnv = prog.function_type(i, (TypeParameter(i, "a"), TypeParameter(prog.pointer_type(v), None)), True)
fnp = prog.function_type(prog.pointer_type(i), (TypeParameter(prog.pointer_type(fn), "cb"),))
vnp = prog.function_type(v, (), True)
P, A = prog.pointer_type, prog.array_type
tdf = prog.typedef_type("fn_t", fnv)
tdp = prog.typedef_type("fnp_t", P(fn))
tdr = prog.typedef_type("arr_t", A(i, 3))
base = {"i": i, "v": v, "f": f, "b": b, "st": st, "an": an, "un": un, "aun": aun, "cl": cl, "acl": acl, "en": en, "aen": aen, "een": een, "ist": ist, "iun": iun, "icl": icl, "ien": ien, "iast": iast, "iaen": iaen, "est": est, "aest": aest, "td": td, "tda": tda, "tde": tde, "fn": fn, "fnv": fnv, "fnp": fnp, "vnp": vnp, "tdf": tdf, "tdp": tdp, "tdr": tdr}

def shown(label, t):
    print(f">>> {label}: name\n{result(t.type_name)}")
    for n in ("x", None): print(f">>> {label}: declaration of {n!r}\n{result(lambda: t.variable_declaration(*([n] if n is not None else [])))}")
    print(f">>> {label}: str\n{result(lambda: str(t))}")
    print(f">>> {label}: repr\n{result(lambda: repr(t))}")
unknown = ("iast", "iaen") # they have no definition and no name: below
for label, t in base.items(): shown(label, t) if label not in unknown else None
for label, t in base.items():
    for q in NQ[1:]: label in unknown or print(f">>> {label} {q}\n{result(lambda: t.qualified(q).type_name())}\n{result(lambda: t.qualified(q).variable_declaration('x'))}\n{result(lambda: str(t.qualified(q)))}")
# Pointers, arrays and functions around each other, three deep; no function around what it cannot return.
def around(t):
    yield "P", lambda: P(t)
    yield "Pc", lambda: P(t, qualifiers=Q.CONST)
    yield "A2", lambda: A(t, 2)
    yield "A", lambda: A(t)
    yield "F", lambda: prog.function_type(t, ())
    yield "Fi", lambda: prog.function_type(t, (TypeParameter(i, "n"),), True)
def deep(label, t, n):
    print(f">>> {label}\n{result(t.type_name)}\n{result(lambda: t.variable_declaration('x'))}")
    if n:
        for l, make in around(t):
            if t.kind == TypeKind.FUNCTION and l[0] in "FA" or t.kind == TypeKind.ARRAY and l[0] == "F": continue
            deep(f"{l} {label}", make(), n - 1)
for label in ("i", "an", "td", "fnv", "en"): deep(label, base[label], 3)
# Members of every kind, in a structure that is written out.
def struct(*members, tag="all"): return prog.struct_type(tag, 64, tuple(TypeMember(m[0], m[1], n * 64) for n, m in enumerate(members)))
for label, t in base.items(): label in unknown or print(f">>> member {label}\n{result(lambda: str(struct((t, 'm'), (i if t.kind == TypeKind.FUNCTION else t, None))))}\n{result(lambda: repr(struct((t, 'm'))))}")
for label, t in base.items(): print(f">>> pointers {label}\n{result(lambda: str(struct((P(t), 'p'), (P(P(t)), 'pp'))))}")
for label, t in base.items():
    if t.kind not in (TypeKind.FUNCTION, TypeKind.VOID) and t.is_complete() and label != "tdf": print(f">>> arrays {label}\n{result(lambda: str(struct((A(t, 2), 'a'), (A(A(t, 3)), 'aa'), (P(A(t, 4)), 'pa'), (A(P(t), 5), 'ap'))))}")
for label, t in base.items(): print(f">>> typedef {label}\n{result(lambda: str(prog.typedef_type('T', t)))}\n{result(lambda: str(prog.typedef_type('T', t, qualifiers=Q.CONST)))}\n{result(lambda: prog.typedef_type('T', t).variable_declaration('x'))}\n{result(lambda: repr(prog.typedef_type('T', t)))}")
for label, t in base.items(): print(f">>> parameter {label}\n{result(lambda: prog.function_type(v, (TypeParameter(t, 'p'), TypeParameter(i if t.kind == TypeKind.FUNCTION else t))).type_name())}\n{result(lambda: str(prog.function_type(t, (TypeParameter(t, 'p'),))))}")
# Structures in structures, without names.
inner = prog.struct_type(None, 8, (TypeMember(aun, None, 0), TypeMember(aen, "e", 32)))
str(prog.struct_type("outer", 16, (TypeMember(inner, None, 0), TypeMember(inner, "named", 64), TypeMember(A(inner, 2), "arr", 128), TypeMember(P(inner), "ptr", 256))))
str(prog.struct_type(None, 16, (TypeMember(inner, None, 0),)))
str(prog.union_type(None, 16, (TypeMember(inner.qualified(Q.CONST), None, 0), TypeMember(inner.qualified(Q.VOLATILE), "n", 0))))
str(prog.typedef_type("T", prog.struct_type(None, 16, (TypeMember(inner, None, 0),))))
inner.variable_declaration("x")
print(inner.variable_declaration("x"))
P(inner).variable_declaration("x")
A(inner, 2).variable_declaration("x")
prog.typedef_type("T", inner).variable_declaration("x")
# Bit-fields.
bf = lambda t, n: Object(prog, t, bit_field_size=n)
bits = prog.struct_type("bits", 8, (TypeMember(bf(i, 3), "a", 0), TypeMember(bf(u, 5), "b", 3), TypeMember(bf(u, 1), None, 8), TypeMember(bf(b, 1), "c", 9), TypeMember(bf(en, 4), "d", 10), TypeMember(bf(td, 4) if 0 else bf(prog.typedef_type("INT", i), 7), "e", 16), TypeMember(bf(i.qualified(Q.CONST), 7), "f", 24)))
str(bits)
bits
bits.members
# Names that C has not.
for n in (" ", "a b", "*", "é", "(x)", "x[2]", "x;", "int", "9", "a\nb"): print(f">>> odd {n!r}\n{result(lambda: i.variable_declaration(n))}\n{result(lambda: P(A(i, 2)).variable_declaration(n))}\n{result(lambda: prog.struct_type(n).type_name())}\n{result(lambda: prog.typedef_type(n, i).type_name())}\n{result(lambda: str(prog.struct_type('s', 8, (TypeMember(i, n),))))}\n{result(lambda: str(prog.enum_type('s', i, (TypeEnumerator(n, 1),))))}\n{result(lambda: prog.int_type(n, 4, True).type_name())}\n{result(lambda: repr(prog.typedef_type(n, i)))}")
i.variable_declaration(5)
i.variable_declaration(None)
i.variable_declaration(name="x")
# No definition, no name: what is there is shown.
iast.type_name(), iaen.type_name(), str(iast), repr(iaen), P(iast).variable_declaration("x")
iast.variable_declaration("x")
iaen.variable_declaration("x")
str(struct((iast, "m")))
i.variable_declaration("")
A(i, 2).variable_declaration("")
P(A(i, 2)).variable_declaration("")
# Functions without a name.
str(struct((fn, None)))
prog.function_type(v, (TypeParameter(fn),)).type_name()
prog.function_type(v, (TypeParameter(P(fn)),)).type_name()
# Enumerators: both signs, large.
for t in (prog.int_type("signed char", 1, True), prog.int_type("unsigned char", 1, False), prog.int_type("long", 8, True), prog.int_type("unsigned long", 8, False)): print(f">>> enumerators {t.name}\n" + "\n".join(result(lambda: str(prog.enum_type("e", t, (TypeEnumerator("A", n),)))) + result(lambda: repr(prog.enum_type("e", t, (TypeEnumerator("A", n),)))) for n in (0, 1, -1, 127, 128, 255, -128, 2**31, -2**31, 2**63 - 1, 2**63, -2**63, 2**64 - 1)))
# A type that holds pointers to itself, and deep ones.
node = prog.struct_type("node", 16, (TypeMember(lambda: P(node), "next", 0), TypeMember(lambda: P(prog.function_type(v, (TypeParameter(P(node), "n"),))), "fn", 64)))
str(node)
node
long = i
for n in range(200): long = P(long)
long.type_name()
long.variable_declaration("x") == "int " + "*" * 200 + "x"
long = i
for n in range(100): long = A(long, n)
len(long.type_name()), len(long.variable_declaration("x"))
long = fn
for n in range(60): long = prog.function_type(P(long), ())
long.type_name() if 0 else len(long.type_name())
