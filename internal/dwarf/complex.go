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
	return m.twoParts(name, size, m.f.cfg.Set.Float(m.lang, part, size/2, big)), nil
}

// twoParts makes a complex type of a size in bytes whose parts have a type.
func (m typeMaker) twoParts(name string, size uint64, part *types.Type) *types.Type {
	set, t := m.f.cfg.Set, types.OfType(part)
	return set.Typedef(m.lang, name, set.Compound(m.lang, types.Struct, "", size, func() (types.Detail, error) {
		return types.Detail{Members: []types.Member{{Name: "real", Lazy: t}, {Name: "imag", BitOffset: size / 2 * 8, Lazy: t}}}, nil
	}))
}

// userEncoded makes a base type of the encoding DW_ATE_lo_user, by which compilers mean what DWARF has no encoding of: complex integers (GNU C), and
// decimal floating-point numbers in strict DWARF 2, where GCC names them. For others it returns nil.
func (m typeMaker) userEncoded(name string, size uint64, big bool) (*types.Type, error) {
	switch {
	case name == "_Decimal32" && size == 4, name == "_Decimal64" && size == 8, name == "_Decimal128" && size == 16:
		return m.f.cfg.Set.DecimalFloat(m.lang, name, size, big), nil
	case (name == "complex" || name == "__unknown__") && size%2 == 0: // Clang's name of all, GCC's of all but that of int
		return nil, m.fail("complex integer type '%s' is not supported: debugging information does not say whether its parts are signed", name)
	}
	part, ok := name, false
	for _, prefix := range []string{"complex ", "__complex__ ", "_Complex "} {
		if part, ok = strings.CutPrefix(name, prefix); ok {
			break
		}
	}
	if !ok || size%2 != 0 || size == 0 {
		return nil, nil
	}
	switch p := types.SpelledPrimitive(part); p {
	case types.CSignedChar, types.CShort, types.CInt, types.CLong, types.CLongLong:
		return m.twoParts(name, size, m.int(part, size/2, true, big)), nil
	case types.CUnsignedChar, types.CUnsignedShort, types.CUnsignedInt, types.CUnsignedLong, types.CUnsignedLongLong:
		return m.twoParts(name, size, m.int(part, size/2, false, big)), nil
	}
	return nil, nil
}
