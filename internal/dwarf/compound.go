package dwarf

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// compoundKinds are the kinds of entries that define a type declared as one of kind.
func compoundKinds(kind types.Kind) uint16 {
	switch kind {
	case types.Union:
		return 1 << ixUnion
	case types.Enum:
		return 1 << ixEnum
	}
	return 1<<ixStruct | 1<<ixClass // C++ lets either declare the other
}

// defined returns the DIE that holds a definition, which is another one for types in type units and declarations.
// complete is false for a type that is only declared.
func (m typeMaker) defined(kind types.Kind, name string) (d DIE, complete bool, err error) {
	if sig, err := m.d.Attr(AttrSignature); err != nil {
		return DIE{}, false, err
	} else if sig.Exists() {
		to, err := sig.DIE()
		return to, err == nil, err
	}
	decl, err := m.d.Flag(AttrDeclaration)
	if err != nil {
		return DIE{}, false, err
	}
	if name == "" {
		return m.d, !decl, nil
	}
	qualified, err := m.d.qualify(name)
	if err != nil {
		return DIE{}, false, err
	}
	kinds := compoundKinds(kind)
	if !decl {
		d, err := m.f.firstAlike(m.d, kinds, qualified)
		return d, err == nil, err
	}
	f := m.f
	if f.byName.main != nil { // dwz moves declarations that several files share, and the definition may be in one of these
		f = f.byName.main
	}
	for ; f != nil; f = f.sup {
		if d, several, err := f.only(kinds, qualified); err != nil || !d.IsZero() {
			return d, err == nil, err
		} else if several {
			break
		}
	}
	return m.d, false, nil
}

// firstAlike returns the first definition that is the same as d: it stands for all, so a type is one type in whichever
// unit it is met.
func (f *File) firstAlike(d DIE, kinds uint16, name string) (DIE, error) {
	if there, err := f.ready(kinds, name); err != nil || !there {
		return d, err
	}
	seen := 0
	for e := range f.find(kinds, name, "") {
		if seen++; e.die == d.Off || seen > maxNamesakes {
			break
		}
		o, err := f.DIE(e.die)
		if err != nil {
			return DIE{}, err
		}
		if same, err := sameDefinition(d, o); err != nil {
			return DIE{}, err
		} else if same {
			return o, nil
		}
	}
	return d, nil
}

// Definition returns the one definition of a structure, union, class or enumerated type of a name that the file has; nil when there is
// none, and when several differ.
func (f *File) Definition(kinds types.KindSet, name string) (t *types.Type, several bool, err error) {
	for ; f != nil; f = f.sup {
		d, several, err := f.only(typeKinds(kinds), name)
		if err != nil || several {
			return nil, several, err
		}
		if !d.IsZero() {
			t, err := f.typeOf(d, 0)
			return t, false, err
		}
	}
	return nil, false, nil
}

// only returns the one definition of a name, or the zero DIE; several says that there are some that differ: which
// one a declaration means cannot be told.
func (f *File) only(kinds uint16, name string) (first DIE, several bool, err error) {
	if there, err := f.ready(kinds, name); err != nil || !there {
		return DIE{}, false, err
	}
	seen := 0
	for e := range f.find(kinds, name, "") {
		if seen++; seen > maxNamesakes {
			return DIE{}, true, nil
		}
		d, err := f.DIE(e.die)
		if err != nil {
			return DIE{}, false, err
		}
		if first.IsZero() {
			first = d
			continue
		}
		if same, err := sameDefinition(first, d); err != nil || !same {
			return DIE{}, err == nil, err
		}
	}
	return first, false, nil
}

// maxNamesakes bounds how many definitions of a name are compared.
const maxNamesakes = 32

// qualify puts the namespaces and classes around a DIE of C++ or Rust before a name; other languages have none.
func (d DIE) qualify(name string) (string, error) {
	info, err := d.Unit.Info()
	if err != nil || !d.Unit.File.isCPP(info) && info.Language != langRust {
		return name, err
	}
	if to, ok, err := d.Ref(AttrSpecification); err != nil {
		return "", err
	} else if ok {
		d = to
	}
	around, err := d.parents(false)
	if err != nil {
		return "", err
	}
	return within(around, name, DIE.scopeName)
}

// within returns a name with those of the namespaces and classes around it, outermost first.
func within(around []DIE, name string, nameOf func(DIE) (string, error)) (string, error) {
	scopes := ""
	for _, scope := range around {
		text, err := nameOf(scope)
		if err != nil {
			return "", err
		}
		if text == "" {
			text = anonymousNamespace
		}
		scopes += text + "::"
	}
	return scopes + name, nil
}

// encloses reports whether inner lies below d.
func (d DIE) encloses(inner DIE) (bool, error) {
	w := d.Walk()
	for w.Next() {
		if w.Off >= inner.Off {
			return w.Off == inner.Off, nil
		}
	}
	return false, w.Err()
}

func (m typeMaker) compound(kind types.Kind) (*types.Type, error) {
	if m.varies {
		return m.varying(kind)
	}
	tag, err := m.d.FullName()
	if err != nil {
		return nil, err
	}
	name, err := m.d.className()
	if err != nil {
		return nil, err
	}
	d, complete, err := m.defined(kind, name)
	if err != nil {
		return nil, err
	}
	set := m.f.cfg.Set
	if !complete {
		return m.declared(kind, tag)
	}
	if d.Off != m.d.Off || d.Unit.File != m.f {
		return d.Unit.File.typeOf(d, m.depth+1)
	}
	size, ok, err := d.Uint(AttrByteSize)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, d.fail("%s has missing or invalid %s", d.Tag, AttrByteSize)
	}
	m.depth = 0
	return set.Compound(m.lang, kind, tag, size, func() (types.Detail, error) { return mem.Guarded(m.loadCompound) }), nil
}

// declared makes a type that this file only declares. Another file may define it, unless it is one of an anonymous namespace, which no other
// unit can mean.
func (m typeMaker) declared(kind types.Kind, tag string) (*types.Type, error) {
	qualified, err := m.d.qualify(tag)
	if err != nil {
		return nil, err
	}
	template, err := m.loadTemplate()
	if err != nil {
		return nil, err
	}
	var load func() (types.Detail, error)
	if template.TemplateParameters != nil {
		load = func() (types.Detail, error) { return mem.Guarded(m.loadTemplate) }
	}
	if tag == "" || strings.Contains(qualified, anonymousNamespace) {
		qualified = ""
	}
	return m.f.cfg.Set.Declared(m.lang, kind, tag, qualified, load), nil
}

// loadTemplate reads the template parameters of a declaration.
func (m typeMaker) loadTemplate() (d types.Detail, err error) {
	for c, err := range m.d.Children() {
		if err != nil {
			return types.Detail{}, err
		}
		switch c.Tag {
		case TagTemplateTypeParam, TagTemplateValueParam, TagGNUTemplateParamPack:
			if d.TemplateParameters, err = m.template(d.TemplateParameters, c); err != nil {
				return types.Detail{}, err
			}
		}
	}
	return d, nil
}

func (m typeMaker) loadCompound() (d types.Detail, err error) {
	last := -1 // DW_TAG_member that may be a flexible array
	var members, parts []DIE
	for c, err := range m.d.Children() {
		if err != nil {
			return types.Detail{}, err
		}
		switch c.Tag {
		case TagMember:
			static, err := c.isStatic()
			if err != nil {
				return types.Detail{}, err
			}
			if static {
				if d.Statics, err = c.appendStatic(d.Statics); err != nil {
					return types.Detail{}, err
				}
				continue
			}
			last = len(members)
			members = append(members, c)
		case TagVariable:
			if d.Statics, err = c.appendStatic(d.Statics); err != nil {
				return types.Detail{}, err
			}
		case TagVariantPart:
			parts = append(parts, c)
		case TagInheritance:
			virtual, err := c.isVirtual()
			if err != nil {
				return types.Detail{}, err
			}
			if !virtual {
				members = append(members, c)
				continue
			}
			base, err := m.virtualBase(c)
			if err != nil {
				return types.Detail{}, err
			}
			d.VirtualBases = append(d.VirtualBases, base)
		case TagTemplateTypeParam, TagTemplateValueParam, TagGNUTemplateParamPack:
			if d.TemplateParameters, err = m.template(d.TemplateParameters, c); err != nil {
				return types.Detail{}, err
			}
		}
	}
	if d.Alignment, _, err = m.d.Uint(AttrAlignment); err != nil {
		return types.Detail{}, err
	}
	d.Members = make([]types.Member, 0, len(members))
	for i, c := range members {
		member, err := m.member(c, i == last && i > 0 && m.d.Tag != TagUnionType)
		if err != nil {
			return types.Detail{}, err
		}
		member.Base = c.Tag == TagInheritance
		d.Members = append(d.Members, member)
	}
	for _, c := range parts {
		if d.Members, err = m.variants(d.Members, c, nil, 0); err != nil {
			return types.Detail{}, err
		}
	}
	return d, nil
}

// isStatic reports whether a DW_TAG_member is a static member, as DWARF 4 writes them.
func (d DIE) isStatic() (bool, error) {
	for _, at := range [...]Attr{AttrDeclaration, AttrExternal} {
		if yes, err := d.Flag(at); yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}

// member makes a member (DWARF 5, section 5.7.6); a base class is an unnamed one. flexible says whether it may be an
// array of unknown length.
func (m typeMaker) member(c DIE, flexible bool) (types.Member, error) {
	var name, location, dataBit, oldBit, bitSize, byteSize Value
	if err := c.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrName:
			name = v
		case AttrDataMemberLocation:
			location = v
		case AttrDataBitOffset:
			dataBit = v
		case AttrBitOffset:
			oldBit = v
		case AttrBitSize:
			bitSize = v
		case AttrByteSize:
			byteSize = v
		}
		return true
	}); err != nil {
		return types.Member{}, err
	}
	text, err := name.text()
	if err != nil {
		return types.Member{}, c.invalid(AttrName, err)
	}
	out := types.Member{Name: text}
	var bits uint64
	if bitSize.Exists() {
		n, ok := bitSize.Uint()
		if !ok {
			return types.Member{}, c.invalid(AttrBitSize, bitSize.wrongForm())
		}
		bits = n
	}
	if m.at != nil {
		out.BitOffset = *m.at * 8
	} else if location.Exists() {
		n, err := location.memberOffset()
		if err != nil {
			return types.Member{}, c.fail("%s has %w", c.Tag, err)
		}
		out.BitOffset = n * 8
	}
	switch {
	case dataBit.Exists():
		n, ok := dataBit.Uint()
		if !ok {
			return types.Member{}, c.invalid(AttrDataBitOffset, dataBit.wrongForm())
		}
		out.BitOffset = n // in the structure, not in a storage unit
	case oldBit.Exists():
		// Until DWARF 3: from the most significant bit of the storage unit to that of the bit-field, whatever the byte
		// order (DWARF 3, section 5.5.6).
		n, ok := oldBit.Uint()
		if !ok {
			return types.Member{}, c.invalid(AttrBitOffset, oldBit.wrongForm())
		}
		if m.f.big {
			out.BitOffset += n
			break
		}
		storage, ok := byteSize.Uint()
		if !ok && byteSize.Exists() {
			return types.Member{}, c.invalid(AttrByteSize, byteSize.wrongForm())
		}
		if !ok {
			t, err := c.Unit.File.elem(c, m.depth) // of variable length, structures may contain themselves
			if err != nil {
				return types.Member{}, err
			}
			if storage, err = t.Size(); err != nil {
				return types.Member{}, cmp.Or(types.CheckBitField(t, bits), err)
			}
		}
		if bits != 0 {
			out.BitOffset += storage*8 - bits
		}
		out.BitOffset -= n
	}
	memberType := m.f.memberType
	if m.varies {
		memberType = m.varyingMemberType
	}
	out.Lazy = laterSlot(func() (types.Slot, error) {
		t, err := memberType(c, flexible)
		if err == nil {
			err = types.CheckBitField(t, bits)
		}
		return types.Slot{Type: t, BitFieldSize: bits}, err
	})
	return out, nil
}

// laterSlot is [types.Later] of what reads the file: that may be long after it was opened.
func laterSlot(read func() (types.Slot, error)) types.Lazy {
	return types.Later(func() (types.Slot, error) { return mem.Guarded(read) })
}

// memberType returns the type of a member; flexible says whether it may be an array of unknown length.
func (f *File) memberType(c DIE, flexible bool) (*types.Type, error) {
	t, err := f.typeAttr(c, 0)
	if err != nil || flexible {
		return t, err
	}
	return types.ZeroLength(t), nil
}

// An unsupportedPlace says why the place of a member or base class is none that can be told without an object.
type unsupportedPlace string

func (why unsupportedPlace) Error() string {
	return fmt.Sprintf("unsupported %s: %s", AttrDataMemberLocation, string(why))
}

// Is implements what [errors.Is] asks.
func (unsupportedPlace) Is(target error) bool { return target == errors.ErrUnsupported }

// memberOffset returns the offset in bytes that DW_AT_data_member_location says: a constant, or before DWARF 3 the
// expression DW_OP_plus_uconst.
func (v Value) memberOffset() (uint64, error) {
	const opPlusUconst = 0x23
	unsupported := unsupportedPlace("it is neither a constant nor DW_OP_plus_uconst")
	switch {
	case (v.Form == FormData4 || v.Form == FormData8) && v.unit.Version < 4, v.Form == FormSecOffset, v.Form == FormLoclistx:
		return 0, unsupported // a location list
	case v.IsExpr() && len(v.b) > 0 && v.b[0] != opPlusUconst:
		return 0, unsupported
	case v.IsExpr():
		if len(v.b) == 0 {
			return 0, fmt.Errorf("invalid %s: empty", AttrDataMemberLocation)
		}
		n, k := uleb(v.b[1:])
		if k == 0 {
			return 0, fmt.Errorf("invalid %s: bad LEB128 number", AttrDataMemberLocation)
		}
		if k+1 != len(v.b) {
			return 0, unsupported
		}
		return n, nil
	}
	n, ok := v.Uint()
	if !ok {
		return 0, fmt.Errorf("invalid %s: %w", AttrDataMemberLocation, v.wrongForm())
	}
	if n > maxMemberOffset {
		return 0, fmt.Errorf("invalid %s: %#x bytes", AttrDataMemberLocation, n)
	}
	return n, nil
}

// enum makes an enumerated type (DWARF 5, section 5.7).
func (m typeMaker) enum() (*types.Type, error) {
	tag, err := m.d.FullName()
	if err != nil {
		return nil, err
	}
	d, complete, err := m.defined(types.Enum, tag)
	if err != nil {
		return nil, err
	}
	set := m.f.cfg.Set
	if !complete {
		return m.declared(types.Enum, tag)
	}
	if d.Off != m.d.Off || d.Unit.File != m.f {
		return d.Unit.File.typeOf(d, m.depth+1)
	}
	compatible, err := m.compatible()
	if err != nil {
		return nil, err
	}
	return set.Enum(m.lang, tag, compatible, func() (types.Detail, error) {
		return mem.Guarded(func() (types.Detail, error) {
			u := compatible.Underlying()
			list, _, err := m.enumerators(u.OwnSize(), u.IsSigned())
			return types.Detail{Enumerators: list}, err
		})
	}), nil
}

// unknownInt is the name of the compatible type of an enumerated type that doesn't say it.
const unknownInt = "<unknown>"

// compatible returns the integer type of the enumerators' values.
func (m typeMaker) compatible() (*types.Type, error) {
	if m.d.Has(AttrType) {
		t, err := m.f.elem(m.d, m.depth)
		if err != nil {
			return nil, err
		}
		switch t = t.Underlying(); t.Kind() {
		case types.Int:
		case types.Bool: // "enum e : bool" of C++
			return m.f.cfg.Set.Int(m.lang, t.Name(), t.OwnSize(), false, t.BigEndian()), nil
		default:
			return nil, m.fail("%s of %s is not an integer type", AttrType, m.d.Tag)
		}
		return t.Qualified(0), nil
	}
	size, ok, err := m.d.Uint(AttrByteSize)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, m.fail("%s has missing or invalid %s", m.d.Tag, AttrByteSize)
	}
	_, negative, err := m.enumerators(8, true)
	if err != nil {
		return nil, err
	}
	return m.f.cfg.Set.Int(m.lang, unknownInt, size, negative, m.f.big), nil
}

// enumerators decodes the enumerators; negative reports whether there is a negative one.
func (m typeMaker) enumerators(size uint64, signed bool) (list []types.Enumerator, negative bool, err error) {
	for c, err := range m.d.Children() {
		if err != nil {
			return nil, false, err
		}
		if c.Tag != TagEnumerator {
			continue
		}
		name, err := c.mustText()
		if err != nil {
			return nil, false, err
		}
		v, err := c.Attr(AttrConstValue)
		if err != nil {
			return nil, false, err
		}
		if !v.Exists() {
			return nil, false, c.missing(AttrConstValue)
		}
		n, ok := v.Uint()
		below := (v.Form == FormSdata || v.Form == FormImplicitConst) && int64(n) < 0
		if b, block := v.Block(); block && len(b) == 16 {
			var top uint64
			n, top = c.Unit.halves(b)
			below = top == ^uint64(0)
			ok = top == 0 || below && int64(n) < 0
		}
		if !ok {
			return nil, false, c.invalid(AttrConstValue, v.wrongForm())
		}
		negative = negative || below
		if below && !signed && size-1 < 7 && ^n>>(size*8-1) == 0 { // what does not fit is left as it is
			n &= 1<<(size*8) - 1
		}
		list = append(list, types.Enumerator{Name: name, Value: n})
	}
	return list, negative, nil
}

// halves returns the lower and the upper 64 bits of a number of 16 bytes.
func (u *Unit) halves(b []byte) (low, high uint64) {
	if u.File.big {
		return u.fixed(b[8:], 8), u.fixed(b[:8], 8)
	}
	return u.fixed(b[:8], 8), u.fixed(b[8:], 8)
}
