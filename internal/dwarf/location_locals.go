package dwarf

import "slices"

// A Local is a name in the scope of a function: a parameter, a variable, an enumerator or a nested function.
type Local struct {
	Name string
	DIE  DIE // DW_TAG_formal_parameter, DW_TAG_variable, DW_TAG_enumerator or DW_TAG_subprogram
	Enum DIE // DW_TAG_enumeration_type of an enumerator
}

// Locals returns the names in the scopes of fn that contain the address it was found for: those of the function itself
// first, those of the innermost block last, each in the order of the debug information. A name may be there several
// times; the last is the one that counts. Names of the functions around an inlined one are not in its scope. Of an instance of a function, they
// are those that it has and the variables that all instances share, of which GCC tells in the function that it was made from.
func (fn *Function) Locals() (ls []Local, err error) {
	in, err := fn.instance()
	if err != nil {
		return nil, err
	}
	for i, scope := range fn.Scopes {
		start := len(ls)
		if err := scope.locals(func(l Local) bool {
			ls = append(ls, l)
			return true
		}); err != nil {
			return nil, err
		}
		own := ls[start:]
		for _, origin := range slices.Backward(in.origins[i]) {
			if err := origin.locals(func(l Local) bool {
				if l.DIE.Tag == TagVariable && l.DIE.hasPlace() && !slices.ContainsFunc(own, func(o Local) bool { return o.Name == l.Name }) {
					ls = append(ls, l)
				}
				return true
			}); err != nil {
				return nil, err
			}
		}
	}
	return ls, nil
}

// hasPlace reports whether the debugging information says where a variable is, or what.
func (d DIE) hasPlace() bool { return d.Has(AttrLocation) || d.Has(AttrConstValue) }

// Find returns what a name means in the scope of fn: in the innermost block that has it. A variable that a compiler has left out of an
// instance, or whose block has no code left, is found, too, though it is nowhere: what else in the program has its name is not meant.
func (fn *Function) Find(name string) (l Local, ok bool, err error) {
	var in instance
	for i, scope := range slices.Backward(fn.Scopes) {
		if l, ok, err = scope.localNamed(name); err != nil || ok {
			return l, ok, err
		}
		if in.origins == nil { // most names are those of the innermost block
			if in, err = fn.instance(); err != nil {
				return Local{}, false, err
			}
		}
		for _, origin := range in.origins[i] {
			if l, ok, err = origin.localNamed(name); err != nil || ok && !l.DIE.Has(AttrDeclaration) {
				return l, ok, err
			}
		}
	}
	for i, scope := range slices.Backward(fn.Scopes) {
		for _, d := range append([]DIE{scope}, in.origins[i]...) {
			if l, ok, err = d.withoutCode(name, in.mentioned); err != nil || ok {
				return l, ok, err
			}
		}
	}
	return Local{}, false, nil
}

// localNamed returns what a name means that a scope declares itself. GCC tells of parameters twice where it made a function for certain arguments
// ("f.constprop.0"), once without saying where they are.
func (d DIE) localNamed(name string) (l Local, ok bool, err error) {
	err = d.locals(func(c Local) bool {
		if c.Name == name && (!ok || c.DIE.hasPlace() || !l.DIE.hasPlace()) {
			l, ok = c, true
		}
		return true
	})
	if err != nil {
		return Local{}, false, err
	}
	return l, ok, nil
}

// withoutCode returns the variable of a name in the blocks in a scope that have no code and are not mentioned by an instance.
func (d DIE) withoutCode(name string, mentioned map[uint64]bool) (l Local, ok bool, err error) {
	w := d.Walk()
	for w.Next() {
		c := w.DIE
		if c.Tag != TagLexicalBlock || c.hasCode() || mentioned[c.Off] {
			w.SkipChildren()
			continue
		}
		if l, ok, err = c.localNamed(name); err != nil || ok && !l.DIE.Has(AttrDeclaration) {
			return l, ok, err
		}
	}
	return Local{}, false, w.Err()
}

// locals calls yield for each name that a scope declares itself until it returns false.
func (d DIE) locals(yield func(Local) bool) error {
	w := d.Walk()
	for w.Next() {
		c := w.DIE
		w.SkipChildren()
		switch c.Tag {
		case TagFormalParameter, TagVariable, TagSubprogram:
			name, err := c.FullName()
			if err != nil {
				return err
			}
			if name != "" && !yield(Local{Name: name, DIE: c}) {
				return nil
			}
		case TagEnumerationType:
			c, err := c.definition()
			if err != nil {
				return err
			}
			scoped, err := c.Flag(AttrEnumClass)
			if err != nil {
				return err
			}
			if scoped {
				continue
			}
			for e, err := range c.Children() {
				if err != nil {
					return err
				}
				if e.Tag != TagEnumerator {
					continue
				}
				name, err := e.Name()
				if err != nil {
					return err
				}
				if name != "" && !yield(Local{Name: name, DIE: e, Enum: c}) {
					return nil
				}
			}
		}
	}
	return w.Err()
}
