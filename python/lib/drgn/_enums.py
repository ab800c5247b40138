"""The enumerations of package drgn. Go returns their members by the numbers here: see enums.go."""

import collections.abc
import enum

from drgn._platform_enums import Architecture, PlatformFlags


class ProgramFlags(enum.Flag):
    """What a program is."""

    IS_LINUX_KERNEL = 1
    IS_LIVE = 2
    IS_LOCAL = 4


class FindObjectFlags(enum.Flag):
    """Which kinds of objects are looked for."""

    CONSTANT = 1
    FUNCTION = 2
    VARIABLE = 4
    ANY = 7


class TypeKind(enum.Enum):
    """What a type is."""

    VOID = 1
    INT = 2
    BOOL = 3
    FLOAT = 4
    STRUCT = 5
    UNION = 6
    CLASS = 7
    ENUM = 8
    TYPEDEF = 9
    POINTER = 10
    ARRAY = 11
    FUNCTION = 12


class PrimitiveType(enum.Enum):
    """A type that C itself has."""

    C_VOID = 0
    C_CHAR = 1
    C_SIGNED_CHAR = 2
    C_UNSIGNED_CHAR = 3
    C_SHORT = 4
    C_UNSIGNED_SHORT = 5
    C_INT = 6
    C_UNSIGNED_INT = 7
    C_LONG = 8
    C_UNSIGNED_LONG = 9
    C_LONG_LONG = 10
    C_UNSIGNED_LONG_LONG = 11
    C_BOOL = 12
    C_FLOAT = 13
    C_DOUBLE = 14
    C_LONG_DOUBLE = 15
    C_SIZE_T = 16
    C_PTRDIFF_T = 17


class Qualifiers(enum.Flag):
    """A type's qualifiers."""

    NONE = 0
    CONST = 1
    VOLATILE = 2
    RESTRICT = 4
    ATOMIC = 8


class AbsenceReason(enum.Enum):
    """Why an object has no value."""

    OTHER = 0
    OPTIMIZED_OUT = 1
    NOT_IMPLEMENTED = 2


class SymbolBinding(enum.Enum):
    """How a symbol is seen outside its file."""

    UNKNOWN = 0
    LOCAL = 1
    GLOBAL = 2
    WEAK = 3
    UNIQUE = 11


class SymbolKind(enum.Enum):
    """What a symbol stands for."""

    UNKNOWN = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6
    IFUNC = 10


class ModuleFileStatus(enum.Enum):
    """Whether a module's file is wanted or there."""

    WANT = 0
    HAVE = 1
    DONT_WANT = 2
    DONT_NEED = 3
    WANT_SUPPLEMENTARY = 4


class SupplementaryFileKind(enum.Enum):
    """Kind of a supplementary debugging file."""

    GNU_DEBUGALTLINK = 1


class KmodSearchMethod(enum.Enum):
    """How files of kernel modules are looked for."""

    NONE = 0
    DEPMOD = 1
    WALK = 2
    DEPMOD_OR_WALK = 3
    DEPMOD_AND_WALK = 4


class TypeKindSet(collections.abc.Set):
    """An immutable set of kinds of types."""

    __slots__ = ("_kinds",)

    def __new__(cls, kinds=(), /):
        self = super().__new__(cls)
        self._kinds = frozenset(kinds)
        for k in self._kinds:
            if not isinstance(k, TypeKind):
                raise TypeError("TypeKindSet elements must be TypeKind")
        return self

    def __contains__(self, x):
        return x in self._kinds

    def __iter__(self):
        return iter(sorted(self._kinds, key=lambda k: k.value))

    def __len__(self):
        return len(self._kinds)

    def __repr__(self):
        return f"TypeKindSet({{{', '.join(map(str, self))}}})" if self._kinds else "TypeKindSet()"

    __hash__ = collections.abc.Set._hash


ENUMS = (Architecture, PlatformFlags, ProgramFlags, FindObjectFlags, TypeKind, PrimitiveType, Qualifiers, AbsenceReason,
         SymbolBinding, SymbolKind, ModuleFileStatus, SupplementaryFileKind, KmodSearchMethod)

__all__ = tuple(e.__name__ for e in ENUMS) + ("TypeKindSet",)

for _e in ENUMS + (TypeKindSet,):
    _e.__module__ = "drgn"
