import enum

from drgn import Object

class RwsemLocked(enum.Enum):
    UNLOCKED = 1
    READ_LOCKED = 2
    WRITE_LOCKED = 3

def rwsem_locked(sem: Object) -> RwsemLocked: ...
