# Modules and what can be set of them, without a file.

import pathlib

from drgn import ExtraModule, MainModule, Module, ModuleFileStatus, Object, Program, RelocatableModule, SharedLibraryModule, VdsoModule

p, q = Program(), Program()
p.main_module()
p.main_module("x")
p.main_module(create=True)
p.extra_module("x")
p.extra_module("x", 3)
p.shared_library_module("x", 3)
p.vdso_module("x", 3)
p.relocatable_module("x", 3)
p.module("x")
p.module(3)
p.module(None)
p.module(-1)
list(p.modules())
m = p.extra_module("x", create=True)
m
m == p.extra_module("x", create=True)
m is p.extra_module("x", create=True)
hash(m) == hash(p.extra_module("x"))
m == p.extra_module("x", 1, create=True)
m == 3
m.prog is p
m.name, m.id, m.address_ranges, m.address_range, m.build_id, m.object
m.loaded_file_status, m.loaded_file_path, m.loaded_file_bias
m.debug_file_status, m.debug_file_path, m.debug_file_bias
m.supplementary_debug_file_kind, m.supplementary_debug_file_path
m.wants_loaded_file(), m.wants_debug_file()
m.wanted_supplementary_debug_file()
p.main_module("a", create=True)
p.main_module("a")
p.main_module()
p.main_module("b")
p.main_module("b", create=True)
p.shared_library_module("l", 0x1000, create=True)
p.shared_library_module("l", 0x1000).dynamic_address
p.shared_library_module("l")
p.vdso_module("v", 0x2000, create=True)
p.vdso_module("v", 0x2000).dynamic_address
r = p.relocatable_module("r", 0x3000, create=True)
r, r.address
p.extra_module(pathlib.Path("/y"), create=True).name
p.extra_module(b"/y")
p.extra_module("x", -1)
p.extra_module("x", 2**64)
p.extra_module("x", 2**64 - 1, create=True)
p.extra_module(5)
p.extra_module()
p.linux_kernel_loadable_module(Object(p, p.int_type("int", 4, True, "little"), 1))
p.module("l")


def ranges(value):
    m.address_ranges = value
    return m.address_ranges


def single(value):
    m.address_range = value
    return m.address_range, m.address_ranges


ranges(None)
ranges([])
ranges([(1, 2)])
p.module(1)
p.module(2)
ranges(((1, 2), (3, 4)))
m.address_range
ranges([(32, 48), (16, 32)])
ranges([(2, 1)])
ranges([(1, 1)])
ranges([(1, 5), (3, 8)])
ranges([1])
ranges([(1, 2, 3)])
ranges([[1, 2]])
ranges("ab")
ranges(5)
ranges([(-1, 2)])
ranges([(0, 2**64 - 1)])
ranges([("a", 2)])
ranges(iter([(7, 8)]))
single(None)
single((1, 2))
single((0, 0))
single((5, 5))
single((2, 1))
single([1, 2])
single((1, 2, 3))
single(5)
single((-1, 3))
single((1.5, 2))


def build(value):
    m.build_id = value
    return m.build_id


build(b"ab")
build(bytearray(b"xx"))
build(memoryview(b"yy"))
build(b"")
build("ab")
build(5)
build(None)


def attach(value):
    m.object = value
    return m.object


attach(Object(p, p.int_type("int", 4, True, "little"), 1))
attach(None)
attach(5)


def status(name, value):
    setattr(m, name, value)
    return getattr(m, name), m.wants_loaded_file(), m.wants_debug_file()


status("loaded_file_status", ModuleFileStatus.WANT)
status("loaded_file_status", ModuleFileStatus.HAVE)
status("loaded_file_status", ModuleFileStatus.WANT_SUPPLEMENTARY)
status("loaded_file_status", ModuleFileStatus.DONT_WANT)
status("loaded_file_status", ModuleFileStatus.DONT_NEED)
status("loaded_file_status", 0)
status("loaded_file_status", None)
status("debug_file_status", ModuleFileStatus.HAVE)
status("debug_file_status", ModuleFileStatus.WANT_SUPPLEMENTARY)
status("debug_file_status", ModuleFileStatus.DONT_NEED)
status("debug_file_status", ModuleFileStatus.DONT_WANT)
status("debug_file_status", ModuleFileStatus.HAVE)
status("debug_file_status", ModuleFileStatus.WANT)
status("debug_file_status", "WANT")

s = r.section_addresses
s, len(s), list(s), dict(s)
s[".text"] = 0x10
s[".data"] = 0x20
s, len(s), list(s), s[".text"], ".text" in s, 5 in s
s == r.section_addresses
s[".x"]
del s[".x"]
s[5]
s[5] = 1
s["a"] = "b"
s["a"] = -1
s["a"] = 1.5
s.get(".x"), s.pop(".data"), s.setdefault(".bss", 1)
s.update({".bss": 7})
s
hash(s)
s.clear()
s == {}

[isinstance(x, (ExtraModule, RelocatableModule)) for x in (m, r)], isinstance(p.main_module(), MainModule), isinstance(r, Module)
isinstance(p.shared_library_module("l", 0x1000), SharedLibraryModule), isinstance(p.vdso_module("v", 0x2000), VdsoModule)
Module()


def changed(change):
    s.update(a=1, b=2)
    seen = []
    for name in s:
        seen.append(name)
        change(name)
    return seen


changed(lambda name: s.update(c=3))
sorted(changed(lambda name: s.update(a=4)))
changed(lambda name: s.pop(name))

# Names that are no UTF-8.
p.extra_module("a\udc80'", create=True), p.relocatable_module("\udcff", 0x5000, create=True).name
m.try_file("/nope", 5)
