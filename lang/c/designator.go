package c

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/godrgn/drgn/types"
)

// A Step is one part of a designator: a member, or an element of an array.
type Step struct {
	Member string // "": an element
	Index  uint64
}

// ParseDesignator parses what stands in offsetof's second place: "a.b[2].c". Errors are [*SyntaxError].
func ParseDesignator(text string) ([]Step, error) {
	x := newLexer(text, false)
	var steps []Step
	member := func(after string) {
		if x.err == nil && x.tok.kind != tokenName {
			x.fail(x.tok.pos, "expected identifier%s", after)
		}
		if x.err == nil {
			steps = append(steps, Step{Member: x.tok.text})
			x.next()
		}
	}
	member("")
	for x.err == nil && x.tok.kind != tokenEnd {
		switch x.tok.kind {
		case '.':
			x.next()
			member(" after '.'")
		case '[':
			x.next()
			if x.err == nil && x.tok.kind != tokenNumber {
				x.fail(x.tok.pos, "expected number after '['")
			}
			if x.err != nil {
				break
			}
			steps = append(steps, Step{Index: x.number()})
			if x.err == nil && x.tok.kind != ']' {
				x.fail(x.tok.pos, "expected ']' after number")
			}
			x.next()
		default:
			x.fail(x.tok.pos, "expected '.' or '[' after identifier")
		}
	}
	if x.err != nil {
		return nil, x.err
	}
	return steps, nil
}

// A Place is where a designated member or element lies in an object.
type Place struct {
	Type         *types.Type
	BitOffset    uint64 // from the start of the object, in bits
	BitFieldSize uint64 // in bits; 0: not a bit-field
}

// A DesignatorError says that a type has not the kind that a designator needs.
type DesignatorError struct {
	Type    *types.Type
	Problem string // "is not an array"
}

func (e *DesignatorError) Error() string { return fmt.Sprintf("'%s' %s", e.Type, e.Problem) }

var (
	// ErrOffsetTooLarge says that an offset in bits does not fit 64 bits.
	ErrOffsetTooLarge = errors.New("offset is too large")
	// ErrNotByteAligned says that a member does not start at a byte.
	ErrNotByteAligned = errors.New("member is not byte-aligned")
)

// Resolve finds what steps designate in an object of type t. Indices are not checked against the length of the array.
// Errors are [*types.MemberError], [*DesignatorError], [*types.SizeError] and [ErrOffsetTooLarge].
func Resolve(t *types.Type, steps []Step) (Place, error) {
	p := Place{Type: t}
	for _, s := range steps {
		u := p.Type
		for u.Kind() == types.Typedef {
			u = u.Elem()
		}
		var off uint64
		if s.Member != "" {
			if !u.Kind().IsCompound() {
				return Place{}, &DesignatorError{p.Type, "is not a structure, union, or class"}
			}
			f, err := p.Type.FindMember(s.Member)
			if err != nil {
				return Place{}, err
			}
			off, p.Type, p.BitFieldSize = f.BitOffset, f.Type, f.BitFieldSize
		} else {
			if u.Kind() != types.Array {
				return Place{}, &DesignatorError{p.Type, "is not an array"}
			}
			size, err := u.Elem().BitSize()
			if err != nil {
				return Place{}, err
			}
			over, low := bits.Mul64(size, s.Index)
			if over != 0 {
				return Place{}, ErrOffsetTooLarge
			}
			off, p.Type, p.BitFieldSize = low, u.Elem(), 0
		}
		if p.BitOffset+off < off {
			return Place{}, ErrOffsetTooLarge
		}
		p.BitOffset += off
	}
	return p, nil
}

// OffsetOf returns the offset in bytes of what a designator names in type t, as C's offsetof does.
func OffsetOf(t *types.Type, designator string) (uint64, error) {
	steps, err := ParseDesignator(designator)
	if err != nil {
		return 0, err
	}
	p, err := Resolve(t, steps)
	if err != nil {
		return 0, err
	}
	if p.BitOffset%8 != 0 {
		return 0, ErrNotByteAligned
	}
	return p.BitOffset / 8, nil
}
