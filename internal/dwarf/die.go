package dwarf

import (
	"encoding/binary"
	"iter"
)

// A DIE is a debugging information entry: what it is and where; its attributes are decoded when asked for.
type DIE struct {
	Unit *Unit
	Off  uint64 // in .debug_info; .debug_types is taken to follow it
	Tag  Tag

	abbrev *abbrev
	attrs  uint64 // offset of the attribute values in Unit.data
}

// IsZero reports whether d is no DIE at all.
func (d DIE) IsZero() bool { return d.Unit == nil }

// DIE returns the DIE at the offset off, as in [DIE].Off.
func (f *File) DIE(off uint64) (DIE, error) {
	u, err := f.UnitAt(off)
	if err != nil {
		return DIE{}, err
	}
	d, ok, err := u.dieAt(off)
	if err == nil && !ok {
		err = f.errorAt(off, "no DIE here")
	}
	return d, err
}

// dieAt decodes the abbreviation code at off; ok is false for the null entry that ends a chain of siblings.
func (u *Unit) dieAt(off uint64) (d DIE, ok bool, err error) {
	pos := off - u.from.start
	if off < u.first || pos >= uint64(len(u.data)) {
		return DIE{}, false, u.File.errorAt(off, "DIE past the end of its unit")
	}
	code, n := uleb(u.data[pos:])
	if n == 0 {
		return DIE{}, false, u.File.errorAt(off, "bad abbreviation code")
	}
	if code == 0 {
		return DIE{attrs: pos + uint64(n)}, false, nil
	}
	a := u.abbrevs.get(code)
	if a == nil {
		return DIE{}, false, u.File.errorAt(off, "unknown abbreviation code")
	}
	return DIE{u, off, a.tag, a, pos + uint64(n)}, true, nil
}

// uleb reads an unsigned LEB128 number of at most 64 bits; n is 0 when it does not end or is longer.
func uleb(b []byte) (v uint64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	v, n = binary.Uvarint(b)
	if n < 0 {
		n = 0
	}
	return v, n
}

// end returns the offset in Unit.data just behind the attribute values.
func (d DIE) end() (uint64, error) {
	if d.abbrev.fixed >= 0 {
		end := d.attrs + uint64(d.abbrev.fixed)
		if end > uint64(len(d.Unit.data)) {
			return 0, d.Unit.File.errorAt(d.Off, "DIE past the end of its unit")
		}
		return end, nil
	}
	pos := d.attrs
	for _, s := range d.Unit.abbrevs.of(d.abbrev) {
		n, ok := d.Unit.skip(pos, s.form)
		if !ok {
			return 0, d.Unit.File.errorAt(d.Unit.from.start+pos, "attribute past the end of its unit or of an unknown form")
		}
		pos = n
	}
	return pos, nil
}

// HasChildren reports whether the DIE may have children.
func (d DIE) HasChildren() bool { return d.abbrev != nil && d.abbrev.children }

// Attrs calls yield for each attribute in turn until it returns false. It is the way to look at several attributes in
// one pass.
func (d DIE) Attrs(yield func(Attr, Value) bool) error {
	pos, k := d.attrs, d.abbrev.consts
	for _, s := range d.Unit.abbrevs.of(d.abbrev) {
		v := Value{Form: s.form, unit: d.Unit}
		if s.form == FormImplicitConst {
			v.u = uint64(d.Unit.abbrevs.consts[k])
			k++
		} else {
			n, err := d.Unit.read(pos, &v)
			if err != nil {
				return err
			}
			pos = n
		}
		if !yield(s.attr, v) {
			return nil
		}
	}
	return nil
}

// Attr returns the value of an attribute; it has the Form 0 when the DIE lacks it.
func (d DIE) Attr(at Attr) (Value, error) {
	pos, k := d.attrs, d.abbrev.consts
	for _, s := range d.Unit.abbrevs.of(d.abbrev) {
		if s.attr == at {
			v := Value{Form: s.form, unit: d.Unit}
			if s.form == FormImplicitConst {
				v.u = uint64(d.Unit.abbrevs.consts[k])
				return v, nil
			}
			_, err := d.Unit.read(pos, &v)
			return v, err
		}
		if s.form == FormImplicitConst {
			k++
			continue
		}
		n, ok := d.Unit.skip(pos, s.form)
		if !ok {
			return Value{}, d.Unit.File.errorAt(d.Unit.from.start+pos, "attribute past the end of its unit or of an unknown form")
		}
		pos = n
	}
	return Value{}, nil
}

// Has reports whether the DIE has the attribute.
func (d DIE) Has(at Attr) bool {
	for _, s := range d.Unit.abbrevs.of(d.abbrev) {
		if s.attr == at {
			return true
		}
	}
	return false
}

// Flag returns the value of a flag, false when the DIE lacks it.
func (d DIE) Flag(at Attr) (bool, error) {
	v, err := d.Attr(at)
	return v.u != 0, err
}

// Uint returns a constant attribute as an unsigned number; ok is false when the DIE lacks it or it is no constant.
func (d DIE) Uint(at Attr) (n uint64, ok bool, err error) {
	v, err := d.Attr(at)
	if err != nil {
		return 0, false, err
	}
	n, ok = v.Uint()
	return n, ok, nil
}

// Text returns a string attribute, "" when the DIE lacks it.
func (d DIE) Text(at Attr) (string, error) {
	v, err := d.Attr(at)
	if err != nil || v.Form == 0 {
		return "", err
	}
	b, err := v.Bytes()
	return string(b), err
}

// Name returns DW_AT_name, "" when the DIE lacks it.
func (d DIE) Name() (string, error) { return d.Text(AttrName) }

// Ref returns the DIE a reference attribute refers to; ok is false when the DIE lacks the attribute.
func (d DIE) Ref(at Attr) (to DIE, ok bool, err error) {
	v, err := d.Attr(at)
	if err != nil || v.Form == 0 {
		return DIE{}, false, err
	}
	to, err = v.DIE()
	return to, err == nil, err
}

// Origin returns the DIE d completes or is an instance of, by DW_AT_abstract_origin or DW_AT_specification.
func (d DIE) Origin() (to DIE, ok bool, err error) {
	if to, ok, err = d.Ref(AttrAbstractOrigin); ok || err != nil {
		return to, ok, err
	}
	return d.Ref(AttrSpecification)
}

// maxOrigins bounds chains of DW_AT_abstract_origin and DW_AT_specification, which may be circles in bad files.
const maxOrigins = 16

// Inherited returns an attribute of d or, when it lacks it, of the DIE it is an instance or completion of.
func (d DIE) Inherited(at Attr) (Value, error) {
	for range maxOrigins {
		v, err := d.Attr(at)
		if err != nil || v.Form != 0 {
			return v, err
		}
		to, ok, err := d.Origin()
		if !ok {
			return Value{}, err
		}
		d = to
	}
	return Value{}, d.Unit.File.errorAt(d.Off, "circle of abstract origins")
}

// FullName returns the name of d or of the DIE it is an instance or completion of.
func (d DIE) FullName() (string, error) {
	v, err := d.Inherited(AttrName)
	if err != nil || v.Form == 0 {
		return "", err
	}
	b, err := v.Bytes()
	return string(b), err
}

// Children iterates over the DIE's children; an error is the last pair.
func (d DIE) Children() iter.Seq2[DIE, error] {
	return func(yield func(DIE, error) bool) {
		w := d.Walk()
		for w.Next() {
			if !yield(w.DIE, nil) {
				return
			}
			w.SkipChildren()
		}
		if err := w.Err(); err != nil {
			yield(DIE{}, err)
		}
	}
}

// A Walker visits the DIEs below a DIE, depth first.
type Walker struct {
	DIE        // the present one, after Next returned true
	Depth  int // of the present one: 0 for a child, 1 for a grandchild, …
	unit   *Unit
	pos    uint64 // in unit.data, of the next DIE
	level  int    // depth of the next DIE; negative: done
	inside bool   // the present DIE's children come next
	err    error
}

// Walk returns a walker over what is below d.
func (d DIE) Walk() Walker {
	w := Walker{unit: d.Unit, level: -1}
	if !d.HasChildren() {
		return w
	}
	w.pos, w.err = d.end()
	w.level = 0
	return w
}

// Next moves to the next DIE; it returns false at the end and after a failure.
func (w *Walker) Next() bool {
	for w.level >= 0 && w.err == nil {
		if w.pos >= uint64(len(w.unit.data)) {
			// The last unit DIE's chain may lack its end.
			w.level = -1
			break
		}
		d, ok, err := w.unit.dieAt(w.unit.from.start + w.pos)
		if err != nil {
			w.err = err
			break
		}
		if !ok {
			w.pos = d.attrs
			w.level--
			continue
		}
		end, err := d.end()
		if err != nil {
			w.err = err
			break
		}
		w.DIE, w.Depth, w.pos = d, w.level, end
		w.inside = d.abbrev.children
		if w.inside {
			w.level++
		}
		return true
	}
	return false
}

// SkipChildren makes Next go on behind the children of the present DIE.
func (w *Walker) SkipChildren() {
	if !w.inside || w.err != nil {
		return
	}
	w.inside = false
	if a := w.abbrev; a.sibling >= 0 {
		if next, ok := w.unit.siblingAt(w.attrs+uint64(a.sibling), a.sibForm); ok && next >= w.pos {
			w.pos = next
			w.level--
			return
		}
	}
	for want := w.level - 1; w.level > want && w.err == nil; {
		if w.pos >= uint64(len(w.unit.data)) {
			w.level = -1
			return
		}
		d, ok, err := w.unit.dieAt(w.unit.from.start + w.pos)
		if err != nil {
			w.err = err
			return
		}
		if !ok {
			w.pos = d.attrs
			w.level--
			continue
		}
		end, err := d.end()
		if err != nil {
			w.err = err
			return
		}
		w.pos = end
		if a := d.abbrev; a.children {
			if a.sibling >= 0 {
				if next, ok := w.unit.siblingAt(d.attrs+uint64(a.sibling), a.sibForm); ok && next >= end {
					w.pos = next
					continue
				}
			}
			w.level++
		}
	}
}

// Err returns the failure that ended the walk, or nil.
func (w *Walker) Err() error { return w.err }

// siblingAt reads a DW_AT_sibling at pos and returns the offset in u.data it refers to.
func (u *Unit) siblingAt(pos uint64, form Form) (uint64, bool) {
	v := Value{Form: form}
	if _, err := u.read(pos, &v); err != nil {
		return 0, false
	}
	next := v.u
	switch form {
	case FormRef1, FormRef2, FormRef4, FormRef8, FormRefUdata:
		next += u.Off - u.from.start
	case FormRefAddr:
	default:
		return 0, false
	}
	return next, next <= uint64(len(u.data))
}
