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

// ParseDesignator parses what stands in offsetof's second place: "a.b[2].c", or an element first: "[2].c". Errors are
// [*SyntaxError].
func ParseDesignator(text string) ([]Step, error) {
	x := newLexer(text)
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
	last := "identifier"
	if x.tok.kind != '[' {
		member(" or '['")
	}
	for x.err == nil && x.tok.kind != tokenEnd {
		switch x.tok.kind {
		case '.':
			x.next()
			member(" after '.'")
			last = "identifier"
		case tokenDots:
			x.fail(x.tok.pos+1, "expected identifier after '.'")
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
			last = "']'"
		default:
			x.fail(x.tok.pos, "expected '.' or '[' after %s", last)
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
	Variant      bool   // a member on the way belongs to a variant: it is there in some objects of the type only
}

// A DesignatorError says that a type has not the kind that a designator needs.
type DesignatorError struct {
	Type    *types.Type
	Problem string // "is not an array"
}

func (e *DesignatorError) Error() string {
	return fmt.Sprintf("'%s' %s", e.Type.Unqualified(), e.Problem)
}

// ErrOffsetTooLarge says that an offset in bits does not fit 64 bits.
var ErrOffsetTooLarge = errors.New("offset is too large")

// Resolve finds what a designator names in an object of type t. Errors are those of [ParseDesignator] and
// [ResolveSteps].
func Resolve(t *types.Type, designator string) (Place, error) {
	steps, err := ParseDesignator(designator)
	if err != nil {
		return Place{}, err
	}
	return ResolveSteps(t, steps)
}

// ResolveSteps finds what steps designate in an object of type t. Indices are not checked against the length of the
// array. Errors are [*types.MemberError], [*DesignatorError], [*types.SizeError] and [ErrOffsetTooLarge].
func ResolveSteps(t *types.Type, steps []Step) (Place, error) {
	p := Place{Type: t}
	for _, s := range steps {
		u := p.Type.WithoutTypedefs()
		var off uint64
		if s.Member != "" {
			if !u.Kind().IsCompound() {
				return Place{}, &DesignatorError{p.Type, "is not a structure, union, or class"}
			}
			f, err := p.Type.FindMember(s.Member)
			if err == nil && f.Via != nil {
				err = &types.VirtualBaseError{Type: p.Type, Name: s.Member}
			}
			if err != nil {
				return Place{}, err
			}
			off, p.Type, p.BitFieldSize = f.BitOffset, f.Type, f.BitFieldSize
			p.Variant = p.Variant || f.Variant != nil
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
