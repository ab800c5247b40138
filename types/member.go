package types

import "fmt"

// A Found is a member found by its name: its type, and where it lies in the type that was asked.
type Found struct {
	Type         *Type
	BitOffset    uint64
	BitFieldSize uint64
	Index        int // of the member, or of the anonymous member it is in, in Members
	Variant      *Variant
	VariantIn    uint64 // where the object lies in bits that Variant is about: that, or an anonymous member of it
}

// A MemberError says that a type has no member of a name.
type MemberError struct {
	Type    *Type
	Name    string
	Variant string // the variant that an object holds instead of the member's, or ""
}

func (e *MemberError) Error() string {
	if e.Variant != "" {
		return fmt.Sprintf("'%s' has no member '%s' here: it holds the variant '%s'", e.Type, e.Name, e.Variant)
	}
	return fmt.Sprintf("'%s' has no member '%s'", e.Type, e.Name)
}

// A NoMembersError says that members were asked for of a type that is no structure, union or class.
type NoMembersError struct{ Type *Type }

func (e *NoMembersError) Error() string {
	return fmt.Sprintf("'%s' is not a structure, union, or class", e.Type)
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
}

// LookupMember finds a member by its name, also inside anonymous members, of a structure, union, class or a typedef of one:
// its offset is that in the type that was asked. index is that of the member, or of the anonymous member it is in, in
// Members. A missing one is a [*MemberError].
func (t *Type) LookupMember(name string) (m Member, index int, err error) {
	p, err := t.lookup(name)
	return p.Member, p.index, err
}

func (t *Type) lookup(name string) (place, error) {
	u := t.WithoutTypedefs()
	if !u.kind.IsCompound() {
		return place{}, &NoMembersError{t}
	}
	byName, err := u.memberMap()
	if err != nil {
		return place{}, err
	}
	p, ok := byName[name]
	if !ok {
		return place{}, &MemberError{Type: t, Name: name}
	}
	return p, nil
}

// FindMember is [Type.LookupMember] with the member's type evaluated.
func (t *Type) FindMember(name string) (Found, error) {
	p, err := t.lookup(name)
	if err != nil {
		return Found{}, err
	}
	slot, err := p.Slot()
	if err != nil {
		return Found{}, err
	}
	return Found{slot.Type, p.BitOffset, slot.BitFieldSize, p.index, p.Variant, p.variantIn}, nil
}

// How deep anonymous members are followed, and how many members are looked at in all: debug info may lie.
const (
	maxAnonymous = 64
	maxMembers   = 1 << 20
)

func (t *Type) memberMap() (map[string]place, error) {
	if t.detail == nil {
		return nil, nil
	}
	if m := t.detail.byName.Load(); m != nil {
		return *m, nil
	}
	// Nothing is locked: members may be evaluated by functions that ask for members themselves.
	c := collector{into: map[string]place{}, left: maxMembers}
	if err := c.collect(t, 0, -1, 0); err != nil {
		return nil, err
	}
	t.detail.byName.Store(&c.into)
	return c.into, nil
}

type collector struct {
	into map[string]place
	left int
}

func (c *collector) collect(t *Type, base uint64, index, depth int) error {
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
			if _, dup := c.into[m.Name]; !dup {
				m.BitOffset += base
				c.into[m.Name] = place{m, ix, base}
			}
			continue
		}
		slot, err := m.Slot()
		if err != nil {
			return err
		}
		u := slot.Type.WithoutTypedefs()
		if u.kind.IsCompound() {
			if err := c.collect(u, base+m.BitOffset, ix, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
