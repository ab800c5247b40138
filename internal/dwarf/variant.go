package dwarf

import (
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/types"
)

// maxVariantParts bounds how deep variant parts lie in variants of each other.
const maxVariantParts = 16

// variants adds the members of the variants of a DW_TAG_variant_part (DWARF 5, section 5.7.10) to those of a structure. outer is the
// variant that it is a part of, or nil.
func (m typeMaker) variants(into []types.Member, part DIE, outer *types.Variant, depth int) ([]types.Member, error) {
	if depth > maxVariantParts {
		return nil, part.fail("%s nests too deeply", part.Tag)
	}
	p := &types.VariantPart{Outer: outer}
	discr, ok, err := part.Ref(AttrDiscr)
	if err != nil {
		return nil, part.invalid(AttrDiscr, err)
	}
	signed, bits := false, uint64(64)
	if ok {
		if discr.Tag != TagMember {
			return nil, part.fail("%s has invalid %s: it refers to a %s", part.Tag, AttrDiscr, discr.Tag)
		}
		d, err := m.member(discr, false)
		if err != nil {
			return nil, err
		}
		p.Discriminant = &d
		if slot, err := d.Slot(); err == nil { // else reading it says why not
			u := slot.Type.Underlying()
			if signed, bits = u.IsSigned(), slot.BitFieldSize; bits == 0 {
				bits = u.OwnSize() * 8
			}
		}
	}
	others := false
	for c, err := range part.Children() {
		if err != nil {
			return nil, err
		}
		switch c.Tag {
		case TagMember:
			if c.Off == discr.Off && c.Unit == discr.Unit {
				artificial, err := c.Flag(AttrArtificial)
				if err != nil {
					return nil, err
				}
				if artificial && !c.Has(AttrName) { // Rust names that of a future: __state
					continue
				}
			}
			member, err := m.member(c, false)
			if err != nil {
				return nil, err
			}
			member.Variant = outer
			into = append(into, member)
		case TagVariant:
			v := &types.Variant{Part: p}
			if v.Values, err = c.discriminants(signed, bits); err != nil {
				return nil, err
			}
			if len(v.Values) == 0 {
				if others && ok {
					return nil, c.fail("two variants have no value of the discriminant")
				}
				others = true
			}
			p.Variants = append(p.Variants, v)
			if into, err = m.variant(into, c, v, depth); err != nil {
				return nil, err
			}
		}
	}
	if !ok && len(p.Variants) == 1 {
		// There is nothing to tell: the members of the one variant are always there.
		for i := range into {
			if v := into[i].Variant; v != nil && v.Part == p {
				into[i].Variant = outer
			}
		}
	}
	return into, nil
}

// variant adds the members of a DW_TAG_variant.
func (m typeMaker) variant(into []types.Member, d DIE, v *types.Variant, depth int) ([]types.Member, error) {
	for c, err := range d.Children() {
		if err != nil {
			return nil, err
		}
		switch c.Tag {
		case TagMember:
			member, err := m.member(c, false)
			if err != nil {
				return nil, err
			}
			if v.Name == "" {
				v.Name = member.Name
			}
			member.Variant = v
			into = append(into, member)
		case TagVariantPart:
			if into, err = m.variants(into, c, v, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return into, nil
}

// discriminants returns the values of the discriminant for which a variant is there; its type has so many bits.
func (d DIE) discriminants(signed bool, bits uint64) ([]types.ValueRange, error) {
	extend := func(n uint64) uint64 {
		if bits == 0 || bits > 64 {
			return n
		}
		if n <<= 64 - bits; signed {
			return uint64(int64(n) >> (64 - bits))
		}
		return n >> (64 - bits)
	}
	v, err := d.Attr(AttrDiscrValue)
	if err != nil {
		return nil, err
	}
	if v.Exists() {
		n, ok := v.Uint()
		if b, block := v.Block(); block && len(b) == 16 {
			var top uint64
			n, top = d.Unit.halves(b)
			if ok = top == 0 || signed && top == ^uint64(0); ok && signed {
				ok = top == uint64(int64(n)>>63)
			}
			if !ok {
				return nil, d.fail("%s has a %s of more than 64 bits, which is not supported", d.Tag, AttrDiscrValue)
			}
		}
		if !ok {
			return nil, d.invalid(AttrDiscrValue, v.wrongForm())
		}
		n = extend(n)
		return []types.ValueRange{{First: n, Last: n}}, nil
	}
	if v, err = d.Attr(AttrDiscrList); err != nil || !v.Exists() {
		return nil, err
	}
	block, ok := v.Block()
	if !ok {
		return nil, d.invalid(AttrDiscrList, v.wrongForm())
	}
	var list []types.ValueRange
	c := bin.New(AttrDiscrList.String(), block, false)
	number := func() uint64 {
		if signed {
			return extend(uint64(c.SLEB128()))
		}
		return extend(c.ULEB128())
	}
	for c.Len() > 0 {
		const label, labelRange = 0, 1 // DW_DSC_label, DW_DSC_range (section 7.22)
		kind := c.U8()
		r := types.ValueRange{First: number()}
		switch kind {
		case label:
			r.Last = r.First
		case labelRange:
			r.Last = number()
		default:
			c.Fail("unknown descriptor %#x", kind)
		}
		list = append(list, r)
	}
	if c.Err() != nil {
		return nil, d.invalid(AttrDiscrList, c.Err())
	}
	if list == nil {
		return nil, d.fail("%s has invalid %s: empty", d.Tag, AttrDiscrList)
	}
	return list, nil
}
