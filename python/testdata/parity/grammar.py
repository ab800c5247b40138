"""What the scripts named grammar_* and cpp_* share. (It has no cases itself.)"""

from drgn import *


def program(language=Language.C, bits=64):
    """Return a program that knows some named types, and the types by their keywords and names."""
    flags = PlatformFlags.IS_LITTLE_ENDIAN | (PlatformFlags.IS_64_BIT if bits == 64 else PlatformFlags(0))
    prog = Program(Platform(Architecture.UNKNOWN, flags))
    prog.language = language
    i = prog.int_type("int", 4, True, language=Language.C)
    named = {}

    def add(t, name):
        named[t.kind, name] = t
    for name in ("foo", "bar", "_x1"):
        add(prog.struct_type(name, 8, (TypeMember(i, "a"), TypeMember(i, "b", 32))), name)
        add(prog.union_type(name, 4, (TypeMember(i, "a"),)), name)
        add(prog.enum_type(name, i, (TypeEnumerator("A", 0),)), name)
    add(prog.typedef_type("foo_t", i), "foo_t")
    add(prog.typedef_type("u64", prog.int_type("unsigned long", 8, False, language=Language.C)), "u64")
    add(prog.typedef_type("vec_t", prog.array_type(i, 2)), "vec_t")
    if language == Language.CPP:
        for name in ("ns::S", "foo<int>", "foo<bar<2> >", "foo<(char)97>", "a::b::c", "foo<1u>", "foo<int, bar>"):
            add(prog.struct_type(name, 8, (TypeMember(i, "a"),)), name)
            add(prog.class_type(name, 8, (TypeMember(i, "a"),)), name)
        add(prog.class_type("K", 8, (TypeMember(i, "a"),)), "K")
        add(prog.enum_type("ns::mode", i, (TypeEnumerator("ns::mode::on", 1),)), "ns::mode")
        add(prog.typedef_type("ns::alias", i), "ns::alias")

    def find(prog, kinds, name, filename):
        for kind in (TypeKind.TYPEDEF, TypeKind.STRUCT, TypeKind.CLASS, TypeKind.UNION, TypeKind.ENUM):
            if kind in kinds and (kind, name) in named:
                return named[kind, name]
        return None
    prog.register_type_finder("named", find, enable_index=0)
    return prog, named


def result(f):
    """Return what f() gives, or its exception, as run.py shows it."""
    try:
        v = f()
        return v if isinstance(v, str) else repr(v)
    except Exception as e:
        return f"! {type(e).__qualname__}: {e}"


def cases(prog, *names, what=lambda t: f"{t.type_name()} | {t.variable_declaration('v')} | {t!r}"):
    """Print a case for each type name."""
    for name in names:
        print(f">>> {name!r}\n{result(lambda: what(prog.type(name)))}")
