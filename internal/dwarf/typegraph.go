package dwarf

import (
	"fmt"

	"github.com/godrgn/drgn/types"
)

// maxTypeDepth bounds chains of types that refer to each other without a structure between: bad files have circles.
const maxTypeDepth = 256

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
func (f *File) elem(d DIE, depth int) (*types.Type, error) {
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
		return nil, err
	}
	return to.Unit.File.typeOf(to, depth+1)
}

func (f *File) typeOf(d DIE, depth int) (*types.Type, error) {
	if t, ok := f.types.Load(d.Off); ok {
		return t.(*types.Type), nil
	}
	if depth > maxTypeDepth {
		return nil, f.errorAt(d.Off, "types refer to each other in a circle")
	}
	lang, err := d.Unit.language()
	if err != nil {
		return nil, err
	}
	m := typeMaker{f, d, lang, depth}
	t, err := m.make()
	if err != nil {
		return nil, err
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
}

func (m typeMaker) fail(format string, args ...any) error {
	return m.f.errorAt(m.d.Off, fmt.Sprintf(format, args...))
}

func (m typeMaker) make() (*types.Type, error) {
	set := m.f.cfg.Set
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
		name, err := m.d.FullName()
		if err != nil {
			return nil, err
		}
		to, err := m.f.elem(m.d, m.depth)
		if err != nil {
			return nil, err
		}
		return set.Typedef(m.lang, name, to), nil
	case TagPointerType, TagReferenceType, TagRvalueReferenceType:
		// A C++ reference is a pointer in memory, and types has no other name for it.
		to, err := m.f.elem(m.d, m.depth)
		if err != nil {
			return nil, err
		}
		size, ok, err := m.d.Uint(AttrByteSize)
		if err != nil {
			return nil, err
		}
		if !ok {
			size = uint64(m.d.Unit.AddrSize)
		}
		if size > maxBaseSize {
			return nil, m.fail("pointer of %d bytes", size)
		}
		return set.Pointer(m.lang, to, size, m.f.big), nil
	case TagConstType, TagImmutableType:
		return m.qualified(types.Const)
	case TagVolatileType:
		return m.qualified(types.Volatile)
	case TagRestrictType:
		return m.qualified(types.Restrict)
	case TagAtomicType:
		return m.qualified(types.Atomic)
	case TagArrayType:
		return m.array(true)
	case TagSubroutineType, TagSubprogram:
		return m.function()
	case TagUnspecifiedType:
		return set.Void(m.lang), nil
	}
	return nil, m.fail("%s is no type that godrgn knows", m.d.Tag)
}

// qualified adds a qualifier; of an array its elements have it, as in C.
func (m typeMaker) qualified(q types.Qualifiers) (*types.Type, error) {
	t, err := m.f.elem(m.d, m.depth)
	if err != nil {
		return nil, err
	}
	return m.qualify(t, q), nil
}

func (m typeMaker) qualify(t *types.Type, q types.Qualifiers) *types.Type {
	if t.Kind() != types.Array {
		return t.Qualified(t.Qualifiers() | q)
	}
	elem := m.qualify(t.Elem(), q)
	if n, ok := t.Length(); ok {
		return m.f.cfg.Set.Array(m.lang, elem, n)
	}
	return m.f.cfg.Set.IncompleteArray(m.lang, elem)
}

// maxBaseSize bounds the size in bytes of integers and the like.
const maxBaseSize = 64

func (m typeMaker) base() (*types.Type, error) {
	var name, encoding, size, endianity Value
	if err := m.d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrName:
			name = v
		case AttrEncoding:
			encoding = v
		case AttrByteSize:
			size = v
		case AttrEndianity:
			endianity = v
		}
		return true
	}); err != nil {
		return nil, err
	}
	text, err := name.text()
	if err != nil {
		return nil, err
	}
	n, ok := size.Uint()
	if !ok || n > maxBaseSize {
		return nil, m.fail("base type '%s' without a sensible size", text)
	}
	big := m.f.big
	switch endianity.u {
	case 1: // DW_END_big
		big = true
	case 2: // DW_END_little
		big = false
	}
	set := m.f.cfg.Set
	switch encoding.u {
	case encBoolean:
		return set.Bool(m.lang, text, n, big), nil
	case encFloat:
		return set.Float(m.lang, text, n, big), nil
	case encSigned, encSignedChar:
		return m.int(text, n, true, big), nil
	case encUnsigned, encUnsignedChar, encUTF, encUCS, encASCII, encAddress:
		return m.int(text, n, false, big), nil
	case encComplexFloat:
		return nil, m.fail("complex type '%s' is not supported", text)
	}
	return nil, m.fail("base type '%s' has the unsupported encoding %#x", text, encoding.u)
}

// int returns an integer type; one of C's own has the name C prefers, "unsigned long" for "long unsigned int".
func (m typeMaker) int(name string, size uint64, signed, big bool) *types.Type {
	t := m.f.cfg.Set.Int(m.lang, name, size, signed, big)
	if p := t.Primitive(); p != types.NotPrimitive && p.String() != name {
		return m.f.cfg.Set.Int(m.lang, p.String(), size, signed, big)
	}
	return t
}

// array makes an array; outermost says whether its length may be unknown, else it is zero then.
func (m typeMaker) array(open bool) (*types.Type, error) {
	t, err := m.f.elem(m.d, m.depth)
	if err != nil {
		return nil, err
	}
	type dim struct {
		n     uint64
		known bool
	}
	var dims []dim
	for c, err := range m.d.Children() {
		if err != nil {
			return nil, err
		}
		switch c.Tag {
		case TagSubrangeType:
			n, known, err := c.count()
			if err != nil {
				return nil, err
			}
			dims = append(dims, dim{n, known})
		case TagEnumerationType, TagGenericSubrange:
			dims = append(dims, dim{})
		}
		if len(dims) > maxTypeDepth {
			return nil, m.fail("array of more than %d dimensions", maxTypeDepth)
		}
	}
	if len(dims) == 0 {
		dims = append(dims, dim{})
	}
	set := m.f.cfg.Set
	for i := len(dims) - 1; i >= 0; i-- {
		if i == 0 && open && !dims[0].known {
			t = set.IncompleteArray(m.lang, t)
		} else {
			t = set.Array(m.lang, t, dims[i].n)
		}
	}
	return t, nil
}

// count returns how many elements a DW_TAG_subrange_type says (DWARF 5, section 5.13).
func (d DIE) count() (n uint64, known bool, err error) {
	v, err := d.Attr(AttrCount)
	if err != nil {
		return 0, false, err
	}
	if v.Exists() {
		n, known = v.Uint()
		return n, known, nil
	}
	if v, err = d.Attr(AttrUpperBound); err != nil {
		return 0, false, err
	}
	upper, ok := v.Uint()
	if !ok { // none, or only known at run time
		return 0, false, nil
	}
	lower, _, err := d.Uint(AttrLowerBound) // 0 in C
	if err != nil {
		return 0, false, err
	}
	n = upper - lower + 1
	switch {
	case int64(n) >= 0:
		return n, true, nil
	case v.Form == FormSdata || v.Form == FormImplicitConst:
		return 0, true, nil
	}
	return n, true, nil
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
	ret, err := m.f.elem(m.d, m.depth)
	if err != nil {
		return nil, err
	}
	variadic := false
	for c, err := range m.d.Children() {
		if err != nil {
			return nil, err
		}
		if c.Tag == TagUnspecifiedParameters {
			variadic = true
			break
		}
	}
	return m.f.cfg.Set.Function(m.lang, ret, variadic, m.loadFunction), nil
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
				return types.Detail{}, err
			}
			d.Parameters = append(d.Parameters, types.Parameter{Name: name, Lazy: m.later(c)})
		case TagTemplateTypeParam, TagTemplateValueParam:
			if d.TemplateParameters, err = m.template(d.TemplateParameters, c); err != nil {
				return types.Detail{}, err
			}
		}
	}
	return d, nil
}

// later returns a slot for a DIE with DW_AT_type and, perhaps, a value.
func (m typeMaker) later(c DIE) types.Lazy {
	f := m.f
	return types.Later(func() (types.Slot, error) {
		t, err := f.TypeAttr(c)
		if err != nil {
			return types.Slot{}, err
		}
		s := types.Slot{Type: t}
		for _, at := range [...]Attr{AttrConstValue, AttrDefaultValue} {
			v, err := c.Attr(at)
			if err != nil {
				return types.Slot{}, err
			}
			if n, ok := v.Uint(); ok {
				s.Value = n
			} else if b, ok := v.Block(); ok && !v.isExprloc() {
				s.Value = b
			}
		}
		return s, nil
	})
}

func (v Value) isExprloc() bool { return v.Form == FormExprloc }

func (m typeMaker) template(to []types.TemplateParameter, c DIE) ([]types.TemplateParameter, error) {
	name, err := c.Name()
	if err != nil {
		return nil, err
	}
	def, err := c.Flag(AttrDefaultValue)
	if err != nil {
		return nil, err
	}
	return append(to, types.TemplateParameter{Name: name, IsDefault: def, Lazy: m.later(c)}), nil
}
