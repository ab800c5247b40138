package types

import (
	"errors"
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
// can, if it is not the element of an array, or one of [Set.UnsizedCompound].
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
	if unsized := (*SizeError)(nil); errors.As(err, &unsized) && unsized.Type.unsized() {
		return nil // the first element has a place, at least
	}
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

// CheckDetails decodes what a type consists of: members, enumerators, parameters, template parameters; for a typedef, pointer, array or
// function also those of the type behind it. It returns what is wrong with them. The types of members and parameters are not
// looked at, nor the definition of a type that is only declared.
func (t *Type) CheckDetails() error {
	for t != nil {
		if t.detail != nil && (t.complete || t.kind == Function) {
			if _, err := t.details(); err != nil {
				return err
			}
		}
		switch t.kind {
		case Typedef, Pointer, Array, Function:
			t = t.elem
		default:
			return nil
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

// Of returns the alignment in bytes that objects of a type have: what debug info says of a structure, union or class, else that
// of the member with the greatest one. It fails with a [*DepthError] if the type contains itself.
func (as Alignments) Of(t *Type) (uint64, error) {
	return alignments{as, map[*body]uint64{}}.of(t, 0)
}

// alignments are those that types were found to have; 0 of a type that is being looked at.
type alignments struct {
	Alignments
	known map[*body]uint64
}

func (as alignments) of(t *Type, depth int) (uint64, error) {
	t = t.WithoutTypedefs()
	k := t.Kind()
	switch {
	case k == Void, k == Function:
		return 0, &failure.TypeError{Problem: fmt.Sprintf("cannot get alignment of %s type", k)}
	case k == Array && (t.IsComplete() || depth > 0): // as a member, also one of unknown length
		return as.of(t.Elem(), depth)
	case !t.IsComplete():
		name := longKind[k]
		if k == Array {
			name = "array"
		}
		_, why := t.definition()
		return 0, &failure.TypeError{Problem: because("cannot get alignment of incomplete "+name+" type", why)}
	case !k.IsCompound():
		return as.number(t.OwnSize())
	}
	n, seen := as.known[t.body]
	const maxDepth = 1000
	if depth > maxDepth || seen && n == 0 {
		return 0, &DepthError{Problem: "maximum type depth exceeded in alignof()"}
	}
	if !seen {
		as.known[t.body] = 0
		var err error
		if n, err = as.compound(t, depth); err != nil {
			return 0, err
		}
		as.known[t.body] = n
	}
	return n, nil
}

func (as alignments) compound(t *Type, depth int) (uint64, error) {
	d, err := t.details()
	if err != nil {
		return 0, err
	}
	if d == nil {
		return 1, nil
	}
	if n := d.Alignment; n > 0 && n&(n-1) == 0 {
		return n, nil
	}
	most := uint64(1)
	for _, m := range d.Members {
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
