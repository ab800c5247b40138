# Files of modules: what is loaded, what debugs, what is wanted besides, where the module lies; see files/Makefile.

import os
import tempfile

from drgn import DebugInfoOptions, ModuleFileStatus, Program, WantedSupplementaryFile

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "files")


def f(name):
    return os.path.join(here, name)


def base(path):
    return path and os.path.basename(path)


def show(m):
    """What is known of a module's files."""
    r = m.address_ranges
    return (m.loaded_file_status.name, base(m.loaded_file_path), m.loaded_file_bias, m.debug_file_status.name, base(m.debug_file_path),
            m.debug_file_bias, m.supplementary_debug_file_kind, base(m.supplementary_debug_file_path), r, m.build_id is not None)


def extra(*files, name="x", prog=None, **options):
    """An extra module that tries files in order."""
    m = (prog or Program()).extra_module(name, create=True)
    for file in files:
        m.try_file(f(file), **options)
    return m


def find(m, **options):
    """What the standard finder finds."""
    m.prog.find_standard_debug_info([m], DebugInfoOptions(**options))
    return show(m)


def wanted(m):
    w = m.wanted_supplementary_debug_file()
    return w.kind, base(w.path), w.supplementary_path, w.checksum, isinstance(w, WantedSupplementaryFile)


show(extra("point"))
show(extra("point.debug"))
show(extra("point.stripped"))
show(extra("point.stripped", "point.debug"))
show(extra("point.debug", "point.stripped"))
show(extra("point.stripped", "libpoint.so"))
show(extra("point.o"))
show(extra("libpoint.so", "point"))
show(extra("point.c"))
show(extra("nosuch"))
show(extra("."))
show(extra("/dev/null"))
m = extra("point")
m.prog["origin"], m.prog.type("struct point"), m.prog.symbol("bump"), m.prog.platform, m.prog.language
m.loaded_file_status = ModuleFileStatus.WANT
m.debug_file_status = ModuleFileStatus.DONT_NEED
m.debug_file_status = ModuleFileStatus.HAVE
m.try_file()
m.try_file(5)
m.try_file("x", fd="y")
m.try_file("x", fd=-1)

# Where modules lie.
p = Program()
l = p.shared_library_module("l", 0x10000000 + 0x3E20, create=True)
l.try_file(f("libpoint.so"))
show(l)
p["origin"], p.symbol("bump"), p.module(p["origin"].address_) == l
v = Program().vdso_module("v", 0x10000000, create=True)
v.try_file(f("point.debug"))
show(v)
v = Program().vdso_module("v", 0x10000000, create=True)
v.try_file(f("point.o"))
show(v)
m = Program().extra_module("x", create=True)
m.address_range = (0x50000000, 0x60000000)
m.try_file(f("point"))
show(m)
m.prog["origin"], m.prog.symbol("bump")
m = Program().extra_module("x", create=True)
m.address_ranges = [(0x1000, 0x2000), (0x3000, 0x4000)]
m.try_file(f("point"))
show(m)
r = Program().relocatable_module("r", 0x1000, create=True)
r.section_addresses[".text"] = 0x1000
r.section_addresses[".data"] = 0x2000
r.try_file(f("point.o"))
show(r)
r.prog["origin"], r.prog.symbol("bump")
r.section_addresses[".text"] = 1
del r.section_addresses[".text"]
r = Program().relocatable_module("r", 0x1000, create=True)
r.try_file(f("point"))
show(r)

# Files of another build.
m = Program().extra_module("x", create=True)
m.build_id = b"another"
m.try_file(f("point"))
show(m)
m.try_file(f("point"), force=True)
show(m), m.build_id

# Open files.
m = Program().extra_module("x", create=True)
fd = os.open(f("point"), os.O_RDONLY)
m.try_file(f("nosuch"), fd=fd)
show(m)
fd = os.open(f("point.c"), os.O_RDONLY)
m.try_file(f("nosuch"), fd=fd)
os.fstat(fd)
m.try_file(f("point"), fd=999)

# Supplementary files.
m = extra("one")
show(m), m.wants_debug_file(), wanted(m)
m.try_file(f("point"))
m.try_file(f("two"))
show(m), wanted(m)
m.try_file(f("shared.sup"))
show(m), m.wants_debug_file()
m.wanted_supplementary_debug_file()
m.prog.type("struct only1"), m.prog.type("struct shared_b")
m.prog["bee1"].address_, m.prog["one1"].type_
m = extra("one")
m.debug_file_status = ModuleFileStatus.WANT
show(m)
m.wanted_supplementary_debug_file()
m = extra("one")
m.debug_file_status = ModuleFileStatus.DONT_WANT
show(m)
m.debug_file_status = ModuleFileStatus.WANT_SUPPLEMENTARY
m = extra("one")
m.try_file(f("two"), force=True)
show(m), wanted(m)
m.try_file(f("shared.sup"))
show(m)
m = extra("shared.sup")
show(m)

# The standard finder.
find(extra(name=f("point")))
find(extra(name=f("point")), try_module_name=False)
find(extra(name="point"))
find(extra(name=f("nosuch")))
find(extra(name=f("point.o")))
find(extra(name=f("point.stripped")))
find(extra(name=f("point.stripped")), try_debug_link=False)
find(extra(name=f("point.stripped")), debug_link_directories=["/nosuch", "${ORIGIN}"])
find(extra(name=f("point.stripped")), debug_link_directories=["/nosuch"])
find(extra(name=f("point.wrong")))
find(extra(name=f("one")))
find(extra(name=f("one")), try_supplementary=False)
find(extra("point"))
find(extra("point.debug"))

tmp = tempfile.TemporaryDirectory()
d = os.path.join(tmp.name, ".build-id")
id = extra("point").build_id.hex()
os.makedirs(os.path.join(d, id[:2]))
os.symlink(f("point.stripped"), os.path.join(d, id[:2], id[2:]))
os.symlink(f("point.debug"), os.path.join(d, id[:2], id[2:] + ".debug"))
m = Program().extra_module("x", create=True)
m.build_id = bytes.fromhex(id)
find(m, try_build_id=False, directories=[tmp.name])
find(m, directories=["/nosuch", tmp.name])
m = Program().extra_module("x", create=True)
m.build_id = bytes.fromhex(id)
m.loaded_file_status = ModuleFileStatus.DONT_WANT
find(m, directories=[tmp.name])
m = extra("point.stripped")
os.mkdir(os.path.join(tmp.name, "links"))
os.symlink(f("point.debug"), os.path.join(tmp.name, "links", "point.debug"))
find(m, try_build_id=False, debug_link_directories=[os.path.join(tmp.name, "links")])
m = extra("point.stripped")
os.makedirs(tmp.name + here)
os.symlink(f("point.debug"), tmp.name + f("point.debug"))
find(m, try_build_id=False, debug_link_directories=[""], directories=[tmp.name])
show(m)

# Finders.
p = Program()


def finder(modules):
    for m in modules:
        if m.wants_loaded_file():
            m.try_file(f("point.stripped"))
        if m.wants_debug_file():
            m.try_file(f("point.debug"))


p.register_debug_info_finder("ours", finder, enable_index=0)
m = p.extra_module("x", create=True)
n = p.extra_module("n", create=True)
n.debug_file_status = ModuleFileStatus.DONT_WANT
p.load_module_debug_info(m, n)
show(m), show(n)
p["origin"]
p.load_debug_info([f("point"), f("nosuch")])
tmp.cleanup()
