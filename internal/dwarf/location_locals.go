package dwarf

// A Local is a name in the scope of a function: a parameter, a variable, an enumerator or a nested function.
type Local struct {
	Name string
	DIE  DIE // DW_TAG_formal_parameter, DW_TAG_variable, DW_TAG_enumerator or DW_TAG_subprogram
	Enum DIE // DW_TAG_enumeration_type of an enumerator
}

// Locals returns the names in the scopes of fn that contain the address it was found for: those of the function itself
// first, those of the innermost block last, each in the order of the debug information. A name may be there several
// times; the last is the one that counts. Names of the functions around an inlined one are not in its scope.
func (fn *Function) Locals() (ls []Local, err error) {
	for _, scope := range fn.Scopes {
		if err := scope.locals(func(l Local) bool {
			ls = append(ls, l)
			return true
		}); err != nil {
			return nil, err
		}
	}
	return ls, nil
}

// Find returns what a name means in the scope of fn: in the innermost block that has it.
func (fn *Function) Find(name string) (l Local, ok bool, err error) {
	for i := len(fn.Scopes) - 1; i >= 0 && !ok; i-- {
		if err := fn.Scopes[i].locals(func(c Local) bool {
			if c.Name == name {
				l, ok = c, true
			}
			return true
		}); err != nil {
			return Local{}, false, err
		}
		if !ok {
			var err error
			if l, ok, err = fn.Scopes[i].originStatic(name); err != nil {
				return Local{}, false, err
			}
		}
	}
	return l, ok, nil
}

// originStatic returns the static variable of a name in the scope that d is an instance of: all instances share it, so that they do
// not mention it.
func (d DIE) originStatic(name string) (l Local, ok bool, err error) {
	origin, ok, err := d.Ref(AttrAbstractOrigin)
	if err != nil || !ok {
		return l, false, err
	}
	ok = false
	err = origin.locals(func(c Local) bool {
		if c.Name == name && c.DIE.Tag == TagVariable && (c.DIE.Has(AttrLocation) || c.DIE.Has(AttrConstValue)) {
			l, ok = c, true
		}
		return true
	})
	return l, ok, err
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
