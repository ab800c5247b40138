# Where files of modules are looked for: debug links, build IDs, supplementary files, symbols that are packed in .gnu_debugdata.

import lzma
import os
import shutil

from drgn import *
from dwarfmake import *
from modulemake import *

log.records.clear()
os.makedirs("bin/.debug")
os.makedirs("lib/debug")
os.makedirs("other")
root = os.getcwd()


def put(path, source):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy(source, path)
    return path


def shown(m):
    def rel(path):
        return path and path.replace(root, "ROOT")

    return (m.loaded_file_status.name, rel(m.loaded_file_path), m.debug_file_status.name, rel(m.debug_file_path),
            rel(m.supplementary_debug_file_path), m.build_id and m.build_id.hex()[:8])


def look(path=None, name="m", id=None, want=True, kind="extra", setup=None, **options):
    """What the standard finder finds for a module that has one file, or a build ID."""
    options.setdefault("directories", [root + "/lib/debug"])
    prog = Program()
    m = KINDS[kind](prog, name)
    if id:
        m.build_id = id
    if path:
        m.try_file(path)
    if not want:
        m.loaded_file_status = ModuleFileStatus.DONT_WANT
    if setup:
        setup(m)
    prog.find_standard_debug_info([m], DebugInfoOptions(**options))
    return shown(m), log.take()


full = elf("full", ID)
debug = put("bin/a.debug", elf("x.debug", ID, nobits=True))
right, wrong = crc(debug), crc(debug) ^ 1
stripped = put("bin/stripped", elf("stripped", ID, dwarf=False, debuglink=link("a.debug", right)))

# Debug links.
look(stripped)
look(stripped, try_debug_link=False)
look(put("bin/wrong", elf("wrong", ID, dwarf=False, debuglink=link("a.debug", wrong))))
look(put("bin/nofile", elf("nofile", ID, dwarf=False, debuglink=link("b.debug", right))))
look(put("bin/noname", elf("noname", ID, dwarf=False, debuglink=link("", right))))
look(put("bin/path", elf("path", ID, dwarf=False, debuglink=link("../bin/a.debug", right))))
look(put("bin/absolute", elf("absolute", ID, dwarf=False, debuglink=link(root + "/bin/a.debug", right))))
look(put("bin/nocrc", elf("nocrc", ID, dwarf=False, debuglink=b"a.debug\0")))
look(put("bin/shortcrc", elf("shortcrc", ID, dwarf=False, debuglink=b"a.debug\0\1\2")))
look(put("bin/nonul", elf("nonul", ID, dwarf=False, debuglink=b"a.debug")))
look(put("bin/emptylink", elf("emptylink", ID, dwarf=False, debuglink=b"")))
look(put("bin/longlink", elf("longlink", ID, dwarf=False, debuglink=link("a.debug", right) + b"more")))
look(put("bin/noid", elf("noid", None, dwarf=False, debuglink=link("a.debug", right))))
look(put("bin/otherid", elf("otherid", OTHER, dwarf=False, debuglink=link("a.debug", right))))
look(put("bin/self", elf("self", ID, dwarf=False, debuglink=link("self", 0))))
noid = put("bin/noid.debug", elf("noid.debug", None, nobits=True))
look(put("bin/tonoid", elf("tonoid", ID, dwarf=False, debuglink=link("noid.debug", crc(noid)))))
look(put("bin/neither", elf("neither", None, dwarf=False, debuglink=link("noid.debug", crc(noid)))))
junk = put("bin/junk.debug", elf("junk", ID, dwarf=False))
look(put("bin/tojunk", elf("tojunk", ID, dwarf=False, debuglink=link("junk.debug", crc(junk)))))
open("bin/text.debug", "w").write("text\n")
look(put("bin/totext", elf("totext", ID, dwarf=False, debuglink=link("text.debug", crc("bin/text.debug")))))
os.makedirs("bin/dir.debug")
look(put("bin/todir", elf("todir", ID, dwarf=False, debuglink=link("dir.debug", 0))))
look(stripped, debug_link_directories=[])
look(stripped, debug_link_directories=["$ORIGIN"])
look(stripped, debug_link_directories=["${ORIGIN}"])
look(stripped, debug_link_directories=["$ORIGIN/../bin"])
look(stripped, debug_link_directories=["$ORIGINAL"])
look(stripped, debug_link_directories=["$origin"])
look(stripped, debug_link_directories=["x$ORIGIN"])
look(stripped, debug_link_directories=["${ORIGIN"])
look(stripped, debug_link_directories=[".", "bin"])
look(stripped, debug_link_directories=["bin"])
look(stripped, debug_link_directories=["bin/"])
look(stripped, debug_link_directories=[""], directories=[])
os.rename("bin/a.debug", "bin/.debug/a.debug")
look(stripped)
look(stripped, debug_link_directories=["$ORIGIN/.debug"])
put("lib/debug" + root + "/bin/a.debug", "bin/.debug/a.debug")
os.remove("bin/.debug/a.debug")
look(stripped)
look(stripped, debug_link_directories=["$ORIGIN", "$ORIGIN/.debug"])
look(stripped, debug_link_directories=[""])
look(stripped, directories=["lib/debug"])
look(stripped, directories=["lib/debug/"])
os.symlink(root + "/bin/stripped", "other/stripped")
look("other/stripped")
os.link("bin/stripped", "other/hard")
look("other/hard")
shutil.rmtree("lib/debug")

# A debug link in what is not the loaded file.
put("bin/a.debug", debug if os.path.exists(debug) else elf("x.debug", ID, nobits=True))
right = crc("bin/a.debug")
look(put("bin/dontwant", elf("dontwant", ID, dwarf=False, debuglink=link("a.debug", right))), want=False)
look(name=root + "/bin/stripped")
look(name=root + "/bin/stripped", try_module_name=False)
look(name="bin/stripped")
look(name="./bin/stripped")
look(name="stripped")
look(name=root + "/full")
look(name="full")
look(name="./full")
look(name=root + "/full", id=OTHER)
look(name=root + "/full", id=ID)
look(name=root + "/full", want=False)
look(name=root)
look(name="")
look(name="/")
for kind in KINDS:
    print(kind, look(name=root + "/full", kind=kind))

# Build IDs.
hexid = ID.hex()
at = f"lib/debug/.build-id/{hexid[:2]}/{hexid[2:]}"
put(at, elf("byid", ID, dwarf=False))
look(id=ID)
look(id=OTHER)
put(at + ".debug", elf("byid.debug", ID, nobits=True))
look(id=ID)
look(id=ID, try_build_id=False)
look(id=ID, directories=[])
look(id=ID, directories=["lib/debug"])
look(id=ID, directories=["/nosuch", "lib/debug", "/nosuch2"])
look(id=ID, want=False)
look(id=ID, setup=lambda m: setattr(m, "debug_file_status", ModuleFileStatus.DONT_WANT))
look(stripped)
look(stripped, try_debug_link=False)
look(stripped, try_build_id=False)
put(at + ".debug", elf("both.debug", ID))
look(id=ID)
os.remove(at)
look(id=ID)
look(id=ID, try_reuse=False)
put(at, elf("both2", ID))
os.remove(at + ".debug")
look(id=ID)
look(id=ID, try_reuse=False)
look(id=ID, want=False)
put(at, elf("differs", OTHER))
put(at + ".debug", elf("differs.debug", OTHER))
look(id=ID)
put(at, elf("without", None))
look(id=ID)
put(at + ".debug", elf("without.debug", None))
look(id=ID)
os.remove(at)
os.remove(at + ".debug")
os.symlink("nosuch", at)
look(id=ID)
os.remove(at)
os.makedirs(at)
look(id=ID)
for id in b"\xab", b"\xab\xcd", b"\xab" * 64:
    h = id.hex()
    put(f"lib/debug/.build-id/{h[:2]}/{h[2:] or 'x'}.debug", elf("short", id))
    print(len(id), look(id=id))
put("lib/debug/.build-id/ab/.debug", elf("one", b"\xab"))
look(id=b"\xab")
put("lib/debug/.build-id/AB/CDEF.debug", elf("upper", b"\xab\xcd\xef"))
look(id=b"\xab\xcd\xef")

# Supplementary files.
shared = unit(d("structure_type", "shared_type", byte_size=4), kind="partial", language=None, name=None, comp_dir=None)


def supplementary(name, id, dwarf=True):
    sections = {".note.gnu.build-id": note(id)}
    if dwarf:
        sections.update(Writer([shared]).sections)
    return write_elf(name, sections)


sup = supplementary("sup", OTHER)
os.makedirs("sups")


def needs(name, target, id=OTHER, nul=True):
    return put("bin/" + name, elf(name, ID, altlink=target.encode() + (b"\0" if nul else b"") + id))


look(needs("needs1", root + "/sup"))
look(needs("needs1", root + "/sup"), try_supplementary=False)
look(needs("needs2", "../sup"))
look(needs("needs3", "sup"))
look(needs("needs4", "nosuch"))
look(needs("needs5", root + "/full"))
look(needs("needs6", ""))
look(needs("needs7", root + "/sup", id=ID))
look(needs("needs8", root + "/sup", id=OTHER[:10]))
look(needs("needs9", root + "/sup", id=b""))
look(needs("needs10", root + "/sup", nul=False))
look(needs("needs11", root))
look(needs("needs12", "/dev/null"))
look(needs("needs13", root + "/bin/needs13", id=ID))
put(f"lib/debug/.build-id/ff/{OTHER.hex()[2:]}.debug", sup)
look(needs("needs4", "nosuch"))
look(needs("needs4", "nosuch"), try_build_id=False)
look(needs("needs6", ""))
put(f"lib/debug/.build-id/ff/{OTHER.hex()[2:]}.debug", supplementary("nodwarf", OTHER, dwarf=False))
look(needs("needs4", "nosuch"))
look(needs("needs1", root + "/nodwarf"))
shutil.rmtree("lib/debug/.build-id/ff")
put("lib/debug/.dwz/sup", sup)
look(needs("needs14", "/usr/lib/debug/.dwz/sup"))
look(needs("needs15", ".dwz/sup"))
look(needs("needs16", "/x/.dwz/sup"))
look(needs("needs17", "/x/.dwz/"))
look(needs("needs18", ".dwz"))
look(needs("needs19", "/usr/lib/debug/.dwz/../.dwz/sup"))


def wants(path):
    m = KINDS["extra"](Program(), "m")
    m.try_file(path)
    try:
        w = m.wanted_supplementary_debug_file()
    except Exception as e:
        return shown(m), f"{type(e).__name__}: {e}"
    return shown(m), repr(w).replace(root, "ROOT"), w.kind, w.checksum.hex(), w == m.wanted_supplementary_debug_file(), tuple(w) if isinstance(w, tuple) else None


wants(needs("needs1", root + "/sup"))
wants(needs("needs2", "../sup"))
wants(needs("needs6", ""))
wants(needs("needs9", root + "/sup", id=b""))
wants(full)


def chain(*steps):
    """A module and what is done to it; shows its state after each step."""
    m = KINDS["extra"](Program(), "m")
    seen = []
    for s in steps:
        try:
            if isinstance(s, str):
                m.try_file(s)
            elif isinstance(s, tuple):
                m.try_file(s[0], force=True)
            else:
                s(m)
        except Exception as e:
            seen.append(f"{type(e).__name__}: {e}")
        seen.append(shown(m)[:5])
    return seen


DEBUG = {s.name: lambda m, s=s: setattr(m, "debug_file_status", s) for s in ModuleFileStatus}
LOADED = {s.name: lambda m, s=s: setattr(m, "loaded_file_status", s) for s in ModuleFileStatus}
n1 = needs("needs1", root + "/sup")
chain(n1, sup)
chain(n1, full, sup)
chain(n1, stripped, sup)
chain(n1, n1, sup)
chain(n1, "nodwarf")
chain(n1, ("nodwarf",))
chain(n1, (full,))
chain(n1, ("sup",), full)
chain(n1, DEBUG["WANT"], sup)
chain(n1, DEBUG["WANT"], n1, sup)
chain(n1, DEBUG["DONT_WANT"], sup)
chain(n1, DEBUG["DONT_WANT"], DEBUG["WANT"], n1, sup)
chain(n1, DEBUG["DONT_NEED"], DEBUG["WANT_SUPPLEMENTARY"])
chain(n1, DEBUG["WANT_SUPPLEMENTARY"], sup)
chain(n1, DEBUG["HAVE"])
chain(n1, LOADED["WANT"])
chain(n1, LOADED["DONT_WANT"])
chain(n1, LOADED["DONT_NEED"])
chain(LOADED["DONT_WANT"], n1, LOADED["WANT"], n1)
chain(sup, n1, sup)
chain(sup)

# Every status to every other, before and after a file.
STATUSES = list(ModuleFileStatus)
for which in "loaded_file_status", "debug_file_status":
    for files in (), (full,), ("bin/stripped",), ("bin/a.debug",), (n1,), (n1, sup):
        for first in STATUSES:
            for second in STATUSES:
                m = KINDS["extra"](Program(), "m")
                for f in files:
                    m.try_file(f)
                out = []
                for s in first, second:
                    try:
                        setattr(m, which, s)
                        out.append("ok")
                    except Exception as e:
                        out.append(f"{type(e).__name__}: {e}")
                print(which, files and os.path.basename(files[-1]), first.name, second.name, *out, m.loaded_file_status.name,
                      m.debug_file_status.name, m.wants_loaded_file(), m.wants_debug_file(), base(m.loaded_file_path), base(m.debug_file_path))
                try:
                    m.wanted_supplementary_debug_file()
                except Exception as e:
                    print(type(e).__name__, e)


# Packed symbols, and files that are packed as a whole.
def symbols(path, *names, **options):
    prog = Program()
    m = prog.extra_module("m", create=True)
    m.try_file(path)
    return shown(m)[:4], sorted((s.name, s.address, s.size) for s in prog.symbols())


TEXT = dict(data=b"", type=8, flags=6, addr=0x1000, size=0x100)


def packed(name, format=lzma.FORMAT_XZ, cut=None, id=ID, **options):
    inner = write_elf("inner", {".text": TEXT, ".note.gnu.build-id": note(id)}, symbols=[("hidden", 0x1020, 8, 0, 2, ".text")])
    data = lzma.compress(open(inner, "rb").read(), format=format)[:cut]
    return elf(name, ID, more={".gnu_debugdata": data}, **options)


symbols(packed("p1", symbols=False, dwarf=False))
symbols(packed("p2", dwarf=False))
symbols(packed("p3"))
symbols(packed("p4", symbols=False, dwarf=False, cut=40))
symbols(packed("p5", symbols=False, dwarf=False, cut=0))
symbols(packed("p6", symbols=False, dwarf=False, id=OTHER))
symbols(packed("p7", symbols=False, dwarf=False, format=lzma.FORMAT_ALONE))
symbols(elf("p8", ID, symbols=False, dwarf=False, more={".gnu_debugdata": b"no archive"}))
symbols(elf("p9", ID, symbols=False, dwarf=False, more={".gnu_debugdata": lzma.compress(b"no ELF file")}))
for compress in "zlib", "zstd", "gnu":
    path = elf("compressed." + compress, ID, compress=compress)
    m = KINDS["extra"](Program(), "m")
    m.try_file(path)
    print(compress, shown(m), m.prog["compressed"].address_)
