package c

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// aggregate prints a structure, union, class or array; u is its type without typedefs.
func (f *formatter) aggregate(p part, u *types.Type, indent int, oneLine bool) bool {
	if f.depth >= maxNesting {
		f.fail(ErrTooDeep)
		return true
	}
	f.depth++
	defer func() { f.depth-- }()
	if u.Kind() != types.Array && !u.IsComplete() {
		f.write("<incomplete>")
		return true
	}
	if f.allGone(p, u) {
		return true
	}
	if u.Kind() != types.Array {
		l := list{f: f, of: p, named: f.Flags&MemberTypeNames != 0, labels: f.Flags&MemberNames != 0,
			skipZero: f.Flags&ImplicitMembers == 0}
		l.members(u)
		return f.list(&l, f.Flags&MembersSameLine != 0, indent, oneLine)
	}
	length, known := u.Length()
	if !known && p.src.mem == nil {
		f.write("<absent>") // a value does not hold the elements of a flexible array
		return true
	}
	if f.Flags&String != 0 && known && length > 0 && isCharacter(u.Elem()) {
		f.characters(p, length)
		return !oneLine || f.fits(0)
	}
	if _, size := wide(u.Elem()); f.Flags&String != 0 && known && length > 0 && size > 0 && f.wideArray(p, length, u.Elem()) {
		return !oneLine || f.fits(0)
	}
	l := list{f: f, of: p, named: f.Flags&ElementTypeNames != 0, labels: f.Flags&ElementIndices != 0,
		skipZero: f.Flags&ImplicitElements == 0, elem: u.Elem()}
	size, ok := f.size(l.elem)
	if !ok {
		if known && length > 0 {
			f.write("<incomplete>")
			return true
		}
		length = 0
	}
	l.size, l.n = size, length
	if l.skipZero && !l.labels {
		l.n = l.nonZeroEnd()
	}
	return f.list(&l, f.Flags&ElementsSameLine != 0, indent, oneLine)
}

// allGone prints one mark for an aggregate within another of which nothing can be read.
func (f *formatter) allGone(p part, u *types.Type) bool {
	if p.src.mem == nil || f.depth < 2 {
		return false
	}
	n, ok := f.size(u)
	first := p.off / 8
	if !ok || n == 0 || (p.src.base+first)%pageSize+n > pageSize {
		return false
	}
	if _, err := p.src.bytes(first, n); err == nil {
		return false
	}
	_, err := p.src.bytes(first, 1)
	if err == nil {
		return false
	}
	if _, last := p.src.bytes(first+n-1, 1); last == nil {
		return false
	}
	f.unreadable(p, err)
	return true
}

// characters prints an array of characters as text.
func (f *formatter) characters(p part, length uint64) {
	shown := min(length, maxText)
	s, err := p.src.bytes(p.off/8, shown)
	if err != nil { // not all of it can be read, but all that counts may
		s = nil
		for uint64(len(s)) < shown {
			c, cerr := p.src.bytes(p.off/8+uint64(len(s)), 1)
			if cerr != nil {
				f.unreadable(part{src: p.src, off: p.off + 8*uint64(len(s))}, err)
				return
			}
			if c[0] == 0 {
				break
			}
			s = append(s, c[0])
		}
	}
	f.readAny = true
	if i := bytes.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	f.text(s)
	if uint64(len(s)) == shown && shown < length {
		f.write("...")
	}
}

// A list is the members or elements of an aggregate.
type list struct {
	f        *formatter
	of       part
	named    bool // print type names
	labels   bool // print names or indices
	skipZero bool
	parts    []part // members
	elem     *types.Type
	size     uint64 // of an element
	i, n     uint64
}

// members fills in the members of a compound type.
func (l *list) members(u *types.Type) {
	l.parts = l.f.present(l.of, l.f.members(u, l.labels))
	if !l.of.base { // else they are those of what it is a base class of
		if virtual := l.f.virtualBases(l.of, u); virtual != nil {
			l.parts = append(virtual, l.parts...)
		}
	}
	l.n = uint64(len(l.parts))
	if l.skipZero && !l.labels { // without names only members at the end can be left out
		for l.n > 0 && l.f.isZero(l.at(l.n-1)) {
			l.n--
		}
	}
}

// at returns the member or element with an index.
func (l *list) at(i uint64) part {
	if l.elem == nil {
		p := l.parts[i]
		if p.src == nil {
			p.src, p.off = l.of.src, p.off+l.of.off
		}
		return p
	}
	return part{src: l.of.src, typ: l.elem, off: l.of.off + i*l.size*8}
}

// next returns the next part to be printed and its index.
func (l *list) next() (p part, i uint64, ok bool) {
	for l.i < l.n && l.f.err == nil {
		i = l.i
		p = l.at(i)
		l.i++
		if l.skipZero && l.labels && (l.elem == nil || l.size > 0) && l.f.isZero(p) {
			continue
		}
		if l.skipZero && l.labels && l.elem != nil && l.size == 0 {
			break // elements without size hold nothing
		}
		return p, i, true
	}
	return part{}, 0, false
}

// nonZeroEnd returns how many elements there are up to the last that is not zero.
func (l *list) nonZeroEnd() uint64 {
	if l.size == 0 {
		return 0
	}
	n := l.n
	for n > 0 && l.f.err == nil && l.f.isZero(l.at(n-1)) {
		n--
	}
	return n
}

func (l *list) label(p part, i uint64) {
	switch b := &l.f.b; {
	case !l.labels:
	case l.elem != nil:
		*b = append(*b, '[')
		*b = strconv.AppendUint(*b, i, 10)
		*b = append(*b, "] = "...)
	case p.base:
		*b = append(*b, '<')
		*b = append(*b, p.name...)
		*b = append(*b, "> = "...)
	case p.name != "":
		*b = append(*b, '.')
		*b = append(*b, p.name...)
		*b = append(*b, " = "...)
	}
}

// typed reports whether a part has the name of its type before it; the label of a base class is that.
func (l *list) typed(p part) bool { return l.named && !(p.base && l.labels) }

// list prints a list in braces.
func (f *formatter) list(l *list, sameLine bool, indent int, oneLine bool) bool {
	f.write("{")
	p, i, ok := l.next()
	if !ok {
		f.write("}")
		return !oneLine || f.fits(0)
	}
	if oneLine {
		if !sameLine {
			return false
		}
		for first := true; ok; p, i, ok = l.next() {
			if !first {
				f.write(",")
			}
			first = false
			f.write(" ")
			l.label(p, i)
			if !f.part(p, l.typed(p), indent, true) {
				return false
			}
		}
		f.write(" }")
		return f.fits(0)
	}
	open := false // whether the present line takes more
	for ; ok; p, i, ok = l.next() {
		if open {
			mark := len(f.b)
			f.write(" ")
			l.label(p, i)
			if f.part(p, l.typed(p), indent+1, true) && f.fits(1) {
				f.write(",")
				continue
			}
			f.b = f.b[:mark]
		}
		f.breakLine(indent + 1)
		l.label(p, i)
		mark := len(f.b)
		if open = f.part(p, l.typed(p), indent+1, true) && f.fits(1); !open {
			f.b = f.b[:mark]
			f.part(p, l.typed(p), indent+1, false)
		}
		open = open && sameLine
		f.write(",")
		if f.err != nil {
			return true
		}
	}
	f.breakLine(indent)
	f.write("}")
	return true
}

// members returns the members of a compound type; flat, with those of anonymous members in their place.
func (f *formatter) members(u *types.Type, flat bool) []part {
	u = u.Unqualified()
	if ps, ok := f.lists[u]; ok {
		return ps
	}
	ps := f.collect(nil, u, 0, flat, 0)
	if f.lists == nil {
		f.lists = map[*types.Type][]part{}
	}
	f.lists[u] = ps
	return ps
}

func (f *formatter) collect(into []part, u *types.Type, base uint64, flat bool, depth int) []part {
	ms, err := u.Members()
	if err != nil {
		f.fail(err)
		return nil
	}
	if depth > maxNesting || len(into) > maxMembers {
		f.fail(ErrTooDeep)
		return nil
	}
	if depth == 0 {
		into = make([]part, 0, len(ms))
	}
	for i := range ms {
		m := &ms[i]
		off := base + m.BitOffset
		if off < base {
			f.fail(ErrTooLarge)
			return nil
		}
		slot, err := m.Slot()
		if bad := (*bin.DecodeError)(nil); errors.As(err, &bad) {
			into = append(into, part{off: off, name: m.Name, err: err, variant: m.Variant, variantIn: base})
			continue
		}
		if err != nil {
			f.fail(fmt.Errorf("member %q of '%s': %w", m.Name, u, err))
			return nil
		}
		if m.Base {
			inner := slot.Type.WithoutTypedefs()
			if inner.Kind().IsCompound() && len(f.members(inner, flat)) > 0 {
				into = append(into, part{typ: slot.Type, off: off, name: className(inner), base: true})
			}
			continue
		}
		if m.Name == "" && flat && slot.BitFieldSize == 0 {
			inner := slot.Type.WithoutTypedefs()
			if inner.Kind().IsCompound() && inner.IsComplete() {
				into = f.collect(into, inner, off, flat, depth+1)
				if f.err != nil {
					return nil
				}
				continue
			}
		}
		into = append(into, part{typ: slot.Type, off: off, bits: slot.BitFieldSize, name: m.Name, variant: m.Variant, variantIn: base})
	}
	return into
}

// className returns what a base class is called as a part of an object.
func className(u *types.Type) string { return cmp.Or(u.Tag(), "<anonymous>") }

// virtualBases returns the virtual base classes of an object of a class, wherever they lie.
func (f *formatter) virtualBases(of part, u *types.Type) (parts []part) {
	bases, err := u.VirtualBases()
	if err != nil {
		f.fail(err)
		return nil
	}
	for i := range bases {
		b := &bases[i]
		p := part{typ: b.Type, name: className(b.Type.WithoutTypedefs()), base: true, src: of.src}
		start, err := b.Start(func(t *types.Type, off, bits uint64) (uint64, error) {
			return f.scalar(part{src: of.src, typ: t, off: of.off + off, bits: bits}, t)
		}, func(t *types.Type, address uint64) (uint64, error) {
			return f.scalar(part{src: newSource(Value{Type: t, Address: address}, f.mem), typ: t}, t)
		})
		size, _ := f.size(b.Type)
		switch {
		case err != nil:
			if f.fault == nil {
				f.fault = err
			}
			p.err = fmt.Errorf("not known where: %w", err)
		case of.src.mem != nil:
			p.src = newSource(Value{Type: b.Type, Address: of.src.base + uint64(int64(of.off+start)>>3)}, of.src.mem)
		default:
			if p.off = of.off + start; p.off/8+size > uint64(len(of.src.window)) {
				p.err = errors.New("outside of this value")
			}
		}
		parts = append(parts, p)
	}
	return parts
}

// present leaves the members out that belong to another variant than the one that the structure holds. One that stands for the
// variant says why it can't be told which that is.
func (f *formatter) present(of part, members []part) []part {
	var there []part
	var failed *types.VariantPart
	for i, m := range members {
		if m.variant == nil {
			if there != nil {
				there = append(there, m)
			}
			continue
		}
		if there == nil {
			there = append(make([]part, 0, len(members)), members[:i]...)
		}
		in, err := m.variant.In(func(t *types.Type, off, bits uint64) (uint64, error) {
			n, err := f.scalar(part{src: of.src, typ: t, off: of.off + m.variantIn + off, bits: bits}, t.WithoutTypedefs())
			if err != nil {
				if f.missing(err); f.fault == nil {
					f.fault = err
				}
			}
			return n, err
		})
		switch {
		case in:
			there = append(there, m)
		case err != nil && m.variant.Part != failed:
			failed = m.variant.Part
			there = append(there, part{off: m.off, err: err})
		}
	}
	if there == nil {
		return members
	}
	return there
}

// isZero reports whether all scalars in p are zero. What cannot be read is not.
func (f *formatter) isZero(p part) bool {
	if p.err != nil {
		return false
	}
	u := p.typ.WithoutTypedefs()
	if u.Kind().IsCompound() && u.IsComplete() && f.hasVariants(u) {
		return false // which variant there is tells something, whatever its number
	}
	n := p.bits
	if n == 0 {
		size, ok := f.size(u)
		if !ok {
			return u.Kind() == types.Array // of unknown length: none
		}
		if size > uint64(maxZeroScan) {
			f.fail(ErrTooLarge)
			return false
		}
		n = size * 8
	}
	if f.scanned += int(n/8) + 1; f.scanned > maxZeroScan {
		f.fail(ErrTooLarge)
		return false
	}
	const chunk = 4096
	for off, left := p.off, n; left > 0; {
		k := min(left, chunk*8)
		data, err := p.src.bytes(off/8, (off%8+k+7)/8)
		if err != nil {
			return false
		}
		if (off%8 != 0 || k%8 != 0) && k > 64 {
			b := bits.Copy(data, off%8, k, u.BigEndian())
			return k == left && b != nil && allZero(b)
		}
		if off%8 != 0 || k%8 != 0 {
			v, ok := bits.Extract(data, off%8, k, u.BigEndian())
			return ok && v == 0
		}
		if !allZero(data) {
			return f.isZeroWithin(p, u)
		}
		off, left = off+k, left-k
	}
	return true
}

// hasVariants reports whether a structure holds one of several variants.
func (f *formatter) hasVariants(u *types.Type) bool {
	for _, m := range f.members(u, f.Flags&MemberNames != 0) {
		if m.variant != nil {
			return true
		}
	}
	return false
}

// isZeroWithin reports whether an object that has bytes that are not zero has them in its padding, or is a negative
// floating-point zero.
func (f *formatter) isZeroWithin(p part, u *types.Type) bool {
	if f.depth++; f.depth > maxNesting {
		f.fail(ErrTooDeep)
		return false
	}
	defer func() { f.depth-- }()
	switch u.Kind() {
	case types.Struct, types.Union, types.Class:
		for _, m := range f.present(p, f.members(u, f.Flags&MemberNames != 0)) {
			m.src, m.off = p.src, m.off+p.off
			if !f.isZero(m) {
				return false
			}
		}
		return true
	case types.Array:
		size, _ := f.size(u.Elem())
		n, _ := u.Length()
		for i := range n {
			if !f.isZero(part{src: p.src, typ: u.Elem(), off: p.off + i*size*8}) {
				return false
			}
		}
		return true
	case types.Float:
		n := u.ValueBits()
		v, err := f.scalar(p, u)
		return err == nil && n <= 64 && v == 1<<(n-1)
	}
	return false
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if b[0]|b[1]|b[2]|b[3]|b[4]|b[5]|b[6]|b[7] != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
