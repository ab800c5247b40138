// Package slice knows what slices refer to: in Rust a "&[T]", "Box<[T]>", "&str", "Vec<T>" or "String", in Go a "[]T" or "string", in C++ a
// std::vector, std::string, std::string_view, std::span or std::initializer_list is a structure with an address and a length or an end, and one
// means its elements when one says x[i].
package slice

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/types"
)

// Referent returns what a reference of C++ refers to: one means that when one names the reference. Any other object is returned as it is.
func Referent(o drgn.Object) drgn.Object {
	if o.Err() == nil && o.Type().WithoutTypedefs().Reference() != types.NoReference {
		return o.Deref()
	}
	return o
}

// Elements returns the elements that an object refers to, as an array at their place; ok is false if its type refers to none, and the object, or what it
// is a reference to, is returned. The array is a failed object if the address and the length can't be read, or if there can't be so many elements.
func Elements(o drgn.Object) (array drgn.Object, ok bool) {
	o = Referent(o)
	if o.Err() != nil {
		return o, false
	}
	s, ok, err := o.Type().Slice()
	if err != nil {
		return drgn.Failed(err), true
	}
	if !ok {
		return o, false
	}
	b, err := o.Bytes()
	if err != nil {
		return drgn.Failed(err), true
	}
	address, n, err := s.In(b)
	if err != nil {
		return drgn.Failed(err), true
	}
	return o.Prog().ObjectAt(o.Prog().Types().Array(o.Type().Language(), s.Elem, n), address), true
}

// At returns the element of an object that one means with x[i]: of what it refers to, of an array, or of the memory after what a pointer points to. A
// reference to something without elements has one, x[0], which is that.
func At(o drgn.Object, i int64) drgn.Object {
	array, ok := Elements(o)
	if ok {
		return Index(array, i)
	}
	if o.Err() == nil && array.Err() == nil && o.Type() != array.Type() { // of a reference
		if kind := array.Type().UnderlyingKind(); kind != types.Array && kind != types.Pointer {
			if i != 0 {
				return drgn.Failed(&failure.BoundsError{Problem: fmt.Sprintf("index %d is out of range: '%s' refers to one object", i, o.Type())})
			}
			return array
		}
	}
	return array.Index(i)
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
