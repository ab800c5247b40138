package types

import "slices"

// A Static is a static member of a class.
type Static struct {
	Name     string
	Variable string // the name of the variable that it is, with the namespaces and classes around it
}

// FindStatic returns the name of the variable that a static member of a class, or of one of its base classes, is; ok is false where there is none, or base classes
// have several.
func (t *Type) FindStatic(name string) (variable string, ok bool, err error) {
	if t.lang.Name() == "C" {
		return "", false, nil
	}
	all, err := t.statics(nil, name, map[*body]bool{})
	if err != nil || len(all) != 1 {
		return "", false, err
	}
	return all[0], true, nil
}

// maxBases bounds the base classes that are looked at.
const maxBases = 1 << 10

// statics appends the variables that a name may mean in a class: its own member hides those of its base classes.
func (t *Type) statics(all []string, name string, seen map[*body]bool) ([]string, error) {
	u := t.WithoutTypedefs()
	if !u.kind.IsCompound() || seen[u.body] || len(seen) == maxBases {
		return all, nil
	}
	seen[u.body] = true
	d, err := u.details()
	if err != nil || d == nil {
		return all, err
	}
	add := func(variable string) {
		if !slices.Contains(all, variable) {
			all = append(all, variable)
		}
	}
	for _, s := range d.Statics {
		if s.Name == name {
			add(s.Variable)
			return all, nil
		}
	}
	for i := range d.Members {
		m := &d.Members[i]
		if !m.Base {
			continue
		}
		slot, err := m.Slot()
		if err != nil {
			return nil, err
		}
		if all, err = slot.Type.statics(all, name, seen); err != nil {
			return nil, err
		}
	}
	for i := range d.VirtualBases {
		slot, err := d.VirtualBases[i].Slot()
		if err != nil {
			return nil, err
		}
		if all, err = slot.Type.statics(all, name, seen); err != nil {
			return nil, err
		}
	}
	return all, nil
}
