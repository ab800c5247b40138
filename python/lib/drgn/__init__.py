"""Programmable debugger: walk the types, variables, data structures and stacks of a kernel or program.

A Program is what is debugged; prog is the one that the command line names. Its memory is seen as Objects:

    >>> prog["init_task"].comm.string_()
    b'swapper/0'

Objects have the members, elements and operators that they have in C. What this package adds to them ends in an
underscore: value_(), address_of_(), string_(). Helpers for data structures of the kernel are in drgn.helpers.linux.
"""

import _drgn

from _drgn import *
from drgn._debuginfo import *
from drgn._enums import *
from drgn._errors import (
    BadDataError,
    FaultError,
    GoPanic,
    MissingDebugInfoError,
    NoDefaultProgramError,
    ObjectAbsentError,
    ObjectNotFoundError,
    OutOfBoundsError,
    UnsupportedOperation,
)
from drgn._open import *
from drgn._types import *

from drgn import _enums, _errors, _types
from drgn._plugins import target_set as _target_set
from drgn._types import __getattr__, _html, _pretty

_drgn._register(_errors.EXCEPTIONS, _enums.ENUMS)
_drgn._ready(_types._source_location)

host_platform = _host_platform()
Language.C, Language.CPP = _languages()

from drgn._private import *

__all__ = tuple(n for n in dir() if not n.startswith("_")) + ("IntegerLike", "Path")

from drgn._private import export

export(_drgn, globals())

del _drgn, _enums, _errors, _types, _host_platform, _languages, export
