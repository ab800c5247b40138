package drgn

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// OffsetOf returns the offset in bytes of the member that a designator ("a", "a.b[2].c") names in a type; see
// [c.OffsetOf].
func OffsetOf(t *types.Type, designator string) (uint64, error) { return c.OffsetOf(t, designator) }

type offsetKey struct {
	t          *types.Type
	designator string
}

// offsetOf is OffsetOf for walks that ask the same again and again.
func (p *Program) offsetOf(t *types.Type, designator string) (uint64, error) {
	if !strings.ContainsAny(designator, ".[") {
		return OffsetOf(t, designator)
	}
	key := offsetKey{t, designator}
	if off, ok := p.offsets.Load(key); ok {
		return off, nil
	}
	off, err := OffsetOf(t, designator)
	if err == nil {
		p.offsets.LoadOrStore(key, off)
	}
	return off, err
}

// Subobject returns the part of an object that a designator names: "a.b[2].c".
func (o Object) Subobject(designator string) Object {
	if o.form == failed {
		return o
	}
	m, err := c.Resolve(o.typ, designator)
	if err != nil {
		return Failed(err)
	}
	if m.Variant {
		return Failed(&UnsupportedError{Problem: fmt.Sprintf("'%s' of '%s' belongs to a variant", designator, o.typ)})
	}
	return o.Slice(m.Type, m.BitOffset, m.BitFieldSize)
}

// Alignment returns the alignment in bytes that objects of a type have: what its debug info says, else what the rules of the
// program's platform make of its members. Debug info does not say that a structure is packed unless it has an alignment, too.
func (p *Program) Alignment(t *types.Type) (uint64, error) {
	return types.Alignments(p.Platform().Alignments()).Of(t)
}
