"""Writes ELF cores, for parity scripts."""

import logging
import os
import struct
import tempfile

work = tempfile.TemporaryDirectory()
logging.getLogger("drgn").setLevel(logging.CRITICAL)
X86_64 = 62
PT_LOAD, PT_NOTE = 1, 4


def note(name, type, desc, big=False):
    padding = lambda b: b + bytes(-len(b) % 4)
    return struct.pack(">III" if big else "<III", len(name) + 1, len(desc), type) + padding(name.encode() + b"\0") + padding(desc)


def load(virtual, physical, data, size=None):
    return PT_LOAD, virtual, physical, data, len(data) if size is None else size


def notes(*notes):
    return PT_NOTE, 0, 0, b"".join(notes), 0


def core(*segments, machine=X86_64, is64=True, big=False):
    """Writes a core and returns its path."""
    order = ">" if big else "<"
    ehsize, phsize, word = (64, 56, "Q") if is64 else (52, 32, "I")
    headers = body = b""
    for type, virtual, physical, data, size in segments:
        body += bytes(-len(body) % 8)
        offset = ehsize + phsize * len(segments) + len(body)
        body += data
        rest = virtual, physical, len(data), size
        align = 4 if type == PT_NOTE else 0
        headers += struct.pack(order + "IIQQQQQQ", type, 7, offset, *rest, align) if is64 else struct.pack(order + "IIIIIIII", type, offset, *rest, 7, align)
    ident = b"\x7fELF" + bytes([2 if is64 else 1, 2 if big else 1, 1]) + bytes(9)
    header = struct.pack(order + "HHI" + 3 * word + "IHHHHHH", 4, machine, 1, 0, ehsize, 0, 0, ehsize, phsize, len(segments), 0, 0, 0)
    path = os.path.join(work.name, "core")
    if os.path.exists(path):  # a program may have it open: the next is another file
        os.unlink(path)
    with open(path, "wb") as f:
        f.write(ident + header + headers + body)
    return path


# Without init_uts_ns nothing tells that it is not the description of what is in memory.
VMCOREINFO = {
    "OSRELEASE": "6.12.0", "BUILD-ID": "0102ff", "PAGESIZE": "4096", "SYMBOL(swapper_pg_dir)": "ffffffff82010000", "KERNELOFFSET": "0",
    "NUMBER(phys_base)": "0", "NUMBER(pgtable_l5_enabled)": "0",
}


def vmcoreinfo(key=None, value=None):
    """Returns a kernel's text, with another value of a key, or without it."""
    info = VMCOREINFO | {key: value}
    return "".join(f"{k}={v}\n" for k, v in info.items() if v is not None)
