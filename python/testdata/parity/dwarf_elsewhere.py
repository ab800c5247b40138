# Types that one file only declares and another defines.

from drgn import Object, Program, alignof, container_of, offsetof, reinterpret, sizeof
from dwarfmake import INT, d, open_file, unit, write

C, CPP = 0x0C, 0x21
member = lambda name, at, t: d("member", name, type=t, data_member_location=at)
ptr = lambda t: d("pointer_type", type=t, byte_size=8)
addr = lambda n: b"\x03" + n.to_bytes(8, "little")
var = lambda name, t, at: d("variable", name, type=t, location=addr(at), external=True)


def declares(language=C):
    """Returns the unit that only declares, with a pointer to each type."""
    foo, un, en, none = (d(tag, name, declaration=True) for tag, name in (("structure_type", "foo"), ("union_type", "un"), ("enumeration_type", "en"), ("structure_type", "never")))
    alias = d("typedef", "foo_t", type=foo)
    dies = [foo, un, en, none, alias]
    for i, (name, t) in enumerate([("p", foo), ("u", un), ("e", en), ("n", none), ("t", alias)]):
        dies += [to := ptr(t), var(name, to, 0x1000 + 8 * i)]
    dies += [to := ptr(dies[5]), var("pp", to, 0x1100)]
    return unit(*dies, language=language)


def defines(second="y", size=8):
    """Returns the unit that defines them."""
    i = INT()
    return unit(i, d("structure_type", "foo", member("x", 0, i), member(second, size - 4, i), byte_size=size), d("union_type", "un", member("i", 0, i), byte_size=4),
        d("enumeration_type", "en", d("enumerator", "A", const_value=1), type=i, byte_size=4))


def program(*units):
    prog = Program()
    for u in units:
        open_file(write(u), prog)
    return prog


prog = program(declares(), defines())
[prog[n].type_.type_name() for n in ("p", "u", "e", "n", "t", "pp")]
[prog[n].type_.type.is_complete() for n in ("p", "u", "e", "n", "t")]
[prog[n].type_.type for n in ("p", "u", "e", "n", "t")]
prog["p"].type_.type.size
prog["p"].type_.type.members
prog["p"].type_.type.member("y")
prog["p"].type_.type.has_member("y")
prog["n"].type_.type.has_member("y")
prog["n"].type_.type.member("y")
prog["n"].type_.type.size
prog["e"].type_.type.enumerators
prog["e"].type_.type.type
prog["t"].type_.type.type.members
sizeof(prog["p"].type_.type), sizeof(prog["u"].type_.type), sizeof(prog["e"].type_.type), sizeof(prog["t"].type_.type)
sizeof(prog["n"].type_.type)
alignof(prog["p"].type_.type)
alignof(prog["n"].type_.type)
offsetof(prog["p"].type_.type, "y")
offsetof(prog["t"].type_.type, "y")
offsetof(prog["n"].type_.type, "y")
P = lambda n: reinterpret(prog[n].type_, Object(prog, "unsigned long", 0x2000))
P("p")
P("p").y
P("p")[0]
P("p")[1]
P("p") + 1
P("p").member_("y")
P("t").y
P("t")[2].x
P("u").i
P("e")[0]
P("e") + 1
P("n")[0]
P("n").y
P("n") + 1
P("p").nope
container_of(P("p"), prog["p"].type_.type, "y")
P("p") == P("t")
P("p") - (P("p") - 2)
Object(prog, prog["p"].type_.type, {"x": 1, "y": 2})
Object(prog, prog["e"].type_.type, 1)
Object(prog, prog["n"].type_.type, {"x": 1})
prog.array_type(prog["p"].type_.type, 2)
sizeof(prog.array_type(prog["p"].type_.type, 2))
# One that a script makes is what it is.
prog.struct_type("foo").is_complete()
prog.pointer_type(prog.struct_type("foo")).type.is_complete()
# The file that defines it comes first, or later than the type.
program(defines(), declares())["p"].type_.type.size
late = program(declares())
late["u"].type_.type.is_complete()
open_file(write(defines()), late) is late
late["p"].type_.type.size
# Two that are the same.
program(declares(), defines(), defines())["p"].type_.type.size
# Two that differ: the reference takes one of them.
program(declares(), defines(), defines("z"))["p"].type_.type.size
program(declares(), defines(), defines(size=12))["p"].type_.type.size
sizeof(program(declares(), defines(), defines(size=12))["p"].type_.type)
# Its own file counts most; the reference takes one of the two, not always the same.
one, two = declares(), defines("z")
both = program(defines())
open_file(write(one, two), both)["p"].type_.type.has_member("z")
# In namespaces of C++; a class may be declared as a structure.
inner = d("structure_type", "foo", declaration=True)
out = program(unit(d("namespace", "ns", inner), to := ptr(inner), var("p", to, 0x1000), language=CPP), unit(i := INT(), d("namespace", "ns", d("class_type", "foo", member("inside", 0, i), byte_size=4)), d("structure_type", "foo", member("outside", 0, i), byte_size=4), language=CPP))
[m.name for m in out["p"].type_.type.members]
out["p"].type_.type.has_member("inside")
# An array of unknown length has no size, so that a pointer to one has no elements.
flexible = Object(prog, prog.pointer_type(prog.array_type(prog.int_type("int", 4, True))), 0x2000)
flexible
flexible[0]
flexible[1]
flexible + 1
flexible[0][1]
sizeof(flexible)
