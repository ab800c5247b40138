package types

import (
	"fmt"
	"slices"
)

// A VirtualBase is a virtual base class of a class: its type, and how it is found where it lies in an object. That depends on the class
// that the object was made as: a table that belongs to it says it (Itanium C++ ABI, section 2.5.2).
type VirtualBase struct {
	Lazy
	Number *Type  // of the offset in the table: a signed number of the size of an address
	Below  uint64 // the offset lies so many bytes before what the first pointer of an object of the class points to
}

// A BaseStep leads from an object to a virtual base class of it, or of a part of it.
type BaseStep struct {
	In uint64 // the part, in bits from the object's start or from where the last step led
	VirtualBase
}

// A VirtualBaseError says that a member lies in a virtual base class, so that where it is depends on the object.
type VirtualBaseError struct {
	Type *Type
	Name string
}

func (e *VirtualBaseError) Error() string {
	return fmt.Sprintf("where '%s' lies in '%s' depends on the object: it belongs to a virtual base class", e.Name, e.Type)
}

// Start returns where in an object the last step of f.Via leads, in bits from the object's start, as two's complement; 0 if there are
// none. read returns numbers of the object, and readAt those at an address in memory.
func (f *Found) Start(read ReadNumber, readAt func(t *Type, address uint64) (uint64, error)) (start uint64, err error) {
	for i := range f.Via {
		s := &f.Via[i]
		start += s.In
		table, err := read(s.Number, start, 0)
		if err != nil {
			return 0, err
		}
		bits := s.Number.OwnSize() * 8
		extend := func(n uint64) uint64 { return uint64(int64(n<<(64-bits)) >> (64 - bits)) }
		n, err := readAt(s.Number, table<<(64-bits)>>(64-bits)-s.Below)
		if err != nil {
			return 0, err
		}
		start += extend(n) * 8
	}
	return start, nil
}

// VirtualBases returns the virtual base classes of a class and of its base classes, each once: their types and the way to them. It
// is empty for what is no class.
func (t *Type) VirtualBases() ([]Found, error) {
	u := t.WithoutTypedefs()
	if !u.kind.IsCompound() {
		return nil, nil
	}
	all, err := u.reachable()
	if err != nil || len(all.virtual) == 0 {
		return nil, err
	}
	list := make([]Found, len(all.virtual))
	for i := range all.virtual {
		if list[i], err = all.virtual[i].found(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// OwnVirtualBases returns the virtual base classes that the declaration of a class names.
func (t *Type) OwnVirtualBases() ([]VirtualBase, error) {
	if !t.kind.IsCompound() {
		return nil, &KindError{t, "virtual base classes"}
	}
	d, err := t.details()
	if d == nil || err != nil {
		return nil, err
	}
	return d.VirtualBases, nil
}

// collectBases adds what is reachable through base classes: members that the class has not itself, and the base classes under their own
// names (C++, class.member.lookup).
func (c *collector) collectBases(r *reachable, t *Type, depth int) error {
	ms, err := t.Members()
	if err != nil {
		return err
	}
	virtual, err := t.OwnVirtualBases()
	if err != nil {
		return err
	}
	found := candidates{}
	base := func(m Member, index int, via []BaseStep) error {
		if depth >= maxAnonymous {
			return &DepthError{}
		}
		slot, err := m.Slot()
		if err != nil {
			return err
		}
		u := slot.Type.WithoutTypedefs()
		if !u.kind.IsCompound() {
			return nil
		}
		if !u.complete {
			c.open = true // what it is found to be may change
			if u, err = u.resolve(); err != nil {
				return err
			}
		}
		inner, err := c.of(u, depth+1)
		if err != nil {
			return err
		}
		if c.left -= len(inner.byName) + 1; c.left < 0 {
			return &DepthError{}
		}
		outward := func(p place) place {
			p.index = index
			if p.via == nil {
				p.BitOffset, p.variantIn, p.via = p.BitOffset+m.BitOffset, p.variantIn+m.BitOffset, via
				return p
			}
			steps := append(slices.Clone(via), p.via...)
			steps[len(via)].In += m.BitOffset
			p.via = steps
			return p
		}
		self := place{Member: m, index: index, via: via, in: u.body, isBase: true}
		bases := inner.virtual
		if via != nil {
			bases = append(slices.Clone(bases), place{Member: Member{Lazy: m.Lazy, Base: true}, in: u.body, isBase: true})
		}
		for _, p := range bases {
			if p = outward(p); !slices.ContainsFunc(r.virtual, p.same) {
				r.virtual = append(r.virtual, p)
			}
		}
		for name, p := range inner.byName {
			found.add(name, outward(p), u.name)
		}
		if u.name != "" {
			found.add(u.name, self, u.name)
		}
		return nil
	}
	for i, m := range ms {
		if m.Base {
			if err := base(m, i, nil); err != nil {
				return err
			}
		}
	}
	for _, v := range virtual {
		if err := base(Member{Lazy: v.Lazy, Base: true}, -1, []BaseStep{{VirtualBase: v}}); err != nil {
			return err
		}
	}
	for name, c := range found {
		if _, own := r.byName[name]; !own {
			r.byName[name] = c.place
		}
	}
	return nil
}

// candidates are what a class has from its base classes, by name.
type candidates map[string]candidate

type candidate struct {
	place
	from []string // the base classes it was found in
}

// add adds what a base class has under a name.
func (cs candidates) add(name string, p place, from string) {
	was, ok := cs[name]
	clear := was.bases == nil && p.bases == nil
	switch {
	case !ok, was.isBase && !p.isBase, clear && p.hides(was.place):
		cs[name] = candidate{p, []string{from}}
	case p.isBase && !was.isBase, clear && (was.same(p) || was.hides(p)):
	default:
		was.from = append(was.from, from)
		was.bases = was.from
		cs[name] = was
	}
}

// virtualBase returns the innermost virtual base class that a place lies in, or nil.
func (p *place) virtualBase() *body {
	if p.via == nil {
		return nil
	}
	slot, err := p.via[len(p.via)-1].Slot()
	if err != nil {
		return nil
	}
	return slot.Type.WithoutTypedefs().body
}

// same reports whether two ways lead to the same member of the same virtual base class.
func (p place) same(o place) bool {
	v := p.virtualBase()
	return v != nil && v == o.virtualBase() && p.in == o.in && p.BitOffset == o.BitOffset && p.Name == o.Name
}

// hides reports whether the class of p has the virtual base class that o lies in: then its own member is the one that counts.
func (p place) hides(o place) bool {
	v := o.virtualBase()
	if v == nil || p.in == nil || p.in.detail == nil {
		return false
	}
	r := p.in.detail.reachable.Load()
	if r == nil {
		return false
	}
	for _, b := range r.virtual {
		if b.in == v {
			return true
		}
	}
	return false
}
