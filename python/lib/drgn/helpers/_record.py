"""Classes of a few named values, as dataclasses make them, whose module takes long to load."""


class _Signature:
    """What inspect asks a class for: its module, which takes long to load, is there then."""

    def __get__(self, instance, cls):
        from inspect import Parameter, Signature

        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in cls.__match_args__])


class Record:
    """Values with the names in __match_args__."""

    __signature__ = _Signature()

    __match_args__ = ()
    _frozen = False

    def __init__(self, *values, **named):
        names = self.__match_args__
        if len(values) > len(names):
            raise TypeError(f"{type(self).__name__} takes {len(names)} arguments, {len(values)} were given")
        for name, value in zip(names, values):
            if name in named:
                raise TypeError(f"{type(self).__name__} got multiple values for argument {name!r}")
            named[name] = value
        for name in names:
            if name not in named:
                raise TypeError(f"{type(self).__name__} is missing argument {name!r}")
            vars(self)[name] = named.pop(name)
        for name in named:
            raise TypeError(f"{type(self).__name__} got an unexpected argument {name!r}")

    def __init_subclass__(cls):
        if cls._frozen:
            cls.__hash__ = lambda self: hash(self._values())
            cls.__setattr__ = cls.__delattr__ = _frozen

    def _values(self):
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in self.__match_args__)})"


def _frozen(self, name, *value):
    raise AttributeError(f"cannot {'assign to' if value else 'delete'} field {name!r}", name=name, obj=self)
