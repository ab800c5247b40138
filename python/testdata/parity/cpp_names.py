# Names of types in C++, where the program's language is C++.
from drgn import *
from grammar import program, cases, result

prog, named = program(Language.CPP)
cc, _ = program()
prog.language
prog.language = 5
prog.language
prog.type("int").language, prog.type("int *").language, prog.type("size_t").language, prog.type("void").language, prog.type("K").language, prog.type("K *").language, prog.type("K [2]").language
prog.int_type("x", 4, True).language, prog.pointer_type(prog.type("int")).language, Object(prog, 1).type_.language if 0 else Object(prog, value=1).type_.language
cases(prog, "K", "class K", "K *", "K &" if 0 else "K **", "const K *", "K const", "K [2]", "K (*)[2]", "foo", "struct foo", "union foo", "enum foo", "foo *", "foo_t", "const foo_t *", "u64", "ns::S", "struct ns::S", "class ns::S", "ns::S *", "const ns::S * const", "ns::S (*)[2][3]", "ns::mode", "enum ns::mode", "ns::mode *", "ns::alias", "ns::alias *", "a::b::c", "struct a::b::c [3]", "foo<int>", "struct foo<int>", "class foo<int> *", "foo<int> *const *", "foo<bar<2> >", "foo<bar<2> > *", "foo<(char)97>", "foo<1u>", "foo<int, bar>", "foo<int, bar> [2]")
cases(prog, "nope", "ns::nope", "nope::S", "::nope", "::ns::nope", "foo<long>", "foo<int>::nope" if 0 else "foo<long> *", "class nope", "struct ns::nope", "enum K", "union K", "union ns::S", "enum class K", "class", "class *", "struct", "class class", "class int", "enum struct ns::mode", "ns::S ns::S" if 0 else "int K", "K int", "long K", "unsigned ns::S", "ns::S unsigned", "K unsigned *", "class K int", "int class K", "K class K", "foo<", "foo<int", "foo<(int>", "foo<[2>", "foo<'>", "foo<int>>", "K &", "K &&", "int &", "int &&", "K *x", "K *&", "K ...", "K #", "K;", "K =", "", " ", "*", "<", "<int>", "std::basic_string<char, std::char_traits<char> >", "std::vector<int, std::allocator<int> > *", "typename K", "template<int>", "auto", "decltype(int)", "operator int", "ns::operator+", "~K", "ns::~S", "wchar_t", "char16_t", "nullptr_t", "std::nullptr_t", "virtual int", "friend K", "mutable int", "é", "ns::é", "K\x01")
cases(prog, *(f"{q} {t}" for q in ("const", "volatile", "restrict", "_Atomic") for t in ("K", "class K", "ns::S *", "foo<int> [2]", "unsigned long")))
cases(prog, "int", "unsigned", "long long int unsigned", "signed char", "_Bool", "void", "void *", "double long", "size_t", "ptrdiff_t", "int [2]", "int (*)[2]", "int *(*[3])[2]", "int [0x10]", "int [18446744073709551616]", "int [", "int x", "int *x", "long float")
# Type names in C, which has no such names.
cases(cc, "foo<int>", "struct foo<int>", "ns::S", "::foo", "ns::S *", "struct ns", "class foo", "bool", "foo<", "wchar_t")
# How types of C++ are written.
k, i = named[TypeKind.CLASS, "K"], prog.int_type("int", 4, True)
an = prog.class_type(None, 4, (TypeMember(i, "x"),))
t = prog.struct_type("t<int>", 16, (TypeMember(k, "k"), TypeMember(an, None, 32), TypeMember(prog.pointer_type(k), "p", 64)), template_parameters=(TypeTemplateParameter(i, "T"), TypeTemplateParameter(Object(prog, i, 5), "N", True)))
for label, x in (("class", k), ("template", t), ("anonymous", an), ("incomplete", prog.class_type("inc")), ("union", prog.union_type("u", 4, (TypeMember(i, "x"),))), ("enum", prog.enum_type("e", i, (TypeEnumerator("A", 1),))), ("anonymous enum", prog.enum_type(None, i, (TypeEnumerator("A", 1),))), ("typedef", prog.typedef_type("T", k)), ("typedef of anonymous", prog.typedef_type("T", an)), ("function", prog.function_type(k, (TypeParameter(prog.pointer_type(k), "this"), TypeParameter(t)))), ("struct of C", prog.struct_type("s", 4, (TypeMember(i, "x"),), language=Language.C)), ("class of C", prog.class_type("s", 4, (TypeMember(i, "x"),), language=Language.C))): print(f">>> {label}\n{x.type_name()}\n{x.variable_declaration('v')}\n{x}\n{x!r}\n{prog.pointer_type(x).type_name()}\n{prog.array_type(x, 2).variable_declaration('v') if x.kind != TypeKind.FUNCTION else ''}\n{x.qualified(Qualifiers.CONST).type_name()}\n{x.language!r}")
for x in (k, t, an): print(f">>> {x.type_name()} object\n{result(lambda: str(Object(prog, x, {})))}\n{result(lambda: repr(Object(prog, x, {})))}\n{result(lambda: str(Object(prog, prog.pointer_type(x), 16)))}\n{result(lambda: Object(prog, prog.array_type(x, 1), [{}]))}")
cast("K *", Object(prog, "unsigned long", 16))
cast("ns::mode", Object(prog, "int", 1))
str(cast("ns::mode", Object(prog, "int", 1)))
sizeof(prog.type("foo<int>"))
container_of(Object(prog, "int *", 0x1000), "class K", "a")
offsetof(prog.type("ns::S"), "a")
Object(prog, "ns::S", {"a": 3})
