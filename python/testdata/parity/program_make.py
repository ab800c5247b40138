import gc
from drgn import *
from mock import *
# Construction.
Program().platform
Program(None).platform
Program(LE64).platform == LE64
Program(platform=LE64).platform == LE64
Program(5)
Program("x")
Program(LE64, LE64)
Program(LE64, b"x")
Program(bogus=1)
prog = Program(LE64)
prog.flags, prog.core_dump_path, prog.language
prog.flags = 1
prog.platform = LE64
prog.cache, prog.config
prog.cache["a"] = 1
prog.cache
prog.config["x"] = {"y": 1}
prog.config
Program(LE64).cache
prog.cache is prog.cache
prog.address_size(), Program(LE32).address_size(), Program(BE32).address_size()
Program().address_size()
hash(prog) == hash(prog), prog == prog, prog == Program(LE64)
Program(LE64, vmcoreinfo=None).flags
Program(vmcoreinfo=5)
Program(vmcoreinfo=b"OSRELEASE=6.1\nPAGESIZE=4096\n")
Program(vmcoreinfo="OSRELEASE=6.1\nPAGESIZE=4096\n")
Program(vmcoreinfo=b"")
Program(vmcoreinfo=b"OSRELEASE=6.1\n")
Program(vmcoreinfo=b"OSRELEASE=6.1\nPAGESIZE=x\n")
Program(vmcoreinfo=b"OSRELEASE=6.1\nPAGESIZE=4095\n")
Program(LE64, vmcoreinfo=b"OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n").flags
Program(vmcoreinfo="OSRELEASE=6.1\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n").platform
# Platforms.
Platform(Architecture.X86_64)
Platform(Architecture.X86_64).flags, Platform(Architecture.X86_64).arch
Platform(Architecture.X86_64, PlatformFlags.IS_LITTLE_ENDIAN)
Platform(Architecture.X86_64, None)
Platform(Architecture.UNKNOWN)
Platform(Architecture.UNKNOWN, PlatformFlags(0))
Platform(Architecture.UNKNOWN, PlatformFlags(0)).registers
Platform()
Platform(1)
Platform("X86_64")
Platform(Architecture.X86_64, 1)
Platform(Architecture.X86_64, PlatformFlags(4))
Platform(arch=Architecture.AARCH64, flags=PlatformFlags.IS_64_BIT)
[Platform(a).flags for a in Architecture if a is not Architecture.UNKNOWN]
Platform(Architecture.X86_64) == Platform(Architecture.X86_64)
Platform(Architecture.X86_64) != Platform(Architecture.X86_64, PlatformFlags.IS_64_BIT)
Platform(Architecture.X86_64) == 5
Platform(Architecture.X86_64) < Platform(Architecture.X86_64)
hash(Platform(Architecture.X86_64)) == hash(Platform(Architecture.X86_64))
Platform(Architecture.X86_64).arch = 5
type(Platform(Architecture.X86_64).registers)
Platform(Architecture.X86_64).registers[0].names
Platform(Architecture.X86_64).registers[0]
"rip" in [n for r in Platform(Architecture.X86_64).registers for n in r.names], "rsp" in [n for r in Platform(Architecture.X86_64).registers for n in r.names]
Register()
host_platform.arch, host_platform == Platform(Architecture.X86_64)
# Languages.
Language.C, Language.CPP, Language.C.name, Language.CPP.name
str(Language.C), Language.C == Language.C, Language.C == Language.CPP, Language.C != "C"
Language()
Language("C")
Language.C.name = "x"
# Memory.
m = memory(Program(LE64), b"Hello, world!\0tail", 0xffff0000)
m.read(0xffff0000, 5), m.read(0xffff0007, 5), m.read(0xffff0000, 0)
m.read(0xffff0000, 18)
m.read(0xffff0000, 19)
m.read(0xfffefffe, 4)
m.read(0x1000, 1)
m.read(0x1000, 0)
m.read(0xffff0000, 5, True)
m.read(0xffff0000, 5, physical=True)
m.read(address=0xffff0000, size=5)
m.read("0xffff0000", 5)
m.read(0xffff0000, -1)
m.read(-1, 1)
m.read(2**64, 1)
m.read(0xffff0000)
m.read()
m.read(2**64 - 1, 2)
m.read(Object(m, m.int_type("unsigned long", 8, False), 0xffff0000), 3)
m.read_c_string(0xffff0000), m.read_c_string(0xffff0007)
m.read_c_string(0xffff0000, max_size=3), m.read_c_string(0xffff0000, max_size=0)
m.read_c_string(0xffff0000, False, max_size=13)
m.read_c_string(0xffff000d)
m.read_c_string(0xffff000e)
m.read_c_string(0x10)
m.read_c_string(0x10, max_size=0)
m.read_c_string(0xffff0000, False, 3)
m.read_c_string(0xffff0000, physical=True)
m.read_c_string(0xffff0000, max_size=-1)
m.read_u8(0xffff0000), m.read_u16(0xffff0000), m.read_u32(0xffff0000), m.read_u64(0xffff0000), m.read_word(0xffff0000)
m.read_u8(0xffff0000, True)
m.read_u64(0xffff000b)
m.read_u8(address=0xffff0000, physical=False)
m.read_u8()
b = memory(Program(BE32), bytes(range(16)), 0x100)
hex(b.read_u8(0x101)), hex(b.read_u16(0x100)), hex(b.read_u32(0x101)), hex(b.read_u64(0x100)), hex(b.read_word(0x100))
b.read_word(0x100 + 2**32)
b.read_u8(2**32 + 0x101)
b.read(0xffffffff, 2)
n = memory(Program(), b"\1\2\3\4\5\6\7\10", 0)
n.read(0, 4), n.read_u8(0)
n.read_u16(0)
n.read_u64(0)
n.read_word(0)
# Reading functions.
calls = []
def reader(address, count, offset, physical):
    calls.append((address, count, offset, physical))
    return bytes([offset & 0xff]) * count
r = Program(LE64)
r.add_memory_segment(0x1000, 0x1000, reader)
r.add_memory_segment(0x5000, 0x1000, reader, True)
r.add_memory_segment(0x5800, 0x10, reader, physical=True)
r.read(0x1000, 4), r.read(0x1ffc, 4), r.read(0x5004, 2, True)
calls
calls.clear()
r.read(0x57fe, 6, True)
calls
r.read(0x1ffc, 5)
r.read(0x5000, 4)
def failing(address, count, offset, physical): raise KeyError("mine")
r.add_memory_segment(0x8000, 0x10, failing)
r.read(0x8000, 1)
def fault(address, count, offset, physical): raise FaultError("custom fault", address)
r.add_memory_segment(0x9000, 0x10, fault)
r.read(0x9004, 1)
r.read_c_string(0x9004)
def short(address, count, offset, physical): return b"x" * (count - 1)
r.add_memory_segment(0xa000, 0x10, short)
r.read(0xa000, 4)
def long(address, count, offset, physical): return b"x" * (count + 1)
r.add_memory_segment(0xb000, 0x10, long)
r.read(0xb000, 4)
def text(address, count, offset, physical): return "x" * count
r.add_memory_segment(0xc000, 0x10, text)
r.read(0xc000, 4)
def nothing(address, count, offset, physical): return None
r.add_memory_segment(0xd000, 0x10, nothing)
r.read(0xd000, 4)
r.add_memory_segment(0xe000, 0x10, lambda *a: bytearray(b"abcd"))
r.read(0xe000, 4)
r.add_memory_segment(0xe000, 0x10, lambda *a: memoryview(b"wxyz"))
r.read(0xe000, 4)
r.add_memory_segment(0xf000, 0x10, lambda a: b"")
r.read(0xf000, 4)
def reenter(address, count, offset, physical): return r.read(0x1000 + offset, count)
r.add_memory_segment(0x10000, 0x10, reenter)
r.read(0x10004, 4)
def forever(address, count, offset, physical): return r.read(address, count)
r.add_memory_segment(0x11000, 0x10, forever)
try: r.read(0x11000, 1)
except RecursionError: print("recursion")
def adder(address, count, offset, physical):
    r.add_memory_segment(0x12000, 0x8, lambda a, c, o, p: b"B" * c)
    return b"A" * count
r.add_memory_segment(0x12000, 0x10, adder)
r.read(0x12000, 12), r.read(0x12000, 12)
r.add_memory_segment(0x13000, 0x10, 5)
r.add_memory_segment(0x13000, 0x10)
r.add_memory_segment(0x13000, 0, reader)
r.read(0x13000, 1)
r.add_memory_segment(-1, 0x10, reader)
r.add_memory_segment(0x13000, -1, reader)
r.add_memory_segment("x", 1, reader)
r.add_memory_segment(2**64 - 0x10, 0x10, reader)
r.read(2**64 - 4, 4)
r.add_memory_segment(2**64 - 0x10, 0x20, reader)
r.add_memory_segment(2**64 - 0x8, 0x10, reader)
r.read(2**64 - 4, 4)
r.add_memory_segment(address=0x14000, size=4, read_fn=lambda a, c, o, p: b"k" * c, physical=False)
r.read(0x14000, 4)
# Overlays.
o = memory(Program(LE64), b"a" * 16, 0x1000)
memory(o, b"b" * 4, 0x1004) is o
o.read(0x1000, 16)
memory(o, b"c" * 8, 0xffc) is o
o.read(0xffc, 20)
memory(o, b"d" * 32, 0xff0) is o
o.read(0xff0, 32)
memory(o, b"P" * 8, 0x1000, True) is o
o.read(0x1000, 8, True), o.read(0x1000, 8)
# Names that nothing knows.
e = Program(LE64)
e["x"]
"x" in e
5 in e
e[5]
e.variable("x")
e.constant("x")
e.function("x")
e.object("x")
e.object("x", FindObjectFlags.ANY)
e.object("x", FindObjectFlags.VARIABLE)
e.object("x", FindObjectFlags.CONSTANT | FindObjectFlags.FUNCTION)
e.object("x", FindObjectFlags(0))
e.object("x", 7)
e.variable("x", "f.c")
e.constant("x", "f.c")
e.function("x", filename="f.c")
e.object("x", FindObjectFlags.ANY, "f.c")
e.object("x", filename="f.c")
e.object(name="x", flags=FindObjectFlags.ANY, filename=None)
e.variable(5)
e.variable()
try: e["x"]
except ObjectNotFoundError as err: print(err.name, err.args, repr(err), isinstance(err, KeyError), isinstance(err, LookupError))
e.type("struct x")
e.type("x")
e.type("struct x", "f.c")
e.type("x", filename="f.c")
e.type("struct x *")
e.type(name="int")
e.type("int")
e.type("")
e.type(5)
e.type()
e.type("int", 5)
e.symbol("x")
e.symbol(0x1234)
e.symbol("x", 1)
e.symbols(), e.symbols("x"), e.symbols(0x1234)
e.symbols(-1)
e.symbol(-1)
e.symbol(None)
e.symbol(1.5)
e.stack_trace(1)
e.stack_trace_from_pcs([1, 2])
e.threads()
list(e.threads())
e.thread(1)
e.main_thread()
e.crashed_thread()
list(e.modules())
e.main_module()
e.module("x")
e.module(0x1234)
e.source_location(0x1234)
e.source_location("x")
program_from_core_dump("/nonexistent")
# Types of C that need no finder.
e.type("int"), e.type("unsigned long"), e.type("char *"), e.type("void"), e.type("size_t"), e.type("ptrdiff_t"), e.type("_Bool"), e.type("double"), e.type("long double")
Program(LE32).type("long"), Program(LE32).type("size_t"), Program(BE32).type("void *"), Program(LE32).type("ptrdiff_t")
Program().type("int")
Program().type("void")
Program().type("char *")
e.type("int") == e.type("int")
e.type(e.type("int")) == e.type("int")
e.type(Program(LE64).type("int"))
e.type("const int"), e.type("int const *volatile"), e.type("int (*)(void)")
e.type("int [2][3]"), e.type("int (*[2])[3]"), e.type("int []"), e.type("int [0x10]")
e.type("int x")
e.type("int [")
e.type("int [-1]")
e.type("int [18446744073709551616]")
e.type("unsigned float")
e.type("long long long")
e.type("short char")
e.type("const")
e.type("*")
e.type("struct")
e.type("int int")
e.type("int;")
e.type("unsigned const long volatile int")
e.type("_Atomic int"), e.type("int *restrict")
# Default program.
get_default_prog()
set_default_prog(e)
get_default_prog() is e
set_default_prog(None)
get_default_prog()
set_default_prog(5)
set_default_prog()
sizeof("int")
set_default_prog(e)
sizeof("int"), sizeof("void *"), offsetof.__name__
sizeof("struct nope")
alignof("int")
stack_trace(1)
source_location(1)
set_default_prog(None)
stack_trace(1)
# File names.
[filename_matches(h, n) for h, n in (("ab/cd", "cd"), ("ab/cd", "d"), ("ab/cd", "ab/cd"), ("/ab/cd", "cd"), ("/ab/cd", "/ab/cd"), ("/ab/cd", "ab/cd"), ("ab/cd", "/ab/cd"), ("cd", "ab/cd"), ("/cd", "/ab/cd"), ("ab/./cd", "ab/cd"), ("ab//cd", "ab/cd"), ("ab/x/../cd", "ab/cd"), ("ab/cd/", "cd"), ("ab/cd", "cd/"), ("ab/cd", "./cd"), ("ab/cd", "x/../cd"), ("../cd", "cd"), ("../cd", "../cd"), ("ab/cd", "../cd"), ("/../cd", "/cd"), ("/../cd", "cd"), ("", ""), ("", "a"), ("a", ""), (".", "."), ("/", "/"), ("a", "."), ("a/b", "b/."))]
filename_matches(None, None), filename_matches(None, "a"), filename_matches("a", None), filename_matches("", None), filename_matches(None, "")
filename_matches(haystack="a/b", needle="b")
filename_matches("a")
filename_matches(5, "a")
# Exceptions.
FaultError("message", 0x1234), str(FaultError("message", 0x1234)), FaultError("message", 0x1234).args, FaultError("message", 0x1234).message, FaultError("message", 0x1234).address
FaultError("message")
FaultError(message="message", address=1).args
ObjectNotFoundError("not found", name="x"), str(ObjectNotFoundError("not found", name="x")), ObjectNotFoundError(name="x").name, ObjectNotFoundError("a", "b", name="x").args
ObjectNotFoundError("x")
issubclass(UnsupportedOperation, ValueError), issubclass(ObjectNotFoundError, KeyError), issubclass(FaultError, Exception)
NoDefaultProgramError("x"), MissingDebugInfoError("x"), ObjectAbsentError("x"), OutOfBoundsError("x"), BadDataError("x"), UnsupportedOperation("x")
import pickle
pickle.loads(pickle.dumps(OutOfBoundsError("x")))
pickle.loads(pickle.dumps(FaultError("m", 4))).address
pickle.dumps(prog)

# A program of which nothing is known reads nothing.
Program().read(0, 4)
Program().read(0, 0)
Program().read_u8(0)
Program().read_u16(0)
Program().read_word(0)
Program().read_c_string(0)
MemorySearchIterator[int] is not None
