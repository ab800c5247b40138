from drgn import *
from mock import *
prog = Program(LE64)
big = Program(BE32)
bare = Program()
# Base types.
prog.void_type()
prog.void_type(language=Language.CPP)
prog.void_type(qualifiers=Qualifiers.CONST | Qualifiers.VOLATILE)
prog.void_type(qualifiers=1)
prog.void_type(qualifiers=Qualifiers(16))
prog.void_type(qualifiers=None)
prog.void_type(Qualifiers.CONST)
prog.void_type(language="C")
prog.void_type(language=None)
i = prog.int_type("int", 4, True)
i
str(i)
i.kind, i.primitive, i.qualifiers, i.language, i.name, i.size, i.is_signed, i.byteorder
i.prog is prog
i.tag
i.length
i.type
i.members
i.enumerators
i.parameters
i.is_variadic
i.template_parameters
i.is_complete()
prog.int_type("int", 4, True, "big").byteorder
prog.int_type("int", 4, True, "little").byteorder
prog.int_type("int", 4, True, "native")
prog.int_type("int", 4, True, None).byteorder
prog.int_type("int", 4, True, 1)
big.int_type("int", 4, True).byteorder
bare.int_type("int", 4, True)
bare.int_type("int", 4, True, "big")
prog.int_type("int", -1, True)
prog.int_type("int", 2**64, True)
prog.int_type("int", "4", True)
prog.int_type("int", 0, True)
prog.int_type("int", 3, True).size
prog.int_type("int", 17, True).size
prog.int_type("int", 2**63, True).size
prog.int_type("int", 4)
prog.int_type("int")
prog.int_type()
prog.int_type("int", 4, True, None, Qualifiers.CONST)
prog.int_type("int", 4, 1).is_signed
prog.int_type("int", 4, [1]).is_signed
prog.int_type("int", 4, []).is_signed
prog.int_type(None, 4, True)
prog.int_type(1, 4, True)
prog.int_type("", 4, True)
prog.int_type("a b", 4, True)
prog.int_type("é", 4, True).name
prog.int_type("int", 4.0, True)
prog.int_type(name="int", size=4, is_signed=False)
prog.int_type("int", 4, True, bogus=1)
prog.int_type("int", 4, True, name="x")
prog.int_type("int", 4, True) is prog.int_type("int", 4, True)
prog.int_type("int", 4, True) == prog.int_type("int", 4, True)
prog.int_type("int", 4, True) == prog.int_type("int", 4, False)
prog.int_type("int", 4, True) == prog.int_type("int", 8, True)
prog.int_type("int", 4, True) == prog.int_type("long", 4, True)
prog.int_type("int", 4, True) == prog.int_type("int", 4, True, "big")
prog.int_type("int", 4, True) == prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST)
prog.int_type("int", 4, True) == prog.int_type("int", 4, True, language=Language.CPP)
prog.int_type("int", 4, True) == 4
prog.int_type("int", 4, True) != 4
prog.int_type("int", 4, True) < prog.int_type("int", 4, True)
hash(prog.int_type("int", 4, True)) == hash(prog.int_type("int", 4, True))
hash(prog.int_type("int", 4, True)) == hash(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST))
big.int_type("int", 4, True, "little") == prog.int_type("int", 4, True)
# Booleans and floating point.
b = prog.bool_type("_Bool", 1)
b, str(b), b.kind, b.primitive, b.name, b.size, b.byteorder
b.is_signed
prog.bool_type("bool", 1).primitive
prog.bool_type("bool", 1, language=Language.CPP).primitive
prog.bool_type("_Bool", 1, language=Language.CPP).primitive
prog.bool_type("_Bool", -1)
prog.bool_type("_Bool", 1, "middle")
f = prog.float_type("float", 4)
f, str(f), f.kind, f.primitive, f.name, f.size, f.byteorder
f.is_signed
prog.float_type("double", 8).primitive, prog.float_type("long double", 16).primitive, prog.float_type("half", 2).primitive
prog.float_type("float", 4, "big").byteorder
prog.float_type("float", 4, "huge")
prog.float_type("float", None)
# Primitives by name.
[(n, prog.int_type(n, 4, True).primitive) for n in ("char", "signed char", "unsigned char", "short", "short int", "signed short", "short unsigned int", "int", "signed", "signed int", "unsigned", "unsigned int", "long", "long int", "signed long", "long unsigned int", "unsigned long", "long long", "long long int", "long long unsigned int", "unsigned long long", "int unsigned", "size_t", "ptrdiff_t", "_Bool", "float", "__int128", "void")]
[(n, prog.int_type(n, 4, False).primitive) for n in ("char", "signed char", "unsigned char", "short", "short int", "signed short", "short unsigned int", "int", "signed", "signed int", "unsigned", "unsigned int", "long", "long int", "signed long", "long unsigned int", "unsigned long", "long long", "long long int", "long long unsigned int", "unsigned long long", "int unsigned", "size_t", "ptrdiff_t", "_Bool", "float", "__int128", "void")]
[(n, prog.int_type(n, 4, False).primitive) for n in ("short int unsigned", "int short unsigned", "long int unsigned", "int long unsigned long", "unsigned long int long", "long unsigned long int", "unsigned  int", " int")]
[(n, prog.float_type(n, 4).primitive) for n in ("float", "double", "long double", "double long", "int", "_Float16")]
prog.void_type().primitive
prog.typedef_type("size_t", prog.int_type("unsigned long", 8, False)).primitive
prog.typedef_type("size_t", prog.int_type("long", 8, True)).primitive
prog.typedef_type("ptrdiff_t", prog.int_type("long", 8, True)).primitive
prog.typedef_type("ptrdiff_t", prog.float_type("double", 8)).primitive
prog.typedef_type("x", prog.int_type("long", 8, True)).primitive
prog.pointer_type(i).primitive
# Structures, unions, classes.
p = prog.struct_type("point", 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32)))
p
str(p)
p.kind, p.primitive, p.qualifiers, p.language, p.tag, p.size
p.members
p.name
p.is_complete()
p.byteorder
p.is_signed
p.type
p.length
p.enumerators
p.parameters
p.template_parameters
prog.union_type("u", 8, (TypeMember(i, "x", 0), TypeMember(prog.pointer_type(p), "y", 0)))
str(prog.union_type("u", 8, (TypeMember(i, "x", 0), TypeMember(prog.pointer_type(p), "y", 0))))
prog.class_type("c", 8, (TypeMember(i, "x", 0),))
str(prog.class_type("c", 8, (TypeMember(i, "x", 0),)))
prog.class_type("c", 8, (TypeMember(i, "x", 0),)).language
prog.struct_type(None, 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32)))
str(prog.struct_type(None, 8, (TypeMember(i, "x", 0), TypeMember(i, "y", 32))))
prog.struct_type(None, 8, ()).tag
prog.struct_type("", 8, ()).tag
prog.struct_type("empty", 0, ())
str(prog.struct_type("empty", 0, ()))
prog.struct_type("empty", 0, ()).members
prog.struct_type("empty", 0, []).members
prog.struct_type("s")
str(prog.struct_type("s"))
prog.struct_type("s").size, prog.struct_type("s").members, prog.struct_type("s").is_complete()
prog.struct_type("s") == prog.struct_type("s")
prog.struct_type("s") == prog.struct_type("s", 0, ())
prog.struct_type("s", 0, ()) == prog.struct_type("s", 0, ())
prog.struct_type("s", 4, (TypeMember(i, "x", 0),)) == prog.struct_type("s", 4, (TypeMember(i, "x", 0),))
prog.struct_type(None) == prog.struct_type(None)
str(prog.struct_type(None))
prog.union_type("s") == prog.struct_type("s")
prog.struct_type()
prog.struct_type(1)
prog.struct_type(4, 8, ())
prog.struct_type("s", 8)
prog.struct_type("s", 8, None)
prog.struct_type("s", None, ())
prog.struct_type("s", members=())
prog.struct_type("s", 8, 1)
prog.struct_type("s", 8, (1,))
prog.struct_type("s", 8, i)
prog.struct_type("s", 8, (i,))
prog.struct_type("s", "8", ())
prog.struct_type("s", -8, ())
prog.struct_type("s", 8, (x for x in (TypeMember(i, "x", 0),)))
prog.struct_type("s", 8, {TypeMember(i, "x", 0)})
prog.struct_type("s", 8, (TypeMember(i, "x", 0),), Qualifiers.CONST)
prog.struct_type("s", 8, (TypeMember(big.int_type("int", 4, True), "x", 0),))
prog.struct_type("s", 8, (TypeMember(i, "x", 0),), qualifiers=Qualifiers.CONST)
str(prog.struct_type("s", 8, (TypeMember(i, "x", 0),), qualifiers=Qualifiers.CONST))
prog.struct_type("s", qualifiers=Qualifiers.CONST)
prog.struct_type("s", 8, (), template_parameters=(TypeTemplateParameter(i, "T"),))
prog.struct_type("s", template_parameters=(TypeTemplateParameter(i, "T"),))
prog.struct_type("s", 8, (), template_parameters=(TypeTemplateParameter(i, "T"),)).template_parameters
prog.struct_type("s", template_parameters=(TypeTemplateParameter(i, "T"),)).template_parameters
prog.struct_type("s", 8, (), template_parameters=(1,))
prog.struct_type("s", 8, (), template_parameters=1)
prog.struct_type("s", 8, (), template_parameters=None)
prog.struct_type("s", 8, (), template_parameters=(TypeTemplateParameter(big.void_type(), "T"),))
# Enumerations.
e = prog.enum_type("color", prog.int_type("unsigned int", 4, False), (TypeEnumerator("RED", 0), TypeEnumerator("GREEN", 1), TypeEnumerator("BLUE", 2)))
e
str(e)
e.kind, e.primitive, e.tag, e.type, e.enumerators
e.size
e.is_signed
e.name
e.byteorder
e.members
e.is_complete()
prog.enum_type(None, i, (TypeEnumerator("RED", 0),))
str(prog.enum_type(None, i, (TypeEnumerator("RED", 0),)))
prog.enum_type("color", i, ())
str(prog.enum_type("color", i, ()))
str(prog.enum_type("color", i, (TypeEnumerator("A", -1), TypeEnumerator("B", -(2**63)), TypeEnumerator("C", 2**31))))
prog.enum_type("color", i, (TypeEnumerator("A", -1),)).enumerators[0].value
prog.enum_type("color", prog.int_type("unsigned int", 4, False), (TypeEnumerator("A", -1),)).enumerators[0].value
prog.enum_type("color", prog.int_type("unsigned long", 8, False), (TypeEnumerator("A", 2**64 - 1),)).enumerators
prog.enum_type("color", prog.int_type("long", 8, True), (TypeEnumerator("A", 2**64 - 1),)).enumerators
prog.enum_type("color", i, (TypeEnumerator("A", 2**64),))
prog.enum_type("color")
str(prog.enum_type("color"))
prog.enum_type("color").type, prog.enum_type("color").enumerators, prog.enum_type("color").is_complete()
prog.enum_type("color") == prog.enum_type("color")
e == prog.enum_type("color", prog.int_type("unsigned int", 4, False), (TypeEnumerator("RED", 0), TypeEnumerator("GREEN", 1), TypeEnumerator("BLUE", 2)))
prog.enum_type()
prog.enum_type(4)
prog.enum_type("color", i)
prog.enum_type("color", i, None)
prog.enum_type("color", None, ())
prog.enum_type("color", enumerators=())
prog.enum_type("color", "int", ())
prog.enum_type("color", 4, ())
prog.enum_type("color", i, 4)
prog.enum_type("color", i, (4,))
prog.enum_type("color", i, (("RED", 0),))
prog.enum_type("color", prog.float_type("float", 4), ())
prog.enum_type("color", prog.typedef_type("t", i), ())
prog.enum_type("color", prog.typedef_type("t", prog.void_type()), ())
prog.enum_type("color", prog.bool_type("_Bool", 1), ())
prog.enum_type("color", prog.void_type(), ())
prog.enum_type("color", p, ())
prog.enum_type("color", big.int_type("int", 4, True), ())
prog.enum_type("color", i, (), qualifiers=Qualifiers.CONST)
prog.enum_type("color", prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST), ()).type
# Typedefs.
t = prog.typedef_type("INT", i)
t, str(t), t.kind, t.name, t.type, t.primitive
t.size
t.is_complete()
prog.typedef_type("S", prog.struct_type("s")).is_complete()
prog.typedef_type("V", prog.void_type()).is_complete()
prog.typedef_type(None, i)
prog.typedef_type("INT", 4)
prog.typedef_type("INT", "int")
prog.typedef_type("INT")
prog.typedef_type("INT", big.void_type())
prog.typedef_type("INT", i, qualifiers=Qualifiers.CONST)
str(prog.typedef_type("INT", i, qualifiers=Qualifiers.CONST))
str(prog.typedef_type("FN", prog.function_type(prog.void_type(), ())))
str(prog.typedef_type("ARR", prog.array_type(i, 2)))
str(prog.typedef_type("ANON", prog.struct_type(None, 4, (TypeMember(i, "x", 0),))))
str(prog.typedef_type("ANON", prog.pointer_type(prog.struct_type(None, 4, (TypeMember(i, "x", 0),)))))
prog.typedef_type("INT", i) == prog.typedef_type("INT", i)
prog.typedef_type("INT", i) == i
# Pointers.
q = prog.pointer_type(i)
q, str(q), q.kind, q.size, q.type, q.byteorder
q.name
q.is_complete()
q.is_signed
prog.pointer_type(i, 4), prog.pointer_type(i, 4).size
prog.pointer_type(i, 4) == q
prog.pointer_type(i, 8) == q
prog.pointer_type(i, None, "big").byteorder
prog.pointer_type(i, 3).size
prog.pointer_type(i, 0)
prog.pointer_type(i, -1)
prog.pointer_type(i, 8, "x")
prog.pointer_type("int")
prog.pointer_type(4)
prog.pointer_type()
prog.pointer_type(big.void_type())
bare.pointer_type(bare.void_type())
bare.pointer_type(bare.void_type(), 8)
bare.pointer_type(bare.void_type(), 8, "little")
big.pointer_type(big.void_type()).size
big.pointer_type(big.void_type()).byteorder
prog.pointer_type(i, qualifiers=Qualifiers.CONST)
prog.pointer_type(prog.pointer_type(i, qualifiers=Qualifiers.CONST), qualifiers=Qualifiers.RESTRICT)
prog.pointer_type(prog.function_type(i, (TypeParameter(i, "x"),)))
prog.pointer_type(prog.array_type(i, 2))
# Arrays.
a = prog.array_type(i, 2)
a, str(a), a.kind, a.length, a.type, a.is_complete()
a.size
a.name
prog.array_type(i), str(prog.array_type(i)), prog.array_type(i).length, prog.array_type(i).is_complete()
prog.array_type(i, None)
prog.array_type(i, 0), prog.array_type(i, 0).length, prog.array_type(i, 0).is_complete()
prog.array_type(i, 0) == prog.array_type(i)
prog.array_type(i, 2) == prog.array_type(i, 2)
prog.array_type(i, -1)
prog.array_type(i, 2**63).length
prog.array_type(i, 2**64)
prog.array_type(i, "2")
prog.array_type(i, True).length
prog.array_type("int", 2)
prog.array_type(big.void_type(), 2)
prog.array_type(prog.array_type(i, 3), 2)
prog.array_type(i, 2, qualifiers=Qualifiers.CONST)
prog.array_type(prog.int_type("int", 4, True, qualifiers=Qualifiers.CONST), 2)
prog.array_type(prog.pointer_type(prog.function_type(i, ())), 2)
prog.array_type(i, 2, Qualifiers.CONST)
# Functions.
fn = prog.function_type(prog.void_type(), (TypeParameter(i, "n"),))
fn, str(fn), fn.kind, fn.type, fn.parameters, fn.is_variadic, fn.template_parameters, fn.is_complete()
fn.size
fn.members
fn.length
prog.function_type(i, ())
prog.function_type(i, (), False), prog.function_type(i, (), True)
str(prog.function_type(i, (TypeParameter(i),), True))
prog.function_type(i, (), 1).is_variadic
prog.function_type(i, (TypeParameter(i, "a"), TypeParameter(q, "b")), True).is_variadic
prog.function_type(i)
prog.function_type()
prog.function_type(i, None)
prog.function_type(i, (1,))
prog.function_type(i, (i,))
prog.function_type("int", ())
prog.function_type(big.void_type(), ())
prog.function_type(i, (TypeParameter(big.void_type()),))
prog.function_type(i, (), template_parameters=(TypeTemplateParameter(i, "T"),))
prog.function_type(i, (), template_parameters=(TypeTemplateParameter(i, "T"),)).template_parameters
prog.function_type(i, (), template_parameters=(TypeTemplateParameter(Object(prog, i, 5), "N", True),)).template_parameters
prog.function_type(i, ()) == prog.function_type(i, ())
prog.function_type(prog.pointer_type(prog.function_type(i, (TypeParameter(i),))), (TypeParameter(q),))
prog.function_type(i, (), qualifiers=Qualifiers.CONST)
# Not to be made by hand.
Type()
Type
Type.__mro__
class Sub(Type): pass
i.size = 4
i.bogus
del i.name
i.new_attribute = 1

# Found at random.
prog.void_type().name
TypeMember(Object(prog, i, absence_reason=AbsenceReason.OPTIMIZED_OUT), "x")
TypeMember(Object(prog, i), "x"), TypeMember(Object(prog, i, bit_field_size=3), "x"), TypeMember(Object(prog, i, address=8), "x")
prog.function_type(i, (TypeParameter(lambda: Object(prog, i), "x"), TypeParameter(Object(prog, i, 5), "y")))
TypeTemplateParameter(i, "x", None)
TypeTemplateParameter(i, "x", 1)
TypeTemplateParameter(lambda: Object(prog, i), "x")
TypeTemplateParameter(lambda: Object(prog, i), "x").argument
prog.struct_type("it's", 0, ()), prog.struct_type('"', 0, ()), prog.struct_type("both ' and \"", 0, ()), prog.struct_type("tab\t\x01é\u200b\\", 0, ())
