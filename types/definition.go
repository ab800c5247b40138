package types

import "slices"

// SameDefinition reports whether two types are structures, unions or classes that have the same members at the same places, or enumerated
// types with the same enumerators: whoever reads an object by either reads the same. Their tags are not looked at, but those of their parts
// are. What members hold themselves (structures, unions, base classes, enumerated types and arrays of these) must be the same in turn; what
// they point to must have the same name. Qualifiers of a member do not count, and numbers are the same if they are read in the same way.
// It fails with a [*DepthError] where types have no end.
func SameDefinition(a, b *Type) (bool, error) {
	c := comparison{seen: map[[2]*body]bool{}, definitions: true, left: maxMembers}
	return c.defined(a, b, 0)
}

// defined compares the definitions of two types.
func (c *comparison) defined(a, b *Type, depth int) (bool, error) {
	switch {
	case depth > maxAnonymous:
		return false, &DepthError{}
	case a.body == b.body:
		return true, nil
	case a.size != b.size || !a.complete || !b.complete || !definingKinds(a.kind).Has(b.kind):
		return false, nil
	}
	pair := [2]*body{a.body, b.body}
	if c.seen[pair] {
		return true, nil
	}
	c.seen[pair] = true
	x, err := a.details()
	if err != nil {
		return false, err
	}
	y, err := b.details()
	if err != nil || x == nil || y == nil {
		return x == y, err
	}
	if c.left -= len(x.Members) + len(x.Enumerators) + 1; c.left < 0 {
		return false, &DepthError{Problem: "definitions have too many members"}
	}
	if a.kind == Enum {
		return a.signed == b.signed && a.big == b.big && slices.Equal(x.Enumerators, y.Enumerators), nil
	}
	if len(x.Members) != len(y.Members) || len(x.VirtualBases) != len(y.VirtualBases) {
		return false, nil
	}
	for i := range x.Members {
		m, n := &x.Members[i], &y.Members[i]
		if m.Name != n.Name || m.BitOffset != n.BitOffset || m.Base != n.Base {
			return false, nil
		}
		if same, err := c.variants(m.Variant, n.Variant, depth); err != nil || !same {
			return false, err
		}
		if same, err := c.slots(m.Lazy, n.Lazy, depth); err != nil || !same {
			return false, err
		}
	}
	for i := range x.VirtualBases {
		m, n := &x.VirtualBases[i], &y.VirtualBases[i]
		if m.Below != n.Below {
			return false, nil
		}
		if same, err := c.slots(m.Lazy, n.Lazy, depth); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// variants compares when members are there.
func (c *comparison) variants(a, b *Variant, depth int) (bool, error) {
	for ; a != nil && b != nil; a, b = a.Part.Outer, b.Part.Outer {
		p, q := a.Part, b.Part
		if c.left -= len(p.Variants) + 1; c.left < 0 {
			return false, &DepthError{Problem: "definitions have too many members"}
		}
		if !slices.Equal(a.Values, b.Values) || !slices.EqualFunc(p.Variants, q.Variants, func(v, w *Variant) bool { return slices.Equal(v.Values, w.Values) }) {
			return false, nil
		}
		if p.Discriminant == nil || q.Discriminant == nil {
			if p.Discriminant != q.Discriminant {
				return false, nil
			}
			continue
		}
		if p.Discriminant.BitOffset != q.Discriminant.BitOffset {
			return false, nil
		}
		if same, err := c.slots(p.Discriminant.Lazy, q.Discriminant.Lazy, depth); err != nil || !same {
			return false, err
		}
	}
	return a == b, nil
}

func (c *comparison) slots(a, b Lazy, depth int) (bool, error) {
	x, err := a.Slot()
	if err != nil {
		return false, err
	}
	y, err := b.Slot()
	if err != nil || x.BitFieldSize != y.BitFieldSize {
		return false, err
	}
	return c.held(x.Type, y.Type, depth)
}

// held compares the types of what is held, not only pointed to.
func (c *comparison) held(a, b *Type, depth int) (bool, error) {
	for {
		a, b = a.WithoutTypedefs(), b.WithoutTypedefs()
		if a.body == b.body {
			return true, nil
		}
		if a.kind != Array || b.kind != Array {
			break
		}
		if a.complete != b.complete || a.length != b.length {
			return false, nil
		}
		a, b = a.elem, b.elem
	}
	if !a.kind.IsCompound() && a.kind != Enum {
		if a.kind != b.kind {
			return false, nil
		}
		return c.same(a, b, depth)
	}
	if a.name != b.name {
		return false, nil
	}
	a, err := a.resolve()
	if err != nil {
		return false, err
	}
	if b, err = b.resolve(); err != nil {
		return false, err
	}
	return c.defined(a, b, depth+1)
}

// behind compares structures, unions and classes that are pointed to: by their names, if they have any.
func (c *comparison) behind(a, b *Type, depth int) (bool, error) {
	if a.name == "" && b.name == "" {
		return c.defined(a, b, depth+1)
	}
	return a.name == b.name && (!a.complete || !b.complete || a.size == b.size), nil
}

// sameNumbers reports whether two types of numbers are read in the same way. A char is also a character.
func sameNumbers(a, b *Type) bool {
	if a.kind == Int && a.size == 1 && a.name != b.name || a.kind == Float && a.FloatFormat() != b.FloatFormat() {
		return false
	}
	return a.kind == b.kind && a.size == b.size && a.signed == b.signed && a.big == b.big && a.length == b.length
}
