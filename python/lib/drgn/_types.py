"""What of package drgn is best said in Python."""

import collections

import drgn


class SourceLocation(collections.namedtuple("SourceLocation", ("filename", "line", "column"))):
    """A place in source code: file, line and column; 0 is not known. name is a function that returns that of the function there."""

    def __new__(cls, filename: str, line: int, column: int, name: "collections.abc.Callable[[], str | None]" = lambda: None):
        self = super().__new__(cls, filename, line, column)
        self.name = name
        return self

    def name(self) -> str | None:
        """Return the name of the function at this place."""

    def __str__(self) -> str:
        place = f"{self.filename}:{self.line}" if self.filename else "??:?"
        if self.filename and self.column:
            place += f":{self.column}"
        name = self.name()
        return f"{'???' if name is None else name} at {place}"


SourceLocation.__module__ = "drgn"


def _source_location(filename, line, column, name):
    return SourceLocation(filename, line, column, lambda: name)


def __getattr__(name):
    if name in ("IntegerLike", "Path"):  # for annotations: module typing takes long to load
        import os
        import typing

        if name == "IntegerLike":
            return typing.SupportsIndex
        return typing.Union[str, bytes, os.PathLike]
    if name == "__version__":
        import _drgn

        return _drgn._version_header().split()[1]
    raise AttributeError(f"module 'drgn' has no attribute {name!r}", name=name, obj=drgn)


def execscript(path: str, *args: str, globals: dict | None = None) -> None:
    """Run a script with global variables, by default those of the caller, and keep what it defines there."""
    import runpy
    import sys

    caller = sys._getframe(1).f_globals if globals is None else globals
    saved, sys.argv = sys.argv, [path, *args]
    saved_main, names = sys.modules.get("__main__"), dict(caller)
    try:
        names.pop("__file__", None)
        result = runpy.run_path(path, init_globals=names, run_name="__main__")
    finally:
        sys.argv = saved
        if saved_main is not None:
            sys.modules["__main__"] = saved_main
    for name, value in result.items():
        if not (name.startswith("__") and name.endswith("__")):
            caller[name] = value


def _program_of(value):
    """Return the program of an Object, of anything else the default program."""
    return value.prog_ if isinstance(value, drgn.Object) else drgn.get_default_prog()


def stack_trace(thread):
    """Return the stack trace of a thread, as Program.stack_trace() does: of the Object's program, else the default program."""
    return _program_of(thread).stack_trace(thread)


def source_location(address, /):
    """Return the places in source code of an address in its program, if it is an Object, else in the default program."""
    return _program_of(address).source_location(address)


def _html(self):
    """What _repr_html_ of objects and stack traces returns."""
    from drgn._tree import html

    return html(self)


def _pretty(self, p, cycle):
    p.text("..." if cycle else str(self))


__all__ = ("SourceLocation", "execscript", "source_location", "stack_trace")
