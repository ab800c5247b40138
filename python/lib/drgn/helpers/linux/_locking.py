"""What drgn.helpers.linux.locking has that is an enumeration in Python."""

import enum

from drgn._functions import names_for_annotations
from drgn.helpers.linux.locking import _rwsem_state

names_for_annotations(globals())

__all__ = ("RwsemLocked", "rwsem_locked")


class RwsemLocked(enum.Enum):
    """How a read-write semaphore is locked."""

    __module__ = "drgn.helpers.linux.locking"

    UNLOCKED = 1
    READ_LOCKED = 2
    WRITE_LOCKED = 3


def rwsem_locked(sem: Object) -> "RwsemLocked":
    """Return how a read-write semaphore is locked.

    sem is a struct rw_semaphore *.
    """
    return RwsemLocked(_rwsem_state(sem))
