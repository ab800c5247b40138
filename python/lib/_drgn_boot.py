"""Start-up code: the importer for the modules that are part of the program, or that lie beside an extension module."""

import _drgn
import _imp
import marshal
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

ROOT = "<drgn>"


class Importer:
    """Meta path finder, path entry finder and loader in one."""

    def __init__(self, entry=ROOT, names=("drgn", "_drgn_main", "_drgn_system")):
        self.base = entry[len(ROOT):].strip("/").replace("/", ".")
        self.names = names  # of packages and modules at the top

    def find_spec(self, name, path=None, target=None):
        if self.base and not name.startswith(self.base + "."):  # completion of imports passes the last part only
            name = f"{self.base}.{name}"
        if name.partition(".")[0] not in self.names:
            return None
        package = _drgn._is_package(name)
        if package is None:
            return None
        base = f"{ROOT}/{name.replace('.', '/')}"
        spec = ModuleSpec(name, self, origin=base + ("/__init__.py" if package else ".py"), is_package=package)
        if package:
            spec.submodule_search_locations.append(base)
        spec.has_location = True
        return spec

    def iter_modules(self, prefix=""):  # pkgutil: help(), completion of imports
        depth = self.base.count(".") + 1 if self.base else 0
        for name, package in _drgn._modules():
            parts = name.split(".")
            if len(parts) == depth + 1 and not parts[-1].startswith("_") and (not depth or name.startswith(self.base + ".")):
                yield prefix + parts[-1], package
        if not depth:  # the standard library, which is frozen
            for name in sys.stdlib_module_names.difference(sys.builtin_module_names):
                if _imp.is_frozen(name):
                    yield prefix + name, _imp.is_frozen_package(name)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        bind(module)
        exec(self.get_code(module.__name__), module.__dict__)

    def get_source(self, name):
        source = _drgn._source(name)
        if source is None:
            raise ImportError(name=name)
        return source

    def get_data(self, path):
        raise OSError(path)

    def is_package(self, name):
        return bool(_drgn._is_package(name))

    def get_code(self, name):
        code = _drgn._code(name)
        if code is not None:
            return marshal.loads(code)
        return compile(self.get_source(name), self.find_spec(name).origin, "exec", dont_inherit=True)


class FileLoader(SourceFileLoader):
    """Loader of the files beside an extension module."""

    def exec_module(self, module):
        bind(module)
        super().exec_module(module)


class FileFinder:
    """Meta path finder of the files beside an extension module."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "drgn":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = FileLoader(spec.loader.name, spec.loader.path)
        return spec


def bind(module):
    """Give a module what it has from Go; those of helpers have defs that ask for it: see drgn._functions."""
    name = module.__name__
    if not name.startswith("drgn.helpers."):
        _drgn._bind(name, module.__dict__)
    elif _drgn._is_package(name) is False:
        module.__getattr__ = late(name)


def late(module):
    """Return the __getattr__ of a module of helpers."""

    def __getattr__(name):
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        from drgn._reexports import find

        return find(module, name)

    return __getattr__


def hook(entry):
    if entry != ROOT and not entry.startswith(ROOT + "/"):
        raise ImportError
    return Importer(entry, ("drgn", "_drgn_main", "_drgn_system", "_drgn_util"))  # the last if nowhere before us in sys.path is one


if hasattr(_drgn, "_directory"):
    import atexit
    import os

    def finish(process):
        if os.getpid() == process:  # not a child that fork made
            _drgn._finish()

    atexit.register(finish, os.getpid())
    sys.meta_path.insert(0, FileFinder())
    if "drgn" in sys.modules:  # which is what imports us
        bind(sys.modules["drgn"])
else:
    sys.meta_path.insert(0, Importer())
    sys.path_hooks.insert(0, hook)
    sys.path[:] = [ROOT]
