"""Decorators for helpers whose program may be left out."""

import functools

import drgn

__all__ = ("takes_object_or_program_or_default", "takes_program_or_default")


def takes_program_or_default(f):
    """Decorate a function that takes a Program first, so that it may be left out.

    It is then that of the argument which follows it, if that is an Object, else the default program.
    """
    names, _, variable = _parameters(f)
    second = names[1] if len(names) > 1 else None
    follows = variable or second is not None

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if args:
            if isinstance(args[0], drgn.Program):
                return f(*args, **kwargs)
            return f(_program(args[0] if follows else None), *args, **kwargs)
        if "prog" in kwargs:
            return f(**kwargs)
        return f(_program(kwargs.get(second)), **kwargs)

    return wrapper


def takes_object_or_program_or_default(f):
    """Decorate a function that takes a Program and an Object or None, so that it is called with one of them or neither.

    Called with an Object, f gets its program and it; called with a Program, that and None; called with neither, None and
    the program of the argument which follows them, if that is an Object, else the default program. So no positional
    parameter may have a default value: what an Object stands for is told by the number of arguments.
    """
    names, defaults, variable = _parameters(f)
    if len(names) < 2 and not variable:
        raise TypeError("second parameter must be an Object")
    if any(name in defaults for name in names[2:]):
        raise ValueError(f"{f.__name__} using @{takes_object_or_program_or_default.__name__} can't have positional parameters"
                         " with defaults due to ambiguity")
    obj = names[1] if len(names) > 1 else None
    rest = names[2:]
    count = len(names) - 1 + variable

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if args:
            first = args[0]
            if isinstance(first, drgn.Program):
                return f(first, None, *args[1:], **kwargs)
            if len(args) + sum(name in kwargs for name in rest) < count:
                return f(_program(first), None, *args, **kwargs)
            return f(first.prog_, *args, **kwargs)
        if obj in kwargs:
            return f(kwargs[obj].prog_, **kwargs)
        if "prog" in kwargs:
            return f(kwargs.pop("prog"), None, **kwargs)
        return f(_program(kwargs.get(rest[0]) if rest else None), None, **kwargs)

    wrapper.__signature__ = _without_program(f)
    return wrapper


def _program(value):
    """Return the program of an Object, of anything else the default program."""
    return value.prog_ if isinstance(value, drgn.Object) else drgn.get_default_prog()


def _parameters(f):
    """Return the names of the positional parameters of f, of those with a default, and whether it takes any number of them.

    The first must be prog.
    """
    code = getattr(f, "__code__", None)
    if type(f) is type(_parameters) and not vars(f):  # as inspect does, which takes long to load
        names = code.co_varnames[: code.co_argcount]
        defaults = names[len(names) - len(f.__defaults__ or ()):]
        variable = bool(code.co_flags & 4)
        extra = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        first = names[0] if names else "" if variable or not extra else extra[0]
    else:
        import inspect

        parameters = inspect.signature(f).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        names = tuple(p.name for p in positional)
        defaults = tuple(p.name for p in positional if p.default is not p.empty)
        variable = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        first = next((p.name for p in parameters), "")
    if first != "prog":
        raise TypeError("first parameter must be prog: Program")
    return names, defaults, variable


def _without_program(f):
    """Return the signature of a function that takes an Object or a Program in place of both."""
    import inspect

    signature = inspect.signature(f)
    _, second, *rest = signature.parameters.values()
    return signature.replace(parameters=[second.replace(annotation=drgn.Object | drgn.Program), *rest])
