// Package bounded has maps for caches that scripts can fill without end: they forget all when they have grown too large.
package bounded

import (
	"sync"
	"sync/atomic"
)

// A Map is a cache of at most Limit entries, or of [Default] if that is 0. It is thread-safe; lookups take no lock. The zero
// Map is empty.
type Map[K comparable, V any] struct {
	Limit int
	m     atomic.Pointer[entries]
}

// Default is how many entries a Map has that does not say.
const Default = 1 << 14

type entries struct {
	sync.Map
	n atomic.Int64
}

// Load returns the value of a key, and whether there is one.
func (m *Map[K, V]) Load(k K) (V, bool) {
	if e := m.m.Load(); e != nil {
		if v, ok := e.Load(k); ok {
			return v.(V), true
		}
	}
	var zero V
	return zero, false
}

// Clear forgets all entries.
func (m *Map[K, V]) Clear() { m.m.Store(nil) }

// LoadOrStore returns the value of a key if there is one, else v, which it stores.
func (m *Map[K, V]) LoadOrStore(k K, v V) V {
	if was, ok := m.Load(k); ok {
		return was
	}
	limit := m.Limit
	if limit == 0 {
		limit = Default
	}
	e := m.m.Load()
	if e == nil || e.n.Load() >= int64(limit) {
		fresh := new(entries)
		if m.m.CompareAndSwap(e, fresh) {
			e = fresh
		} else if e = m.m.Load(); e == nil { // it was cleared
			return v
		}
	}
	was, loaded := e.LoadOrStore(k, v)
	if !loaded {
		e.n.Add(1)
	}
	return was.(V)
}
