package dwarf

import "fmt"

// A Tag is what a DIE describes (DWARF 5, section 7.5.3).
type Tag uint16

// The tags this package knows.
const (
	TagArrayType                Tag = 0x01
	TagClassType                Tag = 0x02
	TagEnumerationType          Tag = 0x04
	TagFormalParameter          Tag = 0x05
	TagImportedDeclaration      Tag = 0x08
	TagLabel                    Tag = 0x0a
	TagLexicalBlock             Tag = 0x0b
	TagMember                   Tag = 0x0d
	TagPointerType              Tag = 0x0f
	TagReferenceType            Tag = 0x10
	TagCompileUnit              Tag = 0x11
	TagStringType               Tag = 0x12
	TagStructureType            Tag = 0x13
	TagSubroutineType           Tag = 0x15
	TagTypedef                  Tag = 0x16
	TagUnionType                Tag = 0x17
	TagUnspecifiedParameters    Tag = 0x18
	TagVariant                  Tag = 0x19
	TagInheritance              Tag = 0x1c
	TagInlinedSubroutine        Tag = 0x1d
	TagModule                   Tag = 0x1e
	TagPtrToMemberType          Tag = 0x1f
	TagSubrangeType             Tag = 0x21
	TagBaseType                 Tag = 0x24
	TagConstType                Tag = 0x26
	TagConstant                 Tag = 0x27
	TagEnumerator               Tag = 0x28
	TagSubprogram               Tag = 0x2e
	TagTemplateTypeParam        Tag = 0x2f
	TagTemplateValueParam       Tag = 0x30
	TagVariable                 Tag = 0x34
	TagVariantPart              Tag = 0x33
	TagVolatileType             Tag = 0x35
	TagRestrictType             Tag = 0x37
	TagNamespace                Tag = 0x39
	TagImportedModule           Tag = 0x3a
	TagUnspecifiedType          Tag = 0x3b
	TagPartialUnit              Tag = 0x3c
	TagImportedUnit             Tag = 0x3d
	TagTypeUnit                 Tag = 0x41
	TagRvalueReferenceType      Tag = 0x42
	TagTemplateAlias            Tag = 0x43
	TagGenericSubrange          Tag = 0x45
	TagAtomicType               Tag = 0x47
	TagCallSite                 Tag = 0x48
	TagCallSiteParameter        Tag = 0x49
	TagSkeletonUnit             Tag = 0x4a
	TagImmutableType            Tag = 0x4b
	TagGNUTemplateTemplateParam Tag = 0x4106
	TagGNUTemplateParamPack     Tag = 0x4107
	TagGNUCallSite              Tag = 0x4109
	TagGNUCallSiteParameter     Tag = 0x410a
)

var tagNames = map[Tag]string{
	TagArrayType: "array_type", TagClassType: "class_type", TagEnumerationType: "enumeration_type",
	TagFormalParameter: "formal_parameter", TagImportedDeclaration: "imported_declaration", TagLabel: "label",
	TagLexicalBlock: "lexical_block", TagMember: "member", TagPointerType: "pointer_type",
	TagReferenceType: "reference_type", TagCompileUnit: "compile_unit", TagStringType: "string_type",
	TagStructureType: "structure_type", TagSubroutineType: "subroutine_type", TagTypedef: "typedef",
	TagUnionType: "union_type", TagUnspecifiedParameters: "unspecified_parameters", TagVariant: "variant", TagVariantPart: "variant_part",
	TagInheritance: "inheritance", TagInlinedSubroutine: "inlined_subroutine", TagModule: "module",
	TagPtrToMemberType: "ptr_to_member_type", TagSubrangeType: "subrange_type", TagBaseType: "base_type",
	TagConstType: "const_type", TagConstant: "constant", TagEnumerator: "enumerator", TagSubprogram: "subprogram",
	TagTemplateTypeParam: "template_type_parameter", TagTemplateValueParam: "template_value_parameter",
	TagVariable: "variable", TagVolatileType: "volatile_type", TagRestrictType: "restrict_type",
	TagNamespace: "namespace", TagImportedModule: "imported_module", TagUnspecifiedType: "unspecified_type",
	TagPartialUnit: "partial_unit", TagImportedUnit: "imported_unit", TagTypeUnit: "type_unit",
	TagRvalueReferenceType: "rvalue_reference_type", TagTemplateAlias: "template_alias",
	TagGenericSubrange: "generic_subrange", TagAtomicType: "atomic_type", TagCallSite: "call_site",
	TagCallSiteParameter: "call_site_parameter", TagSkeletonUnit: "skeleton_unit", TagImmutableType: "immutable_type",
	TagGNUTemplateParamPack: "GNU_template_parameter_pack",
	TagGNUCallSite:          "GNU_call_site", TagGNUCallSiteParameter: "GNU_call_site_parameter",
}

// String returns the tag's name as the specification writes it, "DW_TAG_member".
func (t Tag) String() string {
	if n, ok := tagNames[t]; ok {
		return "DW_TAG_" + n
	}
	return fmt.Sprintf("DW_TAG_<%#x>", uint16(t))
}

// An Attr is what an attribute of a DIE says (DWARF 5, section 7.5.4).
type Attr uint16

// The attributes this package knows.
const (
	AttrSibling              Attr = 0x01
	AttrLocation             Attr = 0x02
	AttrName                 Attr = 0x03
	AttrOrdering             Attr = 0x09
	AttrByteSize             Attr = 0x0b
	AttrBitOffset            Attr = 0x0c // DWARF 2 and 3
	AttrBitSize              Attr = 0x0d
	AttrStmtList             Attr = 0x10
	AttrLowPC                Attr = 0x11
	AttrHighPC               Attr = 0x12
	AttrLanguage             Attr = 0x13
	AttrImport               Attr = 0x18
	AttrDiscr                Attr = 0x15
	AttrDiscrValue           Attr = 0x16
	AttrCompDir              Attr = 0x1b
	AttrConstValue           Attr = 0x1c
	AttrContainingType       Attr = 0x1d
	AttrDefaultValue         Attr = 0x1e
	AttrInline               Attr = 0x20
	AttrLowerBound           Attr = 0x22
	AttrProducer             Attr = 0x25
	AttrPrototyped           Attr = 0x27
	AttrReturnAddr           Attr = 0x2a
	AttrBitStride            Attr = 0x2e
	AttrUpperBound           Attr = 0x2f
	AttrAbstractOrigin       Attr = 0x31
	AttrAccessibility        Attr = 0x32
	AttrArtificial           Attr = 0x34
	AttrCount                Attr = 0x37
	AttrDataMemberLocation   Attr = 0x38
	AttrDeclColumn           Attr = 0x39
	AttrDeclFile             Attr = 0x3a
	AttrDeclLine             Attr = 0x3b
	AttrDeclaration          Attr = 0x3c
	AttrDiscrList            Attr = 0x3d
	AttrEncoding             Attr = 0x3e
	AttrExternal             Attr = 0x3f
	AttrFrameBase            Attr = 0x40
	AttrSpecification        Attr = 0x47
	AttrType                 Attr = 0x49
	AttrVirtuality           Attr = 0x4c
	AttrDataLocation         Attr = 0x50
	AttrByteStride           Attr = 0x51
	AttrEntryPC              Attr = 0x52
	AttrExtension            Attr = 0x54
	AttrRanges               Attr = 0x55
	AttrTrampoline           Attr = 0x56
	AttrCallColumn           Attr = 0x57
	AttrCallFile             Attr = 0x58
	AttrCallLine             Attr = 0x59
	AttrObjectPointer        Attr = 0x64
	AttrEndianity            Attr = 0x65
	AttrSignature            Attr = 0x69
	AttrDataBitOffset        Attr = 0x6b
	AttrEnumClass            Attr = 0x6d
	AttrLinkageName          Attr = 0x6e
	AttrStringLength         Attr = 0x19
	AttrStrOffsetsBase       Attr = 0x72
	AttrAddrBase             Attr = 0x73
	AttrRnglistsBase         Attr = 0x74
	AttrDwoName              Attr = 0x76
	AttrCallAllCalls         Attr = 0x7a
	AttrCallReturnPC         Attr = 0x7d
	AttrCallValue            Attr = 0x7e
	AttrCallOrigin           Attr = 0x7f
	AttrCallParameter        Attr = 0x80
	AttrCallPC               Attr = 0x81
	AttrCallTailCall         Attr = 0x82
	AttrCallTarget           Attr = 0x83
	AttrCallTargetClobbered  Attr = 0x84
	AttrCallDataLocation     Attr = 0x85
	AttrCallDataValue        Attr = 0x86
	AttrNoreturn             Attr = 0x87
	AttrAlignment            Attr = 0x88
	AttrExportSymbols        Attr = 0x89
	AttrDeleted              Attr = 0x8a
	AttrDefaulted            Attr = 0x8b
	AttrLoclistsBase         Attr = 0x8c
	AttrMIPSLinkageName      Attr = 0x2007
	AttrGNUTemplateName      Attr = 0x2110
	AttrGNUCallSiteValue     Attr = 0x2111
	AttrGNUCallSiteDataValue Attr = 0x2112
	AttrGNUCallSiteTarget    Attr = 0x2113
	AttrGNUTailCall          Attr = 0x2115
	AttrGNUDwoName           Attr = 0x2130
	AttrGNUDwoID             Attr = 0x2131
	AttrGNURangesBase        Attr = 0x2132
	AttrGNUAddrBase          Attr = 0x2133
)

// attrNames are the names of the attributes that errors are about.
var attrNames = map[Attr]string{
	AttrName: "name", AttrByteSize: "byte_size", AttrBitSize: "bit_size", AttrBitOffset: "bit_offset", AttrType: "type",
	AttrEncoding: "encoding", AttrEndianity: "endianity", AttrUpperBound: "upper_bound", AttrLowerBound: "lower_bound",
	AttrDataLocation: "data_location", AttrByteStride: "byte_stride", AttrBitStride: "bit_stride",
	AttrCount: "count", AttrConstValue: "const_value", AttrDefaultValue: "default_value", AttrLocation: "location",
	AttrDataMemberLocation: "data_member_location", AttrDataBitOffset: "data_bit_offset", AttrSibling: "sibling",
	AttrSignature: "signature", AttrSpecification: "specification", AttrAbstractOrigin: "abstract_origin",
	AttrLowPC: "low_pc", AttrHighPC: "high_pc", AttrRanges: "ranges", AttrStmtList: "stmt_list", AttrCompDir: "comp_dir",
	AttrDiscr: "discr", AttrDiscrValue: "discr_value", AttrDiscrList: "discr_list", AttrDeclFile: "decl_file", AttrFrameBase: "frame_base", AttrDeclaration: "declaration", AttrExternal: "external",
}

// String returns the attribute's name as the specification writes it, "DW_AT_name".
func (a Attr) String() string {
	if n, ok := attrNames[a]; ok {
		return "DW_AT_" + n
	}
	return fmt.Sprintf("DW_AT_%#x", uint16(a))
}

// A Form is how an attribute's value is encoded (DWARF 5, section 7.5.6).
type Form uint16

// The forms.
const (
	FormAddr          Form = 0x01
	FormBlock2        Form = 0x03
	FormBlock4        Form = 0x04
	FormData2         Form = 0x05
	FormData4         Form = 0x06
	FormData8         Form = 0x07
	FormString        Form = 0x08
	FormBlock         Form = 0x09
	FormBlock1        Form = 0x0a
	FormData1         Form = 0x0b
	FormFlag          Form = 0x0c
	FormSdata         Form = 0x0d
	FormStrp          Form = 0x0e
	FormUdata         Form = 0x0f
	FormRefAddr       Form = 0x10
	FormRef1          Form = 0x11
	FormRef2          Form = 0x12
	FormRef4          Form = 0x13
	FormRef8          Form = 0x14
	FormRefUdata      Form = 0x15
	FormIndirect      Form = 0x16
	FormSecOffset     Form = 0x17
	FormExprloc       Form = 0x18
	FormFlagPresent   Form = 0x19
	FormStrx          Form = 0x1a
	FormAddrx         Form = 0x1b
	FormRefSup4       Form = 0x1c
	FormStrpSup       Form = 0x1d
	FormData16        Form = 0x1e
	FormLineStrp      Form = 0x1f
	FormRefSig8       Form = 0x20
	FormImplicitConst Form = 0x21
	FormLoclistx      Form = 0x22
	FormRnglistx      Form = 0x23
	FormRefSup8       Form = 0x24
	FormStrx1         Form = 0x25
	FormStrx2         Form = 0x26
	FormStrx3         Form = 0x27
	FormStrx4         Form = 0x28
	FormAddrx1        Form = 0x29
	FormAddrx2        Form = 0x2a
	FormAddrx3        Form = 0x2b
	FormAddrx4        Form = 0x2c
	FormGNUAddrIndex  Form = 0x1f01
	FormGNUStrIndex   Form = 0x1f02
	FormGNURefAlt     Form = 0x1f20
	FormGNUStrpAlt    Form = 0x1f21
)

// A UnitType is what a unit's header says it is (DWARF 5, section 7.5.1).
type UnitType uint8

// The unit types. Units of DWARF 4 and older are UnitCompile, or UnitTypeUnit when they come from .debug_types.
const (
	UnitCompile      UnitType = 0x01
	UnitTypeUnit     UnitType = 0x02
	UnitPartial      UnitType = 0x03
	UnitSkeleton     UnitType = 0x04
	UnitSplitCompile UnitType = 0x05
	UnitSplitType    UnitType = 0x06
)

// The base type encodings (DWARF 5, section 7.8).
const (
	encAddress      = 0x01
	encBoolean      = 0x02
	encComplexFloat = 0x03
	encFloat        = 0x04
	encDecimal      = 0x0f
	encSigned       = 0x05
	encSignedChar   = 0x06
	encUnsigned     = 0x07
	encUnsignedChar = 0x08
	encUTF          = 0x10
	encUCS          = 0x11
	encASCII        = 0x12
	encUser         = 0x80 // DW_ATE_lo_user
)

// A Lang is the source language of a unit (DWARF 5, section 7.12).
type Lang uint16

const langRust Lang = 0x1c // DW_LANG_Rust

const langAssembler Lang = 0x8001 // DW_LANG_Mips_Assembler, which GNU as writes

// IsCPP reports whether the language is a version of C++.
func (l Lang) IsCPP() bool {
	switch l {
	case 0x04, 0x1a, 0x21, 0x2b, 0x3a: // C_plus_plus, _11, _14, _17, _20
		return true
	}
	return false
}

// lowerBound returns the index of the first element of an array that does not say it (DWARF 5, table 7.17, and the later codes of DWARF 6).
func (l Lang) lowerBound() uint64 {
	switch l {
	case 0x03, 0x0d, 0x2e, 0x2f, // Ada83, Ada95, Ada2005, Ada2012
		0x05, 0x06, // Cobol74, Cobol85
		0x09, 0x0a, 0x0f, 0x17, // Pascal83, Modula2, PLI, Modula3
		0x1f: // Julia
		return 1
	}
	if l.isFortran() {
		return 1
	}
	return 0
}

// isFortran reports whether the language is a version of Fortran, in whose arrays the first index is the one that changes from element to element.
func (l Lang) isFortran() bool {
	switch l {
	case 0x07, 0x08, 0x0e, 0x22, 0x23, 0x2d: // Fortran77, 90, 95, 03, 08, 18
		return true
	}
	return false
}
