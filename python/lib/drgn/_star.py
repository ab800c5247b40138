"""How a package of helpers offers everything its modules have."""

import importlib
import pkgutil
import types


def gather(name, path, namespace):
    """Import all modules of a package and return their public names, which are put into namespace."""
    names = []
    for info in pkgutil.iter_modules(path, name + "."):
        module = importlib.import_module(info.name)
        public = getattr(module, "__all__", None)
        if public is None:
            public = [n for n, v in vars(module).items() if not n.startswith("_") and not isinstance(v, types.ModuleType)]
        for n in public:
            namespace[n] = getattr(module, n)
        names += public
    return tuple(dict.fromkeys(names))
