"""The prompt."""

from drgn.cli import interact

__all__ = ("interact", "readline")


def __getattr__(name):
    if name == "readline":
        import importlib

        try:
            return importlib.import_module("readline")
        except ImportError:  # the built-in Python has only its own
            return importlib.import_module("_pyrepl.readline")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
