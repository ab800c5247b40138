"""Classes of a few named values: dataclasses, but for the module dataclasses, which takes long to load."""


class _Signature:
    """What inspect asks a class for: its module, which takes long to load, is there then."""

    def __get__(self, instance, cls):
        from inspect import Parameter, Signature

        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=cls.__annotations__[name]) for name in cls.__match_args__], return_annotation=None)


class _Dataclass:
    """What the module dataclasses knows a class by, made when it asks, as by then it is loaded."""

    def __init__(self, name):
        self.name = name

    def __get__(self, instance, cls):
        from dataclasses import make_dataclass

        made = make_dataclass(cls.__name__, cls.__annotations__.items(), frozen=cls._frozen)
        cls.__dataclass_fields__ = made.__dataclass_fields__
        cls.__dataclass_params__ = made.__dataclass_params__
        return getattr(cls, self.name)


def _init(cls):
    """Return __init__ of a class with the parameters in its __match_args__: Python says what is wrong with arguments."""
    names, namespace = cls.__match_args__, {}
    exec(f"def __init__(self, {', '.join(names)}): vars(self).update({', '.join(f'{name}={name}' for name in names)})", namespace)
    init = namespace["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


class Record:
    """Values with the names in __match_args__, which are those that are annotated; a class without it is for others to be made of."""

    _frozen = False

    def __init_subclass__(cls):
        if "__match_args__" not in vars(cls):
            return
        cls.__init__, cls.__signature__ = _init(cls), _Signature()
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(cls, name, _Dataclass(name))
        if cls._frozen:
            cls.__hash__ = lambda self: hash(self._values())
            cls.__setattr__ = cls.__delattr__ = _frozen

    def __replace__(self, /, **changes):
        return type(self)(**({name: getattr(self, name) for name in self.__match_args__} | changes))

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
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")
