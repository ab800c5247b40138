"""What Go defines as functions of Python.

Python shows functions of C, and so those of Go, by another type than its own: they have no annotations, defaults or code, bind no self
in a class, and modules like unittest.mock and inspect treat them as something else. So a module of helpers has a def for each of its
functions, whose body calls Go's. Since Python 3.12, calls go to Go past the body.
"""

import builtins
import sys

import _drgn


def names_for_annotations(namespace):
    """Let annotations in the rest of a module name what drgn, typing, enum and ipaddress have, without loading these."""
    if sys.version_info >= (3, 14):  # annotations are evaluated when they are asked for
        namespace["__builtins__"] = _NAMES
        return
    for name in ("Any", "Callable", "Container", "Dict", "Iterable", "Iterator", "List", "Literal", "Mapping", "Optional", "Sequence", "SupportsFloat", "Tuple",
                 "Union", "IntegerLike", "Object", "Path", "Program", "StackFrame", "StackTrace", "Symbol", "SymbolIndex", "Thread", "Type", "enum", "ipaddress"):
        if name not in namespace:
            namespace[name] = _NAMES[name]


def adopt(module, name):
    """Make what a module of drgn's defines and exports, written by hand, belong to the module of that name, whose users know no other."""
    source = sys.modules[module]
    for value in map(vars(source).get, source.__all__):
        if getattr(value, "__module__", None) == module:
            value.__module__ = name


class Functions:
    """The functions that Go has for a module, as attributes; and decorators of the defs that stand for them.

    function is that of a def whose parameters are those of the function of Go of its name. The module gets what annotations name.
    """

    def __init__(self, namespace):
        functions = self.__dict__
        _drgn._bind(namespace["__name__"], functions)
        self.function = _drgn._calls_of(functions)
        names_for_annotations(namespace)

    def program_first(self, f):
        """Decorate a def whose first parameter is a Program, which may be left out of calls, as Go sees to."""
        go = self.__dict__[f.__name__]

        def wrapper(*args, **kwargs):
            return go(*args, **kwargs)

        wrapper.__module__, wrapper.__name__, wrapper.__qualname__, wrapper.__doc__ = f.__module__, f.__name__, f.__qualname__, f.__doc__
        if sys.version_info >= (3, 14):
            wrapper.__annotate__ = f.__annotate__
        else:
            wrapper.__annotations__ = f.__annotations__
        wrapper.__wrapped__ = f
        return self.function(wrapper)

    def object_or_program_first(self, f):
        """Decorate a def of a Program and an Object or None, of which calls have one or none, as Go sees to."""
        wrapper = self.program_first(f)
        signature = wrapper.__signature__ = _Signature()
        signature._parameters = f
        return wrapper


class _Names(dict):
    """Python's builtins, and what annotations name: what drgn has, and module typing, which takes long to load."""

    def __missing__(self, name):
        import typing

        import drgn

        if name in ("enum", "ipaddress"):
            return __import__(name)
        for module in (drgn, typing):
            if hasattr(module, name):
                return getattr(module, name)
        raise KeyError(name)


_NAMES = _Names(vars(builtins))


class _Signature:
    """The signature of a function that takes an Object or a Program in place of both.

    It becomes an inspect.Signature when it is looked at, as inspect.signature() does: module inspect takes long to load.
    """

    __slots__ = ("_return_annotation", "_parameters")  # those of the other class; _parameters is the function at first

    @property
    def __class__(self):
        import inspect

        _become(self, inspect.Signature)
        return type("Signature", (inspect.Signature,), {})  # isinstance() takes a class that is not that of the object

    def __getattr__(self, name):
        import inspect

        _become(self, inspect.Signature)
        return getattr(self, name)


def _become(signature, cls):
    from drgn.helpers.common.prog import _without_program

    made = _without_program(signature._parameters)
    signature._return_annotation, signature._parameters = made._return_annotation, made._parameters
    vars(object)["__class__"].__set__(signature, cls)
