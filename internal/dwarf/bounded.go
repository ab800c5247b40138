package dwarf

import (
	"sync"
	"sync/atomic"
)

// A bounded map remembers values by key until there are too many: then it forgets all. It may be used by many goroutines,
// which may still hold what it forgot.
type bounded[V any] struct {
	m atomic.Pointer[sync.Map] // uint64 → V
	n atomic.Int32
}

// load returns the value of a key.
func (b *bounded[V]) load(key uint64) (v V, ok bool) {
	if m := b.m.Load(); m != nil {
		if x, ok := m.Load(key); ok {
			return x.(V), true
		}
	}
	return v, false
}

// add remembers a value, unless the key has one by now, and returns that of the key. The map has limit values at most, but
// for a few when several goroutines add at once.
func (b *bounded[V]) add(key uint64, v V, limit int32) V {
	m := b.m.Load()
	if m == nil || b.n.Add(1) > limit {
		fresh := &sync.Map{}
		if b.m.CompareAndSwap(m, fresh) {
			b.n.Store(1)
			m = fresh
		} else {
			m = b.m.Load()
		}
	}
	x, _ := m.LoadOrStore(key, v)
	return x.(V)
}
