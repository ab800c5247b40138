package drgn

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/lock"
)

// finders are the registered finders of one kind, and those of them that are asked, in order.
type finders[F any] struct {
	kind       string // "type", for errors
	mu         lock.Mutex
	registered map[string]F
	enabled    atomic.Pointer[[]namedFinder[F]] // read without the lock
}

type namedFinder[F any] struct {
	name string
	fn   F
}

func (f *finders[F]) list() []namedFinder[F] {
	if l := f.enabled.Load(); l != nil {
		return *l
	}
	return nil
}

// register adds a finder; at is its place among the enabled ones: EnableFirst, EnableLast, an index, or Disabled.
func (f *finders[F]) register(name string, fn F, at int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, dup := f.registered[name]; dup {
		return &ValueError{Problem: fmt.Sprintf("duplicate %s finder name '%s'", f.kind, name)}
	}
	if f.registered == nil {
		f.registered = map[string]F{}
	}
	f.registered[name] = fn
	if at == Disabled {
		return nil
	}
	l := slices.Clone(f.list())
	if at < 0 || at > len(l) {
		at = len(l)
	}
	l = slices.Insert(l, at, namedFinder[F]{name, fn})
	f.enabled.Store(&l)
	return nil
}

func (f *finders[F]) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for name := range f.registered {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (f *finders[F]) enabledNames() []string {
	var out []string
	for _, e := range f.list() {
		out = append(out, e.name)
	}
	return out
}

func (f *finders[F]) enable(names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var l []namedFinder[F]
	for i, name := range names {
		fn, ok := f.registered[name]
		if !ok {
			return &ValueError{Problem: fmt.Sprintf("%s finder '%s' not found", f.kind, name)}
		}
		if slices.Contains(names[:i], name) {
			return &ValueError{Problem: fmt.Sprintf("%s finder '%s' enabled multiple times", f.kind, name)}
		}
		l = append(l, namedFinder[F]{name, fn})
	}
	f.enabled.Store(&l)
	return nil
}

// Where a new finder comes among the enabled ones, besides an index.
const (
	EnableFirst = 0
	EnableLast  = -1
	Disabled    = -2
)
