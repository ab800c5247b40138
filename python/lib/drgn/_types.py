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


# The names that each module has for itself: those of a script are not its caller's.
_special_globals = frozenset(("__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"))


def execscript(path: str, *args: str, globals: dict | None = None) -> None:
    """Run a script with global variables, by default those of the caller, and keep what it defines there, also if it raises."""
    import io
    import pkgutil
    import sys
    import types

    caller = sys._getframe(1).f_globals if globals is None else globals
    with io.open_code(path) as f:
        code = pkgutil.read_code(f)  # of a .pyc
        if code is None:
            f.seek(0)
            code = compile(f.read(), path, "exec", dont_inherit=True)
    main = types.ModuleType("__main__")
    names = vars(main)
    names.update((name, value) for name, value in caller.items() if name not in _special_globals)
    names.update(__file__=path, __cached__=None, __package__="")
    saved, saved_main = sys.argv, sys.modules.get("__main__")
    sys.argv, sys.modules["__main__"] = [path, *args], main
    try:
        exec(code, names)
    finally:
        sys.argv = saved
        if saved_main is not None:
            sys.modules["__main__"] = saved_main
        for name in [name for name in caller if name not in names and name not in _special_globals]:
            del caller[name]
        caller.update((name, value) for name, value in names.items() if name not in _special_globals)


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
