package dwarf

// imports are the partial units, by number, that count: dwz puts what several units have into partial ones, and imports these where they belong
// (DWARF 5, section 3.2.5). What is in another one is of a file that shares the supplementary file, and no name of this one.
type imports struct {
	own []bool // nil: the file has no partial units
	sup []bool // of the supplementary file
}

// imports returns which partial units the other units import, directly or by one that they import; of a supplementary file, those that the
// main file does.
func (f *File) imports() (imports, error) {
	f.byName.importing.Do(func() { f.byName.imports, f.byName.importErr = f.findImports() })
	return f.byName.imports, f.byName.importErr
}

func (f *File) findImports() (found imports, err error) {
	if err := f.load(); err != nil {
		return imports{}, err
	}
	s := f.scratch()
	partial := make([]bool, len(s.unitOffs))
	any := f.sup != nil
	var todo []int // those whose imports count
	for i, off := range s.unitOffs {
		h, err := s.parseUnit(off)
		if err != nil {
			return imports{}, err
		}
		if partial[i], err = s.isPartial(h); err != nil {
			return imports{}, err
		}
		any = any || partial[i]
		if !partial[i] {
			todo = append(todo, i)
		}
	}
	if !any {
		return imports{}, nil
	}
	found.own = make([]bool, len(partial))
	if f.sup != nil {
		found.sup = make([]bool, len(f.sup.unitOffs))
	}
	add := func(i int) {
		if i >= 0 && !found.own[i] {
			found.own[i] = true
			if partial[i] {
				todo = append(todo, i)
			}
		}
	}
	if main := f.byName.main; main != nil {
		of, err := main.imports()
		if err != nil {
			return imports{}, err
		}
		for i, imported := range of.sup {
			if imported {
				add(i)
			}
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if err := s.eachImport(i, func(sup bool, unit int) {
			switch {
			case !sup:
				add(unit)
			case unit >= 0:
				found.sup[unit] = true
			}
		}); err != nil {
			return imports{}, err
		}
	}
	return found, nil
}

// isPartial reports whether a unit is a partial one, which before DWARF 5 only its first DIE says.
func (f *File) isPartial(h header) (bool, error) {
	if h.Version >= 5 {
		return h.Type == UnitPartial, nil
	}
	code, n := uleb(h.data[min(h.first-h.from.start, uint64(len(h.data))):])
	if n == 0 || code == 0 {
		return false, nil
	}
	// Compilers put the abbreviation of a unit's first DIE first.
	if section := h.from.sec.Abbrev; h.off < uint64(len(section)) {
		if first, n := uleb(section[h.off:]); n > 0 && first == code {
			tag, n := uleb(section[h.off+uint64(n):])
			return n > 0 && tag == uint64(TagPartialUnit), nil
		}
	}
	t, err := f.abbrevTable(h.from, h.abbrevKey)
	if err != nil {
		return false, err
	}
	a := t.get(code)
	return a != nil && a.tag == TagPartialUnit, nil
}

// eachImport calls found with the number of each unit, of the file or of the supplementary one, that a unit imports; -1 is none. What is imported from past the
// end of a section has no names.
func (f *File) eachImport(unit int, found func(sup bool, unit int)) error {
	h, err := f.parseUnit(f.unitOffs[unit])
	if err != nil {
		return err
	}
	if h.abbrevs, err = f.abbrevTable(h.from, h.abbrevKey); err != nil || !h.abbrevs.has(TagImportedUnit) {
		return err
	}
	root, err := h.Unit.Root()
	if err != nil {
		return err
	}
	for d, err := range root.Children() {
		if err != nil {
			return err
		}
		if d.Tag != TagImportedUnit {
			continue
		}
		v, err := d.Attr(AttrImport)
		if err != nil {
			return err
		}
		switch v.Form {
		case FormGNURefAlt, FormRefSup4, FormRefSup8:
			if f.sup != nil && v.u < uint64(len(f.sup.sec.Info)) {
				found(true, f.sup.unitIndex(v.u))
			}
		case FormRefAddr:
			if v.u < uint64(len(f.sec.Info)) {
				found(false, f.unitIndex(v.u))
			}
		}
	}
	return nil
}

// has reports whether there is an abbreviation of a tag.
func (t *abbrevTable) has(tag Tag) bool {
	for i := range t.abbrevs {
		if t.abbrevs[i].tag == tag {
			return true
		}
	}
	return false
}
