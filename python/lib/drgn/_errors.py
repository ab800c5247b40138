"""The exceptions of package drgn."""

import _drgn


class FaultError(Exception):
    """Memory that is not there, or not in the core dump, was read."""

    def __init__(self, message: str, address: int) -> None:
        super().__init__(message, address)
        self.message = message
        self.address = address

    def __str__(self) -> str:
        return f"{self.message}: {self.address:#x}"


class ObjectNotFoundError(KeyError):
    """A program has no object of a name."""

    def __init__(self, *args: object, name: str | None = None) -> None:
        super().__init__(*args)
        self.name = name

    def __str__(self) -> str:  # KeyError's own shows the repr
        return Exception.__str__(self)


class NoDefaultProgramError(Exception):
    """There is no default program, and none was given."""


class MissingDebugInfoError(Exception):
    """Debugging information could not be found."""


class ObjectAbsentError(Exception):
    """An object has no value."""


class OutOfBoundsError(Exception):
    """A part of an object that it does not contain was asked for."""


class BadDataError(Exception):
    """A file or a structure in memory is damaged."""


class UnsupportedOperation(ValueError):
    """The target cannot do this."""


class ValidationError(Exception):
    """A data structure is not as it must be."""


class SlabCorruptionError(ValidationError):
    """Data of the slab allocator are not as they must be."""


class SlabFreelistCycleError(SlabCorruptionError):
    """A list of free objects of a slab does not end."""


class SlabPartialListError(SlabCorruptionError):
    """A list of slabs with free objects is not as it must be."""


class GoPanic(RuntimeError):
    """A mistake in the debugger itself; the message holds Go's stack. Please report it."""


EXCEPTIONS = (FaultError, ObjectNotFoundError, NoDefaultProgramError, MissingDebugInfoError, ObjectAbsentError,
              OutOfBoundsError, BadDataError, UnsupportedOperation, GoPanic, SyntaxError, ValidationError, SlabCorruptionError,
              SlabFreelistCycleError, SlabPartialListError)

for _e in EXCEPTIONS:
    if _e is ValidationError:
        _e.__module__ = "drgn.helpers"
    elif issubclass(_e, ValidationError):
        _e.__module__ = "drgn.helpers.linux.slab"
    elif _e is not SyntaxError:
        _e.__module__ = "_drgn"  # where scripts find them, too
