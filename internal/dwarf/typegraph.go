package dwarf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/types"
)

// maxTypeDepth bounds chains of types that refer to each other without a structure between: bad files have circles.
const maxTypeDepth = 1000

// TypeOf returns the type that a DIE describes: a type, or the type of a function. There is one type for a DIE, and one
// for all DIEs that define the same structure in several units.
func (f *File) TypeOf(d DIE) (*types.Type, error) { return d.Unit.File.typeOf(d, 0) }

// TypeAttr returns what DW_AT_type of a DIE, or of the DIE it is an instance of, refers to: void when there is none.
func (f *File) TypeAttr(d DIE) (*types.Type, error) { return d.Unit.File.elem(d, 0) }

func (f *File) typeAt(off uint64) (*types.Type, error) {
	d, err := f.DIE(off)
	if err != nil {
		return nil, err
	}
	return f.typeOf(d, 0)
}

// language returns the language of a unit.
func (u *Unit) language() (types.Language, error) {
	info, err := u.Info()
	if err != nil {
		return nil, err
	}
	if u.File.isCPP(info) {
		return u.File.cfg.CPP, nil
	}
	return u.File.cfg.C, nil
}

// elem returns the type DW_AT_type refers to.
func (f *File) elem(d DIE, depth int) (*types.Type, error) { return f.elemIn(d, depth, nil) }

// elemIn is elem where the numbers of elements of arrays may be known.
func (f *File) elemIn(d DIE, depth int, in *bounds) (*types.Type, error) {
	v, err := d.Inherited(AttrType)
	if err != nil {
		return nil, err
	}
	if !v.Exists() {
		lang, err := d.Unit.language()
		if err != nil {
			return nil, err
		}
		return f.cfg.Set.Void(lang), nil
	}
	to, err := v.DIE()
	if err != nil {
		return nil, d.invalid(AttrType, err)
	}
	return to.Unit.File.typeIn(to, depth+1, in)
}

// invalid says that an attribute of d does not make sense.
func (d DIE) invalid(at Attr, why error) error {
	return d.fail("%s has invalid %s: %w", d.Tag, at, why)
}

// missing says that d lacks an attribute it must have.
func (d DIE) missing(at Attr) error { return d.fail("%s is missing %s", d.Tag, at) }

// fail says what is wrong with d.
func (d DIE) fail(format string, args ...any) error {
	for i, arg := range args {
		if bad, ok := arg.(*bin.DecodeError); ok {
			args[i] = bad.Beside(d.Unit.from.file)
		}
	}
	err := fmt.Errorf(format, args...)
	bad := d.Unit.File.errorAt(d.Off, err.Error())
	bad.Unsupported = errors.Is(err, errors.ErrUnsupported)
	return bad
}

// typeAttr is TypeAttr for DIEs that must have a type.
func (f *File) typeAttr(d DIE, depth int) (*types.Type, error) {
	if v, err := d.Inherited(AttrType); err != nil {
		return nil, err
	} else if !v.Exists() {
		return nil, d.missing(AttrType)
	}
	return f.elem(d, depth)
}

// mustText returns a name that d must have.
func (d DIE) mustText() (string, error) {
	v, err := d.Inherited(AttrName)
	if err != nil {
		return "", err
	}
	if v.Exists() {
		b, err := v.Bytes()
		if err == nil {
			return string(b), nil
		}
		return "", d.fail("%s has missing or invalid DW_AT_name: %w", d.Tag, err)
	}
	return "", d.fail("%s has missing or invalid DW_AT_name", d.Tag)
}

func (f *File) typeOf(d DIE, depth int) (*types.Type, error) { return f.typeIn(d, depth, nil) }

// typeIn is typeOf where the numbers of elements of arrays may be known. What depends on them is made anew each time.
func (f *File) typeIn(d DIE, depth int, in *bounds) (*types.Type, error) {
	varies := false
	if !d.Tag.derives() {
		if in != nil {
			var err error
			if varies, err = d.varies(); err != nil {
				return nil, err
			}
		}
		if !varies {
			in = nil
		}
	}
	if in != nil {
		if own, err := in.inside(d); err != nil {
			return nil, err
		} else if !own {
			in = nil
		}
	}
	if t, ok := f.types.Load(d.Off); ok && in == nil {
		return t.(*types.Type), nil
	}
	if depth > maxTypeDepth {
		return nil, &types.DepthError{Problem: f.errorAt(d.Off, "maximum DWARF type parsing depth exceeded: types refer to each other in a circle").Error()}
	}
	lang, err := d.Unit.language()
	if err != nil {
		return nil, err
	}
	if in == nil {
		if varies, err = d.varies(); err != nil {
			return nil, err
		}
	}
	m := typeMaker{f: f, d: d, lang: lang, depth: depth, in: in, varies: varies}
	t, err := m.make()
	if err != nil || in != nil {
		return t, err
	}
	got, _ := f.types.LoadOrStore(d.Off, t)
	return got.(*types.Type), nil
}

// typeMaker makes the type a DIE describes.
type typeMaker struct {
	f     *File
	d     DIE
	lang  types.Language
	depth int
	in    *bounds

	varies bool    // it is a structure of variable length
	at     *uint64 // where a member of it lies, in bytes, if the file says no number
}

func (m typeMaker) fail(format string, args ...any) error {
	return m.d.fail(format, args...)
}

func (m typeMaker) make() (*types.Type, error) {
	set := m.f.cfg.Set
	switch m.d.Tag {
	case TagStructureType, TagUnionType, TagClassType, TagEnumerationType: // see defined
	default: // any type can be in a unit of its own
		if sig, err := m.d.Attr(AttrSignature); err != nil {
			return nil, err
		} else if sig.Exists() {
			to, err := sig.DIE()
			if err != nil {
				return nil, err
			}
			return to.Unit.File.typeOf(to, m.depth+1)
		}
	}
	switch m.d.Tag {
	case TagBaseType:
		return m.base()
	case TagStructureType:
		return m.compound(types.Struct)
	case TagUnionType:
		return m.compound(types.Union)
	case TagClassType:
		return m.compound(types.Class)
	case TagEnumerationType:
		return m.enum()
	case TagTypedef, TagTemplateAlias:
		name, err := m.d.mustText()
		if err != nil {
			return nil, err
		}
		to, err := m.f.elemIn(m.d, m.depth, m.in)
		if err != nil {
			return nil, err
		}
		return set.Typedef(m.lang, name, to), nil
	case TagPointerType, TagReferenceType, TagRvalueReferenceType:
		to, err := m.f.elemIn(m.d, m.depth, m.in)
		if err != nil {
			return nil, err
		}
		size := uint64(m.d.Unit.AddrSize)
		if v, err := m.d.Attr(AttrByteSize); err != nil {
			return nil, err
		} else if v.Exists() {
			n, ok := v.Uint()
			if !ok {
				return nil, m.d.invalid(AttrByteSize, v.wrongForm())
			}
			size = n
		}
		switch m.d.Tag {
		case TagReferenceType:
			return set.Reference(m.lang, to, size, m.f.big, types.LvalueReference), nil
		case TagRvalueReferenceType:
			return set.Reference(m.lang, to, size, m.f.big, types.RvalueReference), nil
		}
		return set.Pointer(m.lang, to, size, m.f.big), nil
	case TagPtrToMemberType:
		return m.pointerToMember()
	case TagConstType, TagImmutableType:
		return m.qualified(types.Const)
	case TagVolatileType:
		return m.qualified(types.Volatile)
	case TagRestrictType:
		return m.qualified(types.Restrict)
	case TagAtomicType:
		return m.qualified(types.Atomic)
	case TagArrayType:
		return m.array()
	case TagSubroutineType:
		f, err := m.function()
		if err != nil || !m.d.Has(AttrByteSize) {
			return f, err
		}
		return m.closure(f)
	case TagSubprogram:
		return m.function()
	case TagUnspecifiedType:
		void := set.Void(m.lang)
		if name, err := m.d.Name(); err != nil {
			return nil, err
		} else if name == "decltype(nullptr)" || name == "nullptr_t" { // objects of it are as large as a pointer (C++, basic.fundamental)
			return set.Typedef(m.lang, name, set.Pointer(m.lang, void, uint64(m.d.Unit.AddrSize), m.f.big)), nil
		}
		return void, nil
	}
	return nil, m.fail("unknown DWARF type tag %#x, %s", uint16(m.d.Tag), m.d.Tag)
}

// qualified adds a qualifier.
func (m typeMaker) qualified(q types.Qualifiers) (*types.Type, error) {
	t, err := m.f.elemIn(m.d, m.depth, m.in)
	if err != nil {
		return nil, err
	}
	return t.Qualified(t.Qualifiers() | q), nil
}

func (m typeMaker) base() (*types.Type, error) {
	var encoding, size, endianity, bits Value
	if err := m.d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrEncoding:
			encoding = v
		case AttrByteSize:
			size = v
		case AttrBitSize:
			bits = v
		case AttrEndianity:
			endianity = v
		}
		return true
	}); err != nil {
		return nil, err
	}
	text, err := m.d.mustText()
	if err != nil {
		return nil, err
	}
	enc, ok := encoding.Uint()
	if !ok {
		return nil, m.fail("%s has missing or invalid %s", m.d.Tag, AttrEncoding)
	}
	n, ok := size.Uint()
	if !ok {
		return nil, m.fail("%s has missing or invalid %s", m.d.Tag, AttrByteSize)
	}
	big := m.f.big
	if end, ok := endianity.Uint(); endianity.Exists() && !ok {
		return nil, m.fail("invalid DW_AT_endianity of base type '%s'", text)
	} else {
		switch end {
		case 0: // DW_END_default
		case 1: // DW_END_big
			big = true
		case 2: // DW_END_little
			big = false
		default:
			return nil, m.fail("unknown DW_AT_endianity %#x of base type '%s'", end, text)
		}
	}
	set := m.f.cfg.Set
	// Of C's _BitInt(N), bits beyond N may be anything (DWARF 5, section 5.1, and the psABI).
	if bits, ok := bits.Uint(); ok && bits != n*8 && (enc == encSigned || enc == encUnsigned) {
		if bits == 0 || bits > n*8 || big {
			return nil, m.fail("base type '%s' of %d bits in %d bytes is not supported", text, bits, n)
		}
		return set.BitInt(m.lang, text, n, bits, enc == encSigned), nil
	}
	if n == 0 && text == "()" { // Rust's type of what has no value
		return set.Compound(m.lang, types.Struct, text, 0, func() (types.Detail, error) { return types.Detail{}, nil }), nil
	}
	switch enc {
	case encBoolean:
		return set.Bool(m.lang, text, n, big), nil
	case encFloat:
		return set.Float(m.lang, text, n, big), nil
	case encDecimal:
		return set.DecimalFloat(m.lang, text, n, big), nil
	case encComplexFloat:
		return m.complex(text, n, big)
	case encSigned, encSignedChar:
		return m.int(text, n, true, big), nil
	case encUnsigned, encUnsignedChar, encUTF, encUCS, encASCII, encAddress:
		return m.int(text, n, false, big), nil
	case encUser:
		if t, err := m.userEncoded(text, n, big); t != nil || err != nil {
			return t, err
		}
	}
	return nil, m.fail("%s has unknown DWARF encoding %#x: base type '%s' is not supported", m.d.Tag, enc, text)
}

// int returns an integer type; one of C's own has the name C prefers, "unsigned long" for "long unsigned int".
func (m typeMaker) int(name string, size uint64, signed, big bool) *types.Type {
	t := m.f.cfg.Set.Int(m.lang, name, size, signed, big)
	if p := t.Primitive(); p != types.NotPrimitive && p.String() != name {
		return m.f.cfg.Set.Int(m.lang, p.String(), size, signed, big)
	}
	return t
}

// array makes an array. Its first dimension may be of unknown length; in another one, 0 is not said, and of one whose length is known at run
// time only nothing can be read: the elements have no size. Of an array in column-major order, as Fortran's are, the last dimension comes first,
// so that neighbours in the last dimension of the type are neighbours in memory.
//
// Arrays whose elements lie elsewhere, as those that a descriptor of Fortran tells of (DWARF 5, section 5.18.1), or that have gaps between them are
// refused: what lies at the array's address are not its elements.
func (m typeMaker) array() (*types.Type, error) {
	if v, err := m.d.Attr(AttrDataLocation); err != nil {
		return nil, err
	} else if v.Exists() {
		return nil, m.fail("%s with %s is not supported", m.d.Tag, AttrDataLocation)
	}
	if v, err := m.d.Inherited(AttrType); err != nil {
		return nil, err
	} else if !v.Exists() {
		return nil, m.d.missing(AttrType)
	}
	t, err := m.f.elemIn(m.d, m.depth, m.in)
	if err != nil {
		return nil, err
	}
	if dynamic, err := m.d.hasDynamicType(); err != nil {
		return nil, err
	} else if !dynamic {
		t = types.ZeroLength(t)
	}
	var dims []length
	var ranges []DIE // of dims
	for c, err := range m.d.Children() {
		if err != nil {
			return nil, err
		}
		var n length
		switch c.Tag {
		case TagSubrangeType:
			if n, err = c.count(m.in); err != nil {
				return nil, err
			}
		case TagEnumerationType, TagGenericSubrange:
		default:
			continue
		}
		dims, ranges = append(dims, n), append(ranges, c)
		if len(dims) > maxTypeDepth {
			return nil, m.fail("array of more than %d dimensions", maxTypeDepth)
		}
	}
	if len(dims) == 0 {
		dims = append(dims, length{})
	}
	if first, err := m.columnMajor(); err != nil {
		return nil, err
	} else if first {
		slices.Reverse(dims)
		slices.Reverse(ranges)
	}
	if err := m.adjacent(m.d, t); err != nil {
		return nil, err
	}
	set := m.f.cfg.Set
	for i := len(dims) - 1; i >= 0; i-- {
		if i < len(ranges) {
			if err := m.adjacent(ranges[i], t); err != nil {
				return nil, err
			}
		}
		if !dims[i].known && (i == 0 || dims[i].dynamic) {
			t = set.IncompleteArray(m.lang, t)
		} else {
			t = set.Array(m.lang, t, dims[i].n)
		}
	}
	return t, nil
}

// columnMajor reports whether the first index of an array is the one that changes from element to element in memory (DW_AT_ordering; without it,
// the language's order).
func (m typeMaker) columnMajor() (bool, error) {
	const colMajor = 1 // DW_ORD_col_major
	if n, ok, err := m.d.Uint(AttrOrdering); ok || err != nil {
		return n == colMajor, err
	}
	info, err := m.d.Unit.Info()
	if err != nil {
		return false, err
	}
	return info.Language.isFortran(), nil
}

// adjacent returns an error if an array, or a dimension of one, says that there are gaps between its elements, or that they overlap.
func (m typeMaker) adjacent(d DIE, elem *types.Type) error {
	for _, at := range [...]Attr{AttrByteStride, AttrBitStride} {
		v, err := d.Attr(at)
		if err != nil {
			return err
		}
		if !v.Exists() {
			continue
		}
		stride, known := v.Uint()
		if at == AttrByteStride {
			stride *= 8
		}
		if size, err := elem.BitSize(); err != nil || !known || stride != size {
			return m.fail("%s with a %s other than the size of its elements is not supported", m.d.Tag, at)
		}
	}
	return nil
}

// A length is the number of elements in a dimension of an array.
type length struct {
	n       uint64
	known   bool
	dynamic bool // it is known at run time only
}

// count returns how many elements a DW_TAG_subrange_type says (DWARF 5, section 5.13).
func (d DIE) count(in *bounds) (length, error) {
	for _, at := range [...]Attr{AttrUpperBound, AttrCount} {
		v, err := d.Attr(at)
		if err != nil {
			return length{}, err
		}
		if !v.Exists() {
			continue
		}
		n, known := v.Uint()
		dynamic := !known && (v.IsExpr() || v.isRef())
		switch {
		case dynamic:
			if n, known, err = in.number(v); err != nil || !known {
				return length{dynamic: true}, err
			}
		case !known:
			return length{}, d.invalid(at, v.wrongForm())
		}
		if at == AttrCount {
			return length{n, true, dynamic}, nil
		}
		lower, err := d.lowerBound(in)
		if err != nil || !lower.known {
			return length{dynamic: lower.dynamic}, err
		}
		if n = n - lower.n + 1; lower.n != 0 && int64(n) < 0 {
			n = 0
		}
		return length{n, true, dynamic || lower.dynamic}, nil
	}
	return length{}, nil
}

// lowerBound returns the index of the first element of a DW_TAG_subrange_type.
func (d DIE) lowerBound(in *bounds) (length, error) {
	v, err := d.Attr(AttrLowerBound)
	if err != nil {
		return length{}, err
	}
	if !v.Exists() {
		info, err := d.Unit.Info()
		if err != nil {
			return length{}, err
		}
		return length{n: info.Language.lowerBound(), known: true}, nil
	}
	if n, known := v.Uint(); known {
		return length{n: n, known: true}, nil
	}
	if !v.IsExpr() && !v.isRef() {
		return length{}, d.invalid(AttrLowerBound, v.wrongForm())
	}
	n, known, err := in.number(v)
	return length{n, known, true}, err
}

// function makes the type of a function; parameters are decoded when asked for.
func (m typeMaker) function() (*types.Type, error) {
	if m.d.Tag == TagSubprogram {
		if to, ok, err := m.d.Ref(AttrAbstractOrigin); err != nil {
			return nil, err
		} else if ok {
			return to.Unit.File.typeOf(to, m.depth+1)
		}
	}
	ret, err := m.f.elemIn(m.d, m.depth, m.in)
	if err != nil {
		return nil, err
	}
	variadic := false
	for c, err := range m.d.Children() {
		if err != nil {
			return nil, err
		}
		switch {
		case c.Tag == TagUnspecifiedParameters && variadic:
			return nil, m.fail("%s has multiple %s children", m.d.Tag, c.Tag)
		case c.Tag == TagFormalParameter && variadic:
			return nil, m.fail("%s has %s child after %s child", m.d.Tag, c.Tag, TagUnspecifiedParameters)
		case c.Tag == TagUnspecifiedParameters:
			variadic = true
		}
	}
	return m.f.cfg.Set.Function(m.lang, ret, variadic, m.loadFunction), nil
}

// closure returns the type of Go's values of functions, which are as large as a pointer and are one, to what begins with a pointer to code.
func (m typeMaker) closure(f *types.Type) (*types.Type, error) {
	size := uint64(m.d.Unit.AddrSize)
	v, err := m.d.Attr(AttrByteSize)
	if err != nil {
		return nil, err
	}
	if n, ok := v.Uint(); !ok || n != size {
		return f, nil
	}
	set := m.f.cfg.Set
	return set.Pointer(m.lang, set.Pointer(m.lang, f, size, m.f.big), size, m.f.big), nil
}

func (m typeMaker) loadFunction() (d types.Detail, err error) {
	for c, err := range m.d.Children() {
		if err != nil {
			return types.Detail{}, err
		}
		switch c.Tag {
		case TagFormalParameter:
			name, err := c.FullName()
			if err != nil {
				return types.Detail{}, c.invalid(AttrName, err)
			}
			d.Parameters = append(d.Parameters, types.Parameter{Name: name, Lazy: m.later(c)})
		case TagTemplateTypeParam, TagTemplateValueParam, TagGNUTemplateParamPack:
			if d.TemplateParameters, err = m.template(d.TemplateParameters, c); err != nil {
				return types.Detail{}, err
			}
		}
	}
	return d, nil
}

// later returns a slot for a parameter.
func (m typeMaker) later(c DIE) types.Lazy {
	f := m.f
	return laterSlot(func() (types.Slot, error) {
		if c.Tag == TagFormalParameter {
			t, err := f.typeAttr(c, 0)
			return types.Slot{Type: t}, err
		}
		t, err := f.TypeAttr(c)
		if err != nil || c.Tag != TagTemplateValueParam {
			return types.Slot{Type: t}, err
		}
		if !c.Has(AttrConstValue) && !c.Has(AttrLocation) {
			return types.Slot{}, c.fail("%s is missing value: it has neither %s nor %s", c.Tag, AttrConstValue, AttrLocation)
		}
		s := types.Slot{Type: t}
		if f.cfg.Argument != nil {
			s.Value, err = f.cfg.Argument(c, t)
		} else if n, ok, _ := c.Uint(AttrConstValue); ok {
			s.Value = n
		}
		return s, err
	})
}

// maxPackDepth bounds how deep packs of template parameters nest; compilers don't nest them.
const maxPackDepth = 4

// template adds a template parameter, or those of a pack of them.
func (m typeMaker) template(to []types.TemplateParameter, c DIE) ([]types.TemplateParameter, error) {
	return m.templates(to, c, 0)
}

func (m typeMaker) templates(to []types.TemplateParameter, c DIE, depth int) ([]types.TemplateParameter, error) {
	if c.Tag == TagGNUTemplateParamPack {
		if depth > maxPackDepth {
			return nil, c.fail("packs of template parameters nest more than %d deep", maxPackDepth)
		}
		for p, err := range c.Children() {
			if err != nil {
				return nil, err
			}
			switch p.Tag {
			case TagTemplateTypeParam, TagTemplateValueParam, TagGNUTemplateParamPack:
				if to, err = m.templates(to, p, depth+1); err != nil {
					return nil, err
				}
			}
		}
		return to, nil
	}
	name, err := c.Name()
	if err != nil {
		return nil, c.invalid(AttrName, err)
	}
	def, err := c.Attr(AttrDefaultValue)
	if err != nil {
		return nil, err
	}
	if def.Exists() && def.Form != FormFlag && def.Form != FormFlagPresent {
		return nil, c.invalid(AttrDefaultValue, def.wrongForm())
	}
	return append(to, types.TemplateParameter{Name: name, IsDefault: def.Flag(), Lazy: m.later(c)}), nil
}
