package python

import (
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/types"
)

// An enumID is an enumeration's place in lib/drgn/_enums.py's ENUMS.
type enumID uint32

const (
	enumArchitecture enumID = iota
	enumPlatformFlags
	enumProgramFlags
	enumFindObjectFlags
	enumTypeKind
	enumPrimitiveType
	enumQualifiers
	enumAbsenceReason
	enumSymbolBinding
	enumSymbolKind
	enumModuleFileStatus
	enumSupplementaryFileKind
	enumKmodSearchMethod
)

// The numbers of Go's constants are those of the enumerations.
const (
	_ = uint(drgn.IsLinuxKernel-1) + uint(drgn.IsLive-2) + uint(drgn.IsLocal-4)
	_ = uint(drgn.FindConstant-1) + uint(drgn.FindFunction-2) + uint(drgn.FindVariable-4)
	_ = uint(types.Function-11) + uint(types.CPtrdiffT-18) + uint(types.Atomic-8) // see typeKind and primitiveType
	_ = uint(drgn.NotImplemented-2) + uint(drgn.BindWeak-3) + uint(drgn.BindUnique-11) + uint(drgn.SymbolIFunc-10)
)

// typeKind returns a kind as a member of TypeKind, which counts from 1.
func typeKind(k types.Kind) enumValue { return enumValue{enumTypeKind, int64(k) + 1} }

// primitiveType returns a primitive type as a member of PrimitiveType, or None for other types.
func primitiveType(p types.Primitive) enumValue { return enumValue{enumPrimitiveType, int64(p) - 1} }

// architectureOf returns an instruction set as a member of Architecture, which counts arch.All from 1; 0 is UNKNOWN.
func architectureOf(a *arch.Arch) enumValue {
	return enumValue{enumArchitecture, int64(slices.Index(arch.All, a)) + 1}
}

// architecture is the inverse of architectureOf; nil for a number that no member has.
func architecture(n int64) *arch.Arch {
	switch {
	case n == 0:
		return arch.Unknown
	case n < 0 || n > int64(len(arch.All)):
		return nil
	}
	return arch.All[n-1]
}
