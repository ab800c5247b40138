package types

import (
	"fmt"
	"math/bits"

	"github.com/godrgn/drgn/failure"
)

// maxScalar bounds integers, booleans, enumerated types and pointers, and maxFloat floating-point types, in bytes.
const (
	maxScalar = 1 << 21
	maxFloat  = 32
)

// CheckObject returns an error if a type can't have objects: a *failure.ValueError or a *TooLargeError; bitField is the size of a bit-field in bits, or 0. A type without a size
// can, if it is not the element of an array.
func CheckObject(t *Type, bitField uint64) error {
	for t.Kind() == Typedef {
		t = t.Elem()
	}
	n := t.OwnSize()
	switch t.Kind() {
	case Int, Bool, Pointer:
		if n-1 < maxScalar {
			return nil
		}
	case Struct, Union, Class:
		if n < 1<<61 {
			return nil
		}
	case Void, Function:
		return nil
	}
	return checkSize(t, bitField)
}

// checkSize is CheckObject for what is not common.
func checkSize(t *Type, bitField uint64) error {
	if !t.IsComplete() {
		return nil
	}
	n, err := t.Size()
	if err != nil {
		return err
	}
	if n >= 1<<61 {
		return &TooLargeError{Problem: "type bit size is too large"}
	}
	unsupported := func(kind string) error {
		return &failure.ValueError{Problem: fmt.Sprintf("unsupported %s bit size (%d)", kind, n*8)}
	}
	switch t.Kind() {
	case Int, Bool, Enum:
		if n-1 >= maxScalar && bitField == 0 {
			return unsupported("integer")
		}
	case Pointer:
		if n-1 >= maxScalar {
			return unsupported("pointer")
		}
	case Float:
		if n-1 >= maxFloat && bitField == 0 {
			return unsupported("floating-point")
		}
	}
	return nil
}

// CheckAligned returns a *failure.ValueError if an object of a type that is not a bit-field can't start within a byte, as
// scalars can.
func CheckAligned(t *Type, bitOffset uint64) error {
	if bitOffset%8 == 0 {
		return nil
	}
	switch t.UnderlyingKind() {
	case Int, Bool, Float, Pointer, Enum:
		return nil
	}
	return &failure.ValueError{Problem: "non-scalar must be byte-aligned"}
}

// Alignments are a machine's alignments of numbers of 1, 2, 4, 8 bytes and larger ones, in bytes; all 0 if they are not known.
type Alignments [5]uint8

// Of returns the alignment in bytes that objects of a type have. Attributes in source code may make it another.
func (as Alignments) Of(t *Type) (uint64, error) { return as.of(t, 0) }

func (as Alignments) of(t *Type, depth int) (uint64, error) {
	const maxDepth = 1000
	if depth > maxDepth {
		return 0, &failure.ValueError{Problem: "type is nested too deeply"}
	}
	t = t.Underlying()
	k := t.Kind()
	switch {
	case k == Void, k == Function:
		return 0, &failure.TypeError{Problem: fmt.Sprintf("cannot get alignment of %s type", k)}
	case !t.IsComplete():
		names := map[Kind]string{Struct: "structure", Enum: "enumerated"}
		name, ok := names[k]
		if !ok {
			name = k.String()
		}
		return 0, &failure.TypeError{Problem: "cannot get alignment of incomplete " + name + " type"}
	case k == Array:
		return as.of(t.Elem(), depth+1)
	case !k.IsCompound():
		return as.number(t.OwnSize())
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
		n, err := as.of(s.Type, depth+1)
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

func (as Alignments) number(size uint64) (uint64, error) {
	if as[0] == 0 {
		return 0, &failure.ValueError{Problem: "program alignment requirements are not known"}
	}
	i := max(bits.Len64(size)-1, 0)
	return uint64(as[min(i, len(as)-1)]), nil
}
