package dwarf

import "github.com/godrgn/drgn/internal/dwarf/expr"

// A CallSite is a call of a function that DW_TAG_call_site describes (DWARF 5, section 3.4), or before that GNU's extension.
type CallSite struct {
	die DIE
	pc  uint64 // within the call, as the file has it
	fn  *Function
}

// CallSiteAt returns the call that returns to an address of the program, or, with atJump, the tail call that jumps at that address; ok is false
// where none is described.
func (f *File) CallSiteAt(pc uint64, atJump bool) (site *CallSite, ok bool, err error) {
	calls := &f.scopes.calls
	if atJump {
		calls = &f.scopes.jumps
	}
	site, ok = calls.load(pc)
	if !ok {
		found, err := f.callSiteAt(pc, atJump)
		if err != nil {
			return nil, false, err
		}
		site = calls.add(pc, &found, maxPlaces)
	}
	return site, !site.die.IsZero(), nil
}

func (f *File) callSiteAt(pc uint64, atJump bool) (site CallSite, err error) {
	within, next := pc, uint64(0)
	if !atJump {
		within, next = pc-1, 1
	}
	functions, err := f.Functions(within)
	if err != nil || len(functions) == 0 {
		return site, err
	}
	within, ok := f.cfg.Addresses.ToFile(within)
	if !ok {
		return site, nil
	}
	fn := &functions[len(functions)-1]
	w := fn.Outer.Walk()
	for w.Next() {
		at := AttrCallReturnPC
		switch {
		case w.Tag != TagCallSite && w.Tag != TagGNUCallSite:
			continue
		case atJump:
			at = AttrCallPC
		case w.Tag == TagGNUCallSite:
			at = AttrLowPC
		}
		v, err := w.DIE.Attr(at)
		if err != nil {
			return site, err
		}
		if !v.IsAddress() {
			continue
		}
		if stated, err := v.Address(); err != nil {
			return site, err
		} else if stated == within+next {
			return CallSite{w.DIE, within, fn}, nil
		}
	}
	return site, w.Err()
}

// Called returns the function that is called, or what declares it; the zero DIE if only a value tells.
func (c *CallSite) Called() (DIE, error) { return c.die.called() }

// Target returns where the function is entered that is called through a value; frame is that of the function that calls. ok is false where
// that is not known.
func (c *CallSite) Target(frame Frame) (address uint64, ok bool, err error) {
	e := &evaluation{unit: c.die.Unit, pc: c.pc, fn: c.fn, frame: frame}
	return e.number(c.die, AttrCallTarget, AttrGNUCallSiteTarget)
}

// number returns the value of the first of a DIE's attributes that there is; ok is false where it is not known.
func (e *evaluation) number(d DIE, attributes ...Attr) (value uint64, ok bool, err error) {
	for _, at := range attributes {
		v, err := d.Attr(at)
		if err != nil {
			return 0, false, err
		}
		if code, is := v.Block(); is {
			value, err := expr.Value(e.format(), e, code)
			absence, _, err := absent(e.unit.placed(err, code))
			return value, err == nil && absence == Present, err
		}
	}
	return 0, false, nil
}

func (d DIE) called() (DIE, error) {
	for _, at := range [...]Attr{AttrCallOrigin, AttrAbstractOrigin} {
		if to, ok, err := d.Ref(at); ok || err != nil {
			return to, err
		}
	}
	return DIE{}, nil
}

// Argument returns what the function is called with, the Parameter of the argument being a DIE; frame is that of the function that calls. ok is
// false where that is not known.
func (c *CallSite) Argument(a expr.Argument, frame Frame) (value uint64, ok bool, err error) {
	e := &evaluation{unit: c.die.Unit, pc: c.pc, fn: c.fn, frame: frame}
	for p, err := range c.die.Children() {
		if err != nil {
			return 0, false, err
		}
		if p.Tag != TagCallSiteParameter && p.Tag != TagGNUCallSiteParameter {
			continue
		}
		if is, err := p.passes(e.format(), a); err != nil {
			return 0, false, err
		} else if !is {
			continue
		}
		if a.Pointed {
			return e.number(p, AttrCallDataValue, AttrGNUCallSiteDataValue)
		}
		return e.number(p, AttrCallValue, AttrGNUCallSiteValue)
	}
	return 0, false, nil
}

// passes reports whether a DW_TAG_call_site_parameter is of an argument.
func (d DIE) passes(f expr.Format, a expr.Argument) (bool, error) {
	if a.Parameter == nil {
		where, err := d.Attr(AttrLocation)
		if err != nil {
			return false, err
		}
		code, _ := where.Block()
		n, is := expr.RegisterOf(f, code)
		return is && n == a.Register, nil
	}
	for _, at := range [...]Attr{AttrCallParameter, AttrAbstractOrigin} {
		if to, ok, err := d.Ref(at); ok || err != nil {
			parameter, is := a.Parameter.(DIE)
			return is && to.Unit != nil && to.Unit.File == parameter.Unit.File && to.Off == parameter.Off, err
		}
	}
	return false, nil
}

// Entry returns where a function is entered, as its file has it; ok is false of one without code.
func (d DIE) Entry() (pc uint64, ok bool, err error) { return d.entryPC() }
