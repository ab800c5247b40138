"""The enumerations of package drgn. Go returns their members by the numbers here: see enums.go."""

import collections.abc
import enum


class Architecture(enum.Enum):
    """Instruction set of a machine."""

    UNKNOWN = 0
    X86_64 = 1
    I386 = 2
    AARCH64 = 3
    ARM = 4
    PPC64 = 5
    RISCV64 = 6
    RISCV32 = 7
    S390X = 8
    S390 = 9
    LOONGARCH64 = 10


class PlatformFlags(enum.Flag):
    """What a platform's memory looks like."""

    IS_64_BIT = 1
    IS_LITTLE_ENDIAN = 2


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

    VOID = 0
    INT = 1
    BOOL = 2
    FLOAT = 3
    STRUCT = 4
    UNION = 5
    CLASS = 6
    ENUM = 7
    TYPEDEF = 8
    POINTER = 9
    ARRAY = 10
    FUNCTION = 11


class PrimitiveType(enum.Enum):
    """A type that C itself has."""

    C_VOID = 1
    C_CHAR = 2
    C_SIGNED_CHAR = 3
    C_UNSIGNED_CHAR = 4
    C_SHORT = 5
    C_UNSIGNED_SHORT = 6
    C_INT = 7
    C_UNSIGNED_INT = 8
    C_LONG = 9
    C_UNSIGNED_LONG = 10
    C_LONG_LONG = 11
    C_UNSIGNED_LONG_LONG = 12
    C_BOOL = 13
    C_FLOAT = 14
    C_DOUBLE = 15
    C_LONG_DOUBLE = 16
    C_SIZE_T = 17
    C_PTRDIFF_T = 18


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

    NONE = 0
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

    def __init__(self, kinds=()):
        self._kinds = frozenset(TypeKind(k) for k in kinds)

    def __contains__(self, x):
        return x in self._kinds

    def __iter__(self):
        return iter(sorted(self._kinds, key=lambda k: k.value))

    def __len__(self):
        return len(self._kinds)

    def __repr__(self):
        return f"TypeKindSet({{{', '.join(map(str, self))}}})"

    __hash__ = collections.abc.Set._hash


ENUMS = (Architecture, PlatformFlags, ProgramFlags, FindObjectFlags, TypeKind, PrimitiveType, Qualifiers, AbsenceReason,
         SymbolBinding, SymbolKind, ModuleFileStatus, SupplementaryFileKind, KmodSearchMethod)

__all__ = tuple(e.__name__ for e in ENUMS) + ("TypeKindSet",)

for _e in ENUMS + (TypeKindSet,):
    _e.__module__ = "drgn"
