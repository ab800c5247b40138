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
# Each member by its name.
[Architecture.I386, Architecture.ARM, Architecture.PPC64, Architecture.RISCV64, Architecture.RISCV32, Architecture.S390X, Architecture.S390, Architecture.LOONGARCH64]
[ProgramFlags.IS_LINUX_KERNEL, ProgramFlags.IS_LIVE, ProgramFlags.IS_LOCAL]
[KmodSearchMethod.NONE, KmodSearchMethod.DEPMOD, KmodSearchMethod.WALK, KmodSearchMethod.DEPMOD_OR_WALK, KmodSearchMethod.DEPMOD_AND_WALK]
[ModuleFileStatus.WANT, ModuleFileStatus.HAVE, ModuleFileStatus.DONT_WANT, ModuleFileStatus.DONT_NEED, ModuleFileStatus.WANT_SUPPLEMENTARY]
[SupplementaryFileKind.GNU_DEBUGALTLINK, SymbolKind.SECTION, SymbolKind.FILE, SymbolKind.COMMON, SymbolKind.OBJECT]
[AbsenceReason.OTHER, AbsenceReason.OPTIMIZED_OUT, AbsenceReason.NOT_IMPLEMENTED]
[TypeKind.VOID, TypeKind.BOOL, TypeKind.FLOAT, TypeKind.POINTER, TypeKind.ARRAY, TypeKind.ENUM, TypeKind.FUNCTION, TypeKind.TYPEDEF]
[PrimitiveType.C_VOID, PrimitiveType.C_CHAR, PrimitiveType.C_SIGNED_CHAR, PrimitiveType.C_UNSIGNED_CHAR, PrimitiveType.C_SHORT, PrimitiveType.C_UNSIGNED_SHORT, PrimitiveType.C_INT, PrimitiveType.C_UNSIGNED_INT, PrimitiveType.C_LONG, PrimitiveType.C_UNSIGNED_LONG, PrimitiveType.C_LONG_LONG, PrimitiveType.C_UNSIGNED_LONG_LONG, PrimitiveType.C_BOOL, PrimitiveType.C_FLOAT, PrimitiveType.C_DOUBLE, PrimitiveType.C_LONG_DOUBLE, PrimitiveType.C_SIZE_T, PrimitiveType.C_PTRDIFF_T]
# Names for annotations.
isinstance(5, IntegerLike), isinstance("x", Path), isinstance(b"x", Path), isinstance(5, Path), isinstance("x", IntegerLike)
[c.__name__ for c in (Module, MainModule, SharedLibraryModule, VdsoModule, RelocatableModule, ExtraModule, StackTrace, StackFrame, SourceLocation, SourceLocationList, Thread, MemorySearchIterator)] [:11]
[issubclass(c, Module) for c in (MainModule, SharedLibraryModule, VdsoModule, RelocatableModule, ExtraModule)]
[hasattr(Module, n) for n in ("prog", "name", "address_ranges", "address_range", "build_id", "object", "debug_file_status", "debug_file_path", "debug_file_bias", "wants_debug_file")]
