package dwarf

// scopeOf returns the scope of a DIE of the present unit.
func (s *scanner) scopeOf(d DIE, otherwise uint32) (uint32, error) {
	if s.scopesOf == nil {
		s.scopesOf = map[uint64]uint32{}
		root, err := s.u.Root()
		if err != nil {
			return 0, err
		}
		if err := s.mapScopes(root, 0, 0); err != nil {
			return 0, err
		}
	}
	if n, ok := s.scopesOf[d.Off]; ok {
		return n, nil
	}
	return otherwise, nil
}

// mapScopes notes the scope of each declaration below d.
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
			s.scopesOf[c.Off] = scope
		case TagNamespace, TagStructureType, TagClassType, TagUnionType:
			s.scopesOf[c.Off] = scope
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
