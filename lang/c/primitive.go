package c

import (
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/types"
)

// FindPrimitive returns one of C's own types as find knows it under one of its spellings, or nil.
func FindPrimitive(prim types.Primitive, find func(kinds types.KindSet, name string) (*types.Type, error)) (*types.Type, error) {
	names := Spellings(prim)
	if names == nil {
		names = []string{prim.String()}
	}
	for _, name := range names {
		t, err := find(types.KindsOf(KindOf(prim)), name)
		if err != nil {
			return nil, err
		}
		if t != nil && t.Primitive() == prim {
			return t, nil
		}
	}
	return nil, nil
}

// Derive makes one of C's own types that no finder has. size_t and ptrdiff_t are of the integer type, one of those that
// primitive returns, that is as large as a pointer; a *failure.ValueError says that there is none. Others are as in
// [Model.Primitive].
func (m Model) Derive(set *types.Set, prim types.Primitive, primitive func(types.Primitive) (*types.Type, error)) (*types.Type, error) {
	var candidates []types.Primitive
	switch prim {
	case types.CSizeT:
		candidates = []types.Primitive{types.CUnsignedLong, types.CUnsignedLongLong, types.CUnsignedInt}
	case types.CPtrdiffT:
		candidates = []types.Primitive{types.CLong, types.CLongLong, types.CInt}
	default:
		return m.Primitive(set, C, prim), nil
	}
	for _, candidate := range candidates {
		t, err := primitive(candidate)
		if err != nil {
			return nil, err
		}
		if t.OwnSize() == m.PointerSize {
			return set.Typedef(C, prim.String(), t), nil
		}
	}
	return nil, &failure.ValueError{Problem: "no suitable integer type for " + prim.String()}
}
