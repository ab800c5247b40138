# What is wrong with a type is said when its name, or that of a variable of it, is looked up; what is wrong with the types of its members
# when these are asked for.

from dwarfmake import INT, F, Late, P, base, d, flatten, uleb

I, BAD = INT(), F("string", "x")
inc = d("structure_type", "inc", declaration=True)


def L(type, *more, of=lambda t: t, **options):
    """What of() says of the type of a variable."""
    return of(P(d("variable", "x", type=type, external=True, location=b"\x03" + bytes(8)), *flatten(type, (*more, I)), **options)["x"].type_)


def N(type, kind, **options):
    return P(*flatten(type, (I,)), **options).type(kind + type.attrs["name"]).type_name()


def S(*children, tag="structure_type", **attrs):
    return d(tag, "s", *children, **{"byte_size": 8, **attrs})


def M(**attrs):
    attrs = {"name": "m", "type": I, "data_member_location": 0, **attrs}
    return d("member", **{k: v for k, v in attrs.items() if v is not None})


def E(*values, **attrs):
    return d("enumeration_type", "e", *values, **{"byte_size": 4, "type": I, **attrs})


name = lambda t: t.type_name()
members = lambda t: [(m.name, m.bit_offset) for m in t.members]

# Members.
L(S(M(data_member_location=BAD)), of=name)
L(S(M(data_member_location=F("exprloc", b""))), of=name)
L(S(M(data_member_location=F("exprloc", b"\x23"))), of=name)
L(S(M(bit_size=3, bit_offset=BAD)), of=name)
L(S(M(bit_size=3, bit_offset=2, type=inc)), of=name)
L(S(M(bit_size=3, bit_offset=2, byte_size=BAD)), of=name)
L(S(M(data_bit_offset=BAD)), of=name)
L(S(M(name=F("flag", 1))), of=members)
L(S(d("template_type_parameter", "T", type=I, default_value=BAD)), of=name)
L(S(d("template_type_parameter", "T", type=I, default_value=F("udata", 1))), of=name)
L(d("pointer_type", type=S(M(data_member_location=BAD))), of=name)
L(d("typedef", "t", type=d("const_type", type=S(M(data_member_location=BAD)))), of=name)
L(d("array_type", None, d("subrange_type", count=2), type=S(M(data_member_location=BAD))), of=name)
L(d("subroutine_type", type=S(M(data_member_location=BAD))), of=name)
L(d("subroutine_type", None, d("formal_parameter", type=S(M(data_member_location=BAD)))), of=name)
L(S(M(type=S(M(data_member_location=BAD)))), of=name)
L(S(M(type=S(M(data_member_location=BAD)))), of=lambda t: t.members[0].type)
N(S(M(data_member_location=BAD)), "struct ")
N(S(M(data_member_location=BAD), tag="union_type"), "union ")
N(d("typedef", "t", type=S(M(data_member_location=BAD))), "")
L(S(M(type=BAD)), of=members)
L(S(M(type=BAD)), of=lambda t: t.members[0].type)
L(S(M(type=F("ref4", 0xFFFF))), of=members)
L(S(M(type=F("ref4", 0xFFFF))), of=lambda t: t.members[0].type)
L(S(M(type=d("unknown"))), of=members)
L(S(M(type=d("unknown"))), of=lambda t: t.members[0].type)
L(S(M(bit_size=33)), of=members)
L(S(M(bit_size=33)), of=lambda t: t.members[0].bit_field_size)
L(S(M(), d("template_value_parameter", "T", type=I)), of=members)
# Enumerators.
L(E(d("enumerator", const_value=0)), of=name)
L(E(d("enumerator", "A")), of=name)
L(E(d("enumerator", "A", const_value=BAD)), of=name)
L(E(d("enumerator", "A", const_value=F("block1", b"\1\2\3\4"))), of=name)
L(d("pointer_type", type=E(d("enumerator", "A"))), of=name)
N(E(d("enumerator", "A")), "enum ")
N(E(d("enumerator", "A", const_value=F("flag", 1))), "enum ")
# Parameters.
L(d("subroutine_type", None, d("formal_parameter", F("flag", 1), type=I)), of=name)
L(d("subroutine_type", None, d("formal_parameter", "p", type=BAD)), of=lambda t: [p.name for p in t.parameters])
L(d("subroutine_type", None, d("formal_parameter", "p")), of=lambda t: [p.name for p in t.parameters])
P(d("subprogram", "f", d("formal_parameter", F("flag", 1), type=I), external=True, low_pc=F("addr", 0x1000), type=I), I)["f"].address_
# Values of enumerators that their type can't have are what is written.
values = lambda t: t.enumerators
U1, U4 = base("unsigned char", 1, 8), base("unsigned int", 4, 7)
L(E(d("enumerator", "A", const_value=256), d("enumerator", "B", const_value=F("udata", 2**64 - 1)), type=U1, byte_size=1), of=values)
L(E(d("enumerator", "A", const_value=2**32), d("enumerator", "B", const_value=F("data8", 2**64 - 1)), type=U4), of=values)
L(E(d("enumerator", "A", const_value=F("sdata", -129)), type=U1, byte_size=1), of=values)
P(d("enumeration_type", "e", d("enumerator", "A", const_value=2**63), byte_size=4)).type("enum e").enumerators
P(d("enumeration_type", "e", d("enumerator", "A", const_value=256), byte_size=1)).type("enum e").enumerators
# What is wrong with one thing alone leaves the rest.
P(d("subprogram", "f", external=True, ranges=F("sec_offset", 0x1234)), d("variable", "x", type=I, location=b"\x03" + bytes(8)), I)["x"]
P(d("subprogram", "f", external=True, ranges=F("sec_offset", 0x1234)), d("variable", "x", type=I, location=b"\x03" + bytes(8)), I, version=5)["x"]
P(d("variable", "x", type=(s := S(M())), location=b"\x03" + bytes(8) + b"\x9d\x03\x05"), s, I)["x"]
FL = base("float", 4, 4)
P(d("variable", "x", type=FL, const_value=F("udata", 2**63)), FL)["x"]
P(d("variable", "x", type=(e := d("enumeration_type", "e", declaration=True)), const_value=5), e)["x"]
# A structure without a size that contains itself by a bit-field's type is an error, not endless.
P(d("variable", "x", type=(s := d("structure_type", "s", d("member", "m", bit_size=3, bit_offset=1, data_member_location=0, type=Late(lambda: s)))), location=b"\x03" + bytes(8)), s)["x"]
