package dwarf

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/types"
)

// varies reports whether a structure or union has members whose sizes are known at run time only (an extension of GNU C): its own size is not
// said then, or not as a number.
func (d DIE) varies() (varies bool, err error) {
	switch d.Tag {
	case TagStructureType, TagUnionType, TagClassType:
	default:
		return false, nil
	}
	varies = true
	err = d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrByteSize:
			varies = varies && (v.IsExpr() || v.isRef())
		case AttrDeclaration, AttrSignature:
			varies = false
		}
		return true
	})
	return varies && err == nil, err
}

// maxVarying bounds how many structures are looked at for one variable: in bad files they contain each other without an end.
const maxVarying = 1000

// varyings are the structures that [bounds] have been asked for.
type varyings struct {
	made  sync.Map // of keys to types
	count atomic.Int32
}

type varyingKey struct {
	f   *File
	off uint64
}

// inside reports whether a type or variable is one of the function whose frame it is, or that this was inlined into: that of another one, as of
// the function around a nested one, says nothing of this frame.
func (b *bounds) inside(d DIE) (bool, error) {
	if b.fn == nil || len(b.fn.Scopes) == 0 {
		return false, nil
	}
	around, err := d.parents(true)
	if err != nil {
		return false, err
	}
	for i := len(around) - 1; i >= 0; i-- {
		in := around[i]
		if in.Tag != TagSubprogram {
			continue
		}
		is, err := b.fn.Scopes[0].isOrMadeFrom(in)
		if err == nil && !is {
			is, err = b.fn.Outer.isOrMadeFrom(in)
		}
		return is, err
	}
	return true, nil // it is in no function: whoever refers to it means this frame
}

// isOrMadeFrom reports whether d is a function or an instance of it.
func (d DIE) isOrMadeFrom(fn DIE) (bool, error) {
	for range maxOrigins {
		if d.Off == fn.Off && d.Unit.File == fn.Unit.File {
			return true, nil
		}
		to, ok, err := d.Ref(AttrAbstractOrigin)
		if err != nil || !ok {
			return false, err
		}
		d = to
	}
	return false, nil
}

// offset returns how many bytes after the beginning of an object something lies of which an expression says where.
func (b *bounds) offset(v Value) (n uint64, known bool, err error) {
	if b == nil {
		return 0, false, nil
	}
	if v.isRef() {
		return b.number(v)
	}
	const elsewhere = 1 << 12
	n, known, err = b.number(v, 0)
	if err != nil || !known || n > maxMemberOffset {
		return 0, false, err
	}
	second, known, err := b.number(v, elsewhere) // in another object it must be the same
	return n, known && second-n == elsewhere, err
}

// maxMemberOffset bounds offsets of members, in bytes.
const maxMemberOffset = 1 << 60

// varying makes a structure or union with members of variable length. What is not known in the frame, or asked for without one, has no place or
// no type, which is an error only where it is asked for.
func (m typeMaker) varying(kind types.Kind) (*types.Type, error) {
	key := varyingKey{m.f, m.d.Off}
	if m.in != nil {
		if t, ok := m.in.varyings.made.Load(key); ok {
			return t.(*types.Type), nil
		}
		if m.in.varyings.count.Add(1) > maxVarying {
			return nil, &types.DepthError{Problem: m.fail("more than %d structures of variable length contain each other", maxVarying).Error()}
		}
	}
	tag, err := m.d.FullName()
	if err != nil {
		return nil, err
	}
	l, err := m.layOut()
	if err != nil {
		return nil, err
	}
	size, sized, err := m.varyingSize(&l)
	if err != nil {
		return nil, err
	}
	load := func() (types.Detail, error) { return l.Detail, nil }
	var t *types.Type
	if len(l.Members) == 0 { // of instances of functions, GCC says no more
		t = m.f.cfg.Set.IncompleteCompound(m.lang, kind, tag)
	} else if sized {
		t = m.f.cfg.Set.Compound(m.lang, kind, tag, size, load)
	} else {
		t = m.f.cfg.Set.UnsizedCompound(m.lang, kind, tag, load)
	}
	if m.in != nil {
		made, _ := m.in.varyings.made.LoadOrStore(key, t)
		t = made.(*types.Type)
	}
	return t, nil
}

// A layout is what is known of a structure of variable length.
type layout struct {
	types.Detail
	dies   []DIE // of the members
	placed bool  // it is known of all members where they lie
}

// layOut reads the members of a structure of variable length.
func (m typeMaker) layOut() (l layout, err error) {
	dynamic, err := m.d.inFunction()
	if err != nil {
		return l, err
	}
	local := dynamic
	dynamic = dynamic || m.d.Has(AttrByteSize)
	for c, err := range m.d.Children() {
		if err != nil {
			return l, err
		}
		switch c.Tag {
		case TagMember:
			l.dies = append(l.dies, c)
		case TagInheritance, TagVariantPart, TagVariable:
			return l, m.noSize()
		}
	}
	l.placed = true
	for i, c := range l.dies {
		v, err := c.Attr(AttrDataMemberLocation)
		if err != nil {
			return l, err
		}
		in := m
		in.at = nil
		_, constant := v.memberOffset()
		varies, err := c.hasDynamicType()
		if err != nil {
			return l, err
		}
		known := v.Exists() || m.d.Tag == TagUnionType || c.Has(AttrDataBitOffset) // GCC leaves it out of functions that others are made of
		if v.Exists() && constant != nil && (v.IsExpr() || v.isRef() || v.isList()) {
			var n uint64
			if n, known, err = m.in.offset(v); err != nil {
				return l, err
			}
			in.at, varies = &n, true
		}
		dynamic = dynamic || varies
		if !known {
			l.placed = false
			name, err := c.Name()
			if err != nil {
				return l, c.invalid(AttrName, err)
			}
			why := c.fail("where member %q lies is not known here: it depends on sizes that are known at run time only", name)
			l.Members = append(l.Members, types.Member{Name: name, Lazy: types.Later(func() (types.Slot, error) { return types.Slot{}, why })})
			continue
		}
		member, err := in.member(c, i == len(l.dies)-1 && i > 0 && m.d.Tag != TagUnionType && l.placed)
		if err != nil {
			return l, err
		}
		l.Members = append(l.Members, member)
	}
	if !dynamic || len(l.Members) == 0 && !local {
		return l, m.noSize()
	}
	return l, nil
}

// noSize says that a structure lacks a size that its members do not explain.
func (m typeMaker) noSize() error {
	return m.fail("%s has missing or invalid %s", m.d.Tag, AttrByteSize)
}

// inFunction reports whether d is in a function.
func (d DIE) inFunction() (bool, error) {
	around, err := d.parents(true)
	return slices.ContainsFunc(around, func(d DIE) bool { return d.Tag == TagSubprogram }), err
}

// isList reports whether a value of a class that may be a list of locations is one.
func (v Value) isList() bool {
	return v.Form == FormSecOffset || v.Form == FormLoclistx || (v.Form == FormData4 || v.Form == FormData8) && v.unit.Version < 4
}

// varyingSize returns the size in bytes of a structure of variable length. GCC does not say it, but which alignment its members have says how
// it ends, unless all lies as in a packed structure and that would end elsewhere.
func (m typeMaker) varyingSize(l *layout) (size uint64, known bool, err error) {
	v, err := m.d.Attr(AttrByteSize)
	if err != nil || m.in == nil {
		return 0, false, err
	}
	if v.Exists() {
		if size, known, err = m.in.number(v); size >= maxMemberOffset {
			known = false
		}
		return size, known, err
	}
	if says, err := m.d.Unit.saysAlignments(); err != nil || !says || !l.placed {
		return 0, false, err
	}
	given, _, err := m.d.Uint(AttrAlignment)
	if err != nil || given&(given-1) != 0 {
		return 0, false, err
	}
	natural, packed := true, true // whether the members lie so
	var end, align uint64 = 0, 1
	for i, c := range l.dies {
		n, a, ok, err := m.extent(c, &l.Members[i])
		if err != nil || !ok {
			return 0, false, err
		}
		at := l.Members[i].BitOffset / 8
		if m.d.Tag == TagUnionType {
			end, align = max(end, n), max(align, a)
			continue
		}
		natural = natural && at == roundUp(end, a)
		packed = packed && at == end
		end, align = at+n, max(align, a)
		if end < at || end > maxMemberOffset {
			return 0, false, nil
		}
	}
	whole, tight := roundUp(end, max(align, given)), roundUp(end, max(1, given))
	switch {
	case natural && packed && whole != tight, !natural && !packed:
		return 0, false, nil
	case !natural:
		whole, align = tight, 1
	}
	l.Alignment = max(align, given)
	return whole, true, nil
}

// saysAlignments reports whether the debugging information of a unit says alignments that the source gives: DW_AT_alignment is DWARF 5's, before
// which GCC has it from 7 on, but not in strict DWARF.
func (u *Unit) saysAlignments() (bool, error) {
	if u.Version >= 5 {
		return true, nil
	}
	root, err := u.Root()
	if err != nil {
		return false, err
	}
	v, err := root.Attr(AttrProducer)
	if err != nil {
		return false, err
	}
	text, err := v.text()
	if err != nil {
		return false, root.invalid(AttrProducer, err)
	}
	words := strings.Fields(text) // GNU C17 12.2.0 -g
	if len(words) < 3 || words[0] != "GNU" {
		return false, nil
	}
	major, _, _ := strings.Cut(words[2], ".")
	version, err := strconv.Atoi(major)
	return err == nil && version >= 7 && !strings.Contains(text, "-gstrict-dwarf"), nil
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }

// extent returns the size and the alignment in bytes of a member; ok is false if they are not known.
func (m typeMaker) extent(c DIE, member *types.Member) (size, align uint64, ok bool, err error) {
	t, flexible, known, err := m.plainType(c, member)
	if err != nil || !known {
		return 0, 0, false, err
	}
	if align, err = m.f.cfg.Alignments.Of(t); err != nil {
		return 0, 0, false, nil // of what has no size, or machines that are not known
	}
	if flexible {
		return 0, align, true, nil
	}
	size, err = t.Size()
	return size, align, err == nil, nil
}

// plainType returns the type of a member, or one like it: pointers lead to types that may contain this one. flexible says that it is the element
// of an array that has no end.
func (m typeMaker) plainType(c DIE, member *types.Member) (t *types.Type, flexible, known bool, err error) {
	set := m.f.cfg.Set
	if c.Has(AttrBitSize) {
		return nil, false, false, nil
	}
	d := c
	for range maxTypeDepth {
		if d.Has(AttrAlignment) {
			return nil, false, false, nil
		}
		v, err := d.Inherited(AttrType)
		if err != nil || !v.Exists() {
			return nil, false, false, err
		}
		if d, err = v.DIE(); err != nil {
			return nil, false, false, err
		}
		if d.Tag == TagPointerType || !d.Tag.derives() || d.Tag == TagArrayType {
			break
		}
	}
	if d.Tag == TagPointerType {
		return set.Pointer(m.lang, set.Void(m.lang), uint64(m.d.Unit.AddrSize), m.f.big), false, true, nil
	}
	slot, err := member.Slot()
	var deep *types.DepthError
	switch {
	case errors.As(err, &deep):
		return nil, false, false, err
	case err != nil:
		return nil, false, false, nil // which is said where the member is asked for
	}
	u := slot.Type.WithoutTypedefs()
	if _, has := u.Length(); u.Kind() == types.Array && !has {
		return u.Elem(), true, true, nil
	}
	return slot.Type, false, true, nil
}

// varyingMemberType is [File.memberType] of a member of a structure of variable length.
func (m typeMaker) varyingMemberType(c DIE, flexible bool) (*types.Type, error) {
	if v, err := c.Inherited(AttrType); err != nil {
		return nil, err
	} else if !v.Exists() {
		return nil, c.missing(AttrType)
	}
	t, err := m.f.elemIn(c, m.depth, m.in)
	if err != nil {
		return nil, err
	}
	dynamic, err := c.hasDynamicType()
	switch {
	case err != nil:
		return nil, err
	case !flexible && t.UnderlyingKind() == types.Array, dynamic && t.UnderlyingKind() == types.Array:
		for e := t.WithoutTypedefs(); e.Kind() == types.Array; e = e.Elem().WithoutTypedefs() {
			if _, known := e.Length(); !known {
				return nil, c.fail("how many elements a member has is not known here: it is known at run time only")
			}
		}
	}
	return t, nil
}
