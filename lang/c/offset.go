package c

import (
	"fmt"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/types"
)

// OffsetOf returns the offset in bytes of the member that a designator ("a", "a.b[2].c") names in a type. The error is a
// [*SyntaxError], one of [types.Type.FindMember], or a [*failure.ValueError] for a bit field that begins inside a byte.
func OffsetOf(t *types.Type, designator string) (uint64, error) {
	offset, err := bitOffsetOf(t, designator)
	if err != nil {
		return 0, err
	}
	if offset%8 != 0 {
		return 0, &failure.ValueError{Problem: fmt.Sprintf("member is not byte-aligned: '%s'", designator)}
	}
	return offset / 8, nil
}

func bitOffsetOf(t *types.Type, designator string) (uint64, error) {
	if IsIdentifier(designator) { // the common case needs no parser
		m, _, err := t.LookupMember(designator)
		return m.BitOffset, err
	}
	m, err := Resolve(t, designator)
	return m.BitOffset, err
}
