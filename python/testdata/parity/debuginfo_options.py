# Options and finders of debugging information.

import pathlib

from drgn import DebugInfoOptions, KmodSearchMethod, ModuleFileStatus, Program

o = DebugInfoOptions()
o
o.directories = [""]
o.directories = 5
o.directories = [5]
o.directories = "ab"
o.directories
o.directories = [b"/x", pathlib.Path("/y")]
o.directories, o.debug_link_directories, o.kernel_directories
o.kernel_directories = ["", "k"]
o.debug_link_directories = []
o.try_kmod = 5
o.try_kmod = KmodSearchMethod.WALK
o.try_build_id = ""
o.try_reuse = 7
o.try_module_name, o.try_debug_link, o.try_procfs, o.try_embedded_vdso, o.try_reuse, o.try_supplementary, o.try_kmod
o
DebugInfoOptions(o, directories=("/z",), try_procfs=False)
DebugInfoOptions(None) == DebugInfoOptions(None)
DebugInfoOptions(5)
DebugInfoOptions(foo=1)
DebugInfoOptions(try_kmod=None)
DebugInfoOptions(directories=None)
DebugInfoOptions(try_module_name=None, try_debug_link=False, try_embedded_vdso=False, try_supplementary=False)

p, q = Program(), Program()
p.debug_info_options
p.debug_info_options = o
p.debug_info_options.directories = ["/q"]
p.debug_info_options.directories, o.directories
p.debug_info_options = 5

called = []


def note(modules):
    called.append((type(modules), list(modules)))


def fail(modules):
    raise ArithmeticError("finder failed")


def done(modules):
    for m in modules:
        m.debug_file_status = ModuleFileStatus.DONT_NEED
        m.loaded_file_status = ModuleFileStatus.DONT_WANT


sorted(p.registered_debug_info_finders()), p.enabled_debug_info_finders()
p.register_debug_info_finder("note", note)
p.register_debug_info_finder("note", note)
p.register_debug_info_finder("five", 5)
p.register_debug_info_finder("done", done, enable_index=0)
p.register_debug_info_finder("fail", fail, enable_index=-1)
sorted(p.registered_debug_info_finders()), p.enabled_debug_info_finders()
p.set_enabled_debug_info_finders(["nosuch"])
p.set_enabled_debug_info_finders(["note", "note"])
p.set_enabled_debug_info_finders(["note", "done", "fail"])
m = p.extra_module("m", create=True)
n = p.extra_module("n", create=True)
n.loaded_file_status = n.debug_file_status = ModuleFileStatus.DONT_WANT
p.load_module_debug_info(m, n)
called
m.debug_file_status, m.loaded_file_status
p.set_enabled_debug_info_finders(["fail"])
p.load_module_debug_info(m)
p.load_module_debug_info(p.extra_module("o", create=True))
p.load_module_debug_info()
p.load_module_debug_info(5)
q.load_module_debug_info(m)
p.find_standard_debug_info([])
p.find_standard_debug_info(5)
p.find_standard_debug_info([5])
p.find_standard_debug_info([m], 5)
q.find_standard_debug_info([m])
p.load_debug_info(5)
p.load_debug_info([5])
p.load_debug_info(None)
p.load_debug_info()
p.load_default_debug_info()
p.load_debug_info(default=True)
p.load_debug_info(main=True)
list(p.loaded_modules())
p.create_loaded_modules()
