package drgn

import (
	"fmt"
	"math/bits"

	"github.com/godrgn/drgn/types"
)

// Alignment returns the alignment in bytes that objects of a type have by the rules of the program's platform. Attributes in
// source code may make it another.
func (p *Program) Alignment(t *types.Type) (uint64, error) { return p.alignment(t, 0) }

func (p *Program) alignment(t *types.Type, depth int) (uint64, error) {
	const maxDepth = 1000
	if depth > maxDepth {
		return 0, &ValueError{Problem: "type is nested too deeply"}
	}
	t = t.Underlying()
	k := t.Kind()
	switch {
	case k == types.Void, k == types.Function:
		return 0, &TypeError{Problem: fmt.Sprintf("cannot get alignment of %s type", k)}
	case !t.IsComplete():
		names := map[types.Kind]string{types.Struct: "structure", types.Enum: "enumerated"}
		name, ok := names[k]
		if !ok {
			name = k.String()
		}
		return 0, &TypeError{Problem: "cannot get alignment of incomplete " + name + " type"}
	case k == types.Array:
		return p.alignment(t.Elem(), depth+1)
	case !k.IsCompound():
		return p.numberAlignment(t.OwnSize())
	}
	ms, err := t.Members()
	if err != nil {
		return 0, err
	}
	most := uint64(1)
	for _, m := range ms {
		s, err := m.Slot()
		if err != nil {
			return 0, err
		}
		n, err := p.alignment(s.Type, depth+1)
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

func (p *Program) numberAlignment(size uint64) (uint64, error) {
	if a := p.Platform().Arch; a != nil && a.Alignments[0] != 0 {
		i := max(bits.Len64(size)-1, 0)
		return uint64(a.Alignments[min(i, len(a.Alignments)-1)]), nil
	}
	return 0, &ValueError{Problem: "program alignment requirements are not known"}
}
