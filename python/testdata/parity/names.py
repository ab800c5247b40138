import enum
import drgn
from drgn import *
# Enumerations: members and numbers.
list(Architecture)
list(PlatformFlags)
list(ProgramFlags)
list(FindObjectFlags), FindObjectFlags.ANY
list(TypeKind)
list(PrimitiveType)
list(Qualifiers), Qualifiers.NONE
list(AbsenceReason)
list(SymbolBinding)
list(SymbolKind)
list(ModuleFileStatus)
list(SupplementaryFileKind)
list(KmodSearchMethod)
Qualifiers.CONST | Qualifiers.RESTRICT
Qualifiers.CONST & Qualifiers.RESTRICT
~Qualifiers.CONST
Qualifiers.CONST in (Qualifiers.CONST | Qualifiers.RESTRICT)
bool(Qualifiers.NONE)
str(Qualifiers.CONST | Qualifiers.VOLATILE), str(TypeKind.INT), str(SymbolKind.FUNC)
TypeKind["INT"], TypeKind(5)
TypeKind(99)
PlatformFlags(3), PlatformFlags(0)
PlatformFlags.IS_64_BIT | PlatformFlags.IS_LITTLE_ENDIAN
# What classes have.
def public(c): return sorted(n for n in vars(c) if not n.startswith("_"))
public(Type)
public(TypeMember), public(TypeEnumerator), public(TypeParameter), public(TypeTemplateParameter)
public(Symbol), public(SymbolIndex), public(Platform), public(Register), public(Language)
# Exceptions.
[(e.__name__, [b.__name__ for b in e.__mro__[1:-2]]) for e in (FaultError, ObjectNotFoundError, NoDefaultProgramError, MissingDebugInfoError, ObjectAbsentError, OutOfBoundsError)]
