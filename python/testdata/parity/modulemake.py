"""Writes the ELF files of modules, for parity scripts, and shows what became of a module's files."""

import binascii
import logging
import os
import struct

from drgn import ModuleFileStatus, Program
from dwarfmake import INT, X86_64, Writer, d, temporary, unit, write_elf

temporary("x")
EXEC, DYN, REL, CORE = 2, 3, 1, 4
LOAD, DYNAMIC, NOTE = 1, 2, 4
ID, OTHER = bytes(range(20)), b"\xff" * 20


class Log(logging.Handler):
    """Keeps how many messages there were of each level."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    def take(self):
        kept, self.records = self.records, []
        return [r.levelname for r in kept if r.levelno >= logging.WARNING]


log = Log()
logging.getLogger("drgn").addHandler(log)
logging.getLogger("drgn").propagate = False


def note(id, name=b"GNU\0", type=3, big=False, align=4, addr=0x200, flags=2):
    o = ">" if big else "<"
    data = struct.pack(o + "III", len(name), len(id), type) + name + b"\0" * (-len(name) % align) + id + b"\0" * (-len(id) % align)
    return dict(data=data, type=7, flags=flags, addr=addr, align=align)


def link(name, crc, big=False):
    b = name.encode() + b"\0"
    return b + b"\0" * (-len(b) % 4) + struct.pack(">I" if big else "<I", crc)


def crc(path):
    with open(path, "rb") as f:
        return binascii.crc32(f.read())


def elf(name, id=None, *, dwarf=True, text=True, nobits=False, type=DYN, base=0, dynamic=0x3000, debuglink=None, altlink=None,
        symbols=True, loads=None, big=False, bits=64, idflags=2, more=None, segments=None, machine=X86_64, **options):
    """Writes a file with .text at base+0x1000, .data at base+0x2000 and .dynamic at base+dynamic, and returns its path."""
    sections = {}
    if id is not None:
        sections[".note.gnu.build-id"] = note(id, big=big, addr=base + 0x200, flags=idflags)
    if text:
        kind = 8 if nobits else 1
        sections[".text"] = dict(data=b"\x90" * 0x100, type=kind, flags=6, addr=base + 0x1000, size=0x100, align=16)
        sections[".data"] = dict(data=b"\1\2\3\4" * 8, type=kind, flags=3, addr=base + 0x2000, size=32, align=4)
        if dynamic is not None:
            sections[".dynamic"] = dict(data=b"\0" * 32, type=8 if nobits else 6, flags=3, addr=base + dynamic, size=32, align=8)
    if dwarf:
        at = b"\x03" + (base + 0x2000).to_bytes(bits // 8, "big" if big else "little")
        i = INT()
        w = Writer([unit(i, d("variable", name.split(".")[0], type=i, external=True, location=at), address=bits // 8)], big=big)
        sections.update(w.sections)
    if debuglink is not None:
        sections[".gnu_debuglink"] = debuglink
    if altlink is not None:
        sections[".gnu_debugaltlink"] = altlink
    sections.update(more or {})
    sections = {k: v for k, v in sections.items() if v is not None}
    if segments is None:
        segments = []
        if text and type != REL:
            segments.append(dict(offset=0, filesz=0x200, memsz=0x200, vaddr=base, flags=4))
            segments.append(dict(section=".text", vaddr=base + 0x1000, memsz=0x100))
            segments.append(dict(section=".data", vaddr=base + 0x2000, memsz=0x800, flags=6))
            if dynamic is not None:
                segments.append(dict(type=DYNAMIC, section=".dynamic"))
        if id is not None and idflags:
            segments.append(dict(type=NOTE, section=".note.gnu.build-id", align=4))
    sym = [("func_" + name.split(".")[0], base + 0x1010, 16, 1, 2, ".text")] if symbols and text else []
    return write_elf(name, sections, type=type, big=big, bits=bits, machine=machine, symbols=sym, segments=segments, **options)


def base(path):
    return path and os.path.basename(path)


def show(m):
    return (m.loaded_file_status.name, base(m.loaded_file_path), m.loaded_file_bias, m.debug_file_status.name,
            base(m.debug_file_path), m.debug_file_bias, m.supplementary_debug_file_kind, base(m.supplementary_debug_file_path),
            m.address_ranges, m.build_id and m.build_id.hex())


KINDS = dict(
    shared=lambda p, name: p.shared_library_module(name, 0x7F0000003000, create=True),
    vdso=lambda p, name: p.vdso_module(name, 0x7F0000003000, create=True),
    relocatable=lambda p, name: p.relocatable_module(name, 0x7F0000001000, create=True),
    extra=lambda p, name: p.extra_module(name, create=True),
)


def make(kind, name="m", prog=None, id=None, ranges=None):
    m = KINDS[kind](prog or Program(), name)
    if id:
        m.build_id = id
    if ranges is not None:
        m.address_ranges = ranges
    return m


def tries(kind, *files, **options):
    """What is known of a module of a kind after each of the files."""
    m = make(kind, **options)
    seen = []
    for f in files:
        try:
            m.try_file(f)
        except Exception as e:
            seen.append(f"{type(e).__name__}: {e}")
        seen.append(show(m))
    return seen, log.take()


def all_kinds(*files, **options):
    for kind in KINDS:
        print(kind, *tries(kind, *files, **options)[0])
    print(log.take())
