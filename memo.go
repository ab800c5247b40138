package drgn

import (
	"errors"
	"fmt"
	"sync"
)

// memo is a value that is worked out once.
type memo struct {
	once  sync.Once
	value any
	err   error
}

// Memo returns what make returns, which it calls once for each program and key until debugging information is added. It is
// for what does not change while a program runs, such as where its memory begins. Keys are compared with ==; a type that
// is not exported keeps them apart from those of others. make must not ask for the memo that it makes. An error is kept
// like a value.
func Memo[T any](p *Program, key any, make func() (T, error)) (T, error) {
	v, ok := p.memos.Load(key)
	if !ok {
		v, _ = p.memos.LoadOrStore(key, &memo{})
	}
	m := v.(*memo)
	m.once.Do(func() {
		m.err = errors.New("what makes a memo has panicked") // for who asks after that
		m.value, m.err = make()
	})
	t, ok := m.value.(T)
	if !ok && m.err == nil && m.value != nil {
		return t, fmt.Errorf("memo %v holds %T, not %T", key, m.value, t)
	}
	return t, m.err
}
