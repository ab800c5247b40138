# Writes the public names of a program's modules, a line each: module, name, kind, parameters (? where they are not told), with tabs
# between. record.sh has written names.txt with the reference; TestNamesPage runs this with our program.
import enum
import importlib
import inspect
import pkgutil
import sys
import types

import drgn

KINDS = {"POSITIONAL_ONLY": "po", "POSITIONAL_OR_KEYWORD": "pk", "VAR_POSITIONAL": "va", "KEYWORD_ONLY": "ko", "VAR_KEYWORD": "vk"}


def parameters(f):
    try:
        all = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return "?"
    words = []
    for p in all:
        if p.name in ("self", "cls"):
            continue
        default = "" if p.default is p.empty else "=…" if callable(p.default) or " object at 0x" in repr(p.default) else f"={p.default!r}"
        words.append(f"{p.name}:{KINDS[p.kind.name]}{default}")
    return ", ".join(words)


def names(module):
    """Return the public names of a module: those in __all__, else what it defines."""
    all = getattr(module, "__all__", None)
    if all is not None:
        return sorted(all)
    return sorted(n for n, v in vars(module).items() if not n.startswith("_") and inspect.isroutine(v) | inspect.isclass(v) and v.__module__ == module.__name__)


def of_class(cls):
    """Walk the public members of a class, and of the classes of the program that it is made of."""
    seen = set()
    for c in cls.__mro__:
        if (c.__module__ or "").partition(".")[0] not in ("drgn", "_drgn", "collections"):
            continue
        for n, v in sorted(vars(c).items()):
            if n.startswith("_") or n in seen:
                continue
            seen.add(n)
            if isinstance(v, enum.Enum):
                yield n, "member", repr(v.value)
            elif isinstance(v, (classmethod, staticmethod)) or inspect.isroutine(v):
                yield n, "method", parameters(getattr(cls, n))
            else:
                yield n, "attribute", ""


def rows():
    # A module that can't be imported is not walked into; those whose names begin with an underscore are nobody's business.
    for name in ["drgn"] + sorted(m.name for m in pkgutil.walk_packages(drgn.__path__, "drgn.", onerror=lambda name: None)):
        if any(part.startswith("_") for part in name.split(".")):
            continue
        module = importlib.import_module(name)
        yield name, "", "module", ""
        for n in names(module):
            value = getattr(module, n)
            if name.count(".") == 2 and hasattr(module, "__path__") and (getattr(value, "__module__", None) or name).startswith(name + "."):
                yield name, n, "again", ""  # a package has all that its modules have
            elif inspect.isclass(value) and value.__module__ not in ("typing", "types"):
                yield name, n, "class", "" if issubclass(value, (BaseException, enum.Enum)) else parameters(value)
                for member, kind, told in of_class(value):
                    yield name, f"{n}.{member}", kind, told
            elif inspect.isroutine(value) or isinstance(value, types.FunctionType):
                yield name, n, "function", parameters(value)
            else:
                yield name, n, "value", ""


if __name__ == "__main__":
    with open(sys.argv[1], "w") as out:
        for row in rows():
            print(*row, sep="\t", file=out)
