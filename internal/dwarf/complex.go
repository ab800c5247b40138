package dwarf

import (
	"strings"

	"github.com/godrgn/drgn/types"
)

// complex makes a complex type (DWARF 5, section 5.1.1), which has no kind of its own: a typedef of a structure of its two parts, which lie
// one after the other (ISO C 6.2.5).
func (m typeMaker) complex(name string, size uint64, big bool) (*types.Type, error) {
	part := ""
	for _, word := range []string{"_Float16", "_Float128", "__float128", "_Float64x", "__float80", "long double"} {
		if strings.Contains(name, word) {
			part = word
			break
		}
	}
	switch {
	case part != "":
	case size == 8:
		part = "float"
	case size == 16:
		part = "double"
	case size%2 == 0:
		part = "long double"
	default:
		return nil, m.fail("complex type '%s' of %d bytes is not supported", name, size)
	}
	set := m.f.cfg.Set
	t := types.OfType(set.Float(m.lang, part, size/2, big))
	return set.Typedef(m.lang, name, set.Compound(m.lang, types.Struct, "", size, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{{Name: "real", Lazy: t}, {Name: "imag", BitOffset: size / 2 * 8, Lazy: t}}}, nil
	})), nil
}
