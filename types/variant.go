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

// A ValueRange is a range of a discriminant's values, inclusive; as 64 bits, sign-extended where the discriminant is signed, which
// may have 128 bits.
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
	n, err := v.Part.read(read)
	if err != nil {
		return false, err
	}
	if len(v.Values) > 0 {
		return v.has(n), nil
	}
	return v.Part.of(n) == v, nil
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
		if n, err := p.read(read); err == nil {
			if there := p.of(n); there != v && there != nil {
				missing.Variant = there.Name
			}
		}
		if p.Outer == nil {
			return missing
		}
	}
}

// A discriminant is the value of one. None of [Variant.Values] is one that needs more than 64 bits.
type discriminant struct {
	n      uint64
	signed bool
	beyond bool // it needs more
}

// of returns the variant that a value of the discriminant stands for, or nil.
func (p *VariantPart) of(n discriminant) *Variant {
	var other *Variant
	for _, v := range p.Variants {
		if len(v.Values) == 0 {
			other = v
		} else if v.has(n) {
			return v
		}
	}
	return other
}

func (v *Variant) has(d discriminant) bool {
	if d.beyond {
		return false
	}
	for _, r := range v.Values {
		if d.signed && int64(r.First) <= int64(d.n) && int64(d.n) <= int64(r.Last) || !d.signed && r.First <= d.n && d.n <= r.Last {
			return true
		}
	}
	return false
}

// read returns the value of the discriminant.
func (p *VariantPart) read(read ReadNumber) (d discriminant, err error) {
	if p.Discriminant == nil {
		return d, fmt.Errorf("debug info does not say which of the variants it is")
	}
	slot, err := p.Discriminant.Slot()
	if err != nil {
		return d, err
	}
	u := slot.Type.Underlying()
	bits := slot.BitFieldSize
	if bits == 0 {
		bits = u.OwnSize() * 8
	}
	at, number := p.Discriminant.BitOffset, u.Kind() == Int || u.Kind() == Bool || u.Kind() == Enum || u.Kind() == Pointer
	if number && bits == 128 { // enums of Rust that hold an u128
		return p.readWide(read, &slot, at)
	}
	if bits == 0 || bits > 64 || !number {
		return d, fmt.Errorf("which of the variants it is says a discriminant of type '%s', which is not supported", slot.Type)
	}
	n, err := read(slot.Type, at, slot.BitFieldSize)
	if err != nil {
		return d, err
	}
	if n <<= 64 - bits; u.IsSigned() {
		return discriminant{n: uint64(int64(n) >> (64 - bits)), signed: true}, nil
	}
	return discriminant{n: n >> (64 - bits)}, nil
}

// readWide returns the value of a discriminant of 128 bits.
func (p *VariantPart) readWide(read ReadNumber, slot *Slot, at uint64) (d discriminant, err error) {
	u := slot.Type.Underlying()
	low, high := at, at+64
	if u.BigEndian() {
		low, high = high, low
	}
	if d.n, err = read(slot.Type, low, 64); err != nil {
		return d, err
	}
	top, err := read(slot.Type, high, 64)
	d.signed = u.IsSigned()
	extension := uint64(0)
	if d.signed {
		extension = uint64(int64(d.n) >> 63)
	}
	d.beyond = top != extension
	return d, err
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
