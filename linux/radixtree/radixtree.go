// Package radixtree looks up and walks the kernel's radix trees (struct radix_tree_root, include/linux/radix-tree.h),
// which are XArrays by another name since v4.20.
package radixtree

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/xarray"
)

// Lookup returns the entry at an index of a radix tree, a null pointer where there is none.
//
// root is a struct radix_tree_root * (or struct xarray *).
//
//drgn:helper radix_tree_lookup
func Lookup(root drgn.Object, index uint64) drgn.Object { return xarray.Load(root, index, false) }

// ForEach walks the entries of a radix tree in the order of their indices.
//
//drgn:helper radix_tree_for_each
func ForEach(root drgn.Object) iter.Seq2[xarray.Entry, error] { return xarray.ForEach(root, false) }
