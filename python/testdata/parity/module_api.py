# The interface of modules and of loading debugging information: arguments, results, errors, iteration.

import copy
import os
import pathlib
import pickle

import drgn
from drgn import *
from dwarfmake import *
from modulemake import *

full, other = elf("full", ID), elf("other", OTHER)
bare = elf("bare", ID, dwarf=False)
p, q = Program(), Program()
e = p.extra_module("e", create=True)

# Attributes that are read only, and arguments of methods.
e.name = "x"
e.prog = q
e.loaded_file_path = "x"
e.loaded_file_bias = 1
e.debug_file_path = "x"
e.debug_file_bias = 1
e.supplementary_debug_file_kind = 1
e.supplementary_debug_file_path = "x"
hasattr(e, "__dict__")
e.nosuch
e.id = 5
del e.name
del e.build_id
del e.address_range
del e.address_ranges
del e.object
e.wants_loaded_file(1)
e.wants_debug_file(x=1)
e.wanted_supplementary_debug_file(1)
e.try_file(path=full, fd=-1, force=False), show(e)
e.try_file(full, -1)
e.try_file(full, fd=None)
e.try_file(full, fd=1.5)
e.try_file(full, fd=2**40)
e.try_file(full, fd=-2)
e.try_file(full, force=None)
e.try_file(full, force="")
e.try_file(pathlib.Path(full))
e.try_file(full.encode())
e.try_file(None)
e.try_file(b"a\0b")
e.try_file("a\0b")
p.main_module(5)
p.main_module(None)
p.main_module("x", True)
p.main_module("x", create=None)
p.main_module(name="x", create=1), p.main_module(name="x")
p.shared_library_module("s")
p.shared_library_module("s", "1")
p.shared_library_module("s", -1)
p.shared_library_module("s", 2**64)
p.shared_library_module("s", 1.5)
p.shared_library_module("s", None)
p.shared_library_module(dynamic_address=5, name="s", create=True)
p.shared_library_module("s", Object(p, p.int_type("int", 4, True, "little"), 5))
p.shared_library_module("s", True, create=True)
p.shared_library_module("s\0", 1, create=True)
p.vdso_module("v", dynamic_address=5, create=True)
p.vdso_module("v", 6, True)
p.relocatable_module("r", address=5, create=True)
p.relocatable_module(name="r", address=6)
p.extra_module("x", id=5, create=True)
p.extra_module("x", id=None, create=True)
p.extra_module("x", 5) is p.extra_module("x", id=5), p.extra_module("x", 5) == p.extra_module("x", id=5)
p.extra_module("", create=True)
p.extra_module(pathlib.PurePath("a/b"), create=True)
p.extra_module(b"bytes", create=True)
p.extra_module("x", Object(p, p.int_type("int", 4, True, "little"), -1))
p.linux_kernel_loadable_module(5)
p.linux_kernel_loadable_module()
p.linux_kernel_loadable_module(None, create=True)
p.modules(1)
p.loaded_modules(1)
p.create_loaded_modules(1)
p.module()
p.module(1, 2)
p.module("nosuch")
p.module(b"e")
p.module(pathlib.Path("e"))
p.module(1.5)
p.module(2**64)
p.module(name="e")
p.module(0x1234)
p.module(True)
p.module("e") == e
sorted(m.name for m in p.modules())
copy.copy(e)
copy.deepcopy(e)
pickle.dumps(e)
e < e
e == 5, e != 5, e == None, e == p.extra_module("e"), e == q.extra_module("e", create=True)
hash(e) == hash(p.extra_module("e")), {e: 1}[p.extra_module("e")]
str(e) == repr(e), bool(e)
[repr(m) for m in (p.main_module(), p.shared_library_module("s", 5), p.vdso_module("v", 5), p.relocatable_module("r", 5), p.extra_module("x", 5))]
p.main_module().id
e.dynamic_address
p.relocatable_module("r", 5).dynamic_address
p.relocatable_module("r", 5).section_addresses = {}
e.section_addresses
e.address
type(e).__mro__
type(e)("x")
type(e).__module__, Module.__module__

# Two modules of one name.
r = Program()
a, b, c = (r.extra_module("same", i, create=True) for i in (1, 2, 3))
r.module("same").id in (1, 2, 3)

# What is iterated over changes meanwhile.
i = r.modules()
sorted(m.id for m in i), list(i)
next(i)
next(i, None)
i = r.modules()
next(i).name
r.extra_module("more", create=True)
next(i)
next(i)
list(Program().modules()), list(Program().loaded_modules())
Program().create_loaded_modules()

# Ranges.
r = Program()
a, b = r.extra_module("a", create=True), r.extra_module("b", create=True)
a.address_range = (0x1000, 0x2000)
b.address_range = (0x1800, 0x2800)
b.address_range, b.address_ranges
b.address_ranges = [(0x2000, 0x3000), (0x500, 0x1001)]
b.address_ranges
b.address_ranges = [(0x2000, 0x3000), (0x500, 0x1000)]
b.address_ranges, [r.module(x).name for x in (0x500, 0xFFF, 0x1000, 0x1FFF, 0x2000, 0x2FFF)]
r.module(0x4FF)
r.module(0x3000)
b.address_range
b.address_range = None
b.address_ranges, b.address_range
r.module(0x500)
b.address_range = (0, 0)
b.address_ranges, b.address_range
b.address_range = (0x2000, 0x3000)
a.address_range = (0x1000, 0x2001)
a.address_range
a.address_range = (0x1000, 0x1FFF)
a.address_range, r.module(0x1FFE).name
r.module(0x1FFF)
a.address_range = (2**64 - 1, 2**64 - 1)
a.address_range = (2**64 - 2, 2**64 - 1)
r.module(2**64 - 2)
a.address_range = (0, 2**64)
a.address_range = (2**64, 2**64 + 1)
a.address_range = (0x10, 0x10)
a.address_range = (0x10, 0)
a.address_range = (0, 0x10)
a.address_range = (Object(r, r.int_type("int", 4, True, "little"), 5), 9)
a.address_range
a.address_range = {}
a.address_range = (1,)
a.address_range = "ab"
a.address_range = (None, None)
a.address_ranges = [(1, 2), None]
a.address_ranges = [(1, 2), (1, 2)]
a.address_ranges = [(5, 6), (1, 2), (3, 4)]
a.address_ranges
a.address_ranges = ((x, x + 1) for x in (1, 3))
a.address_ranges
a.address_ranges = {(7, 8): 1}
a.address_ranges
a.address_ranges = [(1, 2), (0, 0)]
a.address_ranges = 0
type(a.address_ranges)

# Build IDs and objects.
a.build_id = bytes(64)
a.build_id == bytes(64)
a.build_id = b"\0"
a.build_id
a.build_id = bytearray(b"abc")
a.build_id, type(a.build_id)
a.build_id = [1, 2]
a.build_id = "ab"
a.build_id = b""
a.build_id = None
a.build_id
a.object
a.object = Object(r, r.int_type("int", 4, True, "little"), 5)
a.object, a.object is a.object
a.object = Object(q, q.int_type("int", 4, True, "little"), 5)
a.object = None
a.object = 5
a.object = Object(r, r.void_type())
a.object

# Loading.
def load(*args, **kwargs):
    prog = Program()
    try:
        result = prog.load_debug_info(*args, **kwargs)
    except Exception as e:
        result = type(e).__name__, str(e)
    return result, [(m.name, show(m)) for m in prog.modules()], log.take()


load()
load([])
load(())
load([full])
load([full, other])
load([full], True)
load([full], True, True)
load([full], main=True)
load([full], default=True)
load(["nosuch"])
load(["nosuch", full])
load(["nosuch"], main=True)
load([b"nosuch"])
load([pathlib.Path("nosuch")])
load(full)
load("x")
load(b"xy")
load([1])
load([None])
load(5)
load(None)
load(None, None, None)
load(iter([full]))
load({full: 1})
load([full], default=5)
load([full], 1, 2, 3)
load(paths=[full], default=False, main=False)
load(["a\0b"])
load([b"a\0b"])
load([""])
load(["a" * 300])
load(default=True)
load(main=True)
Program().load_default_debug_info(1)
Program().load_default_debug_info()
Program().load_module_debug_info()
Program().load_module_debug_info(None)
Program().load_module_debug_info([e])
Program().load_module_debug_info(e)
p.load_module_debug_info(e, e)
p.load_module_debug_info(*p.modules())
p.find_standard_debug_info([e, e])
p.find_standard_debug_info(e)
p.find_standard_debug_info([e], None)
p.find_standard_debug_info([e], options=DebugInfoOptions())
p.find_standard_debug_info([e], {})
p.find_standard_debug_info(modules=[e])
p.find_standard_debug_info()
p.find_standard_debug_info(None)


# What is missing.
def missing(names, setup=None, **kwargs):
    prog = Program()
    prog.set_enabled_debug_info_finders(["standard"])
    ms = [prog.extra_module(n, create=True) for n in names]
    if setup:
        for m in ms:
            setup(m)
    try:
        prog.load_module_debug_info(*ms)
    except Exception as e:
        return type(e).__name__, str(e)


missing([])
missing(["a"])
missing(["a", "b"])
missing([f"m{i}" for i in range(10)])
missing(["/nosuch"])
missing([os.path.abspath(full)])
missing([os.path.abspath(bare)])
missing([os.path.abspath(bare), "b"])
missing(["a"], lambda m: setattr(m, "build_id", b"\xab\xcd"))
missing(["a"], lambda m: setattr(m, "debug_file_status", ModuleFileStatus.DONT_NEED))
missing(["a"], lambda m: setattr(m, "debug_file_status", ModuleFileStatus.DONT_WANT))
missing(["a"], lambda m: setattr(m, "loaded_file_status", ModuleFileStatus.DONT_NEED))
missing(["a"], lambda m: setattr(m, "loaded_file_status", ModuleFileStatus.DONT_WANT))
missing(["a"], lambda m: m.try_file(bare))
missing(["a"], lambda m: m.try_file(full))


# Finders.
def finder(prog, name, fn, **kwargs):
    prog.register_debug_info_finder(name, fn, **kwargs)
    return prog.enabled_debug_info_finders()


def raising(modules):
    raise ArithmeticError("finder")


r = Program()
m = r.extra_module("m", create=True)
r.set_enabled_debug_info_finders([])
finder(r, "a", lambda ms: None, enable_index=0)
finder(r, "b", lambda ms: 5, enable_index=0)
finder(r, "c", raising, enable_index=1)
finder(r, "d", lambda ms: None, enable_index=-1)
finder(r, "e", lambda ms: None, enable_index=100)
finder(r, "f", lambda ms: None)
finder(r, "g", lambda ms: None, enable_index=-2)
finder(r, "h", lambda ms: None, enable_index=2**63)
finder(r, "i", lambda ms: None, enable_index="0")
finder(r, "j", lambda ms: None, enable_index=None)
finder(r, "a", lambda ms: None)
finder(r, 5, lambda ms: None)
finder(r, "k", None)
finder(r, "", lambda ms: None, enable_index=0)
finder(r, "x\0y", lambda ms: None, enable_index=0)
r.register_debug_info_finder("l")
r.register_debug_info_finder("l", lambda: None, 0)
r.load_module_debug_info(m)
r.set_enabled_debug_info_finders(["a", "b"])
r.load_module_debug_info(m)
r.set_enabled_debug_info_finders(("d",)), r.enabled_debug_info_finders()
r.set_enabled_debug_info_finders({"d": 1, "e": 2}), r.enabled_debug_info_finders()
r.set_enabled_debug_info_finders("ab"), r.enabled_debug_info_finders()
r.set_enabled_debug_info_finders("de"), r.enabled_debug_info_finders()
r.set_enabled_debug_info_finders(["zz"])
r.set_enabled_debug_info_finders(["d", "d"])
r.set_enabled_debug_info_finders(["d", "zz", "d"])
r.set_enabled_debug_info_finders(None)
r.set_enabled_debug_info_finders()
r.enabled_debug_info_finders()
sorted(r.registered_debug_info_finders() - {"debuginfod"})
type(r.registered_debug_info_finders()), type(r.enabled_debug_info_finders())


def through(*files, **status):
    """What a finder sees and does."""
    prog, seen = Program(), []

    def find(modules):
        seen.append((type(modules).__name__, [(m.name, m.wants_loaded_file(), m.wants_debug_file()) for m in modules]))
        for m in modules:
            for f in files:
                m.try_file(f)

    def last(modules):
        seen.append([m.name for m in modules])

    prog.register_debug_info_finder("find", find)
    prog.register_debug_info_finder("last", last)
    prog.set_enabled_debug_info_finders(["find", "last"])
    ms = [prog.extra_module(f"m{i}", create=True) for i in range(2)]
    for name, value in status.items():
        setattr(ms[0], name, value)
    try:
        prog.load_module_debug_info(*ms)
    except Exception as e:
        seen.append((type(e).__name__, str(e)))
    return seen


through()
through(full)
through(bare)
through(other)
through(full, debug_file_status=ModuleFileStatus.DONT_NEED)
through(full, debug_file_status=ModuleFileStatus.DONT_WANT, loaded_file_status=ModuleFileStatus.DONT_WANT)
through(full, debug_file_status=ModuleFileStatus.DONT_NEED, loaded_file_status=ModuleFileStatus.DONT_NEED)
through(bare, debug_file_status=ModuleFileStatus.DONT_NEED)
through(full, loaded_file_status=ModuleFileStatus.DONT_WANT)
through(bare, loaded_file_status=ModuleFileStatus.DONT_WANT)

# Options.
o = DebugInfoOptions()
del o.directories
o.directories = None
o.directories = {"a": 1}
o.directories
o.directories = iter(["a", pathlib.Path("b"), b"c"])
o.directories
o.directories = ["a\0b"]
o.directories
o.directories = []
o.directories
o.kernel_directories = None
o.debug_link_directories = [""]
o.debug_link_directories, o.kernel_directories
o.try_kmod = None
o.try_kmod = "WALK"
o.try_kmod = 1
o.try_kmod = KmodSearchMethod.NONE
o.try_kmod
o.try_build_id = None
o.try_build_id
o.try_procfs = []
o.try_procfs = 5
o.try_procfs
o
o == o, o == DebugInfoOptions(o), hash(o) == hash(o)
DebugInfoOptions(options=o)
DebugInfoOptions(try_kmod=KmodSearchMethod.WALK, kernel_directories=[""]).try_kmod
DebugInfoOptions(directories=[""])
DebugInfoOptions(directories="x")
DebugInfoOptions(directories=[1])
DebugInfoOptions(try_module_name=2)
p.debug_info_options is p.debug_info_options
p.debug_info_options = DebugInfoOptions(try_procfs=False)
p.debug_info_options.try_procfs
p.debug_info_options = None
del p.debug_info_options
repr(p.debug_info_options)
KmodSearchMethod(1), ModuleFileStatus(4), SupplementaryFileKind(0)
WantedSupplementaryFile()
str(MissingDebugInfoError("x")), MissingDebugInfoError.__mro__[1:3]

# Sections of relocatable modules.
s = Program().relocatable_module("r", 1, create=True).section_addresses
type(s).__name__, isinstance(s, dict), len(s), bool(s)
s[".text"] = 5
s[".text"], s.get(".text"), s.get("x"), s.get("x", 7), ".text" in s, "x" in s
s["x"]
s[".text"] = -1
s[".text"] = 2**64
s[".text"] = "5"
s[".text"] = None
s[".text"] = 2**64 - 1
s[".data"] = Object(p, p.int_type("int", 4, True, "little"), 6)
list(s), list(s.keys()), list(s.values()), list(s.items())
s.pop(".data"), s.pop("x", 3)
s.pop("x")
s.setdefault(".bss", 9), s.setdefault(".bss", 10)
s.update({".a": 1}, b=2)
s.popitem() in ((".text", 2**64 - 1), (".bss", 9), (".a", 1), ("b", 2))
del s["x"]
del s[5]
5 in s
s.get(5)
s.get(b"x")
s == dict(s), s != dict(s), s == {}, s == 5
s | {"z": 1}
s.copy()
reversed(s)
s.clear(), len(s)
s.keys() & {".text"}
s[""] = 1
s[""], list(s)

# A file that can't be placed does not say what machine the program runs on, and one without a build ID is told from one with another.
import logging

r = Program()
r.shared_library_module("s", 0x7F0000003000, create=True).try_file(elf("nodynamic", dynamic=None)), r.platform
r.shared_library_module("s", 0x7F0000003000).try_file(elf("narrow", bits=32, machine=3)), r.platform
logging.getLogger("drgn").handlers[0].take(), r.load_debug_info([elf("noid"), elf("otherid", OTHER)]), sorted(x.getMessage() for x in log.records)
