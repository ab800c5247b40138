package slab

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn/internal/walk"
)

// A CorruptError says that the slab allocator's data are not as they must be.
type CorruptError struct {
	Problem string
	Err     error // what was found instead, or nil
}

func (e *CorruptError) Error() string {
	if e.Err != nil {
		return e.Problem + ": " + e.Err.Error()
	}
	return e.Problem
}

func (e *CorruptError) Unwrap() error { return e.Err }

// A FreelistCycleError says that a list of free objects does not end.
type FreelistCycleError struct{ Object uint64 } // the address at which that was noticed

func (e *FreelistCycleError) Error() string {
	return fmt.Sprintf("list of free objects of slab cache is corrupt: it has no end: it comes to %#x again", e.Object)
}

// A PartialListError says that a list of the slabs with free objects is not as it must be.
type PartialListError struct{ Problem string }

func (e *PartialListError) Error() string { return e.Problem }

// corrupt makes a *CorruptError of one about lists.
func corrupt(err error) error {
	var cycle *walk.CycleError
	if errors.As(err, &cycle) {
		return &CorruptError{Problem: err.Error()}
	}
	return err
}
