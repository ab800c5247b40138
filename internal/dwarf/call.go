package dwarf

import "github.com/godrgn/drgn/internal/dwarf/expr"

// A CallSite is a call of a function that DW_TAG_call_site describes (DWARF 5, section 3.4), or before that GNU's extension.
type CallSite struct {
	die DIE
	pc  uint64 // within the call, as the file has it
	fn  *Function
}

// CallSiteAt returns the call that returns to an address of the program; ok is false where none is described.
func (f *File) CallSiteAt(returns uint64) (site *CallSite, ok bool, err error) {
	site, ok = f.scopes.calls.load(returns)
	if !ok {
		found, err := f.callSiteAt(returns)
		if err != nil {
			return nil, false, err
		}
		site = f.scopes.calls.add(returns, &found, maxPlaces)
	}
	return site, !site.die.IsZero(), nil
}

func (f *File) callSiteAt(returns uint64) (site CallSite, err error) {
	functions, err := f.Functions(returns - 1)
	if err != nil || len(functions) == 0 {
		return site, err
	}
	pc, ok := f.cfg.Addresses.ToFile(returns - 1)
	if !ok {
		return site, nil
	}
	fn := &functions[len(functions)-1]
	w := fn.Outer.Walk()
	for w.Next() {
		at := AttrCallReturnPC
		switch w.Tag {
		case TagGNUCallSite:
			at = AttrLowPC
		case TagCallSite:
		default:
			continue
		}
		v, err := w.DIE.Attr(at)
		if err != nil {
			return site, err
		}
		if !v.IsAddress() {
			continue
		}
		if after, err := v.Address(); err != nil {
			return site, err
		} else if after == pc+1 {
			return CallSite{w.DIE, pc, fn}, nil
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

// Argument returns what a register holds at the call; frame is that of the function that calls. ok is false where that is not known.
func (c *CallSite) Argument(register uint64, frame Frame) (value uint64, ok bool, err error) {
	e := &evaluation{unit: c.die.Unit, pc: c.pc, fn: c.fn, frame: frame}
	for p, err := range c.die.Children() {
		if err != nil {
			return 0, false, err
		}
		if p.Tag != TagCallSiteParameter && p.Tag != TagGNUCallSiteParameter {
			continue
		}
		where, err := p.Attr(AttrLocation)
		if err != nil {
			return 0, false, err
		}
		code, _ := where.Block()
		if n, is := expr.RegisterOf(e.format(), code); !is || n != register {
			continue
		}
		return e.number(p, AttrCallValue, AttrGNUCallSiteValue)
	}
	return 0, false, nil
}

// Entry returns where a function is entered, as its file has it; ok is false of one without code.
func (d DIE) Entry() (pc uint64, ok bool, err error) { return d.entryPC() }

// Bounds on the functions that are looked at to find out whether one may enter itself by jumps, and on how many are remembered.
const (
	maxTailCalled = 64
	maxTails      = 1 << 14
)

// tailCallsItself reports whether a function may enter itself again by a chain of tail calls: then what it was called with is not
// what it was entered with. It is true, too, where that can't be told: a jump through a pointer, to a function of another file.
func (d DIE) tailCallsItself() (bool, error) {
	s := &d.Unit.File.scopes
	if again, ok := s.tails.load(d.Off); ok {
		return again, nil
	}
	again, err := d.reachesItself()
	if err != nil {
		return false, err
	}
	return s.tails.add(d.Off, again, maxTails), nil
}

func (d DIE) reachesItself() (bool, error) {
	f := d.Unit.File
	seen := map[uint64]bool{d.Off: true}
	todo := []DIE{d}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		w := at.Walk()
		for w.Next() {
			if w.Tag != TagCallSite && w.Tag != TagGNUCallSite {
				continue
			}
			tail, err := w.DIE.Flag(AttrCallTailCall)
			if err == nil && !tail {
				tail, err = w.DIE.Flag(AttrGNUTailCall)
			}
			if err != nil {
				return false, err
			}
			if !tail {
				continue
			}
			to, err := w.DIE.called()
			if err != nil {
				return false, err
			}
			targets, known, err := f.bodies(to)
			if err != nil || !known {
				return true, err
			}
			for _, t := range targets {
				if t.Off == d.Off {
					return true, nil
				}
				if !seen[t.Off] {
					if seen[t.Off] = true; len(seen) > maxTailCalled {
						return true, nil
					}
					todo = append(todo, t)
				}
			}
		}
		if w.Err() != nil {
			return false, w.Err()
		}
	}
	return false, nil
}

// bodies returns the functions with code that a DIE may mean: itself, or all of its name. known is false if there may be others.
func (f *File) bodies(d DIE) (_ []DIE, known bool, err error) {
	if d.IsZero() || d.Unit.File != f {
		return nil, false, nil
	}
	if d.hasCode() {
		return []DIE{d}, true, nil
	}
	for range maxOrigins { // a declaration of a member function, an instance
		to, ok, err := d.Origin()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			break
		}
		d = to
	}
	name, err := d.FullName()
	if err == nil && name != "" {
		name, err = d.qualify(name)
	}
	if err != nil || name == "" {
		return nil, false, err
	}
	const kinds = 1<<ixFunction | 1<<ixInstance
	if there, err := f.ready(kinds, name); err != nil || !there {
		return nil, false, err
	}
	var all []DIE
	for x := range f.find(kinds, name, "") {
		b, err := f.DIE(x.die)
		if err != nil {
			return nil, false, err
		}
		if b.hasCode() {
			all = append(all, b)
		}
		if len(all) > maxTailCalled {
			return nil, false, nil
		}
	}
	return all, len(all) > 0, nil
}
