package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/internal/lock"
)

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
