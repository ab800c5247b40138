// Package idr looks up and walks the kernel's ID allocators (struct idr, include/linux/idr.h).
package idr

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/radixtree"
	"github.com/godrgn/drgn/linux/xarray"
)

// base returns the first ID that an IDR gives out: idr_base, since v4.16 (commit 6ce711f27500).
func base(idr drgn.Object) (uint64, error) {
	if !idr.HasMember("idr_base") {
		return 0, idr.Err()
	}
	return idr.Member("idr_base").Uint()
}

// Find returns what has an ID, as a void *; a null pointer if nothing has.
//
// idr is a struct idr *.
//
//drgn:helper idr_find
func Find(idr drgn.Object, id uint64) drgn.Object {
	first, err := base(idr)
	if err != nil {
		return drgn.Failed(err)
	}
	return radixtree.Lookup(idr.Member("idr_rt").AddressOf(), id-first)
}

// ForEach walks what has an ID in the order of the IDs.
//
// idr is a struct idr *.
//
//drgn:helper idr_for_each
func ForEach(idr drgn.Object) iter.Seq2[xarray.Entry, error] {
	return func(yield func(xarray.Entry, error) bool) {
		first, err := base(idr)
		if err != nil {
			yield(xarray.Entry{}, err)
			return
		}
		for e, err := range radixtree.ForEach(idr.Member("idr_rt").AddressOf()) {
			e.Index += first
			if !yield(e, err) {
				return
			}
		}
	}
}

// ForEachEntry walks what has an ID, each as a pointer to typ.
//
//drgn:helper idr_for_each_entry(idr, type)
func ForEachEntry[T drgn.TypeLike](idr drgn.Object, typ T) iter.Seq2[xarray.Entry, error] {
	return func(yield func(xarray.Entry, error) bool) {
		if err := idr.Err(); err != nil {
			yield(xarray.Entry{}, err)
			return
		}
		t, err := drgn.ResolveType(idr.Prog(), typ)
		if err != nil {
			yield(xarray.Entry{}, err)
			return
		}
		pointer := idr.Prog().PointerTo(t)
		for e, err := range ForEach(idr) {
			if err == nil {
				e.Value = e.Value.Cast(pointer)
				err = e.Value.Err()
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
