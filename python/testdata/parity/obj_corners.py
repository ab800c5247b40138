# What random operations found: parts within a byte, types refused before memory is read, parts without a size, odd orders.
from drgn import *
from mock import LE64, BE64, memory

prog = memory(Program(LE64), bytes(range(256)), 0x1000)
be = memory(Program(BE64), bytes(range(256)), 0x1000)
I = prog.int_type("int", 4, True)
L = prog.int_type("long", 8, True)
UC = prog.int_type("unsigned char", 1, False)
C = prog.int_type("char", 1, True)
B = prog.bool_type("_Bool", 1)
B8 = prog.bool_type("_Bool", 8)
D = prog.float_type("double", 8)
LD = prog.float_type("long double", 8)
EI = prog.enum_type("ie")
V = prog.void_type()
A = prog.array_type(I, 2)
AI = prog.array_type(I)
F = prog.function_type(I, ())
P = prog.pointer_type(I)
S = prog.struct_type("s", 4, (TypeMember(I, "a"),))
SI = prog.struct_type("is")
H = prog.struct_type("h", 16, (TypeMember(S, "s", 3), TypeMember(A, "t", 13), TypeMember(I, "i", 5)))
X = prog.struct_type("x", 8, (TypeMember(SI, "x", 0), TypeMember(I, "y", 32), TypeMember(AI, "z", 64)))
FN = prog.struct_type("fn", 8, (TypeMember(F, "x", 0), TypeMember(I, "y", 32)))

Object(prog, H, address=0x1000).s
Object(prog, H, address=0x1000).t
Object(prog, H, address=0x1000).i
Object(prog, H, address=0x1000).value_()
Object(prog, H, address=0x1000).subobject_("s")
Object(prog, prog.pointer_type(H), 0x1000).t
reinterpret(A, Object(prog, I, address=0x1000, bit_offset=7))
Object(prog, X, address=0x1000).value_()
Object(prog, X, address=0x1000).read_().x
Object(prog, X, address=0x1000).read_().z
Object(prog, X, address=0x1000).read_().x.value_()
Object(prog, X, {"y": 5})
Object(prog, FN, address=0x1000).value_()
Object.from_bytes_(prog, FN, bytes(8)).x
implicit_convert(S, Object(prog, I, address=0))
implicit_convert(A, Object(prog, I, address=0))
implicit_convert(F, Object(prog, I, address=0))
implicit_convert(V, Object(prog, I, address=0))
implicit_convert(B, Object(prog, S, address=0x1000))
implicit_convert(I, Object(prog, A, address=0x1000))
implicit_convert(I, Object(prog, EI, address=0x1000))
implicit_convert(P, Object(prog, D, address=0))
implicit_convert(S, Object(prog, S))
cast(S, Object(prog, I, address=0))
cast(SI, Object(prog, I, address=0))
cast(AI, Object(prog, I, 1))
cast(F, Object(prog, I))
cast(B, Object(prog, S, address=0x1000))
Object(prog, prog.pointer_type(V), address=0)[1]
Object(prog, prog.pointer_type(P), address=0).member
Object(prog, V, 1, bit_field_size=2)
Object(prog, AI, [], bit_field_size=2)
Object(prog, I, 1).format_(integer_base=-1)
Object.from_bytes_(prog, B, b"\x23").to_bytes_()
str(Object.from_bytes_(prog, B, b"\x23"))
+Object(prog, B8, 1)
Object(prog, B8, 1) << 3
Object(prog, LD, 5) + 1.0
Object(prog, prog.pointer_type(C), 64) - Object(prog, prog.pointer_type(UC), 0)
Object(prog, EI) << Object(prog, S, address=0x1000)
Object(prog, V).to_bytes_()
Object(prog, V).read_()
Object(prog, AI).string_()
bool(Object(prog, F, address=0))
Object(be, be.int_type("u128", 16, False), address=0x1010, bit_field_size=41).read_()
reinterpret(I, Object.from_bytes_(prog, L, bytes(8), bit_field_size=30))
Object(prog, AI, address=0x1000)[::2]
