package types

import (
	"fmt"
	"strings"
)

// A VariantPart is where a structure holds one of several variants, as enums of Rust and variant records of Ada do (DWARF 5,
// section 5.7.10).
type VariantPart struct {
	Discriminant *Member    // the number that says which variant it is, with its offset in the structure; nil: there is none
	Variants     []*Variant // at most one of them without values
	Outer        *Variant   // the variant that the part belongs to, or nil
}

// A Variant is what members belong to that are there for some values of a discriminant only.
type Variant struct {
	Part   *VariantPart
	Name   string // of its first member
	Values []ValueRange
}

// A ValueRange is a range of a discriminant's values, inclusive; as 64 bits, sign-extended where the discriminant is signed.
type ValueRange struct{ First, Last uint64 }

// ReadNumber returns the value of an integer of an object: its type, its offset from the object's start in bits, and its size
// if it is a bit-field, else 0. Bits above its size do not count.
type ReadNumber func(t *Type, bitOffset, bitFieldSize uint64) (uint64, error)

// In reports whether the members of a variant are in an object whose numbers read returns: its discriminant has one of the variant's
// values or, if the variant has none, a value that no other variant has. Those of no variant (nil) always are.
func (v *Variant) In(read ReadNumber) (bool, error) {
	if v == nil {
		return true, nil
	}
	if in, err := v.Part.Outer.In(read); !in || err != nil {
		return false, err
	}
	n, signed, err := v.Part.read(read)
	if err != nil {
		return false, err
	}
	if len(v.Values) > 0 {
		return v.has(n, signed), nil
	}
	return v.Part.of(n, signed) == v, nil
}

// Check returns nil if the members of a variant are in an object, as [Variant.In] has it, else a [*MemberError] of the member of
// this name of type t.
func (v *Variant) Check(t *Type, name string, read ReadNumber) error {
	in, err := v.In(read)
	if in || err != nil {
		return err
	}
	missing := &MemberError{Type: t, Name: name}
	for p := v.Part; ; p = p.Outer.Part {
		if n, signed, err := p.read(read); err == nil {
			if there := p.of(n, signed); there != v && there != nil {
				missing.Variant = there.Name
			}
		}
		if p.Outer == nil {
			return missing
		}
	}
}

// of returns the variant that a value of the discriminant stands for, or nil.
func (p *VariantPart) of(n uint64, signed bool) *Variant {
	var other *Variant
	for _, v := range p.Variants {
		if len(v.Values) == 0 {
			other = v
		} else if v.has(n, signed) {
			return v
		}
	}
	return other
}

func (v *Variant) has(n uint64, signed bool) bool {
	for _, r := range v.Values {
		if signed && int64(r.First) <= int64(n) && int64(n) <= int64(r.Last) || !signed && r.First <= n && n <= r.Last {
			return true
		}
	}
	return false
}

// read returns the value of the discriminant.
func (p *VariantPart) read(read ReadNumber) (n uint64, signed bool, err error) {
	if p.Discriminant == nil {
		return 0, false, fmt.Errorf("debug info does not say which of the variants it is")
	}
	slot, err := p.Discriminant.Slot()
	if err != nil {
		return 0, false, err
	}
	u := slot.Type.Underlying()
	bits := slot.BitFieldSize
	if bits == 0 {
		bits = u.OwnSize() * 8
	}
	if bits == 0 || bits > 64 || u.Kind() != Int && u.Kind() != Bool && u.Kind() != Enum && u.Kind() != Pointer {
		return 0, false, fmt.Errorf("which of the variants it is says a discriminant of type '%s', which is not supported", slot.Type)
	}
	if n, err = read(slot.Type, p.Discriminant.BitOffset, slot.BitFieldSize); err != nil {
		return 0, false, err
	}
	signed = u.IsSigned()
	if n <<= 64 - bits; signed {
		return uint64(int64(n) >> (64 - bits)), true, nil
	}
	return n >> (64 - bits), false, nil
}

// String returns the values of a variant: "1, 5..7"; "others" if it has none.
func (v *Variant) String() string {
	if len(v.Values) == 0 {
		return "others"
	}
	signed := false
	if d := v.Part.Discriminant; d != nil {
		if slot, err := d.Slot(); err == nil {
			signed = slot.Type.Underlying().IsSigned()
		}
	}
	text := func(n uint64) string {
		if signed {
			return fmt.Sprint(int64(n))
		}
		return fmt.Sprint(n)
	}
	parts := make([]string, len(v.Values))
	for i, r := range v.Values {
		if parts[i] = text(r.First); r.First != r.Last {
			parts[i] += ".." + text(r.Last)
		}
	}
	return strings.Join(parts, ", ")
}
