"""Decorators for helpers whose program may be left out."""

import functools

import drgn

__all__ = ("takes_object_or_program_or_default", "takes_program_or_default")


def takes_program_or_default(f):
    """Decorate a function that takes a Program first, so that it may be left out: it is the default program then."""
    (first,) = _parameters(f, 1)

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if first in kwargs or args and isinstance(args[0], drgn.Program):
            return f(*args, **kwargs)
        return f(drgn.get_default_prog(), *args, **kwargs)

    return wrapper


def takes_object_or_program_or_default(f):
    """Decorate a function that takes a Program and an Object or None, so that it is called with one of them or neither.

    Called with an Object, f gets its program and it; called with a Program, that and None; else the default program and
    None.
    """
    names = _parameters(f, 2)

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

    return wrapper


def _parameters(f, count):
    """Return the names of the first parameters of a function; without module inspect, which takes long to load."""
    while hasattr(f, "__wrapped__"):
        f = f.__wrapped__
    return f.__code__.co_varnames[:count]
