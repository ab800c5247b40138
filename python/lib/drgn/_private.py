"""Names of the inner module, _drgn, that scripts use: all of drgn's, what a build has, and some helpers."""

import importlib

# Whether a build can do what a library is for; here it can without the library. _elfutils_version is that of a library
# which is not there.
_with_libkdumpfile = _with_lzma = _with_pcre2 = _with_pcre2_utf = True
_with_debuginfod = _have_debuginfod = True
_with_json_c = False
_elfutils_version = "0"

__all__ = ("_with_libkdumpfile", "_with_lzma", "_with_pcre2", "_with_pcre2_utf", "_with_debuginfod", "_have_debuginfod",
           "_with_json_c", "_elfutils_version")

# The modules below drgn.helpers.linux of helpers that are found as _drgn._linux_helper_NAME, too; some have a name of their own there.
_HELPERS = {"find_pid": "pid", "find_task": "pid", "pid_task": "pid", "idr_find": "idr", "xa_load": "xarray",
            "per_cpu_ptr": "percpu", "cpu_curr": "sched", "idle_task": "sched", "task_cpu": "sched", "task_on_cpu": "sched",
            "task_thread_info": "sched", "kaslr_offset": "boot", "pgtable_l5_enabled": "boot", "direct_mapping_offset": "mm._direct_mapping_offset",
            "follow_phys": "mm._follow_phys", "read_vm": "mm._read_vm", "load_proc_kallsyms": "_kallsyms._load_proc_kallsyms"}


def export(inner, names):
    """Give the inner module the names of drgn."""
    for name in names["__all__"] + __all__:
        if name in names:
            setattr(inner, name, names[name])

    def late(name):
        prefix, _, helper = name.partition("_linux_helper_")
        if not prefix and helper in _HELPERS:
            module, _, own = _HELPERS[helper].partition(".")
            return getattr(importlib.import_module("drgn.helpers.linux." + module), own or helper)
        if name in ("IntegerLike", "Path"):
            import drgn

            return getattr(drgn, name)
        raise AttributeError(f"module '_drgn' has no attribute {name!r}", name=name, obj=inner)

    inner.__getattr__ = late
