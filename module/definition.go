package module

import (
	"github.com/godrgn/drgn/types"
)

// Definition returns the definition of a structure, union, class or enumerated type of a name with the namespaces and classes around
// it: that of the one module that has one, or of the first of several that have the same. It is nil where no module has one; a
// *types.DefinitionError says that there are some that differ.
func (s *Set) Definition(kinds types.KindSet, name string) (found *types.Type, err error) {
	var in []string
	differ := false
	for m, err := range s.Informed() {
		if err != nil {
			return nil, err
		}
		info, err := m.Info()
		if err != nil {
			return nil, err
		}
		if info == nil {
			continue // the module was unloaded meanwhile
		}
		t, several, err := info.Definition(kinds, name)
		if err != nil {
			return nil, err
		}
		if t != nil && found != nil {
			same, err := types.SameDefinition(found, t)
			if err != nil {
				return nil, err
			}
			differ = differ || !same
		}
		if t != nil || several {
			in, differ = append(in, m.Name()), differ || several
		}
		if found == nil {
			found = t
		}
	}
	if differ {
		return nil, &types.DefinitionError{Name: name, Places: in}
	}
	return found, nil
}
