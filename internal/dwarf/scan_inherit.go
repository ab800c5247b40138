package dwarf

// inherit takes name and file that r lacks from the DIE it refers to, and returns the scope of that one.
func (s *scanner) inherit(r *record, scope uint32) (uint32, error) {
	v := r.ref
	for range maxOrigins {
		if off, pos, p := s.here(v); p != nil {
			o, err := s.at(pos, p)
			if err != nil {
				return scope, err
			}
			if !r.nameOK {
				r.name, r.nameOK = o.name, o.nameOK
			}
			if !r.fileHere {
				r.file, r.fileHere = o.file, o.fileHere
			}
			if v = o.ref; v.Form == 0 {
				return s.inheritedScope(s.u, off, scope, true)
			}
			continue
		}
		d, err := v.DIE()
		if err != nil {
			return scope, err
		}
		same := d.Unit.File == s.f && d.Unit.Off == s.u.Off
		var next Value
		var bad error
		if err := d.Attrs(func(at Attr, v Value) bool {
			switch at {
			case AttrName:
				if !r.nameOK {
					r.name, bad = s.nameOf(v)
					r.nameOK = bad == nil
				}
			case AttrDeclFile:
				if same && !r.fileHere {
					r.file, r.fileHere = v.u, true
				} else if !r.fileHere && r.foreign == 0 {
					r.foreign, bad = s.foreignFile(d.Unit, v.u)
				}
			case AttrSpecification, AttrAbstractOrigin:
				next = v
			}
			return bad == nil
		}); err != nil {
			return scope, err
		}
		if bad != nil {
			return scope, bad
		}
		if next.Form == 0 {
			return s.inheritedScope(d.Unit, d.Off, scope, same)
		}
		v = next
	}
	return scope, s.fail("circle of abstract origins")
}

// here returns which DIE of the present unit a reference leads to, where its attributes are in the unit's data, and the plan that reads
// them; nil for references to other units, for what no plan reads, and for what is damaged.
func (s *scanner) here(v Value) (off, pos uint64, p *plan) {
	u := s.u
	switch v.Form {
	case FormRef1, FormRef2, FormRef4, FormRef8, FormRefUdata:
		if v.unit != u || v.u > u.End-u.Off {
			return 0, 0, nil
		}
		pos = u.Off - u.from.start + v.u
	case FormRefAddr:
		if u.from.start != 0 || v.u >= u.End {
			return 0, 0, nil
		}
		pos = v.u
	default:
		return 0, 0, nil
	}
	if pos < u.first-u.from.start || pos >= uint64(len(s.data)) {
		return 0, 0, nil
	}
	code, n := uleb(s.data[pos:])
	if n == 0 || code == 0 {
		return 0, 0, nil
	}
	if p = s.t.plan(code); p == nil || p.kind == ixNone {
		return 0, 0, nil
	}
	return u.from.start + pos, pos + uint64(n), p
}

// at runs a plan elsewhere in the present unit.
func (s *scanner) at(pos uint64, p *plan) (r record, err error) {
	back := s.pos
	s.pos = pos
	err = s.run(p, &r)
	s.pos = back
	return r, err
}

// inheritedScope returns the scope of the DIE that another one takes its name from. A definition belongs where its declaration is,
// which a whole program of GCC has in another unit. Units without namespaces, such as those of C, have but one scope.
func (s *scanner) inheritedScope(u *Unit, off uint64, scope uint32, same bool) (uint32, error) {
	if s.nests || same && (s.spaced || scope != 0) {
		return s.scopeOf(u, off, scope)
	}
	return scope, nil
}
