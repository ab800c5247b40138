package types

// Compatible reports whether two types are compatible as C has it (C11 6.2.7), typedefs and their own qualifiers aside:
// structures, unions and enumerated types with the same tag that are as large, whatever unit or module describes them, or one
// of which is incomplete; an enumerated type and its integer type; functions and arrays whose parts are compatible and equally
// qualified. It fails with a [*DepthError].
func Compatible(a, b *Type) (bool, error) {
	a, b = a.WithoutTypedefs(), b.WithoutTypedefs()
	if a.body == b.body {
		return true, nil
	}
	c := comparison{seen: map[[2]*body]bool{}}
	return c.same(a, b, 0)
}

// CompatibleCompounds is [Compatible] of structures, unions and classes; other types are none.
func CompatibleCompounds(a, b *Type) (bool, error) {
	if !a.UnderlyingKind().IsCompound() {
		return false, nil
	}
	return Compatible(a, b)
}

// A comparison of types that may refer to themselves: what is being compared counts as compatible meanwhile.
type comparison struct {
	seen map[[2]*body]bool
	// definitions says that types are compared as parts of definitions, see [SameDefinition]: numbers by what they are, not by their names.
	definitions bool
	left        int // how many more members and enumerators of definitions are compared
}

func (c *comparison) same(a, b *Type, depth int) (bool, error) {
	const maxDepth = 1000
	if depth > maxDepth {
		return false, &DepthError{Problem: "maximum type depth exceeded"}
	}
	a, b = a.WithoutTypedefs(), b.WithoutTypedefs()
	if a.body == b.body {
		return true, nil
	}
	switch {
	case a.kind == Enum && b.kind != Enum:
		return a.complete && c.integer(a, b), nil
	case b.kind == Enum && a.kind != Enum:
		return b.complete && c.integer(b, a), nil
	case c.definitions && a.kind.IsCompound() && definingKinds(a.kind).Has(b.kind):
		return c.behind(a, b, depth)
	case a.kind != b.kind:
		return false, nil
	case c.definitions && (a.kind == Int || a.kind == Bool || a.kind == Float):
		return sameNumbers(a, b), nil
	}
	switch a.kind {
	case Void:
		return true, nil
	case Int, Bool, Float:
		return a.name == b.name && a.size == b.size && a.signed == b.signed && a.big == b.big, nil
	case Struct, Union, Class:
		return a.name == b.name && (!a.complete || !b.complete || a.size == b.size), nil
	case Enum:
		if a.name != b.name {
			return false, nil
		}
		if !a.complete || !b.complete {
			return true, nil
		}
		return c.same(a.elem, b.elem, depth+1)
	}
	pair := [2]*body{a.body, b.body}
	if c.seen[pair] {
		return true, nil
	}
	c.seen[pair] = true
	switch a.kind {
	case Array:
		if a.complete && b.complete && a.length != b.length {
			return false, nil
		}
		return c.parts(a.elem, b.elem, depth)
	case Function:
		return c.functions(a, b, depth)
	}
	if c.definitions && (a.size != b.size || a.length != b.length || a.big != b.big) {
		return false, nil
	}
	return c.parts(a.elem, b.elem, depth) // pointers
}

// integer reports whether an enumerated type's integer type is b.
func (c *comparison) integer(enum, b *Type) bool {
	same, err := c.same(enum.elem, b, 1)
	return same && err == nil
}

// parts compares what types are made of: qualifiers count.
func (c *comparison) parts(a, b *Type, depth int) (bool, error) {
	if a.quals != b.quals {
		return false, nil
	}
	return c.same(a, b, depth+1)
}

func (c *comparison) functions(a, b *Type, depth int) (bool, error) {
	if a.variadic != b.variadic {
		return false, nil
	}
	as, err := a.Parameters()
	if err != nil {
		return false, err
	}
	bs, err := b.Parameters()
	if err != nil {
		return false, err
	}
	if len(as) != len(bs) {
		return false, nil
	}
	if ok, err := c.parts(a.elem, b.elem, depth); !ok || err != nil {
		return false, err
	}
	for i := range as {
		x, err := as[i].Slot()
		if err != nil {
			return false, err
		}
		y, err := bs[i].Slot()
		if err != nil {
			return false, err
		}
		if ok, err := c.parts(x.Type, y.Type, depth); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
