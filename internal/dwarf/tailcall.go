package dwarf

import "slices"

// Bounds on the functions that are looked at to find out which ones tail calls lead to, and on how many are remembered.
const (
	maxTailCalled = 64
	maxTails      = 1 << 14
)

// A tailCall is a call that a function ends with: it jumps, so that what is called returns to its caller.
type tailCall struct {
	site     DIE
	from, to uint64 // offsets of functions
}

// tailCalls appends the tail calls of a function, one for each function that is called. known is false if others may be called, too: through a pointer, in
// another file.
func (d DIE) tailCalls(all []tailCall) (_ []tailCall, known bool, err error) {
	w := d.Walk()
	for w.Next() {
		if w.Tag == TagSubprogram { // nested in this one
			w.SkipChildren()
		}
		if w.Tag != TagCallSite && w.Tag != TagGNUCallSite {
			continue
		}
		tail, err := w.DIE.Flag(AttrCallTailCall)
		if err == nil && !tail {
			tail, err = w.DIE.Flag(AttrGNUTailCall)
		}
		if err != nil {
			return nil, false, err
		}
		if !tail {
			continue
		}
		to, err := w.DIE.called()
		if err != nil {
			return nil, false, err
		}
		targets, known, err := d.Unit.File.bodies(to)
		if err != nil || !known {
			return nil, false, err
		}
		for _, t := range targets {
			all = append(all, tailCall{w.DIE, d.Off, t.Off})
		}
	}
	return all, true, w.Err()
}

// tailCallsFrom returns the tail calls of a function, of those that it leads to, and so on; but not those of the function at end, if any. known is false if there
// are others, or too many.
func (d DIE) tailCallsFrom(end uint64) (all []tailCall, known bool, err error) {
	seen := map[uint64]bool{d.Off: true, end: true}
	for todo := []DIE{d}; len(todo) > 0; {
		first := len(all)
		if all, known, err = todo[0].tailCalls(all); err != nil || !known {
			return nil, false, err
		}
		todo = todo[1:]
		for _, c := range all[first:] {
			if seen[c.to] {
				continue
			}
			if seen[c.to] = true; len(seen) > maxTailCalled {
				return nil, false, nil
			}
			to, err := d.Unit.File.DIE(c.to)
			if err != nil {
				return nil, false, err
			}
			todo = append(todo, to)
		}
	}
	return all, true, nil
}

// tailCallsItself reports whether a function may enter itself again by a chain of tail calls: then what it was called with is not
// what it was entered with. It is true, too, where that can't be told.
func (d DIE) tailCallsItself() (bool, error) {
	s := &d.Unit.File.scopes
	if again, ok := s.tails.load(d.Off); ok {
		return again, nil
	}
	all, known, err := d.tailCallsFrom(0)
	if err != nil {
		return false, err
	}
	again := !known || slices.ContainsFunc(all, func(c tailCall) bool { return c.to == d.Off })
	return s.tails.add(d.Off, again, maxTails), nil
}

// A Jump is a tail call that was carried out.
type Jump struct {
	PC uint64 // of the program: that after the jump, as if it was to return there; or, if At, that of the jump itself
	At bool
}

// Jumps returns the tail calls by which a function, which has called nothing that has not returned, has come to enter another one, the last first. Those that can't be told apart from others
// are left out: none are returned where the compiler does not tell all that may have happened.
func (d DIE) Jumps(to DIE) ([]Jump, error) {
	if d.Off == to.Off {
		return nil, nil
	}
	all, known, err := d.tailCallsFrom(to.Off)
	if err != nil || !known {
		return nil, err
	}
	// Of interest are those that lead there.
	leads := map[uint64]bool{to.Off: true}
	for more := true; more; {
		more = false
		for _, c := range all {
			if leads[c.to] && !leads[c.from] {
				leads[c.from], more = true, true
			}
		}
	}
	all = slices.DeleteFunc(all, func(c tailCall) bool { return !leads[c.to] })
	// What all ways have in common is their beginning, as far as there is one way on, and their end, as far as there is one back.
	var chain []tailCall
	at := d.Off
	for at != to.Off {
		c, ok := only(all, func(c tailCall) bool { return c.from == at })
		if !ok {
			break
		}
		chain, at = append(chain, c), c.to
	}
	slices.Reverse(chain)
	if back := to.Off; at != to.Off {
		var end []tailCall
		for back != d.Off && len(end) < len(all) {
			c, ok := only(all, func(c tailCall) bool { return c.to == back })
			if !ok {
				break
			}
			end, back = append(end, c), c.from
		}
		chain = append(end, chain...)
	}
	jumps := make([]Jump, 0, len(chain))
	for _, c := range chain {
		j, ok, err := c.site.jump()
		if err != nil || !ok {
			return nil, err
		}
		jumps = append(jumps, j)
	}
	return jumps, nil
}

// only returns the one tail call of which is is true; ok is false if there are several, or none.
func only(all []tailCall, is func(tailCall) bool) (c tailCall, ok bool) {
	i := slices.IndexFunc(all, is)
	if i < 0 || slices.ContainsFunc(all[i+1:], is) {
		return c, false
	}
	return all[i], true
}

// jump returns where a tail call is; ok is false if that is not known.
func (d DIE) jump() (j Jump, ok bool, err error) {
	after := AttrCallReturnPC
	if d.Tag == TagGNUCallSite {
		after = AttrLowPC
	}
	for _, at := range [...]Attr{after, AttrCallPC} {
		v, err := d.Attr(at)
		if err != nil || !v.IsAddress() {
			if err != nil {
				return j, false, err
			}
			continue
		}
		pc, err := v.Address()
		if err != nil {
			return j, false, err
		}
		j.PC, ok = d.Unit.File.cfg.Addresses.ToProgram(pc)
		j.At = at == AttrCallPC
		return j, ok, nil
	}
	return j, false, nil
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
