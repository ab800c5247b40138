# Modules and made-up ELF files of every kind: what becomes of a file, where it lies, what is wanted besides.

import os

from drgn import *
from dwarfmake import AARCH64, I386, PPC64, S390X, X86_64
from modulemake import *

both = elf("both.so", ID)
loaded = elf("loaded.so", ID, dwarf=False, symbols=False)
symtab = elf("symtab.so", ID, dwarf=False)
debug = elf("debug.so", ID, nobits=True)
bare = elf("bare.debug", ID, text=False)
noid = elf("noid.so")
other = elf("other.so", OTHER)
executable = elf("executable", ID, type=EXEC, base=0x400000)
static = elf("static", ID, type=EXEC, base=0x400000, dynamic=None)
object = elf("object.o", ID, type=REL)
core = elf("core", ID, type=CORE)
none = elf("none", ID, type=0)
processor = elf("processor", ID, type=0xFF00)

all_kinds(both)
all_kinds(loaded)
all_kinds(symtab)
all_kinds(debug)
all_kinds(bare)
all_kinds(noid)
all_kinds(executable)
all_kinds(static)
all_kinds(object)
all_kinds(core)
all_kinds(none)
all_kinds(processor)
all_kinds(loaded, debug)
all_kinds(debug, loaded)
all_kinds(loaded, bare)
all_kinds(bare, loaded)
all_kinds(symtab, bare)
all_kinds(loaded, both)
all_kinds(debug, both)
all_kinds(both, both)
all_kinds(noid, both)
all_kinds(both, other)
all_kinds(loaded, other)
all_kinds(other, loaded, id=ID)
all_kinds(noid, both, id=ID)
all_kinds(both, ranges=[(0x7F0000001000, 0x7F0000004000)])
all_kinds(loaded, debug, ranges=[(0x7F0000001000, 0x7F0000004000)])
all_kinds(both, ranges=[(0x7F0000001000, 0x7F0000002000), (0x7F0000002000, 0x7F0000003000)])
all_kinds(both, ranges=[])
all_kinds(executable, ranges=[(0x500000, 0x600000)])
all_kinds(object, ranges=[(0x500000, 0x600000)])

# Sections and segments out of the ordinary.
all_kinds(elf("nosegments.so", ID, segments=[]))
all_kinds(elf("noload.so", ID, segments=[dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("nodynamic.so", ID, segments=[dict(section=".text", memsz=0x100)]))
all_kinds(elf("empty.so", ID, segments=[dict(section=".text", memsz=0, filesz=0), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("turned.so", ID, segments=[dict(section=".data", memsz=0x100), dict(section=".text"), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("twice.so", ID, segments=[dict(section=".text"), dict(section=".text"), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("small.so", ID, segments=[dict(section=".text", align=1), dict(section=".data", align=0), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("odd.so", ID, segments=[dict(section=".text", vaddr=0x1234, align=0x1000), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("power.so", ID, segments=[dict(section=".text", vaddr=0x1234, align=0x1801), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("high.so", ID, segments=[dict(section=".text", vaddr=0xFFFFFFFFFFFFF000, memsz=0x1000), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("over.so", ID, segments=[dict(section=".text", vaddr=0xFFFFFFFFFFFFF000, memsz=0x2000), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("two.so", ID, segments=[dict(section=".text"), dict(type=DYNAMIC, section=".dynamic"), dict(type=DYNAMIC, section=".data")]))
all_kinds(elf("far.so", ID, segments=[dict(section=".text", offset=1 << 40), dict(type=DYNAMIC, section=".dynamic")]))
all_kinds(elf("debugonly", ID, text=False, segments=[dict(offset=0, filesz=0x100, memsz=0x100, vaddr=0x1000)]))

# Build IDs.
all_kinds(elf("longid.so", bytes(64)))
all_kinds(elf("shortid.so", b"\1"))
all_kinds(elf("emptyid.so", b""))
all_kinds(elf("unallocated.so", ID, idflags=0))
all_kinds(elf("wrongname.so", more={".note.gnu.build-id": note(ID, name=b"GNX\0")}))
all_kinds(elf("wrongtype.so", more={".note.gnu.build-id": note(ID, type=4)}))
all_kinds(elf("anywhere.so", more={".note.x": note(ID)}))
all_kinds(elf("second.so", more={".note.x": {**note(ID), "data": note(b"abcd", type=1)["data"] + note(ID)["data"]}}))
all_kinds(elf("cutnote.so", more={".note.x": {**note(ID), "data": note(ID)["data"][:20]}}))
all_kinds(elf("cutlate.so", more={".note.x": {**note(ID), "data": note(ID)["data"] + b"\1\0\0"}}))
all_kinds(elf("nobitsid.so", more={".note.gnu.build-id": {**note(ID), "type": 8, "size": 36}}))

# Other machines, byte orders and sizes.
all_kinds(elf("big.so", ID, big=True, machine=S390X))
all_kinds(elf("small32.so", ID, bits=32, machine=I386))
all_kinds(elf("big32.so", ID, bits=32, big=True, machine=20))
all_kinds(elf("unknown.so", ID, machine=0x9999))
all_kinds(elf("wrongorder.so", ID, machine=X86_64, big=True))
all_kinds(elf("x32.so", ID, machine=X86_64, bits=32))


def platform(machine, **options):
    prog = Program()
    m = prog.extra_module("m", create=True)
    m.try_file(elf("platform", ID, machine=machine, **options))
    return prog.platform, prog.language, show(m)


platform(X86_64)
platform(I386, bits=32)
platform(AARCH64)
platform(AARCH64, big=True)
platform(PPC64, big=True)
platform(PPC64, flags=2)
platform(S390X, big=True)
platform(22, big=True, bits=32)
platform(243)
platform(243, bits=32)
platform(40, bits=32)
platform(40, bits=32, big=True)
platform(8, bits=32, big=True)
platform(258)
platform(0x9999)


def mixed(first, second, **options):
    prog = Program(Platform(Architecture.S390X)) if first is None else Program()
    seen = []
    for i, f in enumerate([first, second]):
        if f:
            m = prog.extra_module("m", i, create=True)
            try:
                m.try_file(f)
            except Exception as e:
                seen.append(f"{type(e).__name__}: {e}")
            seen.append(show(m))
    return prog.platform, seen, log.take()


mixed(both, elf("mixed.so", ID, machine=AARCH64))
mixed(both, elf("mixed.so", ID, machine=S390X, big=True))
mixed(both, elf("mixed.so", ID, bits=32))
mixed(None, both)
mixed(both, elf("mixed.so", ID, machine=0x9999))

# No ELF files, and cut ones.
whole = open(both, "rb").read()


def bytes_(data, kind="extra", name="bytes"):
    with open(name, "wb") as f:
        f.write(data)
    return tries(kind, name)


bytes_(b"")
bytes_(b"\x7f")
bytes_(b"\x7fELF")
bytes_(b"#!/bin/sh\n")
bytes_(b"!<arch>\n")
bytes_(whole[:16])
bytes_(whole[:63])
bytes_(whole[:64])
bytes_(whole[:300])
bytes_(whole[:-1])
bytes_(whole[:-64])
bytes_(whole[:-64 * 10])
bytes_(whole + b"more")
bytes_(whole[:4] + b"\0" + whole[5:])
bytes_(whole[:4] + b"\3" + whole[5:])
bytes_(whole[:5] + b"\0" + whole[6:])
bytes_(whole[:5] + b"\3" + whole[6:])
bytes_(whole[:6] + b"\2" + whole[7:])
bytes_(whole[:7] + b"\x42\x42" + whole[9:])
bytes_(whole[:0x20] + b"\xff" * 8 + whole[0x28:])
bytes_(whole[:0x38] + b"\xff\xff" + whole[0x3A:])
bytes_(whole[:0x3C] + b"\0\0" + whole[0x3E:])
bytes_(whole[:0x20] + b"\0" * 8 + whole[0x28:])
tries("extra", "/")
tries("extra", "nosuch")
tries("extra", "/dev/null")
tries("extra", "bytes/x")
tries("extra", "a" * 300)
tries("extra", "")
tries("extra", "a\0b")
tries("extra", b"both.so")
os.symlink("loop", "loop")
tries("extra", "loop")
os.symlink("nosuch", "dangling")
tries("extra", "dangling")
os.symlink("both.so", "linked")
tries("extra", "linked")
os.mkfifo("fifo")
fd = os.open("fifo", os.O_RDWR)
tries("extra", f"/proc/self/fd/{fd}")[1]
os.close(fd)
