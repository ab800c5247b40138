// Package slice knows what slices refer to: in Rust a "&[T]", "Box<[T]>", "&str", "Vec<T>" or "String", in Go a "[]T" or "string", in C++ a
// std::vector, std::string, std::string_view, std::span or std::initializer_list is a structure with an address and a length or an end, and one
// means its elements when one says x[i].
package slice

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// Elements returns the elements that an object refers to, as an array at their place; ok is false if its type refers to none. The array is a
// failed object if the address and the length can't be read, or if so many elements can't be in memory.
func Elements(o drgn.Object) (array drgn.Object, ok bool) {
	if o.Err() != nil {
		return o, false
	}
	if kind := o.Type().UnderlyingKind(); kind != types.Struct && kind != types.Class {
		return o, false
	}
	s, ok, err := o.Type().Slice()
	if err != nil || !ok {
		return o, false
	}
	b, err := o.Bytes()
	if err != nil {
		return drgn.Failed(err), true
	}
	address, there := bits.Extract(b, s.Data, s.Bits, s.Big)
	length, ok := bits.Extract(b, s.Length, s.Bits, s.Big)
	if !there || !ok {
		return drgn.Failed(&failure.BoundsError{Problem: "out of bounds of value"}), true
	}
	n, ok, err := s.Count(address, length)
	switch {
	case err != nil:
		return drgn.Failed(err), true
	case !ok && s.End:
		return drgn.Failed(&failure.ValueError{Problem: fmt.Sprintf("elements of '%s' from %#x to %#x are none", s.Elem, address, length)}), true
	case !ok:
		return drgn.Failed(&failure.ValueError{Problem: fmt.Sprintf("%d elements of '%s' at %#x are more than there is memory", length, s.Elem, address)}), true
	}
	return o.Prog().ObjectAt(o.Prog().Types().Array(o.Type().Language(), s.Elem, n), address), true
}

// Index returns an element of what [Elements] has returned. Unlike arrays of C, slices end where they end: others are a
// [failure.BoundsError].
func Index(array drgn.Object, i int64) drgn.Object {
	n, err := array.Len()
	if err != nil {
		return drgn.Failed(err)
	}
	if i < 0 || uint64(i) >= n {
		return drgn.Failed(&failure.BoundsError{Problem: fmt.Sprintf("index %d is out of range: there are %d elements", i, n)})
	}
	return array.Index(i)
}
