package dwarf

import (
	"cmp"
	"slices"
)

// declaredIn is the declarations of a unit with the scopes that they are in, in the order of the file.
type declaredIn struct {
	known bool
	list  []scopeOfDIE
}

// A scopeOfDIE is a declaration and the scope that it is in.
type scopeOfDIE struct {
	off   uint64
	scope uint32
}

// scopeOf returns the scope of a DIE of the present unit.
func (s *scanner) scopeOf(d DIE, otherwise uint32) (uint32, error) {
	if !s.scopesOf.known {
		s.scopesOf.list, s.scopesOf.known = s.scopesOf.list[:0], true
		root, err := s.u.Root()
		if err != nil {
			return 0, err
		}
		if err := s.mapScopes(root, 0, 0); err != nil {
			return 0, err
		}
	}
	if i, ok := slices.BinarySearchFunc(s.scopesOf.list, d.Off, func(o scopeOfDIE, off uint64) int { return cmp.Compare(o.off, off) }); ok {
		return s.scopesOf.list[i].scope, nil
	}
	return otherwise, nil
}

// mapScopes notes the scope of each declaration below d, in the order in which they lie in the file.
func (s *scanner) mapScopes(d DIE, scope uint32, depth int) error {
	if depth > maxScopes {
		return s.fail("namespaces nest more than %d deep", maxScopes)
	}
	for c, err := range d.Children() {
		if err != nil {
			return err
		}
		switch c.Tag {
		case TagSubprogram, TagVariable, TagMember:
			s.scopesOf.list = append(s.scopesOf.list, scopeOfDIE{c.Off, scope})
		case TagNamespace, TagStructureType, TagClassType, TagUnionType:
			s.scopesOf.list = append(s.scopesOf.list, scopeOfDIE{c.Off, scope})
			name, err := c.Name()
			if err != nil {
				return err
			}
			if name == "" {
				if c.Tag != TagNamespace {
					continue
				}
				name = anonymousNamespace
			} else if c.Tag == TagNamespace {
				if inline, err := c.Flag(AttrExportSymbols); err != nil {
					return err
				} else if inline {
					name = inlineNamespace + name
				}
			}
			if err := s.mapScopes(c, s.scope(scope, name), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
