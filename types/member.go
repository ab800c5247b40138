package types

import (
	"errors"
	"fmt"
	"strings"
)

// A Found is a member found by its name: its type, and where it lies in the type that was asked.
type Found struct {
	Type         *Type
	BitOffset    uint64 // from where the last of Via lies, if there are any
	BitFieldSize uint64
	Index        int // of the member, or of the anonymous member or base class it is in, in Members; -1: in a virtual base class
	Variant      *Variant
	VariantIn    uint64     // as BitOffset, of the object that Variant is about: that, or an anonymous member of it
	Via          []BaseStep // the virtual base classes it is reached through
}

// Fixed reports whether the member is at the same place in all objects of the type.
func (f *Found) Fixed() bool { return f.Variant == nil && f.Via == nil }

// A MemberError says that a type has no member of a name.
type MemberError struct {
	Type    *Type
	Name    string
	Variant string   // the variant that an object holds instead of the member's, or ""
	Bases   []string // the base classes that have one each, of which none hides the others'
	Why     error    // a *DefinitionError of the type, or nil
}

func (e *MemberError) Error() string {
	of := e.Type.Unqualified() // whether it may be written to has nothing to do with it
	if e.Bases != nil {
		return fmt.Sprintf("'%s' has several members '%s': ask its base class %s for it, as a member of that name", of, e.Name, strings.Join(e.Bases, " or "))
	}
	if e.Variant != "" {
		return fmt.Sprintf("'%s' has no member '%s' here: it holds the variant '%s'", of, e.Name, e.Variant)
	}
	return because(fmt.Sprintf("'%s' has no member '%s'", of, e.Name), e.Why)
}

// A NamedError is the error of a member that a caller named by a designator: a [*MemberError] or [*NoMembersError], mostly. One that is
// in no NamedError may be about a member that the code itself asked for.
type NamedError struct{ Err error }

func (e *NamedError) Error() string { return e.Err.Error() }
func (e *NamedError) Unwrap() error { return e.Err }

// A NoMembersError says that members were asked for of a type that is no structure, union or class.
type NoMembersError struct {
	Type   *Type
	Name   string // the member, or ""
	Behind bool   // Type had to be a pointer to what has members
}

func (e *NoMembersError) Error() string {
	if e.Behind {
		return fmt.Sprintf("'%s' is not a pointer to a structure, union, or class", e.Type.Unqualified())
	}
	return fmt.Sprintf("'%s' is not a structure, union, or class", e.Type.Unqualified())
}

// Unwrap returns the error of a type's kind.
func (e *NoMembersError) Unwrap() error { return &KindError{e.Type, "members"} }

// A DepthError says that types hold or refer to each other without an end.
type DepthError struct{ Problem string } // "": of anonymous members

func (e *DepthError) Error() string {
	if e.Problem == "" {
		return "maximum anonymous member depth exceeded"
	}
	return e.Problem
}

// A place is a member and where it lies in the type that was asked.
type place struct {
	Member
	index     int
	variantIn uint64
	via       []BaseStep
	in        *body    // the class that declares it
	isBase    bool     // it is a base class, by its own name
	bases     []string // see MemberError
}

// LookupMember finds a member by its name, also inside anonymous members and base classes, of a structure, union, class or a typedef
// of one: its offset is that in the type that was asked. index is that of the member, or of the anonymous member it is in, in
// Members. A missing one is a [*MemberError], and one in a virtual base class, which has no offset, a [*VirtualBaseError].
func (t *Type) LookupMember(name string) (m Member, index int, err error) {
	p, err := t.lookup(name)
	if err == nil && p.via != nil {
		err = &VirtualBaseError{t, name}
	}
	return p.Member, p.index, err
}

func (t *Type) lookup(name string) (place, error) {
	u := t.WithoutTypedefs()
	if !u.kind.IsCompound() {
		return place{}, &NoMembersError{Type: t, Name: name}
	}
	var why error
	if !u.complete {
		if u, why = u.definition(); why != nil && !errors.As(why, new(*DefinitionError)) {
			return place{}, why
		}
	}
	all, err := u.reachable()
	if err != nil {
		return place{}, err
	}
	p, ok := all.byName[name]
	if !ok || p.bases != nil {
		return place{}, &MemberError{Type: t, Name: name, Bases: p.bases, Why: why}
	}
	return p, nil
}

// FindMember is [Type.LookupMember] with the member's type evaluated, and finds members in virtual base classes, too.
func (t *Type) FindMember(name string) (Found, error) {
	p, err := t.lookup(name)
	if err != nil {
		return Found{}, err
	}
	return p.found()
}

func (p *place) found() (Found, error) {
	slot, err := p.Slot()
	if err != nil {
		return Found{}, err
	}
	return Found{slot.Type, p.BitOffset, slot.BitFieldSize, p.index, p.Variant, p.variantIn, p.via}, nil
}

// How deep anonymous members and base classes are followed, and how many members are looked at in all: debug info may lie.
const (
	maxAnonymous = 64
	maxMembers   = 1 << 20
)

// reachable is what can be reached from a type by a name.
type reachable struct {
	byName  map[string]place // all members, with those of anonymous members and base classes
	virtual []place          // all virtual base classes, those of base classes too, each once
}

func (t *Type) reachable() (*reachable, error) {
	if t.detail == nil {
		return &reachable{}, nil
	}
	if !t.complete {
		var err error
		if t, err = t.resolve(); err != nil {
			return nil, err
		}
	}
	if r := t.detail.reachable.Load(); r != nil {
		return r, nil
	}
	// Nothing is locked: members may be evaluated by functions that ask for members themselves.
	c := collector{left: maxMembers}
	return c.of(t, 0)
}

// collector finds out what is reachable.
type collector struct {
	left int
	open bool // a base class has no definition yet: what was found does not stay so
}

// of returns what is reachable from a type.
func (c *collector) of(t *Type, depth int) (*reachable, error) {
	if !t.complete || t.detail == nil {
		c.open = true
		return &reachable{}, nil
	}
	if r := t.detail.reachable.Load(); r != nil {
		c.left -= len(r.byName)
		return r, nil
	}
	r := &reachable{byName: map[string]place{}}
	if err := c.collect(r, t, t.body, 0, -1, depth); err != nil {
		return nil, err
	}
	if err := c.collectBases(r, t, depth); err != nil {
		return nil, err
	}
	if !c.open {
		t.detail.reachable.Store(r)
	}
	return r, nil
}

// collect adds the members of a type but those of its base classes.
func (c *collector) collect(r *reachable, t *Type, in *body, base uint64, index, depth int) error {
	if depth > maxAnonymous {
		return &DepthError{}
	}
	ms, err := t.Members()
	if err != nil {
		return err
	}
	if c.left -= len(ms); c.left < 0 {
		return &DepthError{}
	}
	for i, m := range ms {
		ix := index
		if ix < 0 {
			ix = i
		}
		if m.Name != "" {
			if _, dup := r.byName[m.Name]; !dup {
				m.BitOffset += base
				r.byName[m.Name] = place{Member: m, index: ix, variantIn: base, in: in}
			}
			continue
		}
		if m.Base && index < 0 {
			continue // see collectBases
		}
		slot, err := m.Slot()
		if err != nil {
			return err
		}
		u := slot.Type.WithoutTypedefs()
		if u.kind.IsCompound() {
			if err := c.collect(r, u, in, base+m.BitOffset, ix, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
