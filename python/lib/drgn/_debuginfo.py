"""What the binding of modules and debugging information says better in Python."""

import collections
import collections.abc
import os

import _drgn

from drgn._enums import KmodSearchMethod, SupplementaryFileKind

__all__ = ("DebugInfoOptions", "WantedSupplementaryFile")


def paths(iterable):
    """Return the paths of an iterable as Go takes them: a list of bytes."""
    return [os.fsencode(_path(p)) for p in iterable]


def _path(p):
    p = os.fsdecode(p)
    if "\0" in p:
        raise ValueError("embedded null byte")
    return p


# Not a typing.NamedTuple: module typing takes a tenth of the time in which a dump is opened.
WantedSupplementaryFile = collections.namedtuple("WantedSupplementaryFile", ("kind", "path", "supplementary_path", "checksum"))
WantedSupplementaryFile.__doc__ = "Which supplementary file a module's debug file needs."
WantedSupplementaryFile.__annotations__ = {"kind": SupplementaryFileKind, "path": str, "supplementary_path": str, "checksum": bytes}


def wanted(path, supplementary_path, checksum):
    return WantedSupplementaryFile(SupplementaryFileKind.GNU_DEBUGALTLINK, path, supplementary_path, checksum)


class ModuleSectionAddresses(collections.abc.MutableMapping):
    """Where the sections of a relocatable module lie."""

    def __init__(self, module):
        self._module = module

    def _all(self):
        return _drgn._section_addresses(self._module)

    def __getitem__(self, name):
        return self._all()[name]

    def __setitem__(self, name, address):
        if not isinstance(name, str):
            raise TypeError("section_addresses key must be str")
        _drgn._set_section_address(self._module, name, address)

    def __delitem__(self, name):
        if name not in self._all():
            raise KeyError(name)
        _drgn._remove_section_address(self._module, name)

    def popitem(self):
        for name, address in reversed(self._all().items()):
            del self[name]
            return name, address
        raise KeyError("section_addresses is empty")

    def clear(self):
        for name in self._all():
            _drgn._remove_section_address(self._module, name)

    def __iter__(self):
        names = list(self._all())
        for name in names:
            yield name
            if list(self._all()) != names:
                raise RuntimeError("section addresses changed during iteration")

    def __len__(self):
        return len(self._all())

    def __repr__(self):
        items = self._all().items()
        text = ", ".join(f"{k!r}: {v:#x}" for k, v in items)
        return f"ModuleSectionAddresses({{{text}}})" if text else "ModuleSectionAddresses()"


def _names(value):
    return tuple(map(_path, value))


def _directories(value):
    names = _names(value)
    if "" in names:
        raise ValueError("string cannot be empty")
    return names


def _method(value):
    if not isinstance(value, KmodSearchMethod):
        raise TypeError("try_kmod must be KmodSearchMethod")
    return value


# The options in their order, and what makes a value of each.
_OPTIONS = {
    "directories": _directories,
    "try_module_name": bool,
    "try_build_id": bool,
    "debug_link_directories": _names,
    "try_debug_link": bool,
    "try_procfs": bool,
    "try_embedded_vdso": bool,
    "try_reuse": bool,
    "try_supplementary": bool,
    "kernel_directories": _names,
    "try_kmod": _method,
}

_DEFAULTS = {
    "directories": ("/usr/lib/debug",),
    "try_module_name": True,
    "try_build_id": True,
    "debug_link_directories": ("$ORIGIN", "$ORIGIN/.debug", ""),
    "try_debug_link": True,
    "try_procfs": True,
    "try_embedded_vdso": True,
    "try_reuse": True,
    "try_supplementary": True,
    "kernel_directories": ("",),
    "try_kmod": KmodSearchMethod.DEPMOD_OR_WALK,
}


class DebugInfoOptions:
    """How debugging information is looked for. Options can be assigned to."""

    __slots__ = ("_values", "_prog")

    def __init__(self, options=None, /, **changes):
        if options is not None and not isinstance(options, DebugInfoOptions):
            raise TypeError("options must be DebugInfoOptions")
        self._prog = None
        self._values = dict(_DEFAULTS if options is None else options._values)
        for name, value in changes.items():
            if name not in _OPTIONS:
                raise TypeError(f"DebugInfoOptions() got an unexpected keyword argument '{name}'")
            self._values[name] = _OPTIONS[name](value)

    def _all(self):
        """Return the values by name, as Go takes them."""
        return {k: v.value if k == "try_kmod" else paths(v) if isinstance(v, tuple) else v for k, v in self._values.items()}

    def __repr__(self):
        return f"DebugInfoOptions({', '.join(f'{k}={v!r}' for k, v in self._values.items())})"


def _option(name, doc):
    def get(self):
        return self._values[name]

    def set(self, value):
        self._values[name] = _OPTIONS[name](value)
        if self._prog is not None:
            _drgn._set_debug_info_options(self._prog, self._all())

    def delete(self):
        raise AttributeError(f"can't delete '{name}' attribute")

    return property(get, set, delete, doc=doc)


for _name, _doc in {
    "directories": "Directories to search for debugging information files.",
    "try_module_name": "Whether to try the name of a module as a path.",
    "try_build_id": "Whether to look for files by build ID.",
    "debug_link_directories": "Directories to search for debug links; $ORIGIN is that of the loaded file, '' each of directories before it.",
    "try_debug_link": "Whether to look for files by debug link.",
    "try_procfs": "Whether to get the files of a local process from /proc.",
    "try_embedded_vdso": "Whether to read the vDSO in the memory of a process.",
    "try_reuse": "Whether to try a module's loaded file as its debug file and the other way round.",
    "try_supplementary": "Whether to look for supplementary files.",
    "kernel_directories": "Directories to search for the kernel and its modules; '' is where they are installed.",
    "try_kmod": "How to look for kernel modules in kernel_directories.",
}.items():
    setattr(DebugInfoOptions, _name, _option(_name, _doc))


def options_of(prog):
    """Return the options of a program: assigning to one changes the program's."""
    options = DebugInfoOptions()
    options._values = {k: KmodSearchMethod(v) if k == "try_kmod" else v for k, v in _drgn._debug_info_options(prog).items()}
    options._prog = prog
    return options


def assigned_options(options):
    if not isinstance(options, DebugInfoOptions):
        raise TypeError("debug_info_options must be DebugInfoOptions")
    return options._all()


def options_values(options):
    """Return an argument's values as Go takes them; None for None."""
    if options is None:
        return None
    if not isinstance(options, DebugInfoOptions):
        raise TypeError("options must be DebugInfoOptions or None")
    return options._all()


# Whether nothing that drgn logs is heard unless a script has a handler for it.
quiet = False


def integers(values):
    """Return the integers of an iterable."""
    import operator

    if not hasattr(values, "__iter__"):
        raise TypeError("stack_trace_from_pcs() argument 1 must be a list")
    return [operator.index(v) for v in values]


def log_level():
    """Return from which level on something hears what is logged."""
    import sys

    logging = sys.modules.get("logging")
    if logging is None:
        return 1000 if quiet else 30
    return logging.getLogger("drgn").getEffectiveLevel()


def log(level, message):
    import logging

    logger = logging.getLogger("drgn")
    if not quiet or logger.hasHandlers():
        logger.log(level, "%s", message, stacklevel=2)  # of the script's line, not of this one


DebugInfoOptions.__module__ = WantedSupplementaryFile.__module__ = "drgn"
