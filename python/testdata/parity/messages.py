# What exceptions say of arguments that are wrong: scripts and tests of other people match these texts.
import decimal

from drgn import *

X86 = Platform(Architecture.X86_64, PlatformFlags.IS_64_BIT | PlatformFlags.IS_LITTLE_ENDIAN)
prog = Program(X86)
prog.add_memory_segment(0, 1 << 16, lambda address, count, offset, physical: bytes(i & 0xFF for i in range(offset, offset + count)))
I = prog.int_type("int", 4, True)
ST = prog.struct_type("s", 8, (TypeMember(I, "a"), TypeMember(I, "b", 32)))
CST = ST.qualified(Qualifiers.CONST)
A = prog.array_type(I, 4)
PI = prog.pointer_type(I)
IE = prog.enum_type("ie")
O = Object(prog, I, 5)
R = Object(prog, CST, address=0x100)
T = prog.typedef_type("td", I)
SY = Symbol("s", 16, 4, SymbolBinding.GLOBAL, SymbolKind.FUNC)
TM = TypeMember(I, "x")
TE = TypeEnumerator("a", 1)
D = decimal.Decimal(2)
OPTIONS = DebugInfoOptions()
module = prog.extra_module("m", create=True)
module = module[0] if isinstance(module, tuple) else module


class Weird:
    pass


W = Weird()
# A type that is none.
Object(prog, 5)
Object(prog, W, 1)
cast(5, O)
cast(None, O)
reinterpret(O, O)
implicit_convert(b"int", O)
container_of(O, None, "a")
NULL(prog, 5)
NULL(prog, None)
Object.from_bytes_(prog, 5, bytes(4))
alignof(5)
alignof(O)
sizeof(5)
sizeof(D)
prog.typedef_type("t", 5)
prog.pointer_type(O)
prog.array_type(None)
# Arguments of other classes.
Object(1)
Object(O, I, 1)
cast(I, 1)
cast(I, D)
cast(I, None)
container_of(1, ST, "b")
TypeEnumerator(D, 1)
prog.int_type(5, 4, True)
prog.int_type("i", 4, True, qualifiers=O)
prog.int_type("i", 4, True, qualifiers=D)
prog.int_type("i", 4, True, language=5)
Object(prog, I, absence_reason=5)
Object(prog, value=O)
Object(prog, value=D)
Platform(Architecture.X86_64, 1)
Platform(1)
set_default_prog(5)
set_default_prog(O)
# Names.
prog.variable(5)
prog.object(None)
prog.constant(b"x")
prog.function(O)
ST.member(5)
ST.member(b"a").name
ST.has_member(None)
ST.has_member(b"zz")
# How many arguments there are.
sizeof()
sizeof(I, I)
sizeof(type_or_obj=I)
get_default_prog(1)
set_default_prog()
prog.symbol()
prog.symbol("x", 1)
prog.symbol(address_or_name="x")
prog.symbols("x", 1)
prog.source_location()
prog.module()
prog.threads(1)
prog.threads(x=1)
prog.main_thread(1)
prog.set_kernel(1)
ST.type_name(1)
ST.unqualified(1)
ST.is_complete(x=1)
ST.member()
ST.member("a", "b")
ST.member("a", x=1)
ST.member("a", name="a")
ST.qualified()
O.read_(1)
O.address_of_(1)
O.member_("a", "b")
O.format_(5)
cast(I)
cast(I, O, 1)
cast(I, O, x=1)
cast(I, obj=O, type=I)
prog.int_type("i", 4)
prog.read(1)
prog.read(1, 2, False, 4)
prog.thread(1, 2)
prog.register_type_finder("f")
prog.variable("x", None, 1)
# Numbers.
prog.register_type_finder("f", lambda *args: None, enable_index="0")
prog.register_object_finder("f", lambda *args: None, enable_index=O)
O.format_(columns=-1)
O.format_(columns=2**70)
R.format_(columns=1.5)
Object(prog, A, address=0)[2**70]
prog.symbol(2**70)
prog.symbol(-1)
prog.module(2**70)
prog.read(0, 2**70)
prog.read(-1, 4)
prog.stack_trace(2**70)
prog.stack_trace(-1)
prog.stack_trace(99)
prog.thread(99)
prog.search_memory(b"x", alignment=-1)
prog.search_memory(b"x", alignment=2**70)
prog.search_memory_u32(1, ignore_mask=-1)
prog.search_memory_u64(1, ignore_mask=2**70)
prog.search_memory_u32("x")
prog.search_memory_u64((1, None))
prog.stack_trace_from_pcs(5)
# What an object can be.
Object(prog, I, 1, address=1)
Object(prog, I, 1, absence_reason=AbsenceReason.OTHER)
Object(prog, I, address=1, absence_reason=AbsenceReason.OTHER)
Object(prog, I, 1, address=1, absence_reason=AbsenceReason.OTHER)
# Qualifiers have nothing to do with members.
R.zz
R.member_("zz")
R.subobject_("zz")
R.subobject_("[0]")
R[0]
R[1:]
R[1:2]
R.string_()
CST.member("zz")
Object(prog, prog.pointer_type(CST), 8).zz
offsetof(CST, "zz")
O[1:]
O[1:2]
# Designators.
offsetof(ST, "[1]")
offsetof(A, "[1]")
offsetof(ST, "")
offsetof(ST, " [0]")
container_of(Object(prog, PI, 8), A, "[1]")
Object(prog, A, address=0).subobject_("[1]")
# Conversions.
implicit_convert(IE, O)
cast(IE, O)
# Members of types.
TypeMember(5)
TypeMember(W)
TypeParameter("int")
TypeTemplateParameter(None)
prog.struct_type("s", 8, "x")
prog.struct_type("s", 8, "")
prog.struct_type("s", 8, (I,))
prog.enum_type("e", I, "x")
prog.function_type(I, "x")
# Attributes.
TM.name = "y"
TM.bit_offset = 5
TM.type = I
TE.value = 5
SY.name = "x"
del TM.name
del SY.name
del OPTIONS.directories
del module.address_range
del module.build_id
del module.object
del prog.language
del O.type_
O.nope
O.nope = 1
SY.nope = 1
prog.nope
# Hashes.
hash(O)
hash(SY)
hash(TE)
hash(X86)
# Operators and classes.
O + "x"
O // 2
O < "x"
O()
I < I
len(SY)
SY[0]
5 in O
divmod(O, 2)
format(O, "d")
Thread()
Type()
type("x", (Thread,), {})
Thread.xx = 1
Object.__name__, Object.__module__, Symbol.__module__
