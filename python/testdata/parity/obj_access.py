# Members, elements, slices, attributes, reading, and what fails.
from drgn import *
from obj_mock import mock, ints
import copy, pickle

memory = bytes(range(1, 129)) + b"hello\0world" + bytes(100)
prog = mock(segments=[(0x1000, memory), (0x3000, (0x1000).to_bytes(8, "little") + bytes(8) + (0xdead0000).to_bytes(8, "little"))])
T = ints(prog)
I, U, C, UC, S, L, UL = T["int"], T["unsigned int"], T["char"], T["unsigned char"], T["short"], T["long"], T["unsigned long"]
E = prog.enum_type("color", U, (TypeEnumerator("RED", 0), TypeEnumerator("GREEN", 0x04030201)))
EI = prog.enum_type("inc")
D = prog.float_type("double", 8)
P = prog.pointer_type(I)
VP = prog.pointer_type(prog.void_type())
A = prog.array_type(I, 3)
AI = prog.array_type(I)
A0 = prog.array_type(I, 0)
AA = prog.array_type(prog.array_type(I, 2), 3)
CA = prog.array_type(C, 16)
pt = prog.struct_type("point", 8, (TypeMember(I, "x", 0), TypeMember(I, "y", 32)))
ln = prog.struct_type("line", 16, (TypeMember(pt, "a", 0), TypeMember(pt, "b", 64)))
an = prog.struct_type("an", 12, (TypeMember(prog.struct_type(None, 4, (TypeMember(I, "p", 0),)), None, 0), TypeMember(prog.union_type(None, 4, (TypeMember(I, "q", 0), TypeMember(prog.float_type("float", 4), "r", 0))), None, 32), TypeMember(I, "type_", 64), TypeMember(I, "value_", 64)))
bf = prog.struct_type("bf", 8, (TypeMember(Object(prog, U, bit_field_size=4), "a", 0), TypeMember(Object(prog, I, bit_field_size=12), "b", 4), TypeMember(Object(prog, UL, bit_field_size=40), "c", 16)))
flex = prog.struct_type("flex", 4, (TypeMember(I, "n", 0), TypeMember(AI, "data", 32)))
arrs = prog.struct_type("arrs", 24, (TypeMember(A, "v", 0), TypeMember(prog.array_type(pt, 1), "pts", 96)))
bad = prog.struct_type("bad", 4, (TypeMember(I, "in", 0), TypeMember(I, "out", 32), TypeMember(L, "over", 0), TypeMember(I, "far", 1 << 40)))
SI = prog.struct_type("incs")
SP = prog.pointer_type(pt)
FN = prog.function_type(prog.void_type(), ())
TD = prog.typedef_type("point_t", pt)
TDP = prog.typedef_type("point_p", SP)
TDA = prog.typedef_type("arr_t", A)
raising = prog.struct_type("raising", 4, (TypeMember(lambda: 1 / 0, "m", 0),))
wrong = prog.struct_type("wrong", 4, (TypeMember(lambda: 5, "m", 0),))
R = lambda t, a=0x1000, **k: Object(prog, t, address=a, **k)
V = lambda t, v, **k: Object(prog, t, v, **k)

i = R(I)
i.value_()
i.type_
i.prog_ is prog
i.address_
i.bit_offset_
i.bit_field_size_
i.absent_
i.absence_reason_
v = V(I, 5)
v.address_
v.bit_offset_
v.bit_field_size_
v.absent_
v.absence_reason_
a = Object(prog, I, absence_reason=AbsenceReason.OPTIMIZED_OUT)
a.address_
a.bit_offset_
a.bit_field_size_
a.absent_
a.absence_reason_
a.value_()
a.read_()
a.to_bytes_()
a.string_()
a.address_of_()
a.x
a[0]
int(a)
bool(a)
str(a)
a.format_()
Object(prog, pt).x
Object(prog, pt).x.value_()
Object(prog, A)[1]
Object(prog, A)[1].value_()
len(Object(prog, A))
list(Object(prog, A))
Object(prog, A)[0:2]
Object(prog, SP).x
Object(prog, P)[0]
bool(Object(prog, A))
bool(Object(prog, pt))
str(Object(prog, pt))
str(Object(prog, pt, absence_reason=AbsenceReason.NOT_IMPLEMENTED))
Object(prog, pt, absence_reason=AbsenceReason.OPTIMIZED_OUT).x
Object(prog, I, absence_reason=AbsenceReason.OPTIMIZED_OUT).value_()
Object(prog, I, absence_reason=AbsenceReason.NOT_IMPLEMENTED).value_()
Object(prog, I, absence_reason=AbsenceReason.NOT_IMPLEMENTED) + 1
Object(prog, I, bit_field_size=4).value_()
Object(prog, I, bit_field_size=4).bit_field_size_
Object(prog, I, bit_field_size=4).bit_offset_
b = R(I, bit_offset=4, bit_field_size=8)
b.value_()
b.address_
b.bit_offset_
b.bit_field_size_
b.read_()
b.to_bytes_()
b.address_of_()
R(I, bit_offset=4).value_()
R(I, bit_offset=4).address_of_()
R(I, bit_offset=4).read_()
R(I, bit_offset=4).to_bytes_()
R(D, bit_offset=4).value_()
R(P, bit_offset=4).value_()
i.address_of_()
v.address_of_()
R(A).address_of_()
R(FN).address_of_()
R(SI).address_of_()
R(pt).x.address_of_()
i.x
i.type
i.nope_
i.value
i._x
getattr(i, "a b", 5)
hasattr(i, "x")
R(P, 0x3000).x
R(pt).z
R(SP, 0x3000).z
R(SP, 0x3000).x
R(SP, 0x3000).x.value_()
R(SP, 0x3008).x
R(SP, 0x3008).x.value_()
R(SP, 0x3010).y.value_()
R(SP, 0x9000).x
V(SP, 0x1000).y
V(SP, 0).y
V(SP, 0).y.value_()
V(TDP, 0x1000).y
V(prog.pointer_type(SP), 0x3000).x
V(VP, 0x1000).x
V(P, 0x1000).x
V(prog.pointer_type(SI), 0x1000).x
R(SI).x
R(SI).value_()
R(SI).read_()
R(SI).to_bytes_()
R(FN).x
R(FN).value_()
R(FN).read_()
R(FN).to_bytes_()
R(prog.void_type()).value_()
R(prog.void_type()).read_()
R(EI).value_()
R(EI).read_()
R(TD).x
R(TD).nope
V(TD, {"x": 3}).x
V(pt, {"x": 3}).y
V(pt, {"x": 3}).x.address_
R(A).x
R(raising).m
R(raising).other
R(raising).value_()
str(R(raising))
dir(R(raising)) != []
R(wrong).m
R(an).p
R(an).q
R(an).r
R(an).type_
R(an).value_
R(an).member_("type_")
R(an).member_("value_").value_()
R(an).member_("nope")
R(an).member_(1)
R(an).member_()
R(an).member_(name="p")
R(an).member_("p").value_()
i.member_("x")
V(SP, 0x1000).member_("x")
R(bf).a
R(bf).b
R(bf).c
R(bf).a.value_()
R(bf).b.value_()
R(bf).c.value_()
R(bf).value_()
R(bf).read_()
R(bf).read_().c
R(bf, 0x1001, bit_offset=0).value_()
R(flex).value_()
R(flex).data
R(flex).data[2].value_()
R(flex).read_()
R(flex).to_bytes_()
str(R(flex))
R(bad).value_()
getattr(R(bad), "in")
R(bad).out
R(bad).over
R(bad).far
R(bad).out.value_()
R(bad).read_().out
R(bad).read_().over
R(bad).read_().far
V(bad, {"in": 1}).out
V(bad, {"out": 1})
V(bad, {"over": 1})
V(bad, {"far": 1})
R(bad).far.value_()
str(R(bad))
R(A)[0]
R(A)[2]
R(A)[3]
R(A)[-1]
R(A)[100]
R(A)[2**31]
R(A)[2**63 - 1]
R(A)[2**63]
R(A)[-2**63]
R(A)[-2**63 - 1]
R(A)[2**64]
R(A)["x"]
R(A)[1.0]
R(A)[None]
R(A)[V(I, 1)]
R(A)[True]
R(A)[1, 2]
R(A)[V(D, 1.0)]
R(A).value_()
R(A).read_()
R(A).read_()[1]
R(A).read_()[3]
R(A).read_()[-1]
V(A, [1, 2, 3])[1]
V(A, [1, 2, 3])[3]
V(A, [1, 2, 3])[-1]
V(A, [1, 2, 3])[2**62]
V(A, [1, 2, 3])[0:2]
V(A, [1, 2, 3])[1:3]
V(A, [1, 2, 3])[1:5]
R(AI)[5]
R(AI).value_()
R(AI).read_()
len(R(AI))
list(R(AI))
str(R(AI))
R(A0).value_()
len(R(A0))
list(R(A0))
str(R(A0))
R(AA)[1]
R(AA)[1][1]
R(AA).value_()
R(TDA)[1]
R(TDA)[0:2]
len(R(TDA))
i[0]
R(P, 0x3000)[0]
R(P, 0x3000)[1]
R(P, 0x3000)[-1]
R(P, 0x3000)[0].value_()
V(P, 0)[0]
V(P, 0)[0].value_()
V(VP, 0x1000)[0]
V(VP, 0x1000)[1]
V(prog.pointer_type(FN), 0x1000)[0]
V(prog.pointer_type(FN), 0x1000)[1]
V(prog.pointer_type(SI), 0x1000)[0]
V(prog.pointer_type(SI), 0x1000)[1]
R(prog.array_type(SI, 2))[0]
R(prog.array_type(SI, 2))[1]
R(A)[0:2]
R(A)[:2]
R(A)[1:]
R(A)[:]
R(A)[0:0]
R(A)[2:1]
R(A)[-1:1]
R(A)[-1:]
R(A)[1:-1]
R(A)[:-1]
R(A)[0:10]
R(A)[0:2:1]
R(A)[0:2:2]
R(A)[::-1]
R(A)[0:2**63]
R(A)[0:2**64]
R(A)[V(I, 0):V(I, 2)]
R(A)["a":2]
R(A)[1.0:2]
R(A)[0:2].value_()
R(AA)[1:3]
R(AI)[0:2]
R(AI)[1:]
R(AI)[:]
V(P, 0x1000)[0:2]
V(P, 0x1000)[-2:2]
V(P, 0x1000)[1:]
V(P, 0x1000)[:1]
V(P, 0x1000)[2:1]
V(P, 0x1000)[0:2].value_()
V(P, 0)[0:2]
V(VP, 0x1000)[0:2]
V(prog.pointer_type(FN), 0x1000)[0:2]
i[0:2]
R(pt)[0:2]
R(prog.array_type(I, 3), bit_offset=8)[0:2]
len(R(pt))
len(i)
len(V(P, 0x1000))
list(R(A))
list(V(A, [1, 2, 3]))
[x.value_() for x in R(A)]
list(R(pt))
list(i)
list(V(P, 0x1000))
iter(R(A)).__length_hint__()
type(iter(R(A))).__name__ is not None
reversed(R(A))
1 in R(A)
0x04030201 in R(A)
len(R(prog.array_type(I, 2**63 - 1)))
len(R(prog.array_type(I, 2**63)))
len(R(prog.array_type(C, 2**64 - 1)))
next(iter(R(prog.array_type(I, 2**63))))
R(prog.array_type(I, 2**63)).value_()
R(prog.array_type(I, 2**61)).value_()
R(prog.array_type(I, 2**61)).read_()
R(prog.array_type(C, 2**40)).to_bytes_()
R(prog.array_type(I, 2**61))[2**60]
sizeof(R(prog.array_type(I, 2**63)))
sizeof(R(A))
sizeof(R(AI))
sizeof(b)
sizeof(i)
R(CA, 0x1080).string_()
R(prog.array_type(C, 3), 0x1080).string_()
R(prog.array_type(C), 0x1080).string_()
R(prog.array_type(UC, 16), 0x1080).string_()
R(prog.array_type(I, 2), 0x1080).string_()
V(prog.pointer_type(C), 0x1080).string_()
V(prog.pointer_type(C), 0x1086).string_()
V(prog.pointer_type(C), 0).string_()
V(VP, 0x1080).string_()
V(prog.pointer_type(I), 0x1080).string_()
V(CA, b"abc").string_()
V(prog.array_type(C, 3), b"abc").string_()
V(prog.array_type(C, 0), b"").string_()
i.string_()
R(pt).string_()
R(CA, 0x9000).string_()
V(prog.pointer_type(C), 0x10e8).string_()
i.to_bytes_()
v.to_bytes_()
R(pt).to_bytes_()
V(pt, {"x": 1}).to_bytes_()
R(A).to_bytes_()
V(I, 5, bit_field_size=4).to_bytes_()
V(I, -1, bit_field_size=12).to_bytes_()
R(I, 0x9000).to_bytes_()
R(I, 0x9000).value_()
R(I, 0x9000).read_()
R(pt, 0x9000).value_()
R(pt, 0x9000).read_()
R(pt, 0x10e4).value_()
try:
    R(pt, 0x10e8).value_()
except FaultError as e:
    (print(">>> fault\n", hex(e.address)))
try:
    R(I, 0x9004).value_()
except FaultError as e:
    (print(">>> fault\n", hex(e.address)))
try:
    V(SP, 0x9000).y.value_()
except FaultError as e:
    (print(">>> fault\n", hex(e.address)))
Object.from_bytes_(prog, I, b"\1\2\3\4")
Object.from_bytes_(prog, I, b"\1\2\3")
Object.from_bytes_(prog, I, b"\1\2\3\4\5")
Object.from_bytes_(prog, I, bytearray(b"\1\2\3\4"))
Object.from_bytes_(prog, I, memoryview(b"\1\2\3\4"))
Object.from_bytes_(prog, I, "abcd")
Object.from_bytes_(prog, I, [1, 2, 3, 4])
Object.from_bytes_(prog, I, 5)
Object.from_bytes_(prog, I, b"\1\2\3\4\5", bit_offset=4)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_offset=4)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_offset=4, bit_field_size=8)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_field_size=8)
Object.from_bytes_(prog, I, b"\1", bit_field_size=8)
Object.from_bytes_(prog, I, b"\1", bit_field_size=9)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_field_size=33)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_field_size=0)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_offset=-1)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_offset=2**64 - 1)
Object.from_bytes_(prog, I, b"\1\2\3\4", bit_offset=None)
Object.from_bytes_(prog, pt, bytes(range(8)))
Object.from_bytes_(prog, pt, bytes(range(9)), bit_offset=8)
Object.from_bytes_(prog, pt, bytes(range(9)), bit_offset=4)
Object.from_bytes_(prog, pt, bytes(range(7)))
Object.from_bytes_(prog, pt, bytes(range(8)), bit_field_size=4)
Object.from_bytes_(prog, A, bytes(range(12)))
Object.from_bytes_(prog, AI, bytes(range(12)))
Object.from_bytes_(prog, D, bytes(8))
Object.from_bytes_(prog, E, bytes(4))
Object.from_bytes_(prog, P, bytes(8))
Object.from_bytes_(prog, prog.void_type(), b"")
Object.from_bytes_(prog, FN, b"")
Object.from_bytes_(prog, SI, b"")
Object.from_bytes_(prog, EI, b"1234")
Object.from_bytes_(prog, "int", b"1234")
Object.from_bytes_(prog, bf, bytes(range(8)))
Object.from_bytes_(prog, prog.float_type("long double", 16), bytes(16))
Object.from_bytes_(prog, prog.int_type("i128", 16, True), bytes(15) + b"\x80")
Object.from_bytes_(prog)
Object.from_bytes_(prog, I)
v.from_bytes_(prog, I, b"\1\2\3\4")
R(ln).subobject_("a")
R(ln).subobject_("b.y")
R(ln).subobject_("b.y").value_()
R(ln).subobject_("b.z")
R(ln).subobject_("b[0]")
R(ln).subobject_("")
R(ln).subobject_("b.")
R(ln).subobject_(".b")
R(ln).subobject_("b y")
R(ln).subobject_("b.1")
R(ln).subobject_(1)
R(arrs).subobject_("v[1]")
R(arrs).subobject_("v[1].x")
R(arrs).subobject_("v[10]")
R(arrs).subobject_("v[-1]")
R(arrs).subobject_("pts[0].y")
R(arrs).subobject_("pts[2].y")
R(arrs).subobject_("v")
R(A).subobject_("[1]")
R(AA).subobject_("[1][1]")
i.subobject_("x")
V(SP, 0x1000).subobject_("x")
V(ln, {"b": {"y": 3}}).subobject_("b.y")
V(arrs, {}).subobject_("v[3]")
R(bf).subobject_("b")
R(bf).subobject_("b").value_()
Object(prog, ln).subobject_("b.y")
hash(i)
{i: 1}
i == i
copy.copy(i)
copy.deepcopy(i)
pickle.dumps(i)
i.x = 5
i.foo = 5
del i.x
sorted(n for n in dir(R(ln)) if not n.startswith("_"))
sorted(n for n in dir(V(SP, 0x1000)) if not n.startswith("_"))
sorted(n for n in dir(R(an)) if not n.startswith("_"))
sorted(n for n in dir(i) if not n.startswith("_"))
sorted(n for n in dir(V(prog.pointer_type(SP), 0x1000)) if not n.startswith("_"))
repr(R(E))
repr(V(E, 1))
repr(V(A, [1, 2, 3]))
repr(V(P, 16))
repr(R(pt))
repr(V(CA, b"ab"))
repr(R(TD))
repr(R(prog.pointer_type(FN)))
repr(R(I, 0x9000))
repr(V(prog.array_type(P, 2), [1, 2]))
repr(V(prog.struct_type("ps", 8, (TypeMember(P, "p", 0),)), {"p": 16}))
R(E).value_()
V(E, 5).value_()
R(prog.bool_type("_Bool", 1)).value_()
R(prog.bool_type("_Bool", 1)).to_bytes_()
R(prog.bool_type("b4", 4)).value_()
R(prog.bool_type("_Bool", 1)).read_()
R(ln).value_()
R(an).value_()
R(arrs).value_()
V(an, {}).value_()
R(prog.union_type("u", 4, (TypeMember(I, "i", 0), TypeMember(S, "s", 0)))).value_()
sizeof(R(bf).a)
R(an).p.value_.__name__
Object.value_.__name__
i.prog_ = 1
type(i.value_())
type(V(prog.bool_type("_Bool", 1), 1).value_())
isinstance(i, Object)
i.__class__ is Object
f"{V(I, 5)}"
f"{V(I, 5):d}"
"%d" % V(I, 5)
"%x" % V(I, 5)
"%s" % V(I, 5)
"%f" % V(D, 5)
[10, 20, 30][V(I, 1)]
range(V(I, 3))
bytes(V(I, 3))
"ab" * V(I, 2)
max(V(I, 2), V(I, 3))
sum([V(I, 2), V(I, 3)])
sum(R(A))
min(V(I, 2), 3)
