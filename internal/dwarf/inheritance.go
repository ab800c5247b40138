package dwarf

import (
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/types"
)

// isVirtual reports whether a DW_TAG_inheritance is of a virtual base class (DWARF 5, section 5.7.3).
func (d DIE) isVirtual() (bool, error) {
	v, err := d.Attr(AttrVirtuality)
	if err != nil || !v.Exists() {
		return false, err
	}
	n, ok := v.Uint()
	return ok && n != 0, nil
}

// virtualBase makes a virtual base class (DWARF 5, section 5.7.3) of a class whose objects follow the Itanium C++ ABI (section 2.5.2).
func (m typeMaker) virtualBase(c DIE) (types.VirtualBase, error) {
	v, err := c.Attr(AttrDataMemberLocation)
	if err != nil {
		return types.VirtualBase{}, err
	}
	below, ok := v.belowTable()
	if !ok {
		return types.VirtualBase{}, c.fail("%s has %w", c.Tag, unsupportedPlace("where the virtual base class lies is not in the table that the object's first pointer points into"))
	}
	f, number := m.f, m.difference()
	return types.VirtualBase{Number: number, Below: below, Lazy: laterSlot(func() (types.Slot, error) {
		t, err := f.typeAttr(c, 0)
		return types.Slot{Type: t}, err
	})}, nil
}

// belowTable returns n where an expression is that of a virtual base class: the object's address and what lies n bytes before what the
// object's first pointer points to.
func (v Value) belowTable() (n uint64, ok bool) {
	const (
		opDeref, opConst1u, opConst2u, opConstu, opDup = 0x06, 0x08, 0x0a, 0x10, 0x12
		opMinus, opPlus, opLit0, opLit31               = 0x1c, 0x22, 0x30, 0x4f
	)
	if !v.IsExpr() {
		return 0, false
	}
	c := bin.New("", v.b, v.unit.File.big)
	ok = c.U8() == opDup && c.U8() == opDeref
	switch op := c.U8(); {
	case op >= opLit0 && op <= opLit31:
		n = uint64(op - opLit0)
	case op == opConst1u:
		n = uint64(c.U8())
	case op == opConst2u:
		n = uint64(c.U16())
	case op == opConstu:
		n = c.ULEB128()
	default:
		return 0, false
	}
	ok = ok && c.U8() == opMinus && c.U8() == opDeref && c.U8() == opPlus
	return n, ok && c.Err() == nil && c.Len() == 0
}

// difference returns the type of differences of addresses.
func (m typeMaker) difference() *types.Type {
	size, name := uint64(m.d.Unit.AddrSize), "long"
	if size == 4 {
		name = "int"
	}
	return m.f.cfg.Set.Int(m.lang, name, size, true, m.f.big)
}

// pointerToMember makes a pointer to a member (DWARF 5, section 5.16) as the Itanium C++ ABI has it (section 2.3): an offset in bytes,
// -1 of none, as a number; or of functions, the address or place in the table of virtual ones and what is added to the object's
// address, as a structure. Parameters are not part of its name: they may refer to it.
func (m typeMaker) pointerToMember() (*types.Type, error) {
	class := "?"
	if to, ok, err := m.d.Ref(AttrContainingType); err != nil {
		return nil, m.d.invalid(AttrContainingType, err)
	} else if ok {
		if class, err = to.FullName(); err != nil {
			return nil, err
		}
	}
	elem, err := m.f.elem(m.d, m.depth)
	if err != nil {
		return nil, err
	}
	set, number := m.f.cfg.Set, m.difference()
	u := elem.WithoutTypedefs()
	if u.Kind() != types.Function {
		name := class + "::*"
		if k := u.Kind(); k != types.Pointer && k != types.Array {
			name = elem.String() + " " + name
		}
		return set.Int(m.lang, name, number.OwnSize(), true, m.f.big), nil
	}
	bits := number.OwnSize() * 8
	return set.Compound(m.lang, types.Struct, "("+class+"::*)()", 2*number.OwnSize(), func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{
			{Name: "ptr", Lazy: types.OfType(number)},
			{Name: "adj", BitOffset: bits, Lazy: types.OfType(number)},
		}}, nil
	}), nil
}
