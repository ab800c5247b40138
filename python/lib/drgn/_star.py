"""How a package of helpers offers everything its modules have."""

import importlib

import _drgn


def gather(name, namespace):
    """Import all modules of a package and return their public names, which are put into namespace."""
    names = []
    for full, package in _drgn._modules():
        parent, _, last = full.rpartition(".")
        if parent != name or last.startswith("_"):
            continue
        module = importlib.import_module(full)
        for n in public(module):
            namespace[n] = getattr(module, n)
            names.append(n)
    return tuple(dict.fromkeys(names))


def public(module):
    """Return what a module offers: __all__, or what it defines itself."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [n for n, v in vars(module).items() if not n.startswith("_") and getattr(v, "__module__", None) == module.__name__]
    return names
