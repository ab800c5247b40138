"""Decorators for helpers whose program may be left out."""

import functools

import drgn

__all__ = ("takes_object_or_program_or_default", "takes_program_or_default")


def takes_program_or_default(f):
    """Decorate a function that takes a Program first, so that it may be left out: it is the default program then."""
    first = f.__code__.co_varnames[0] if hasattr(f, "__code__") else "prog"

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if args and isinstance(args[0], drgn.Program) or first in kwargs:
            return f(*args, **kwargs)
        return f(drgn.get_default_prog(), *args, **kwargs)

    wrapper.__signature__ = lambda: _signature(f, 1)
    return wrapper


def takes_object_or_program_or_default(f):
    """Decorate a function that takes a Program and an Object or None, so that it is called with one of them or neither.

    Called with an Object, f gets its program and it; called with a Program, that and None; else the default program and
    None.
    """
    names = f.__code__.co_varnames[:2] if hasattr(f, "__code__") else ("prog", "obj")

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if args and isinstance(args[0], drgn.Object):
            return f(args[0].prog_, *args, **kwargs)
        if args and isinstance(args[0], drgn.Program):
            return f(args[0], None, *args[1:], **kwargs)
        prog, obj = (kwargs.pop(name, None) for name in names)
        if prog is None:
            prog = drgn.get_default_prog() if obj is None else obj.prog_
        return f(prog, obj, *args, **kwargs)

    wrapper.__signature__ = lambda: _signature(f, 2)
    return wrapper


def _signature(f, count):
    """Return the signature of a function whose first parameters may be left out."""
    import inspect

    own = inspect.signature(f)
    params = list(own.parameters.values())
    first = params[0].replace(kind=inspect.Parameter.POSITIONAL_ONLY, default=None)
    rest = params[count:]
    if any(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in rest):
        first = first.replace(default=inspect.Parameter.empty)  # a parameter after it must be given: keep it well-formed
    return own.replace(parameters=[first, *rest])
