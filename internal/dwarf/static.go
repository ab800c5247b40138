package dwarf

import (
	"strings"

	"github.com/godrgn/drgn/types"
)

// appendStatic appends the static member that a DIE of a class declares (DWARF 5, section 5.7.7), by the name of the variable that it is.
func (d DIE) appendStatic(all []types.Static) ([]types.Static, error) {
	name, err := d.Name()
	if err != nil || name == "" {
		return all, err
	}
	variable, err := d.qualify(name)
	if err != nil || strings.Contains(variable, anonymousNamespace) { // each unit may have another one
		return all, err
	}
	return append(all, types.Static{Name: name, Variable: variable}), nil
}

// staticConstant returns the static member of a class, by its qualified name, of which only the class says the value: there is no variable of it.
func (f *File) staticConstant(name, filename string) (e Entity, ok bool, err error) {
	scopes, last := splitName(name)
	if len(scopes) == 0 {
		return e, false, nil
	}
	const kinds = 1<<ixStruct | 1<<ixClass | 1<<ixUnion
	class := strings.Join(scopes, "::")
	if there, err := f.ready(kinds, class); err != nil || !there {
		return e, false, err
	}
	for x := range f.find(kinds, class, filename) {
		d, err := f.DIE(x.die)
		if err != nil {
			return e, false, err
		}
		for c, err := range d.Children() {
			if err != nil {
				return e, false, err
			}
			if c.Tag != TagMember && c.Tag != TagVariable || !c.Has(AttrConstValue) {
				continue
			}
			if own, err := c.Name(); err != nil {
				return e, false, err
			} else if own != last {
				continue
			}
			e = Entity{Kind: EntityVariable, DIE: c}
			err = f.fill(&e)
			return e, err == nil, err
		}
	}
	return e, false, nil
}
