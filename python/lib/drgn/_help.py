"""help() with types: functions and methods are shown as their stubs declare them, with every way to call them."""

import pydoc
import types

from drgn._stubs import declarations


class _WithTypes:
    """What is added to the classes of pydoc that make text."""

    def docroutine(self, object, name=None, mod=None, cl=None, homecls=None):
        found = _declarations(object, homecls or cl)
        if not found:
            return super().docroutine(object, name, mod, cl, homecls)
        title = "\n".join(self.bold(name_) + rest for name_, rest in found)
        doc = pydoc.getdoc(object)
        if cl is not None and not doc:
            return title + "\n"
        return title + "\n" + (self.indent(doc).rstrip() + "\n" if doc else "")


def _declarations(value, cls):
    """Return how a function or method is called: pairs of its name and what stands behind it; an empty list of what is not drgn's."""
    owner, bound = cls or getattr(value, "__objclass__", None), getattr(value, "__self__", None)
    if owner is None and bound is not None and not isinstance(bound, types.ModuleType):
        owner = bound if isinstance(bound, type) else type(bound)
    module, name = getattr(owner or value, "__module__", None), getattr(value, "__name__", None)
    if owner is None and isinstance(value, types.FunctionType):
        name = value.__qualname__
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] not in ("drgn", "_drgn"):
        return []
    if module in ("_drgn", "drgn._types", "drgn._open"):
        module = "drgn"
    found = declarations(module, f"{owner.__name__}.{name}" if owner is not None else name)
    name = name.rpartition(".")[2]
    return [(name, declared[len(name):]) for declared in found]


def install():
    """Have pydoc, which help() is, show types."""
    if not isinstance(pydoc.text, _WithTypes):
        pydoc.text = type("Text", (_WithTypes, type(pydoc.text)), {})()
        pydoc.plaintext = type("PlainText", (_WithTypes, type(pydoc.plaintext)), {})()
