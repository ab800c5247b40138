// Package finders has lists of functions that are registered under names and asked in an order that the user sets.
package finders

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/lock"
)

// A List is the registered finders of one kind, and those of them that are asked, in order. It is thread-safe.
type List[F any] struct {
	Kind string // "type", for errors

	mu         lock.Mutex
	registered map[string]Named[F]
	enabled    atomic.Pointer[[]Named[F]] // read without the lock
}

// A Named is a finder with its name.
type Named[F any] struct {
	Name   string
	Find   F
	Steady bool // it finds the same as long as no finder is added and no module gets a file or another place
}

// Enabled returns the finders that are asked, in order. The slice must not be changed.
func (f *List[F]) Enabled() []Named[F] {
	if l := f.enabled.Load(); l != nil {
		return *l
	}
	return nil
}

// Register adds a finder that may find something else each time; at is its place among the enabled ones: First, Last, an
// index, or Disabled. A *failure.ValueError says that there is one of that name.
func (f *List[F]) Register(name string, fn F, at int) error {
	return f.Add(Named[F]{Name: name, Find: fn}, at)
}

// Add is Register for a finder that may be steady.
func (f *List[F]) Add(finder Named[F], at int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, dup := f.registered[finder.Name]; dup {
		return &failure.ValueError{Problem: fmt.Sprintf("duplicate %s finder name '%s'", f.Kind, finder.Name)}
	}
	if f.registered == nil {
		f.registered = map[string]Named[F]{}
	}
	f.registered[finder.Name] = finder
	if at == Disabled {
		return nil
	}
	l := slices.Clone(f.Enabled())
	if at < 0 || at > len(l) {
		at = len(l)
	}
	l = slices.Insert(l, at, finder)
	f.enabled.Store(&l)
	return nil
}

// AllSteady reports whether all finders that are asked are steady.
func (f *List[F]) AllSteady() bool {
	return !slices.ContainsFunc(f.Enabled(), func(e Named[F]) bool { return !e.Steady })
}

// Remove removes a finder, if there is one of that name.
func (f *List[F]) Remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.registered, name)
	l := slices.DeleteFunc(slices.Clone(f.Enabled()), func(e Named[F]) bool { return e.Name == name })
	f.enabled.Store(&l)
}

// Names returns the names of all finders, sorted.
func (f *List[F]) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for name := range f.registered {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// EnabledNames returns the names of the finders that are asked, in order.
func (f *List[F]) EnabledNames() []string {
	var out []string
	for _, e := range f.Enabled() {
		out = append(out, e.Name)
	}
	return out
}

// Enable sets which finders are asked, in order. A *failure.ValueError names one that is not registered, or named twice.
func (f *List[F]) Enable(names []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var l []Named[F]
	for i, name := range names {
		finder, ok := f.registered[name]
		if !ok {
			return &failure.ValueError{Problem: fmt.Sprintf("%s finder '%s' not found", f.Kind, name)}
		}
		if slices.Contains(names[:i], name) {
			return &failure.ValueError{Problem: fmt.Sprintf("%s finder '%s' enabled multiple times", f.Kind, name)}
		}
		l = append(l, finder)
	}
	f.enabled.Store(&l)
	return nil
}

// Where a new finder comes among the enabled ones, besides an index.
const (
	First    = 0
	Last     = -1
	Disabled = -2
)
