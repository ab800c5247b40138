package types

import "fmt"

// A Found is a member found by its name: its type, and where it lies in the type that was asked.
type Found struct {
	Type         *Type
	BitOffset    uint64
	BitFieldSize uint64
	Index        int // of the member, or of the anonymous member it is in, in Members
}

// A MemberError says that a type has no member of a name.
type MemberError struct {
	Type *Type
	Name string
}

func (e *MemberError) Error() string {
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
	lazy      Lazy
	bitOffset uint64
	index     int
}

// LookupMember finds a member by its name, also inside anonymous members, of a structure, union, class or a typedef of one:
// its offset is that in the type that was asked. index is that of the member, or of the anonymous member it is in, in
// Members. A missing one is a [*MemberError].
func (t *Type) LookupMember(name string) (m Member, index int, err error) {
	u := t.WithoutTypedefs()
	if !u.kind.IsCompound() {
		return Member{}, 0, &NoMembersError{t}
	}
	byName, err := u.memberMap()
	if err != nil {
		return Member{}, 0, err
	}
	p, ok := byName[name]
	if !ok {
		return Member{}, 0, &MemberError{t, name}
	}
	return Member{Name: name, BitOffset: p.bitOffset, Lazy: p.lazy}, p.index, nil
}

// FindMember is [Type.LookupMember] with the member's type evaluated.
func (t *Type) FindMember(name string) (Found, error) {
	m, index, err := t.LookupMember(name)
	if err != nil {
		return Found{}, err
	}
	slot, err := m.Slot()
	if err != nil {
		return Found{}, err
	}
	return Found{slot.Type, m.BitOffset, slot.BitFieldSize, index}, nil
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
				c.into[m.Name] = place{m.Lazy, base + m.BitOffset, ix}
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
