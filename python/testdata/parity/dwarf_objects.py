# Variables, functions and constants from DWARF, and where they are found by file.

from drgn import FindObjectFlags, Object
from dwarfmake import CHAR, INT, F, Late, P, Unit, base, d, flatten, lines, open_file, unit, write

I = INT()
addr = lambda n, size=8, big=False: b"\x03" + n.to_bytes(size, "big" if big else "little")
A = addr(0x1234)
v = lambda name="x", type=I, loc=A, **a: d("variable", name, **{**({} if type is None else {"type": type}), **({} if loc is None else {"location": loc}), **a})
ptr = lambda t: d("pointer_type", type=t)


def O(*dies, name="x", **options):
    if not isinstance(dies[0], Unit):
        dies = flatten(dies[0], (*dies[1:], I))
    o = P(*dies, **options)[name]
    return o, o.absence_reason_


def L(loc, type=I, **options):
    return O(v(loc=loc, type=type), **options)


O(v())
O(v(loc=addr(0x1234, 4)), bits=32)
O(v(loc=addr(0x1234, 4, True)), bits=32, big=True)
O(v(loc=addr(0x1234, 8, True)), big=True)
O(v(loc=A), version=2)
O(v(loc=F("block1", A)), version=3)
O(v(loc=F("block", A)))
O(v(loc=F("data4", 0)))
O(v(loc=F("string", "x")))
O(v(loc=F("sec_offset", 0)))
O(v(loc=None))
O(v(loc=b""))
O(v(loc=None, declaration=True))
O(v(declaration=True))
O(v(external=True))
O(v(type=None))
O(v(type=F("ref4", 0xFFFFF)))
O(v(type=d("unknown")))
O(v(loc=addr(0)))
O(v(loc=addr(2**64 - 1)))
O(v(loc=A[:5]))
O(v(loc=A + b"\x23\x04"))
O(v(loc=A + b"\x23"))
O(v(loc=A + b"\x34\x22"))
O(v(loc=A + b"\x34\x1c"))
O(v(loc=A + b"\x06"))
O(v(loc=A + b"\x9f"))
O(v(loc=A + A))
O(v(loc=A + b"\x96"))
# Operations.
L(b"\x30\x9f")
L(b"\x35\x9f")
L(b"\x4f\x9f")
L(b"\x08\xff\x9f")
L(b"\x09\xff\x9f")
L(b"\x0a\xff\xff\x9f")
L(b"\x0b\xff\xff\x9f")
L(b"\x0c\xff\xff\xff\xff\x9f")
L(b"\x0d\xff\xff\xff\xff\x9f")
L(b"\x0e\1\2\3\4\5\6\7\x08\x9f")
L(b"\x0f\x01\x02\x03\x04\x05\x06\x07\x08\x9f")
L(b"\x10\xff\x01\x9f")
L(b"\x11\x7f\x9f")
L(b"\x10\xff")
L(b"\x35\x12\x22\x9f")
L(b"\x35\x36\x14\x22\x9f")
L(b"\x35\x36\x13\x9f")
L(b"\x35\x36\x16\x9f")
L(b"\x35\x36\x37\x17\x9f")
L(b"\x35\x36\x15\1\x9f")
L(b"\x35\x36\x15\5\x9f")
L(b"\x31\x1f\x9f")
L(b"\x31\x20\x9f")
L(b"\x3f\x33\x1b\x9f")
L(b"\x3f\x30\x1b\x9f")
L(b"\x3f\x33\x1d\x9f")
L(b"\x3f\x30\x1d\x9f")
L(b"\x3f\x33\x1a\x9f")
L(b"\x3f\x33\x21\x9f")
L(b"\x3f\x33\x27\x9f")
L(b"\x3f\x33\x1e\x9f")
L(b"\x3f\x33\x24\x9f")
L(b"\x3f\x33\x25\x9f")
L(b"\x3f\x1f\x33\x26\x9f")
L(b"\x3f\x08\x40\x24\x9f")
L(b"\x3f\x08\x40\x25\x9f")
L(b"\x3f\x1f\x08\x40\x26\x9f")
L(b"\x3f\x19\x9f")
L(b"\x3f\x1f\x19\x9f")
L(b"\x3f\x33\x29\x9f")
L(b"\x3f\x33\x2a\x9f")
L(b"\x3f\x33\x2b\x9f")
L(b"\x3f\x33\x2c\x9f")
L(b"\x3f\x33\x2d\x9f")
L(b"\x3f\x33\x2e\x9f")
L(b"\x31\x28\x01\x00\x33\x34\x9f")
L(b"\x30\x28\x01\x00\x33\x34\x9f")
L(b"\x2f\x01\x00\x33\x34\x9f")
L(b"\x2f\xfd\xff")
L(b"\x2f\xff\x7f")
L(b"\x2f\x00\x80")
L(b"\x96\x96\x33\x9f")
L(b"\x22\x9f")
L(b"\x31\x22\x9f")
L(b"\x12")
L(b"\x13")
L(b"\x9f")
L(b"\x50")
L(b"\x70\x00")
L(b"\x90\x01")
L(b"\x92\x01\x00")
L(b"\x91\x00")
L(b"\x9c")
L(b"\x9c\x9f")
L(b"\x97")
L(b"\x98\0\0")
L(b"\xa3\x01\x50\x9f")
L(b"\x9b")
L(b"\x30\x9b")
L(b"\xe0")
L(b"\x08\x10\xe0")
L(b"\xf0\x00")
L(b"\x01")
L(b"\x00")
L(b"\xff")
L(b"\x02")
L(b"\xa8\x00")
L(b"\xa9\x00")
L(b"\x30\x06\x9f")
L(b"\x30\x94\x04\x9f")
L(b"\xa2\x00")
L(b"\xa1\x00", version=5)
L(b"\xa1\x00", version=5, extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x4321).to_bytes(8, "little")})
L(b"\xa1\x01", version=5, extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x4321).to_bytes(8, "little")})
L(b"\xfb\x00", version=4, extra={".debug_addr": (0x4321).to_bytes(8, "little")})
P(unit(v(loc=b"\xa1\x00"), I, version=5, addr_base=F("sec_offset", 8)), extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x4321).to_bytes(8, "little")})["x"]
P(unit(v(loc=b"\xa1\x01"), I, version=5, addr_base=F("sec_offset", 8)), extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x4321).to_bytes(8, "little")})["x"]
# Values.
L(b"\x9e\x04\1\2\3\4")
L(b"\x9e\x04\1\2\3\4", big=True)
L(b"\x9e\x02\1\2")
L(b"\x9e\x06\1\2\3\4\5\6")
L(b"\x9e\x00")
L(b"\x9e")
L(b"\x9e\x05\1\2")
L(b"\x9e\x01\x80")
L(b"\x9e\x01\x80", big=True)
pair = d("structure_type", "pair", d("member", "a", type=I, data_member_location=0), d("member", "b", type=I, data_member_location=4), byte_size=8)
L(b"\x9e\x08\1\0\0\0\2\0\0\0", pair)
L(b"\x9e\x04\1\0\0\0", pair)
L(b"\x31\x9f", pair)
L(b"\x0e\1\0\0\0\2\0\0\0\x9f", pair)
# Pieces.
L(b"\x9e\x06\1\2\3\4\5\6", big=True)
L(b"\x50\x31\x9f")
L(b"\x96")
L(b"\x31\x9f\x31\x9f")
L(A + b"\x93\x04\x31")
L(b"\xa0\1\0\0\0\0", version=5)
L(A + b"\x93\x04")
L(A + b"\x93\x02")
L(A + b"\x93\x08")
L(A + b"\x93\x04" + addr(0x1238) + b"\x93\x04", pair)
L(A + b"\x93\x04" + addr(0x2000) + b"\x93\x04", pair)
L(b"\x31\x9f\x93\x04\x32\x9f\x93\x04", pair)
L(b"\x31\x9f\x93\x04\x32\x9f\x93\x04", pair, big=True)
L(b"\x31\x9f\x93\x04\x93\x04", pair)
L(b"\x93\x04\x31\x9f\x93\x04", pair)
L(b"\x93\x04\x93\x04", pair)
L(b"\x93\x08", pair)
L(b"\x31\x9f\x93\x04", pair)
L(b"\x31\x9f\x93\x08\x32\x9f\x93\x04", pair)
L(b"\x31\x9f\x93\x00\x32\x9f\x93\x08", pair)
L(b"\x9e\x04\1\0\0\0\x93\x04\x9e\x04\2\0\0\0\x93\x04", pair)
L(b"\x50\x93\x04\x32\x9f\x93\x04", pair)
L(b"\x31\x9f\x9d\x20\x00\x32\x9f\x9d\x20\x00", pair)
L(b"\x0a\x34\x12\x9f\x9d\x10\x04\x32\x9f\x9d\x10\x00")
L(b"\x0a\x34\x12\x9f\x9d\x10\x04\x32\x9f\x9d\x10\x00", big=True)
L(A + b"\x9d\x20\x03")
L(A + b"\x9d\x10\x03" + addr(0x1236) + b"\x9d\x10\x03")
L(b"\x31\x9f\x9d\x03\x00\x32\x9f\x9d\x1d\x00")
# Types of several sizes.
L(b"\x31\x9f", base("unsigned char", 1, 8))
L(b"\x31\x1f\x9f", base("unsigned char", 1, 8))
L(b"\x31\x1f\x9f", base("long", 8, 5))
L(b"\x31\x1f\x9f", base("__int128", 16, 5))
L(b"\x9e\x08\0\0\0\0\0\0\xf0\x3f", base("double", 8, 4))
L(b"\x0e\0\0\0\0\0\0\xf0\x3f\x9f", base("double", 8, 4))
L(b"\x31\x9f", base("_Bool", 1, 2))
L(b"\x32\x9f", base("_Bool", 1, 2))
L(b"\x31\x9f", d("const_type"))
L(b"\x31\x9f", d("structure_type", "nowhere", declaration=True))
L(A, d("structure_type", "nowhere", declaration=True))
L(A, d("const_type"))
L(b"\x31\x9f", d("array_type", None, d("subrange_type"), type=I))
L(b"\x9e\x04\1\0\0\0", d("array_type", None, d("subrange_type", count=1), type=I))
L(A, d("array_type", None, d("subrange_type"), type=I))
L(b"\x31\x9f", ptr(I))
L(b"\x31\x9f", d("subroutine_type"))
L(A, d("subroutine_type"))
# Constant values.
C = lambda c, type=I, **o: O(v(type=type, loc=None, const_value=c), **o)
C(5)
C(-5)
C(F("data1", 5))
C(F("data1", 255))
C(F("data2", 0xFFFF))
C(F("data4", 0xFFFFFFFF))
C(F("data8", 2**64 - 1))
C(F("data8", 2**32))
C(F("udata", 2**32 + 1))
C(F("sdata", 2**31))
C(F("implicit_const", -3), version=5)
C(F("data16", 5), version=5)
C(F("data16", 5), base("__int128", 16, 5), version=5)
C(F("data16", 2**100), base("__int128", 16, 5), version=5)
C(F("data16", 2**127), base("unsigned __int128", 16, 7), version=5)
C(F("data16", 2**127), base("unsigned __int128", 16, 7), version=5, big=True)
C(F("block1", b"\1\2\3\4"))
C(F("block1", b"\1\2\3\4"), big=True)
C(F("block2", b"\1\2\3\4"))
C(F("block4", b"\1\2\3\4"))
C(F("block", b"\1\2\3\4"))
C(F("exprloc", b"\1\2\3\4"))
C(F("block1", b"\1\2\3"))
C(F("block1", b"\1\2\3\4\5"))
C(F("block1", b""))
C(F("block1", b"\1\0\0\0\2\0\0\0"), pair)
C(5, pair)
C(F("string", "abc"))
C(F("string", "abc"), d("array_type", None, d("subrange_type", count=4), type=CHAR()))
C(F("string", "abc"), d("array_type", None, d("subrange_type", count=3), type=CHAR()))
C(F("strp", "abc"), d("array_type", None, d("subrange_type", count=4), type=CHAR()))
C(F("string", "abc"), ptr(CHAR()))
C(F("block1", b"abc\0"), d("array_type", None, d("subrange_type", count=4), type=CHAR()))
C(F("addr", 0x1234), ptr(I))
C(F("addr", 0x1234))
C(F("flag", True))
C(F("ref4", 11))
C(F("data8", 0x3FF0000000000000), base("double", 8, 4))
C(F("data4", 0x3F800000), base("float", 4, 4))
C(F("block1", b"\0\0\0\0\0\0\xf0\x3f"), base("double", 8, 4))
C(1, base("_Bool", 1, 2))
C(2, base("_Bool", 1, 2))
C(65, CHAR())
C(F("data1", 200), CHAR())
C(200, base("unsigned char", 1, 8))
C(300, base("unsigned char", 1, 8))
C(-1, base("unsigned char", 1, 8))
C(-1, base("unsigned long", 8, 7))
C(-1, base("__int128", 16, 5))
C(F("data1", 255), base("__int128", 16, 5))
C(0x1234, ptr(I))
C(1, d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4))
C(-1, d("typedef", "T", type=I))
C(1, d("const_type", type=I))
C(1, d("structure_type", "nowhere", declaration=True))
C(1, d("const_type"))
C(1, d("array_type", None, d("subrange_type", count=1), type=I))
C(1, base("t", 4, 5, endianity=1))
C(F("block1", b"\0\0\0\1"), base("t", 4, 5, endianity=1))
O(v(const_value=5))
O(v(loc=b"", const_value=5))
O(v(loc=None, const_value=5, declaration=True))
# Declarations and their completion.
dec = v(loc=None, declaration=True, external=True)
O(dec, d("variable", None, specification=dec, location=A))
O(dec, d("variable", None, specification=dec))
O(dec, d("variable", None, specification=dec, const_value=7))
O(dec, d("variable", "y", specification=dec, location=A))
P(dec, d("variable", "y", specification=dec, location=A), I)["y"]
O(dec, d("variable", None, abstract_origin=dec, location=A))
chain = d("variable", None, specification=dec)
O(dec, chain, d("variable", None, specification=chain, location=A))
loop = d("variable", None, location=A)
loop.attrs["specification"] = loop
O(loop)
O(loop, v("y"))
O(v("y"), loop, name="y")
O(d("variable", None, specification=F("ref4", 0xFFFFF), location=A))
O(d("variable", None, specification=F("udata", 11), location=A))
dec5 = v(loc=None, declaration=True)
O(unit(dec5, I), unit(d("variable", None, specification=dec5, location=A)))
typed = v(loc=None, type=d("array_type", None, d("subrange_type"), type=I), declaration=True)
O(typed, typed.attrs["type"], d("variable", None, specification=typed, location=A))
full = d("array_type", None, d("subrange_type", count=3), type=I)
O(typed, typed.attrs["type"], full, d("variable", None, specification=typed, location=A, type=full))
# Static members of C++ classes.
stat = d("member", "x", type=I, external=True, declaration=True)
P(unit(d("class_type", "c", stat, byte_size=1), I, d("variable", None, specification=stat, location=A), language=4))["c::x"]
P(unit(d("class_type", "c", stat, byte_size=1), I, d("variable", None, specification=stat, location=A), language=4))["x"]
stat = d("variable", "x", type=I, external=True, declaration=True)
P(unit(d("class_type", "c", stat, byte_size=1), I, d("variable", None, specification=stat, location=A), language=4))["c::x"]
# Namespaces.
ns = lambda name, *c, **a: d("namespace", name, *c, **a)
cpp = lambda *c, **a: unit(*c, I, language=4, **a)
P(cpp(ns("n", v())))["n::x"]
P(cpp(ns("n", v())))["x"]
P(cpp(ns("n", v())))["::n::x"]
P(cpp(ns("n", v())))["n::"]
P(cpp(ns("n", v())))["::"]
P(cpp(ns("n", v())))["n::y"]
P(cpp(ns("n", v())))["n"]
P(cpp(v()))["::x"]
P(cpp(v()))["x"]
P(cpp(ns("n", ns("m", v()))))["n::m::x"]
P(cpp(ns("n", ns("m", v()))))["m::x"]
P(cpp(ns(None, v())))["x"]
P(cpp(ns(None, v())))["(anonymous namespace)::x"]
P(cpp(ns("n", ns(None, v()))))["n::x"]
P(cpp(ns("n", v()), ns("n", v("y"))))["n::y"]
P(cpp(ns("n", v("x"))), cpp(ns("n", v("y"))))["n::y"]
P(cpp(ns("n", d("structure_type", "s", byte_size=4)))).type("struct n::s")
P(cpp(ns("n", d("structure_type", "s", byte_size=4)))).type("n::s")
P(cpp(ns("n", d("class_type", "s", byte_size=4)))).type("class n::s")
P(cpp(ns("n", d("typedef", "s", type=I)))).type("n::s")
P(cpp(ns("n", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4))))["n::A"]
P(cpp(ns("n", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4))))["n::e::A"]
P(cpp(ns("n", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4, enum_class=True))))["n::e::A"]
P(cpp(ns("n", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4, enum_class=True))))["n::A"]
P(cpp(d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4, enum_class=True)))["e::A"]
P(cpp(d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4)))["e::A"]
P(cpp(d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4)))["A"]
P(cpp(d("structure_type", "o", d("structure_type", "s", byte_size=4), byte_size=4))).type("struct o::s")
P(cpp(d("structure_type", "o", d("structure_type", "s", byte_size=4), byte_size=4))).type("struct s")
P(unit(d("structure_type", "o", d("structure_type", "s", byte_size=4), byte_size=4))).type("struct s")
P(cpp(d("structure_type", "o", d("typedef", "t", type=I), byte_size=4))).type("o::t")
P(cpp(d("structure_type", "o", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4), byte_size=4)))["o::A"]
P(cpp(d("structure_type", "o", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4), byte_size=4)))["A"]
P(unit(d("structure_type", "o", d("enumeration_type", "e", d("enumerator", "A", const_value=1), byte_size=4), byte_size=4)))["A"]
P(cpp(ns("n", v()), d("imported_module", None)))["n::x"]
t1 = d("structure_type", "s", byte_size=4)
P(cpp(ns("n", t1), d("imported_declaration", None, import_=t1))).type("struct s")
P(cpp(ns("n", t1), d("imported_declaration", "k", import_=t1))).type("struct k")
P(cpp(d("class_type", "t<int>", byte_size=4))).type("class t<int>")
P(cpp(d("class_type", "t<int>", byte_size=4))).type("t<int>")
P(cpp(ns("n", d("class_type", "t<a::b>", d("class_type", "q", byte_size=1), byte_size=4)))).type("class n::t<a::b>::q")
P(cpp(d("subprogram", "f", d("structure_type", "local", byte_size=4), low_pc=F("addr", 0x1000), high_pc=4))).type("struct local")
P(unit(d("subprogram", "f", d("structure_type", "local", byte_size=4), low_pc=F("addr", 0x1000), high_pc=4))).type("struct local")
P(unit(d("subprogram", "f", v(), low_pc=F("addr", 0x1000), high_pc=4), I))["x"]
P(unit(d("subprogram", "f", d("lexical_block", None, v(), d("structure_type", "local", byte_size=4)), low_pc=F("addr", 0x1000), high_pc=4), I))["x"]
P(unit(d("lexical_block", None, v()), I))["x"]
P(unit(d("module", "mod", v()), I))["x"]
main = d("subprogram", "main", low_pc=F("addr", 0x1000), high_pc=4, external=True)
P(cpp(main, ns("n", d("structure_type", "s", byte_size=4)))).type("struct n::s")
P(cpp(main, ns("n", d("structure_type", "s", byte_size=4)))).type("n::s")
P(cpp(main, ns("n", d("class_type", "s", byte_size=4)))).type("class n::s")
P(cpp(main, ns("n", d("typedef", "s", type=I)))).type("n::s")
P(cpp(main, ns("n", d("enumeration_type", "s", byte_size=4)))).type("enum n::s")
P(cpp(main, d("class_type", "t<int>", byte_size=4))).type("class t<int>")
P(cpp(main, d("class_type", "t<int>", byte_size=4))).type("t<int>")
P(cpp(main, d("structure_type", "o", d("structure_type", "s", byte_size=4), byte_size=4))).type("struct o::s")
P(cpp(main, d("structure_type", "o", d("typedef", "t", type=I), byte_size=4))).type("o::t")
P(cpp(main, d("structure_type", "s", byte_size=4))).type("s")
P(cpp(main, d("structure_type", "s", byte_size=4))).type("class s")
P(cpp(main, d("structure_type", "s", byte_size=4))).type("::s")
P(cpp(main, d("class_type", "s", byte_size=4))).type("struct s")
# Functions.
fn = lambda name="f", *c, low=0x1000, **a: d("subprogram", name, *c, **({} if low is None else {"low_pc": F("addr", low), "high_pc": 16}), **a)
Fo = lambda *dies, **o: O(*dies, name="f", **o)
Fo(fn())
Fo(fn(type=I))
Fo(fn("f", d("formal_parameter", "a", type=I), type=I, prototyped=True))
Fo(fn("f", d("formal_parameter", "a", type=I), d("unspecified_parameters"), type=I))
Fo(fn(external=True))
Fo(fn(low=None))
Fo(fn(low=None, declaration=True))
Fo(fn(declaration=True))
Fo(fn(low=0))
Fo(d("subprogram", "f", entry_pc=F("addr", 0x1004)))
Fo(fn(entry_pc=F("addr", 0x1004)))
Fo(d("subprogram", "f", low_pc=F("addr", 0x1000)))
Fo(d("subprogram", "f", high_pc=16))
Fo(d("subprogram", "f", ranges=F("sec_offset", 0)), extra={".debug_ranges": b"".join(x.to_bytes(8, "little") for x in (0x1010, 0x1020, 0x1000, 0x1008, 0, 0))})
Fo(d("subprogram", "f", ranges=F("sec_offset", 0), entry_pc=F("addr", 0x1000)), extra={".debug_ranges": b"".join(x.to_bytes(8, "little") for x in (0x1010, 0x1020, 0x1000, 0x1008, 0, 0))})
Fo(d("subprogram", "f", low_pc=F("udata", 5)))
Fo(fn(), version=2)
Fo(fn(), version=5)
Fo(d("subprogram", "f", low_pc=F("addrx", 0), high_pc=16), version=5, extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x1040).to_bytes(8, "little")})
P(unit(d("subprogram", "f", low_pc=F("addrx", 0), high_pc=16), version=5, addr_base=F("sec_offset", 8)), extra={".debug_addr": b"\x0c\0\0\0\5\0\x08\0" + (0x1040).to_bytes(8, "little")})["f"]
fdec = fn(low=None, declaration=True, type=I)
Fo(fdec, d("subprogram", None, specification=fdec, low_pc=F("addr", 0x1000), high_pc=4))
P(cpp(ns("n", fdec), d("subprogram", None, specification=fdec, low_pc=F("addr", 0x1000), high_pc=4)))["n::f"]
P(cpp(ns("n", fdec), d("subprogram", None, specification=fdec, low_pc=F("addr", 0x1000), high_pc=4)))["f"]
fdec = fn("f", d("formal_parameter", None, type=ptr(Late(lambda: cls)), artificial=True), low=None, declaration=True, type=I)
cls = d("class_type", "c", fdec, byte_size=1)
meth = d("subprogram", None, d("formal_parameter", "this", type=ptr(cls), artificial=True), specification=fdec, low_pc=F("addr", 0x1000), high_pc=4)
P(cpp(cls, fdec.children[0].attrs["type"], meth, meth.children[0].attrs["type"]))["c::f"]
P(cpp(cls, fdec.children[0].attrs["type"], meth, meth.children[0].attrs["type"]))["f"]
inl = fn(low=None, type=I, inline=1)
Fo(inl)
Fo(inl, d("subprogram", None, abstract_origin=inl, low_pc=F("addr", 0x1000), high_pc=4))
Fo(inl, d("subprogram", None, abstract_origin=inl, low_pc=F("addr", 0x1000), high_pc=4), symbols=[("f", 0x1000, 4, 1, 2, ".text")])
Fo(fn("f", d("formal_parameter", "a")))
Fo(fn("f", d("formal_parameter", "a", type=d("unknown"))))
Fo(fn(type=d("unknown")))
Fo(fn(F("string", b"f"), linkage_name="_Zf"))
P(fn("f", linkage_name="_Z1fv"))["_Z1fv"]
# Constants.
E = lambda *names, tag="e", **a: d("enumeration_type", tag, *[d("enumerator", n, const_value=i) for i, n in enumerate(names)], **{"byte_size": 4, **a})
O(E("x", "y"))
O(E("x", "y"), name="y")
O(E("x", "y", tag=None), name="y")
O(E("x", type=I))
O(E("x", type=base("unsigned char", 1, 8)))
O(E("x", declaration=True))
O(d("constant", "x", type=I, const_value=5))
# Several kinds of one name.
prog = P(v("a"), E("a"), fn("a"), I)
prog["a"]
prog.variable("a")
prog.constant("a")
prog.function("a")
prog.object("a", FindObjectFlags.FUNCTION)
prog.object("a", FindObjectFlags.VARIABLE | FindObjectFlags.FUNCTION)
prog.object("a", FindObjectFlags.CONSTANT | FindObjectFlags.FUNCTION)
prog.object("a", FindObjectFlags.ANY)
P(fn("a"), E("a"), v("a"), I)["a"]
P(E("a"), I).variable("a")
P(v("a"), I).constant("a")
P(v("a"), I).function("a")
P(fn("a"), I).variable("a")
P(v("a"), I).function("zzz")
"a" in P(v("a"), I)
"b" in P(v("a"), I)
# Files.
at = lambda name, n, loc, **a: v(name, loc=addr(loc), decl_file=n, **a)
t4 = lines(["include", "/abs"], [("main.c", 0), ("a.h", 1), ("b.h", 2), ("sub/c.h", 1), ("/root/d.h", 1), ("../up.h", 1)])
t9 = lines(["include", "/abs"], [("main.c", 0), ("a.h", 1), ("e.h", 9)])
prog = P(unit(*[at("x", n, 0x100 * n) for n in range(0, 10)], I, lines=0, comp_dir="/src"), extra={".debug_line": t4})
where = lambda prog, f, name="x": hex(prog.object(name, FindObjectFlags.ANY, f).address_)
where(prog, "main.c")
where(prog, "/src/main.c")
where(prog, "src/main.c")
where(prog, "./main.c")
where(prog, "a.h")
where(prog, "include/a.h")
where(prog, "/src/include/a.h")
where(prog, "src/include/a.h")
where(prog, "include/../include/a.h")
where(prog, "/include/a.h")
where(prog, "lude/a.h")
where(prog, "b.h")
where(prog, "/abs/b.h")
where(prog, "/src/abs/b.h")
where(prog, "c.h")
where(prog, "sub/c.h")
where(prog, "/src/include/sub/c.h")
where(prog, "/root/d.h")
where(prog, "d.h")
where(prog, "up.h")
where(prog, "/src/up.h")
where(prog, "src/up.h")
where(prog, "nothing.h")
where(prog, "/")
where(prog, ".")
where(prog, "main")
t5 = lines(["/src", "include", "/abs"], [("main.c", 0), ("main.c", 0), ("a.h", 1), ("b.h", 2), ("sub/c.h", 1)], version=5)
prog = P(unit(*[at("x%d" % n, n, 0x100 * n + 0x100) for n in range(0, 7)], I, lines=0, version=5), extra={".debug_line": t5})
where(prog, "main.c", "x0")
where(prog, "main.c", "x1")
where(prog, "a.h", "x2")
where(prog, "/src/include/a.h", "x2")
where(prog, "/abs/b.h", "x3")
where(prog, "c.h", "x4")
where(prog, "main.c", "x5")
where(prog, "main.c", "x6")
prog["x6"]
prog = P(unit(*[at("x%d" % n, n, 0x100 * n + 0x100) for n in range(0, 4)], I, lines=0), extra={".debug_line": t9})
where(prog, "a.h", "x2")
where(prog, "e.h", "x3")
prog["x3"]
# Names with other forms of DW_AT_decl_file, and units without a table.
prog = P(unit(at("x", 1, 0x100), I, comp_dir="/src"))
where(prog, "main.c")
prog["x"]
prog = P(unit(v("x", loc=addr(0x100)), I, comp_dir="/src", lines=0), extra={".debug_line": t4})
where(prog, "main.c")
prog = P(unit(at("x", F("string", "a.h"), 0x100), I, lines=0), extra={".debug_line": t4})
where(prog, "a.h")
prog = P(unit(at("x", F("implicit_const", 2), 0x100), I, lines=0, version=5), extra={".debug_line": t5})
where(prog, "a.h")
prog = P(unit(at("x", F("data8", 2), 0x100), I, lines=0), extra={".debug_line": t4})
where(prog, "a.h")
prog = P(unit(at("x", 2, 0x100), I, lines=5000), extra={".debug_line": t4})
prog["x"]
prog = P(unit(at("x", 2, 0x100), I, lines=0), extra={".debug_line": t4[:30]})
prog["x"]
prog = P(unit(at("x", 2, 0x100), I, lines=0), extra={".debug_line": lines(version=6)})
prog["x"]
prog = P(unit(at("x", 2, 0x100), I, lines=0), extra={".debug_line": lines(version=1)})
prog["x"]
prog = P(unit(at("x", 2, 0x100), I, lines=0, comp_dir=None), extra={".debug_line": t4})
where(prog, "include/a.h")
where(prog, "/include/a.h")
prog = P(unit(at("x", 1, 0x100), I, lines=0, comp_dir=None, name="dir/main.c"), extra={".debug_line": t4})
where(prog, "main.c")
where(prog, "dir/main.c")
prog = P(unit(at("x", 1, 0x100), I, lines=0, comp_dir="/src", name="dir/main.c"), extra={".debug_line": lines([], [("dir/main.c", 0)])})
where(prog, "dir/main.c")
where(prog, "/src/dir/main.c")
prog = P(unit(at("x", 1, 0x100), I, lines=0, comp_dir="rel"), extra={".debug_line": t4})
where(prog, "rel/main.c")
where(prog, "/rel/main.c")
# Several units.
prog = P(unit(at("x", 1, 0x100), I, lines=0, comp_dir="/one"), unit(at("x", 1, 0x200), I, lines=0, comp_dir="/two"), extra={".debug_line": t4})
where(prog, "one/main.c")
where(prog, "two/main.c")
where(prog, "/two/main.c")
prog["x"].address_ in (0x100, 0x200)
prog = P(unit(v(loc=None, declaration=True), I), unit(v(), I), unit(v(loc=None), I))
prog["x"]
prog = P(unit(v(loc=None), I), unit(v(loc=None), I))
prog["x"]
# A variable that is described twice, the second time with a complete type.
half = d("array_type", None, d("subrange_type"), type=I)
whole = d("array_type", None, d("subrange_type", count=3), type=I)
dec = v(type=half, loc=None, declaration=True)
P(unit(dec, half, whole, d("variable", None, specification=dec, type=whole, location=A), I))["x"]
# Odd units.
P(unit(v(), I, b"\0\0\0"))["x"]
P(unit())["x"]
P(unit(d("variable", None, type=I, location=A), I))["x"]
P(unit(d("variable", "", type=I, location=A), I))[""]
P(unit(v(), I, producer="x"), extra={".debug_abbrev": b""})["x"]
P(unit(v(), I), extra={".debug_abbrev": None})["x"]
P(unit(v(), I), extra={".debug_str": None})["x"]
P(unit(v(), I), extra={".debug_info": b"\xff\xff\xff\x7f"})["x"]
P(unit(v(), I), extra={".debug_info": b"\x10"})["x"]
P(unit(v(), I), extra={".debug_info": b"\0\0\0\0"})["x"]
P(unit(v(), I), extra={".debug_info": b""})["x"]
P(unit(v(), I), extra={".debug_info": b"\xf0\xff\xff\xff\0\0\0\0"})["x"]
P(unit(v(sibling=F("ref4", 0)), I))["x"]
P(unit(v(sibling=F("ref4", 0xFFFFF)), I))["x"]
P(unit(E("q", sibling=F("ref4", 0)), v(), I))["x"]
P(unit(E("q", sibling=F("ref4", 0xFFFFF)), v(), I))["x"]
P(unit(v(), I, d("unknown", F("unknown", b""))))["x"]
# Two modules.
prog = P(unit(v("x"), I))
prog = open_file(write(unit(v("y", loc=addr(0x5678)), I)), prog)
prog["x"], prog["y"]
# The program as a whole.
P(v()).platform
P(v(), big=True).platform
P(v(loc=addr(5, 4)), bits=32, machine=3).platform
P(v(loc=addr(5, 4)), bits=32, machine=40).platform
P(v(), machine=183).platform
P(v(), machine=243).platform
P(v(), machine=21).platform
P(v(), machine=21, big=True).platform
P(v(), machine=22, big=True).platform
P(v(), machine=0x9999).platform
P(v(loc=addr(5, 4)), bits=32, machine=62).platform

# Where a definition is: in the scope of the declaration that it completes, in any language.
dec = lambda: d("variable", "tally", type=I, declaration=True)
space = lambda *c: d("namespace", "yard", *c)
out = dec()
P(out, space(d("variable", None, specification=out, location=A)), I)["tally"]
P(out, space(d("variable", None, specification=out, location=A)), I, language=None)["tally"]
P(out, space(d("variable", None, specification=out, location=A)), I, language=0x1A)["tally"]
P(out, space(d("variable", None, specification=out, location=A)), I)["yard::tally"]
inner = dec()
P(space(inner), d("variable", None, specification=inner, location=A), I)["yard::tally"]
P(space(inner), d("variable", None, specification=inner, location=A), I, language=None)["yard::tally"]
P(space(inner), d("variable", None, specification=inner, location=A), I, language=0x1C)["yard::tally"]
P(space(inner), d("variable", None, specification=inner, location=A), I)["tally"]
method = d("subprogram", "weigh", declaration=True)
P(space(d("structure_type", "Crate", method, byte_size=4)), d("subprogram", None, specification=method, low_pc=F("addr", 0x1000), high_pc=F("data4", 4)), language=0x1C).function("yard::Crate::weigh").address_
P(space(d("structure_type", "Crate", method, byte_size=4)), d("subprogram", None, specification=method, low_pc=F("addr", 0x1000), high_pc=F("data4", 4)), language=0x1C).function("weigh")
# Pieces of nothing, and operations after a location.
L(b"\x93\0")
L(A + b"\x93\0")
L(A + b"\x9d\0\0")
L(b"\x9e\4\0\0\0\0\xdf")
L(b"\x35\x9f\x31")
L(A + b"\xdf")
# Pieces of implicit values: the least significant bits of them.
L(b"\x9e\2\x77\x66\x93\2\x9e\4\0\0\xbb\xaa\x93\4", big=True)
L(b"\x9e\1\x1f\x9d\4\4\x9e\4\1\x23\x45\x67\x9d\x1c\0", big=True)
L(b"\x9e\4\x11\x22\x33\x44\x93\2\x9e\2\x55\x66\x93\2", big=True)
L(b"\x9e\4\x11\x22\x33\x44\x93\2\x9e\2\x55\x66\x93\2")
L(b"\x9e\2\x77\x66\x93\2\x9e\4\0\0\xbb\xaa\x93\4")
