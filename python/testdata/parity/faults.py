# Faults that hand-made input showed: cores without notes, regular expressions that match nothing or ask for ends, wide bit-fields,
# types that are too deep, how many elements an iterator has left.
from drgn import *
import operator, os, struct, tempfile

P = Program(Platform(Architecture.X86_64, PlatformFlags.IS_LITTLE_ENDIAN | PlatformFlags.IS_64_BIT))
BE = Program(Platform(Architecture.X86_64, PlatformFlags.IS_64_BIT))
directory = tempfile.mkdtemp() + "/"

def memory(prog, *segments):
    for address, data in segments:
        prog.add_memory_segment(address, len(data), lambda a, n, off, physical, data=data: data[off : off + n])
    return prog

def core(*segments):
    off = 64 + 56 * len(segments)
    headers = body = b""
    for virtual, physical, data, size in segments:
        headers += struct.pack("<IIQQQQQQ", 1, 7, off + len(body), virtual, physical, len(data), size, 0)
        body += data
    path = directory + f"core{len(os.listdir(directory))}"
    with open(path, "wb") as f:
        f.write(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(segments), 0, 0, 0) + headers + body)
    return path

def read(path, *reads):
    p = Program()
    p.set_core_dump(path)
    return [p.read(*r) for r in reads], p.flags

import logging
logging.getLogger("drgn").setLevel(logging.CRITICAL)
read(core((0x7000, 0x90, b"peripatetic", 11)), (0x7000, 11), (0x95, 3, True))
read(core((0, 0x90, b"physonly", 8)), (0x90, 8, True))
read(core((0x7000, 0, b"peripatetic", 16)), (0x7000, 11))
Program().set_core_dump("/")

middle = memory(Program(P.platform), (0x2000, b"zap zip\n zop"))
ends = memory(Program(P.platform), (0, b"top\nab"), (2**64 - 6, b"xy\nend"))
joined = memory(Program(P.platform), (0x2000, b"aaa"), (0x2003, b"aab"))
text = memory(Program(P.platform), (0x2000, "aé\xff".encode() + b"\xff\xfez"))

def found(prog, pattern, *within):
    it = prog.search_memory_regex(pattern)
    if within:
        it.set_address_range(*within)
    return list(it)

found(middle, rb"q*")
found(middle, rb"")
found(middle, "")
found(middle, rb"z*")
found(middle, "z*")
found(middle, rb"(?:z|)a?")
found(middle, rb"^zap")
found(middle, rb"zop$")
found(middle, rb"^")
found(middle, rb"$")
found(middle, rb"^zap", 0x2000, 0x2005)
found(ends, rb"^top")
found(ends, rb"end$")
found(ends, rb"^")
found(ends, rb"$")
found(ends, rb"(?m)^ab")
found(ends, rb"^op", 1, 5)
found(ends, rb"ab$", 0, 5)
found(ends, rb"nd$", 2**64 - 8, 2**64 - 1)
found(joined, rb"a*")
found(joined, rb"a*?b")
found(joined, rb"^a|b")
found(text, "z*")
found(text, "^a")
found(text, "z$")
found(middle, rb"|zip")
found(middle, rb"za++p")
found(middle, rb"(?x) z a p")
P.search_memory(Object(P, P.array_type(P.int_type("int", 4, True), 0), address=0))

u128 = P.int_type("u128", 16, False)
s128 = P.int_type("s128", 16, True)
wide = P.struct_type("wide", 32, (TypeMember(Object(P, u128, bit_field_size=70), "lo", 0), TypeMember(Object(P, s128, bit_field_size=58 + 13), "hi", 70), TypeMember(P.int_type("int", 4, True), "after", 160)))
data = bytes((i * 37 + 11) & 255 for i in range(64))
Object.from_bytes_(P, wide, data).lo.value_()
Object.from_bytes_(P, wide, data).hi.value_()
Object.from_bytes_(P, wide, data).value_()
Object.from_bytes_(P, wide, data)
str(Object.from_bytes_(P, wide, data))
Object(memory(P, (0x1000, data)), wide, address=0x1000).hi.value_()
Object(P, wide, address=0x1003).read_()
Object(P, u128, 300, bit_field_size=65)
Object(P, u128, 2**70 + 5, bit_field_size=65).value_()
Object(P, s128, -2, bit_field_size=100).value_()
Object(P, s128, -2, bit_field_size=100).to_bytes_()
Object(P, wide, {"lo": 2**69 + 3, "hi": -5, "after": 7}).to_bytes_()
Object(P, u128, address=0x1000, bit_offset=3, bit_field_size=90).value_()
Object(P, u128, address=0x1000, bit_offset=3).value_()
beu = memory(BE, (0x1000, data)).int_type("u128", 16, False)
Object(BE, beu, address=0x1000, bit_offset=3, bit_field_size=90).value_()
Object(BE, beu, address=0x1000, bit_offset=7, bit_field_size=128).value_()
Object(BE, beu, 2**70 + 5, bit_field_size=100).to_bytes_()
bool(Object(P, u128, 2**64, bit_field_size=65)), bool(Object(P, u128, 2**65, bit_field_size=65))

def deep(n):
    t = P.int_type("int", 4, True)
    for _ in range(n):
        t = P.pointer_type(t)
    return t

[P.type("int " + "*" * n).type_name() == "int " + "*" * n for n in (100, 300, 1000)]
[P.type("int " + "(" * n + "*" + ")" * n).type_name() for n in (100, 300, 1000)]
[len(P.type("char " + "[2]" * n).type_name()) for n in (100, 300, 1000)]
len(deep(1000).type_name()), len(deep(1000).variable_declaration("x"))
P.type("int " + "*" * 1001).type_name()
P.type("int " + "(" * 1001 + "*" + ")" * 1001).type_name()
deep(1001).type_name()
deep(1001).variable_declaration("x")

array = Object(P, "short [4]", [1, 2, 3, 4])
it = iter(array)
operator.length_hint(it), next(it).value_(), operator.length_hint(it), len(list(it)), operator.length_hint(it)
operator.length_hint(reversed(array))
operator.length_hint(P.search_memory(b"x"))

import drgn.commands.linux
callable(drgn.commands.linux.linux_kernel_raw_command), callable(drgn.commands.raw_command)
len(os.getrandom(4)), len(os.getrandom(3, os.GRND_NONBLOCK))

# Template parameters of declarations; helpers of what is no page or has not the members.
from dwarfmake import INT, T, d
J = INT()
[(x.name, x.argument.type_name()) for x in T(d("class_type", "Ring", d("template_type_parameter", "K", type=J), declaration=True)).template_parameters]
[(x.name, x.argument.type_name()) for x in T(d("class_type", "Ring", d("template_type_parameter", "K", type=J), byte_size=4)).template_parameters]
T(d("class_type", "Ring", declaration=True)).is_complete()
T(d("class_type", "Ring", d("template_type_parameter", "K", type=J), declaration=True)).is_complete()
