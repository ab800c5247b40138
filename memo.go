package drgn

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/bounded"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/stack"
	"github.com/godrgn/drgn/types"
)

// found is what was found or made while the program had one generation: until a finder is added, a module gets a file or
// its place in memory changes. What is found while a change is made is kept with the generation before it.
type found struct {
	generation uint64
	names      bounded.Map[any, *types.Type]  // by the name of a type or the primitive
	objects    bounded.Map[objectKey, Object] // the zero Object: there is none
	symbols    bounded.Map[string, Symbol]
	memos      sync.Map // see Memo
	unwinder   atomic.Pointer[stack.Unwinder]
}

// now returns what was found in the program's present generation; one that was closed remembers nothing.
func (p *Program) now() *found {
	for {
		generation, f := p.generation.Load(), p.found.Load()
		if p.closed.Load() {
			p.found.Store(nil) // what another goroutine has put there since
			return &found{generation: generation}
		}
		if f != nil && f.generation == generation {
			return f
		}
		f2 := &found{generation: generation}
		if p.found.CompareAndSwap(f, f2) {
			return f2
		}
	}
}

// Memo returns what make returns, which it remembers for each program and key until debugging information is added. It is
// for what does not change while a program runs, such as where its memory begins. Keys are compared with ==; a type that
// is not exported keeps them apart from those of others. An error is remembered like a value.
//
// Nothing is locked while make runs: it may ask finders that are written in Python. Goroutines that ask at the same time
// may each run it; the first result counts for all.
func Memo[T any](p *Program, key any, make func() (T, error)) (T, error) {
	memos := &p.now().memos
	memo, ok := memos.Load(key)
	if !ok {
		memo, _ = memos.LoadOrStore(key, new(lock.First[T]))
	}
	first, ok := memo.(*lock.First[T])
	if !ok {
		var none T
		return none, fmt.Errorf("memo %v is a %T, not a %T", key, memo, first)
	}
	return first.Do(make)
}
