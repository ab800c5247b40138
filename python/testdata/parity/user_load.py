# What load_debug_info() does with statuses, named files and finders; supplementary files of dwz.
import gzip
import logging
import os
import struct
import tempfile

from drgn import *
from dwarfmake import INT, F, d, temporary, unit, write

logging.getLogger("drgn").addHandler(logging.NullHandler())
logging.getLogger("drgn").propagate = False
process = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../testdata/process")
work = tempfile.TemporaryDirectory()
path = os.path.join(work.name, "core")
with gzip.open(os.path.join(process, "dynamic.core.gz")) as f, open(path, "wb") as to:
    to.write(f.read())
program, library = (os.path.join(process, name) for name in ("dynamic", "libsmall.so"))
threads = os.path.join(process, "threads")
S = ModuleFileStatus


def name(m):
    return os.path.basename(m.name)


def core():
    prog = Program()
    prog.set_core_dump(path)
    prog.set_enabled_debug_info_finders([])
    return prog


def statuses(call, loaded=S.DONT_WANT, debug=S.DONT_WANT):
    prog = core()
    modules = sorted((m for m, _ in prog.loaded_modules()), key=name)
    for m in modules:
        m.loaded_file_status, m.debug_file_status = loaded, debug
    e = None
    try:
        call(prog, modules)
    except Exception as x:
        e = type(x).__name__
    return e, [(name(m), m.loaded_file_status.name, m.debug_file_status.name) for m in modules]


statuses(lambda p, m: p.load_debug_info(main=True))
statuses(lambda p, m: p.load_debug_info(default=True))
statuses(lambda p, m: p.load_default_debug_info())
statuses(lambda p, m: p.load_module_debug_info(m[0]))
statuses(lambda p, m: p.load_module_debug_info(m[0]), S.DONT_NEED, S.DONT_NEED)
statuses(lambda p, m: p.load_debug_info([program]))
statuses(lambda p, m: p.load_debug_info([program], main=True))
statuses(lambda p, m: p.load_debug_info([library]))
statuses(lambda p, m: p.load_debug_info([library], main=True))
statuses(lambda p, m: p.load_debug_info([threads]))
statuses(lambda p, m: m[0].try_file(program))
statuses(lambda p, m: p.load_debug_info(main=True), debug=S.WANT)
statuses(lambda p, m: p.load_debug_info(main=True), loaded=S.WANT)
statuses(lambda p, m: p.load_debug_info(main=True), debug=S.DONT_NEED)
statuses(lambda p, m: p.load_debug_info(main=True), loaded=S.DONT_NEED)
statuses(lambda p, m: p.load_debug_info(main=True), S.DONT_NEED, S.DONT_NEED)
statuses(lambda p, m: p.load_debug_info([program], main=True), loaded=S.DONT_NEED)
statuses(lambda p, m: p.load_debug_info([program], main=True), debug=S.DONT_NEED)


def asked(*args, **kwargs):
    prog, calls = core(), []
    prog.register_debug_info_finder("mine", lambda ms: calls.append(sorted(map(name, ms))), enable_index=0)
    e = None
    try:
        prog.load_debug_info(*args, **kwargs)
    except Exception as x:
        e = type(x).__name__
    return e, sorted(map(name, prog.modules())), calls


temporary("x")
open("plain.txt", "w").write("no ELF\n")
asked()
asked([])
asked(["none"])
asked(["plain.txt"])
asked([threads])
asked([program])
asked([program], main=True)
asked([program, library], default=True)
asked(main=True)
asked(default=True)

# Files of dwz. The one that waits has the build ID of the core's program.
id = next(m.build_id for m, _ in core().loaded_modules() if name(m) == "dynamic")
other = b"\x0a\x0b\x0c\x0d" * 5


def note(id):
    return {".note.gnu.build-id": dict(data=struct.pack("<III", 4, len(id), 3) + b"GNU\0" + id, type=7, flags=2, addr=0x200, align=4)}


def file(name, id, link=None, dwarf=True):
    extra = note(id)
    if link is not None:
        extra[".gnu_debugaltlink"] = link
    if not dwarf:
        extra[".debug_info"] = None
    return os.path.abspath(write(unit(d("variable", name, type=INT())), extra=extra, name=name))


waits = file("waits", id, b"nowhere\0" + other)
sup = file("sup", other)


def supplemented(paths, before=None, finder=None):
    prog = core()
    m = next(m for m, _ in prog.loaded_modules() if name(m) == "dynamic")
    m.loaded_file_status = S.DONT_NEED
    if before:
        m.try_file(before)
    if finder:
        prog.register_debug_info_finder("mine", lambda ms: [m.try_file(finder) for m in ms if name(m) == "dynamic"] and None, enable_index=0)
    e = None
    try:
        prog.load_debug_info(paths, main=True)
    except Exception as x:
        e = type(x).__name__
    return e, m.debug_file_status.name, os.path.basename(m.supplementary_debug_file_path or "")


supplemented([waits])
supplemented([waits, sup])
supplemented([sup, waits])
supplemented([sup], before=waits)
supplemented([sup], finder=waits)
supplemented([], finder=waits)

root = os.path.abspath("root")
os.makedirs("root/.dwz/arch")
for n in "common.debug", "arch/more.debug":
    with open("root/.dwz/" + n, "wb") as to:
        to.write(open(sup, "rb").read())


def linked(link):
    prog = Program()
    prog.debug_info_options.directories = (root,)
    prog.set_enabled_debug_info_finders(["standard"])
    m = prog.extra_module(file("linked", id, link.encode() + b"\0" + other), create=True)
    m.loaded_file_status = S.DONT_NEED
    prog.load_module_debug_info(m)
    return m.debug_file_status.name, (m.supplementary_debug_file_path or "").replace(root, "root")


linked("/usr/lib/debug/.dwz/common.debug")
linked("/usr/lib/debug/.dwz/arch/more.debug")
linked("../../.dwz/common.debug")
linked("/else/.dwz/common.debug")
linked("/usr/lib/debug/common.debug")
linked("/usr/lib/debug/.dwz/none.debug")


def malformed(link):
    prog = Program()
    prog.set_enabled_debug_info_finders(["standard"])
    ms = [prog.extra_module(path, create=True) for path in (file("malformed", id, link), sup)]
    for m in ms:
        m.loaded_file_status = S.DONT_NEED
    prog.load_module_debug_info(*ms)
    return [m.debug_file_status.name for m in ms]


malformed(b"foo")
malformed(b"")
malformed(b"foo\0")
malformed(b"\0" + other)
malformed(b"foo\0" + other)


def supplement(path):
    prog = Program()
    m = prog.extra_module("x", create=True)
    m.try_file(waits)
    m.try_file(path)
    return m.debug_file_status.name


supplement(sup)
supplement(file("bare", other, dwarf=False))
supplement(file("empty", other))


# By build ID: the path tells.
anonymous = os.path.abspath(write(unit(d("variable", "v", type=INT())), name="anonymous"))


def stored(file, id):
    at = os.path.abspath(f"store/.build-id/{id.hex()[:2]}")
    os.makedirs(at, exist_ok=True)
    with open(f"{at}/{id.hex()[2:]}.debug", "wb") as to:
        to.write(open(file, "rb").read())
    prog = Program()
    prog.debug_info_options.directories = (os.path.abspath("store"),)
    prog.set_enabled_debug_info_finders(["standard"])
    m = prog.extra_module("gone", create=True)
    m.build_id = id
    prog.load_module_debug_info(m)
    return m.debug_file_status.name


stored(sup, other)
stored(anonymous, b"\1\2\3\4" * 5)
stored(sup, b"\1\2\3\5" * 5)
