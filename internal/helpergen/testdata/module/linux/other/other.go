// Package other has a struct that zoo returns, and no helper of its own but one.
//
//drgn:module drgn.helpers.common.other
package other

import "example.org/drgn"

// Shared is a plain tuple.
//
//drgn:tuple
type Shared struct {
	ID    int32
	Bytes []byte
}

// A CycleError is an error.
type CycleError struct{}

// Other is in a module that is named.
//
//drgn:helper OTHER
func Other(o drgn.Object) drgn.Object { return o }
