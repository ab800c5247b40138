import collections.abc, copy, pickle
from drgn import *
from mock import *
prog = Program(LE64)
other = Program(LE64)
i = prog.int_type("int", 4, True)
u = prog.int_type("unsigned int", 4, False)
# TypeMember.
m = TypeMember(i, "x", 0)
m
m.type, m.name, m.bit_offset, m.offset, m.bit_field_size, m.object
TypeMember(i)
TypeMember(i).name
TypeMember(i, None)
TypeMember(i, "")
TypeMember(i, "").name
TypeMember(i, "x", 4).bit_offset
TypeMember(i, "x", 4).offset
TypeMember(i, "x", 64).offset
TypeMember(i, "x", -1)
TypeMember(i, "x", 2**64)
TypeMember(i, "x", 2**64 - 1).bit_offset
TypeMember(i, "x", "1")
TypeMember(i, 5)
TypeMember(object_or_type=i, name="x", bit_offset=8)
TypeMember(i, name="x")
TypeMember()
TypeMember(None, "x")
TypeMember("int", "x")
TypeMember(5, "x")
TypeMember(Object(prog, i, bit_field_size=4), "x", 4)
bm = TypeMember(Object(prog, i, bit_field_size=4), "x", 4)
bm.type, bm.bit_field_size, bm.object, bm.bit_offset
bm.offset
TypeMember(Object(prog, i, 4), "x")
TypeMember(Object(prog, i, address=4), "x")
TypeMember(Object(prog, i), "x").bit_field_size
TypeMember(Object(prog, i), "x").object
TypeMember(i, "x", 0) == TypeMember(i, "x", 0)
TypeMember(i, "x", 0) == TypeMember(i, "y", 0)
TypeMember(i, "x", 0) == TypeMember(i, "x", 8)
TypeMember(i, "x", 0) == TypeMember(u, "x", 0)
TypeMember(i, "x", 0) == 5
m == m
hash(m) == hash(TypeMember(i, "x", 0))
m < m
m.name = "y"
m.bogus
calls = []
def late(): calls.append(1); return i
lm = TypeMember(late, "x", 0)
calls
repr(lm)
calls
lm.type, lm.type, lm.object
calls
TypeMember(lambda: Object(prog, i, bit_field_size=3), "x").bit_field_size
TypeMember(lambda: 5, "x")
TypeMember(lambda: 5, "x").type
TypeMember(lambda: None, "x").object
TypeMember(lambda: (lambda: i), "x").type
TypeMember(lambda: Object(prog, i, 5), "x").type
TypeMember(lambda: 1 / 0, "x").type
TypeMember(lambda: 1 / 0, "x").bit_field_size
repr(TypeMember(lambda: 1 / 0, "x"))
TypeMember(lambda: 1 / 0, "x").name
TypeMember(lambda x: i, "x").type
fail = []
def flaky():
    if not fail:
        fail.append(1)
        raise KeyError("first")
    return i
fm = TypeMember(flaky, "x")
fm.type
fm.type
st = prog.struct_type("s", 4, (TypeMember(lambda: other.int_type("int", 4, True), "x"),))
st.members[0].type
st.members[0].type.prog is other
Object(prog, st, address=0).x
st2 = prog.struct_type("s", 4, (TypeMember(lambda: 1 / 0, "x"),))
repr(st2)
str(st2)
st2.members[0]
Object(prog, st2, address=0).x
st2.member("x").name
st2.member("x").type
st3 = prog.struct_type("s", 4, (TypeMember(lambda: 5, "x"),))
st3.members[0].type
st3.has_member("x")
Object(prog, st3, address=0).x
node = prog.struct_type("node", 16, (TypeMember(i, "v"), TypeMember(lambda: prog.pointer_type(node), "next", 64)))
node
str(node)
node.members[1].type.type == node
rec = prog.struct_type("rec", 16, (TypeMember(lambda: rec, "self"),))
str(rec)
rec.member("self").type
inf = prog.struct_type("inf", 16, (TypeMember(lambda: inf),))
inf.has_member("x")
inf.member("x")
# TypeEnumerator.
e = TypeEnumerator("RED", 0)
e, e.name, e.value, len(e), e[0], e[1], e[-1], e[-2], list(e), tuple(e)
e[2]
e[-3]
e["x"]
e[0:1]
name, value = e
name, value
TypeEnumerator("a", -5), TypeEnumerator("a", -5).value
TypeEnumerator("a", 2**64 - 1).value
TypeEnumerator("a", 2**64)
TypeEnumerator("a", -(2**63)).value
TypeEnumerator("a", -(2**63) - 1)
TypeEnumerator("a", 1.5)
TypeEnumerator("a", "1")
TypeEnumerator("a", True)
TypeEnumerator(1, 1)
TypeEnumerator(None, 1)
TypeEnumerator("a")
TypeEnumerator()
TypeEnumerator(name="a", value=1)
TypeEnumerator("a", 1) == TypeEnumerator("a", 1)
TypeEnumerator("a", 1) == TypeEnumerator("b", 1)
TypeEnumerator("a", 1) == TypeEnumerator("a", 2)
TypeEnumerator("a", -1) == TypeEnumerator("a", 2**64 - 1)
TypeEnumerator("a", 1) != TypeEnumerator("a", 1)
TypeEnumerator("a", 1) == ("a", 1)
TypeEnumerator("a", 1) < TypeEnumerator("a", 2)
hash(TypeEnumerator("a", 1)) == hash(TypeEnumerator("a", 1))
isinstance(e, collections.abc.Sequence)
"RED" in e
e.name = "x"
# TypeParameter.
pr = TypeParameter(i, "n")
pr, pr.type, pr.name, pr.default_argument
TypeParameter(i), TypeParameter(i).name, TypeParameter(i, None), TypeParameter(i, "")
TypeParameter(Object(prog, i, 5), "n"), TypeParameter(Object(prog, i, 5), "n").default_argument, TypeParameter(Object(prog, i, 5), "n").type
TypeParameter(lambda: i, "n"), TypeParameter(lambda: i, "n").type
TypeParameter(lambda: Object(prog, i, 5), "n").default_argument
TypeParameter(lambda: 5).type
TypeParameter(lambda: 5).default_argument
TypeParameter()
TypeParameter(5)
TypeParameter("int")
TypeParameter(i, 5)
TypeParameter(Object(prog, i, bit_field_size=4), "n")
TypeParameter(default_argument_or_type=i, name="x")
pr == TypeParameter(i, "n")
# TypeTemplateParameter.
tp = TypeTemplateParameter(i, "T")
tp, tp.argument, tp.name, tp.is_default
TypeTemplateParameter(i), TypeTemplateParameter(i, None, True), TypeTemplateParameter(i, is_default=True).is_default
TypeTemplateParameter(Object(prog, i, 5), "N"), TypeTemplateParameter(Object(prog, i, 5), "N").argument
TypeTemplateParameter(lambda: i, "T"), TypeTemplateParameter(lambda: i, "T").argument
TypeTemplateParameter(lambda: Object(prog, i, 5), "T").argument
TypeTemplateParameter(lambda: 5, "T").argument
TypeTemplateParameter(Object(prog, i), "T").argument
TypeTemplateParameter(Object(prog, i, bit_field_size=4), "T").argument
TypeTemplateParameter()
TypeTemplateParameter(5)
TypeTemplateParameter(i, 5)
TypeTemplateParameter(i, "T", 5).is_default
TypeTemplateParameter(argument=i, name="T", is_default=False)
# Finding members.
inner = prog.struct_type(None, 8, (TypeMember(i, "a", 0), TypeMember(i, "b", 32)))
deep = prog.union_type(None, 8, (TypeMember(inner, None, 0), TypeMember(i, "c", 0)))
outer = prog.struct_type("outer", 24, (TypeMember(i, "x", 0), TypeMember(deep, None, 64), TypeMember(Object(prog, u, bit_field_size=3), "bf", 130), TypeMember(inner, "named", 128)))
str(outer)
outer.member("x"), outer.member("a"), outer.member("b"), outer.member("c"), outer.member("bf")
outer.member("b").bit_offset, outer.member("b").offset, outer.member("bf").bit_field_size
outer.member("b").name
outer.member("named")
outer.member("nope")
outer.member("named.a")
outer.member("")
outer.member(5)
outer.member()
outer.member(name="x")
inner.member("nope")
i.member("x")
prog.struct_type("inc").member("x")
prog.typedef_type("T", outer).member("x")
prog.pointer_type(outer).member("x")
[outer.has_member(n) for n in ("x", "a", "b", "c", "bf", "named", "nope", "")]
outer.has_member(5)
i.has_member("x")
prog.struct_type("inc").has_member("x")
prog.typedef_type("T", outer).has_member("x")
prog.pointer_type(outer).has_member("x")
outer.members[0] == outer.member("x")
outer.members is outer.members
type(outer.members)
isinstance(outer.members, collections.abc.Sequence)
# Names.
[t.type_name() for t in (i, outer, inner, prog.pointer_type(outer), prog.array_type(i, 2), prog.array_type(i), prog.typedef_type("T", i), prog.void_type())]
outer.variable_declaration("v")
inner.variable_declaration("v")
prog.array_type(prog.pointer_type(i), 2).variable_declaration("v")
prog.pointer_type(prog.array_type(i, 2)).variable_declaration("v")
prog.pointer_type(prog.function_type(i, (TypeParameter(i, "a"), TypeParameter(prog.pointer_type(outer), "b")), True)).variable_declaration("v")
prog.function_type(i, ()).variable_declaration("v")
prog.function_type(prog.pointer_type(prog.array_type(i, 3)), (TypeParameter(prog.array_type(i, 2), "z"),)).variable_declaration("v")
prog.array_type(prog.array_type(prog.pointer_type(prog.pointer_type(i)), 3), 2).variable_declaration("v")
prog.array_type(inner, 2).variable_declaration("v")
prog.pointer_type(inner).type_name()
prog.pointer_type(prog.pointer_type(inner)).type_name()
i.variable_declaration("")
i.variable_declaration()
i.variable_declaration(5)
i.variable_declaration(name="x")
prog.pointer_type(i, qualifiers=Qualifiers.CONST).variable_declaration("v")
prog.array_type(i, 2, qualifiers=Qualifiers.CONST).variable_declaration("v")
prog.function_type(prog.function_type(i, ()), ()).type_name()
prog.function_type(prog.array_type(i, 2), ()).type_name()
prog.array_type(prog.function_type(i, ()), 2).type_name()
prog.array_type(prog.void_type(), 2).type_name()
str(prog.function_type(prog.void_type(), ()))
str(prog.function_type(prog.void_type(), (TypeParameter(prog.void_type()),)))
str(prog.struct_type("s", 16, (TypeMember(prog.array_type(prog.pointer_type(prog.function_type(i, (TypeParameter(i),))), 2), "fns"),)))
str(prog.struct_type("s", 16, (TypeMember(prog.array_type(inner, 2), "arr"), TypeMember(prog.pointer_type(inner), "p", 128))))
str(prog.struct_type("s", 16, (TypeMember(prog.array_type(i), "flex"),)))
str(prog.struct_type("s", 16, (TypeMember(prog.enum_type(None, u, (TypeEnumerator("A", 1),)), "e"), TypeMember(prog.enum_type("tagged", u, (TypeEnumerator("B", 1),)), "f", 32))))
str(prog.struct_type("s", 16, (TypeMember(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST), "ci"), TypeMember(prog.struct_type(None, 4, (TypeMember(i, "z"),), qualifiers=Qualifiers.CONST), "cs"))))
str(prog.struct_type("s", 16, (TypeMember(prog.struct_type(None), "anon"),)))
str(prog.union_type(None, 4, (TypeMember(i), TypeMember(i, "x"))))
str(prog.enum_type(None))
str(prog.class_type("Foo", 4, (TypeMember(i, "x"),), language=Language.CPP))
str(prog.struct_type("Foo", 4, (TypeMember(i, "x"),), language=Language.CPP))
prog.struct_type("Foo", 4, (), language=Language.CPP)
prog.enum_type("E", i, (), language=Language.CPP)
prog.class_type("C", 4, (), language=Language.CPP).type_name()
prog.pointer_type(prog.class_type("C", 4, (), language=Language.CPP), language=Language.CPP)
prog.pointer_type(prog.class_type("C", 4, (), language=Language.CPP))
prog.class_type(None, 4, (), language=Language.CPP)
prog.function_type(prog.void_type(language=Language.CPP), (), language=Language.CPP)
prog.function_type(i, (), language=Language.CPP)
# Qualifiers.
c = i.qualified(Qualifiers.CONST)
c, c.qualifiers, c == i, c.unqualified() == i, c.name
i.qualified(Qualifiers.NONE) == i
i.qualified(Qualifiers.CONST | Qualifiers.VOLATILE | Qualifiers.RESTRICT | Qualifiers.ATOMIC)
c.qualified(Qualifiers.VOLATILE)
i.qualified(1)
i.qualified("const")
i.qualified()
i.qualified(None)
i.qualified(qualifiers=Qualifiers.CONST)
i.qualified(Qualifiers(0)).qualifiers
i.qualified(Qualifiers(3)).qualifiers
i.unqualified() == i
prog.typedef_type("T", c).unqualified()
prog.typedef_type("T", c).unaliased()
prog.typedef_type("U", prog.typedef_type("T", c)).unaliased()
prog.typedef_type("U", prog.typedef_type("T", c), qualifiers=Qualifiers.VOLATILE).unaliased()
prog.typedef_type("U", prog.typedef_type("T", i)).unaliased_kind()
prog.typedef_type("U", prog.typedef_type("T", prog.pointer_type(i))).unaliased()
i.unaliased() == i
i.unaliased_kind()
c.unaliased()
[str(prog.typedef_type("T", t).unaliased_kind()) for t in (i, outer, prog.void_type(), prog.array_type(i, 1))]
# Sets of kinds.
s = TypeKindSet({TypeKind.STRUCT, TypeKind.CLASS})
s
TypeKindSet()
TypeKindSet([TypeKind.INT, TypeKind.INT])
TypeKindSet([TypeKind.FUNCTION, TypeKind.INT, TypeKind.VOID])
len(s), TypeKind.STRUCT in s, TypeKind.INT in s, 5 in s, list(s), bool(TypeKindSet())
isinstance(s, collections.abc.Set), issubclass(TypeKindSet, collections.abc.Set)
isinstance(s, collections.abc.Hashable)
s == {TypeKind.CLASS, TypeKind.STRUCT}
{TypeKind.CLASS, TypeKind.STRUCT} == s
s == TypeKindSet({TypeKind.CLASS, TypeKind.STRUCT})
s != TypeKindSet()
s | {TypeKind.INT}
{TypeKind.INT} | s
s & TypeKindSet({TypeKind.STRUCT})
{TypeKind.STRUCT} & s
s - {TypeKind.STRUCT}
{TypeKind.STRUCT, TypeKind.INT} - s
s ^ {TypeKind.STRUCT, TypeKind.INT}
{TypeKind.STRUCT, TypeKind.INT} ^ s
s | [TypeKind.INT]
s | 5
s | {5}
s & {5}
s - {5}
s ^ {5}
s < {TypeKind.STRUCT, TypeKind.CLASS, TypeKind.INT}, s <= s, s > TypeKindSet(), s >= s, s < s
s < 5
s <= {5}
s.isdisjoint({TypeKind.INT}), s.isdisjoint([TypeKind.CLASS])
s.isdisjoint(5)
hash(s) == hash(TypeKindSet({TypeKind.CLASS, TypeKind.STRUCT}))
hash(s) == hash(frozenset({TypeKind.CLASS, TypeKind.STRUCT}))
TypeKindSet(5)
TypeKindSet([5])
TypeKindSet(["STRUCT"])
TypeKindSet(TypeKind.STRUCT)
TypeKindSet([TypeKind.INT], [TypeKind.INT])
s.__contains__(TypeKind.CLASS)
iter(s).__next__()
sorted(dir(collections.abc.Set)) == sorted(set(dir(collections.abc.Set)) & set(dir(s)))
# sizeof, alignof, offsetof.
sizeof(i), sizeof(outer), sizeof(prog.array_type(i, 10)), sizeof(prog.typedef_type("T", outer)), sizeof(prog.pointer_type(i)), sizeof(prog.bool_type("_Bool", 1))
sizeof(prog.array_type(i))
sizeof(prog.array_type(i, 0))
sizeof(prog.void_type())
sizeof(prog.function_type(i, ()))
sizeof(prog.struct_type("s"))
sizeof(prog.enum_type("s"))
sizeof(prog.typedef_type("T", prog.struct_type("s")))
sizeof(prog.array_type(prog.struct_type("s"), 2))
sizeof(prog.array_type(prog.struct_type("s"), 0))
sizeof(prog.array_type(i, 2**62))
sizeof(prog.array_type(prog.int_type("long", 8, True), 2**61))
sizeof(prog.enum_type("E", prog.int_type("char", 1, True), ()))
sizeof(Object(prog, i, 5)), sizeof(Object(prog, outer, address=0))
sizeof(Object(prog, i, 5, bit_field_size=4))
sizeof(5)
sizeof("int")
sizeof()
sizeof(i, i)
sizeof(type_or_obj=i)
alignof(i), alignof(prog.int_type("char", 1, True)), alignof(prog.pointer_type(i)), alignof(prog.int_type("long long", 8, True)), alignof(prog.float_type("double", 8)), alignof(prog.float_type("long double", 16))
alignof(prog.bool_type("_Bool", 1)), alignof(prog.array_type(prog.int_type("short", 2, True), 5)), alignof(prog.typedef_type("T", i)), alignof(prog.enum_type("E", i, ()))
alignof(outer)
alignof(inner)
alignof(prog.void_type())
alignof(prog.function_type(i, ()))
alignof(prog.struct_type("s"))
alignof(prog.struct_type("s", 0, ()))
alignof(prog.array_type(i))
alignof(prog.int_type("odd", 3, True))
alignof(prog.int_type("wide", 16, True))
alignof(prog.int_type("wide", 32, True))
alignof(prog.enum_type("s"))
alignof(5)
alignof("int")
alignof(Object(prog, i, 5))
offsetof(outer, "x"), offsetof(outer, "a"), offsetof(outer, "b"), offsetof(outer, "named"), offsetof(outer, "named.b")
offsetof(outer, "bf")
offsetof(outer, "nope")
offsetof(outer, "x.y")
offsetof(outer, "")
offsetof(outer, "named.")
offsetof(outer, ".x")
offsetof(outer, "x[0]")
offsetof(i, "x")
offsetof(prog.struct_type("s"), "x")
arr = prog.struct_type("arr", 80, (TypeMember(prog.array_type(inner, 4), "els"), TypeMember(prog.pointer_type(inner), "ptr", 512), TypeMember(prog.array_type(i), "flex", 576)))
offsetof(arr, "els"), offsetof(arr, "els[1]"), offsetof(arr, "els[1].b"), offsetof(arr, "els[4]"), offsetof(arr, "els[0x2].a"), offsetof(arr, "els[010].a"), offsetof(arr, "flex[3]")
offsetof(arr, "els[-1]")
offsetof(arr, "els[]")
offsetof(arr, "els[1")
offsetof(arr, "els]")
offsetof(arr, "els[x]")
offsetof(arr, "els.a")
offsetof(arr, "ptr.a")
offsetof(arr, "ptr->a")
offsetof(arr, "ptr[0]")
offsetof(arr, "[1]")
offsetof(prog.array_type(inner, 4), "[1].b")
offsetof(arr, "els[1][2]")
offsetof(arr, "els [ 1 ] . b")
offsetof(arr, "els[18446744073709551615]")
offsetof(arr, "els[18446744073709551616]")
offsetof(arr, 5)
offsetof(5, "x")
offsetof(arr)
offsetof(type=arr, member="ptr")
offsetof(prog.typedef_type("T", arr), "ptr")
# Copying.
copy.copy(i)
copy.deepcopy(i)
pickle.dumps(i)
pickle.dumps(m)
pickle.dumps(e)
i.__reduce__()
# Classes.
[x.__name__ for x in (Type, TypeMember, TypeEnumerator, TypeParameter, TypeTemplateParameter, TypeKindSet)]
[(x.__name__, bool(x.__doc__)) for x in (Type, TypeMember, TypeEnumerator, TypeParameter, TypeTemplateParameter, TypeKindSet)]
class SubMember(TypeMember): pass
class SubEnumerator(TypeEnumerator): pass
