"""Start-up code: the importer for the modules that are part of the program, or that lie beside an extension module."""

import _drgn
import marshal
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

ROOT = "<drgn>"


class Importer:
    """Meta path finder, path entry finder and loader in one."""

    def __init__(self, entry=ROOT):
        self.base = entry[len(ROOT):].strip("/").replace("/", ".")

    def find_spec(self, name, path=None, target=None):
        if self.base and not name.startswith(self.base + "."):  # completion of imports passes the last part only
            name = f"{self.base}.{name}"
        if name.partition(".")[0] not in ("drgn", "_drgn_main"):
            return None
        found = _drgn._source(name)
        if found is None:
            return None
        base = f"{ROOT}/{name.replace('.', '/')}"
        spec = ModuleSpec(name, self, origin=base + ("/__init__.py" if found[1] else ".py"), is_package=found[1])
        if found[1]:
            spec.submodule_search_locations.append(base)
        spec.has_location = True
        return spec

    def iter_modules(self, prefix=""):  # pkgutil: help(), completion of imports
        depth = self.base.count(".") + 1 if self.base else 0
        for name, package in _drgn._modules():
            parts = name.split(".")
            if len(parts) == depth + 1 and not parts[-1].startswith("_") and (not depth or name.startswith(self.base + ".")):
                yield prefix + parts[-1], package

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        bind(module)
        exec(self.get_code(module.__name__), module.__dict__)

    def get_source(self, name):
        found = _drgn._source(name)
        if found is None:
            raise ImportError(name=name)
        return found[0]

    def get_data(self, path):
        raise OSError(path)

    def is_package(self, name):
        found = _drgn._source(name)
        return found is not None and found[1]

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
    """Give a module what it has from Go."""
    name = module.__name__
    _drgn._bind(name, module.__dict__)
    if name.startswith("drgn.helpers.") and _drgn._source(name) and not _drgn._source(name)[1]:
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
    return Importer(entry)


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
