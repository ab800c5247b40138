package dwarf

import "slices"

// parents returns the DIEs of namespaces and classes that d lies in, outermost first, and, if wanted, those of functions and blocks. Without these, it ends
// at the first function.
func (d DIE) parents(functions bool) (all []DIE, err error) {
	at, err := d.Unit.Root()
	if err != nil {
		return nil, err
	}
	for len(all) < maxScopes {
		var around DIE
		for c, err := range at.Children() {
			if err != nil {
				return nil, err
			}
			if c.Off >= d.Off {
				break
			}
			around = c
		}
		switch around.Tag {
		case TagNamespace, TagStructureType, TagClassType, TagUnionType:
		case TagSubprogram, TagLexicalBlock:
			if !functions {
				return all, nil
			}
		default:
			return all, nil
		}
		// What is around may end before d: then d is its sibling.
		inside, err := around.encloses(d)
		if err != nil || !inside {
			return all, err
		}
		all = append(all, around)
		at = around
	}
	return all, nil
}

// declaration returns the DIE that says in which class or namespace a function is: a definition and its instances refer to it.
func (d DIE) declaration() (DIE, error) {
	for range maxOrigins {
		to, ok, err := d.Origin()
		if err != nil {
			return DIE{}, err
		}
		if !ok {
			break
		}
		d = to
	}
	return d, nil
}

// definition returns the DIE of a class or enumeration with what is in it: that of the type unit, where d only says the unit's signature.
func (d DIE) definition() (DIE, error) {
	if !d.isClass() && d.Tag != TagEnumerationType {
		return d, nil
	}
	sig, err := d.Attr(AttrSignature)
	if err != nil || sig.Form != FormRefSig8 {
		return d, err
	}
	return sig.DIE()
}

// scopeName returns the name of a namespace or class among scopes, "" for a class without one. clang leaves the name out where it declares a class
// that is in a type unit; one whose type unit is missing has none.
func (d DIE) scopeName() (string, error) {
	name, err := d.className()
	switch {
	case err != nil || name != "":
		return name, err
	case d.Tag == TagNamespace:
		return anonymousNamespace, nil
	}
	if to, err := d.definition(); err == nil && to != d {
		return to.className()
	}
	return "", nil
}

// An Outer is a scope around a function: a namespace, a class, or a function or block that the function is nested in.
type Outer struct {
	Name  string // of a namespace or class, qualified; "": no other place knows its name
	die   DIE
	local bool // to a function
}

func (d DIE) appendAround(all []Outer, depth int) ([]Outer, error) {
	d, err := d.declaration()
	if err != nil || depth > maxScopes {
		return all, err
	}
	parents, err := d.parents(true)
	if err != nil {
		return nil, err
	}
	names, err := scopeNames(parents)
	if err != nil {
		return nil, err
	}
	for i, scope := range slices.Backward(parents) {
		local := slices.ContainsFunc(parents[:i], func(d DIE) bool { return d.Tag == TagSubprogram })
		if scope, err = scope.definition(); err != nil {
			return nil, err
		}
		all = append(all, Outer{Name: names[i], die: scope, local: local})
		if scope.Tag == TagSubprogram { // in whose classes and namespaces d is, too
			return scope.appendAround(all, depth+1)
		}
		if all, err = scope.appendBases(all, 0); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// scopeNames returns the qualified names of namespaces and classes that lie in each other, outermost first; "" where the place does not say
// it, as of a class that was declared elsewhere: see [DIE.qualify].
func scopeNames(parents []DIE) ([]string, error) {
	names, around := make([]string, len(parents)), ""
	for i, scope := range parents {
		name, err := scope.scopeName()
		if err != nil {
			return nil, err
		}
		if name == "" || scope.Tag != TagNamespace && !scope.isClass() || scope.Has(AttrSpecification) {
			break
		}
		names[i] = around + name
		around = names[i] + "::"
	}
	return names, nil
}

// maxBases bounds how many scopes are looked at for one function, and how deep its base classes nest: damaged ones may be their own bases.
const maxBases, maxBaseDepth = 256, 32

// appendBases appends the base classes of a class, and theirs.
func (d DIE) appendBases(all []Outer, depth int) ([]Outer, error) {
	if !d.isClass() || depth > maxBaseDepth {
		return all, nil
	}
	d, err := d.definition()
	if err != nil {
		return nil, err
	}
	for c, err := range d.Children() {
		if err != nil {
			return nil, err
		}
		if c.Tag != TagInheritance {
			continue
		}
		if len(all) >= maxBases {
			return all, nil
		}
		base, ok, err := c.Ref(AttrType)
		for n := 0; err == nil && ok && base.Tag == TagTypedef && n < maxOrigins; n++ {
			base, ok, err = base.Ref(AttrType)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if all, err = base.appendBases(append(all, Outer{die: base}), depth+1); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (d DIE) isClass() bool {
	return d.Tag == TagStructureType || d.Tag == TagClassType || d.Tag == TagUnionType
}

// Around returns the scopes in which a name is looked for that means nothing in the function itself, innermost first. The bases of a class come after it.
func (fn *Function) Around() ([]Outer, error) {
	around, err := fn.DIE.appendAround(nil, 0)
	if err != nil {
		return nil, err
	}
	for i := range around {
		o := &around[i]
		if o.Name != "" || o.local || !o.die.isClass() && o.die.Tag != TagNamespace {
			continue
		}
		name, err := o.die.scopeName()
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		if o.Name, err = o.die.qualify(name); err != nil {
			return nil, err
		}
	}
	return around, nil
}

// Find returns what a name means in the scope that no index of names has: an enumerator, which scoped enumerations keep to themselves; in a function or
// block also a variable, which is in another frame unless it is static.
func (o *Outer) Find(name string) (l Local, ok bool, err error) {
	if l, ok, err = o.die.localNamed(name); err != nil || !ok {
		return Local{}, false, err
	}
	if o.die.Tag == TagSubprogram || o.die.Tag == TagLexicalBlock {
		return l, !l.DIE.Has(AttrDeclaration), nil
	}
	return l, !l.Enum.IsZero(), nil
}
