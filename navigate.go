package drgn

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// pointee returns the object a pointer (or typedef of one) points to; ok is false for another type.
func (o Object) pointee() (target Object, ok bool) {
	t := o.typ.WithoutTypedefs()
	if t.Kind() != types.Pointer {
		return Object{}, false
	}
	return o.follow(t.Elem()), true
}

// follow reads a pointer to type t.
func (o Object) follow(t *types.Type) Object {
	if o.KnownInParts() {
		return o.synthetic(t, 0)
	}
	addr, err := o.scalar()
	if err != nil {
		return o.fail(o.typ, err) // the path continues with this type
	}
	target := Object{prog: o.prog, typ: t, form: reference, bits: addr & o.prog.addressMask.Load()}
	if target.bits < nullPage {
		target = o.behind(target)
	}
	return target
}

// Member returns a member of a structure, union or class, or of what a pointer to one points to.
func (o Object) Member(name string) Object {
	if o.form == failed {
		return o.step(name)
	}
	t := o.typ.WithoutTypedefs()
	isPointer := t.Kind() == types.Pointer
	if isPointer {
		t = t.Elem()
	} else {
		t = o.typ
	}
	f, err := t.FindMember(name)
	if err != nil {
		if static, ok, _ := t.FindStatic(name); ok {
			return o.prog.Variable(static)
		}
		return o.noMember(name, t, isPointer, err)
	}
	s := o
	if isPointer {
		if s = o.follow(t); s.form == failed {
			return s.step(name)
		}
	}
	if !f.Fixed() {
		return s.find(&f, t, name)
	}
	if off := uint64(s.bitOff) + f.BitOffset; s.form == reference && s.x == nil && f.BitFieldSize == 0 && off&7 == 0 && types.CheckObject(f.Type, 0) == nil {
		// The common case of what part does.
		return Object{prog: s.prog, typ: f.Type, form: reference, bits: (s.bits + uint64(int64(off)>>3)) & s.prog.addressMask.Load()}
	}
	m := s.part(f.Type, f.BitOffset, f.BitFieldSize)
	if s.x != nil && m.form == reference {
		m.x = &extra{path: c.MemberPath(s.x.path, s.x.deref, name)}
	}
	return m
}

// find returns what [types.Type.FindMember] found in the type t of o if it is there, wherever it is.
func (o Object) find(f *types.Found, t *types.Type, name string) Object {
	start, err := f.Start(o.number, func(t *types.Type, address uint64) (uint64, error) {
		return Object{prog: o.prog, typ: t, form: reference, bits: address & o.prog.addressMask.Load()}.scalar()
	})
	if err == nil && f.Variant != nil {
		err = f.Variant.Check(t, name, func(t *types.Type, off, size uint64) (uint64, error) {
			return o.number(t, start+f.VariantIn+off, size)
		})
	}
	if err != nil {
		return Failed(err)
	}
	return o.part(f.Type, start+f.BitOffset, f.BitFieldSize)
}

// VirtualBase returns the part of an object that is one of the virtual base classes of its type, as [types.Type.VirtualBases] has it.
func (o Object) VirtualBase(base *types.Found) Object { return o.find(base, o.typ, "") }

// number is a [types.ReadNumber].
func (o Object) number(t *types.Type, off, size uint64) (uint64, error) {
	return o.part(t, off, size).scalar()
}

// Holds reports whether the members of a variant are in a structure: see [types.Variant.In].
func (o Object) Holds(v *types.Variant) (bool, error) {
	return v.In(o.number)
}

// noMember says why o has no member; t is what o is, or points to.
func (o Object) noMember(name string, t *types.Type, isPointer bool, err error) Object {
	var missing *types.MemberError
	var kind *types.KindError
	switch {
	case isPointer && errors.As(err, &missing):
		behind := *missing
		behind.Type = t
		return Failed(&behind)
	case errors.As(err, &kind):
		return Failed(&types.NoMembersError{Type: t, Name: name})
	}
	return Failed(err)
}

// MemberAny returns the first of the named members that the type has: what was renamed is asked for under all its
// names, newest first. Only a missing member falls through, never a fault.
func (o Object) MemberAny(names ...string) Object {
	var m Object
	for _, name := range names {
		m = o.Member(name)
		var missing *types.MemberError
		if !errors.As(m.Err(), &missing) {
			return m
		}
	}
	return m
}

// HasMember reports whether the object, or what it points to, has a member of this name.
func (o Object) HasMember(name string) bool {
	if o.form == failed {
		return false
	}
	t := o.typ.WithoutTypedefs()
	if t.Kind() == types.Pointer {
		t = t.Elem()
	}
	if _, err := t.FindMember(name); err == nil {
		return true
	}
	_, static, _ := t.FindStatic(name)
	return static
}

// Slice returns the part of an object that starts bitOffset bits into it, as a type; bitField is its size as a bit-field
// in bits, or 0. A reference may be left on either side, to the left with a negative offset in two's complement; a value
// may not.
func (o Object) Slice(t *types.Type, bitOffset, bitField uint64) Object {
	if o.form == failed {
		return o
	}
	if t == nil || t.Set() != o.prog.types {
		return Failed(&ValueError{Problem: "type is from another program"})
	}
	return o.part(t, bitOffset, bitField)
}

// part is Slice for types that are known to be of the program.
func (o Object) part(t *types.Type, bitOffset, bitField uint64) Object {
	if err := types.CheckObject(t, bitField); err != nil {
		return Failed(err)
	}
	if bitField != 0 {
		if err := checkBitField(t, bitField); err != nil {
			return Failed(err)
		}
	}
	off := uint64(o.bitOff) + bitOffset
	if err := types.CheckAligned(t, off); err != nil && o.form != absent {
		return Failed(err)
	}
	switch o.form {
	case reference:
		addr := o.bits + uint64(int64(off)>>3)
		return Object{prog: o.prog, typ: t, form: reference, bits: addr & o.prog.addressMask.Load(), bitOff: uint8(off & 7), bitField: uint16(bitField)}
	case value:
		data, err := o.contents()
		if err != nil {
			return Failed(err)
		}
		n := bitField
		if n == 0 {
			if n, err = t.BitSize(); err != nil {
				var unsized *types.SizeError
				if errors.As(err, &unsized) {
					return o.prog.AbsentObject(t, OtherAbsence) // a value has no bits of it
				}
				return Failed(err)
			}
		}
		size := uint64(o.bitField)
		if size == 0 {
			size = uint64(len(data)) * 8
		}
		if bitOffset > size || n > size-bitOffset {
			return Failed(&BoundsError{Problem: "out of bounds of value"})
		}
		return o.prog.valueOf(t, data[bitOffset/8:], uint8(bitOffset%8), uint16(bitField))
	case absent:
		if o.x.parts != nil {
			return o.known(t, bitOffset, bitField)
		}
		return Failed(&AbsentError{Reason: o.x.reason})
	}
	return o
}

// Deref returns what a pointer points to.
func (o Object) Deref() Object {
	if o.form == failed {
		return o
	}
	target, ok := o.pointee()
	if !ok {
		return Failed(&TypeError{Problem: fmt.Sprintf("'%s' is not a pointer", o.typ)})
	}
	if target.form == reference {
		if err := types.CheckObject(target.typ, 0); err != nil {
			return Failed(err)
		}
	}
	return target
}

// Index returns an element of an array, or of the memory after what a pointer points to. i is not checked against the
// length of an array that lies in memory: C's flexible arrays are longer than their types say.
func (o Object) Index(i int64) Object {
	if o.form == failed {
		return o.step(fmt.Sprintf("[%d]", i))
	}
	u := o.typ.WithoutTypedefs()
	if u.Kind() != types.Array && u.Kind() != types.Pointer {
		return Failed(&TypeError{Problem: fmt.Sprintf("'%s' is not an array or pointer", o.typ.Unqualified())})
	}
	elem := u.Elem()
	n, err := elem.Size()
	if err == nil {
		err = types.CheckObject(elem, 0)
	}
	if err != nil {
		return Failed(err)
	}
	base := o
	if u.Kind() == types.Pointer {
		if o.KnownInParts() {
			return o.synthetic(elem, uint64(i)*n)
		}
		if base, _ = o.pointee(); base.form == failed {
			return base.step(fmt.Sprintf("[%d]", i))
		}
	}
	switch base.form {
	case reference:
		// As in C, this is modulo the size of the address space.
		e := base
		e.typ, e.bitField, e.bits = elem, 0, (base.bits+uint64(i)*n)&o.prog.addressMask.Load()
		if base.x != nil {
			e.x = &extra{path: c.ElementPath(base.x.path, base.x.deref && u.Kind() != types.Pointer, i)}
		}
		return e
	case value, absent:
		if base.form == absent && base.x.parts == nil {
			break
		}
		over, bytes := bits.Mul64(uint64(i), n)
		if i < 0 || over != 0 || bytes > maxObject {
			return Failed(&BoundsError{Problem: "out of bounds of value"})
		}
		return base.part(elem, bytes*8, 0)
	}
	return base.part(elem, 0, 0)
}

// Len returns the length of an array.
func (o Object) Len() (uint64, error) {
	if err := o.Err(); err != nil {
		return 0, err
	}
	n, ok := o.typ.Underlying().Length()
	if !ok {
		return 0, &TypeError{Problem: fmt.Sprintf("'%s' has no length", o.typ)}
	}
	return n, nil
}

// AddressOf returns a pointer to an object in memory.
func (o Object) AddressOf() Object {
	switch o.form {
	case failed:
		return o
	case absent:
		return Failed(&AbsentError{Reason: o.x.reason})
	case value:
		return Failed(&ValueError{Problem: "cannot take address of value"})
	}
	if o.bitField|uint16(o.bitOff) != 0 {
		return Failed(&ValueError{Problem: "cannot take address of bit field"})
	}
	return Object{prog: o.prog, typ: o.prog.PointerTo(o.typ), form: value, bits: o.bits}
}

// Reinterpret returns the object's bits as another type. A value as a type without a size is absent.
func (o Object) Reinterpret(t *types.Type) Object {
	switch o.form {
	case failed:
		return o
	case absent:
		return Failed(&AbsentError{Reason: o.x.reason})
	}
	return o.Slice(t, 0, 0)
}

// ContainerOf returns a pointer to the object of type t whose member (a designator: "a.b[2].c") o points to.
func (o Object) ContainerOf(t *types.Type, member string) Object {
	if o.form == failed {
		return o
	}
	if t == nil || t.Set() != o.prog.types {
		return Failed(&ValueError{Problem: "type is from another program"})
	}
	if o.typ.UnderlyingKind() != types.Pointer {
		return Failed(&WrongTypeError{Operation: "ContainerOf", Want: "a pointer", Type: o.typ.String()})
	}
	off, err := o.prog.namedOffset(t, member)
	if err != nil {
		return Failed(err)
	}
	addr, err := o.scalar()
	if err != nil {
		return o.fail(nil, err)
	}
	return Object{prog: o.prog, typ: o.prog.PointerTo(t), form: value, bits: (addr - off) & o.prog.addressMask.Load()}
}
