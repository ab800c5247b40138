package dwarf

// What the indexing pass wants of an attribute.
const (
	wantNothing = iota
	wantName
	wantFile
	wantLine
	wantDeclaration
	wantSibling
	wantSpecification
	wantOrigin
	wantLowPC    // becomes wantCode unless it is of code that the linker discarded
	wantCode     // DW_AT_ranges or DW_AT_entry_pc
	wantLocation // DW_AT_location or DW_AT_const_value
	wantEnumClass
	wantSize
	wantExport
	wantSignature
)

var wanted = [0x100]uint8{
	AttrName: wantName, AttrDeclFile: wantFile, AttrDeclLine: wantLine, AttrDeclaration: wantDeclaration,
	AttrSibling: wantSibling, AttrSpecification: wantSpecification, AttrAbstractOrigin: wantOrigin,
	AttrLowPC: wantLowPC, AttrRanges: wantCode, AttrEntryPC: wantCode, AttrLocation: wantLocation,
	AttrConstValue: wantLocation, AttrEnumClass: wantEnumClass, AttrByteSize: wantSize,
	AttrExportSymbols: wantExport, AttrSignature: wantSignature,
}

// An op of a plan reads or passes over one attribute, or over a run of attributes nobody wants.
type op struct {
	want uint8
	how  uint8
	n    uint16 // bytes to pass over, for how == byLength
	form Form
}

// How an op finds the end of its value.
const (
	byLength  = iota // of op.n bytes
	by1              // a number of 1 byte
	by2              // of 2 bytes
	by4              // of 4 bytes
	by8              // of 8 bytes
	byULEB           // a LEB128 number
	byNothing        // the value is in the abbreviation; op.n holds its low bits
	byForm           // any other form
)

// What a DIE is to the index; also the kinds of entries.
const (
	ixNone = iota
	ixBase
	ixStruct
	ixUnion
	ixClass
	ixEnum
	ixTypedef
	ixVariable
	ixFunction
	ixConstant
	ixInstance  // out-of-line instance of an inlined function
	ixNamespace // only passed through
)

var indexed = [0x100]uint8{
	TagBaseType: ixBase, TagStructureType: ixStruct, TagUnionType: ixUnion, TagClassType: ixClass,
	TagEnumerationType: ixEnum, TagTypedef: ixTypedef, TagTemplateAlias: ixTypedef, TagVariable: ixVariable,
	TagSubprogram: ixFunction, TagEnumerator: ixConstant, TagNamespace: ixNamespace,
}

// plan is an abbreviation as the indexing pass runs it.
type plan struct {
	kind     uint8 // ixNone: only passed over
	children bool
	argument bool  // of a template
	sibForm  Form  // form of DW_AT_sibling when it lies at a fixed place
	sibling  int32 // that place, or -1
	fixed    int32 // size of all attribute values, or -1
	ops      []op
}

// planTable is the plans of a table of abbreviations.
type planTable struct {
	abbrevTable
	plans []plan
	ops   []op
}

func (t *planTable) plan(code uint64) *plan {
	if t.sparse == nil {
		if code-1 < uint64(len(t.plans)) {
			return &t.plans[code-1]
		}
		return nil
	}
	if i, ok := t.sparse[code]; ok {
		return &t.plans[i]
	}
	return nil
}

// decode reads the table and compiles its plans, reusing t's arrays.
func (t *planTable) decode(section []byte, k abbrevKey) error {
	if err := t.abbrevTable.decode(section, k); err != nil {
		return err
	}
	t.plans, t.ops = t.plans[:0], t.ops[:0]
	for i := range t.abbrevs {
		a := &t.abbrevs[i]
		p := plan{children: a.children, sibForm: a.sibForm, sibling: a.sibling, fixed: a.fixed}
		p.argument = a.tag == TagTemplateTypeParam || a.tag == TagTemplateValueParam || a.tag == TagGNUTemplateTemplateParam || a.tag == TagGNUTemplateParamPack
		if int(a.tag) < len(indexed) {
			p.kind = indexed[a.tag]
		}
		first, consts := len(t.ops), a.consts
		for _, s := range t.of(a) {
			o := op{form: s.form, how: byForm}
			if int(s.attr) < len(wanted) && (p.kind != ixNone || s.attr == AttrSibling) {
				o.want = wanted[s.attr]
			}
			switch n, ok := fixedSize(s.form, k); {
			case s.form == FormImplicitConst:
				o.how, o.n = byNothing, uint16(t.consts[consts])
				consts++
			case s.form == FormFlagPresent:
				o.how, o.n = byNothing, 1
			case ok && o.want == wantNothing:
				o.how, o.n = byLength, uint16(n)
			case ok && n == 1:
				o.how = by1
			case ok && n == 2:
				o.how = by2
			case ok && n == 4:
				o.how = by4
			case ok && n == 8:
				o.how = by8
			case s.form == FormUdata || s.form == FormRefUdata:
				o.how = byULEB
			}
			if o.want == wantNothing && o.how == byNothing {
				continue
			}
			if last := len(t.ops) - 1; last >= first && o.how == byLength && t.ops[last].want == wantNothing && t.ops[last].how == byLength {
				if sum := uint32(t.ops[last].n) + uint32(o.n); sum <= 0xffff {
					t.ops[last].n = uint16(sum)
					continue
				}
			}
			t.ops = append(t.ops, o)
		}
		p.ops = t.ops[first:len(t.ops):len(t.ops)]
		t.plans = append(t.plans, p)
	}
	return nil
}
