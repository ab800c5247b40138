"""help() with types, errors and examples.

Functions and methods are shown as their stubs declare them, with every way to call them. What they raise and an example are in a file
NAME.md beside each module: a section for each function, method (Class.method) and class. The examples are run by the tests.
"""

import pydoc
import types

import _drgn
from drgn._stubs import declarations


def notes(module):
    """Return what a module's file of notes says: the text of each section by its title."""
    if module not in _notes:
        sections = ("\n" + (_drgn._beside(module, ".md") or "")).split("\n## ")[1:]
        _notes[module] = {title.strip(): text.strip("\n") for title, _, text in (s.partition("\n") for s in sections)}
    return _notes[module]


_notes: dict = {}


class _WithTypes:
    """What is added to the classes of pydoc that make text."""

    def docroutine(self, object, name=None, mod=None, cl=None, homecls=None):
        module, full = _place(object, homecls or cl)
        found = [(name_, declared[len(name_):]) for name_, declared in _declarations(module, full)]
        if not found:
            return super().docroutine(object, name, mod, cl, homecls)
        title = "\n".join(self.bold(name_) + rest for name_, rest in found)
        text = "\n\n".join(part for part in (pydoc.getdoc(object), _plain(module, full)) if part)
        if cl is not None and not text:
            return title + "\n"
        return title + "\n" + (self.indent(text).rstrip() + "\n" if text else "")

    def docclass(self, object, name=None, mod=None, *ignored):
        text, doc = super().docclass(object, name, mod, *ignored), pydoc.getdoc(object)
        module, full = _place(object, None)
        note = _plain(module, full)
        if not note or not doc:
            return text
        return text.replace(self.indent(doc, " |  "), self.indent(doc + "\n\n" + note, " |  "), 1)


def _place(value, cls):
    """Return the module of a function, method or class and its name there, or None twice if it is not drgn's."""
    owner, bound = cls or getattr(value, "__objclass__", None), getattr(value, "__self__", None)
    name = getattr(value, "__name__", None)
    if owner is None and bound is not None and not isinstance(bound, types.ModuleType):
        owner = bound if isinstance(bound, type) else type(bound)
        owner = next((c for c in owner.__mro__ if name in vars(c)), owner)
    module = getattr(owner or value, "__module__", None)
    if owner is None and isinstance(value, types.FunctionType):
        name = value.__qualname__
    if not isinstance(module, str) or not isinstance(name, str) or module.partition(".")[0] not in ("drgn", "_drgn"):
        return None, None
    if module in ("_drgn", "drgn._types", "drgn._open"):
        module = "drgn"
    return module, f"{owner.__name__}.{name}" if owner is not None else name


def _declarations(module, name):
    """Return how a function or method is called: pairs of its name and its declaration; an empty list of what is not drgn's."""
    return [(name.rpartition(".")[2], declared) for declared in declarations(module, name)] if module else []


def _plain(module, name):
    """Return what the notes say of a name as text for terminals."""
    if not module:
        return ""
    parent, _, last = module.rpartition(".")
    text = notes(f"{parent}.{last.removeprefix('_')}" if parent else module).get(name, "")
    lines, example = [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            example = not example
        else:
            lines.append("    " + line if example and line else line)
    return "\n".join(lines)


def install():
    """Have pydoc, which help() is, show types and notes."""
    if not isinstance(pydoc.text, _WithTypes):
        pydoc.text = type("Text", (_WithTypes, type(pydoc.text)), {})()
        pydoc.plaintext = type("PlainText", (_WithTypes, type(pydoc.plaintext)), {})()
