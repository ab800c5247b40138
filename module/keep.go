package module

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/mem"
)

// A Keeper is a [Loader] that knows what the program's memory itself says of its modules.
type Keeper interface {
	// Keep lets the memory say of modules what files would. An error says why the memory says nothing, or not all that it could.
	Keep(modules []*Module) error
}

// Keep lets the program's memory say of modules what files would: of those that have none, or one without symbols, such as BTF alone.
func (s *Set) Keep(modules ...*Module) error {
	k, ok := s.Loader().(Keeper)
	modules = slices.DeleteFunc(slices.Clone(modules), func(m *Module) bool {
		f := m.Files()
		return f != nil && f.Symbols.Len() != 0
	})
	if !ok || len(modules) == 0 {
		return nil
	}
	return k.Keep(modules)
}

// keeping is what is known of a module apart from its files; pointers are nil where there is nothing.
type keeping struct {
	data    atomic.Pointer[any]         // see Data
	ranges  atomic.Pointer[[]mem.Range] // see KeepRange
	symbols atomic.Pointer[Symbols]     // see KeepSymbols
	info    atomic.Pointer[fallback]    // see SetFallback
}

// fallback is debugging information that is no file's.
type fallback struct {
	name    atomic.Pointer[string]
	opening *opening
	again   func() *fallback // makes one that is unread
}

// ErrGone is the error of what the kernel keeps of a module, its debugging information or where its sections lie, and keeps no more since the
// module is being unloaded, or not yet as it is being loaded.
var ErrGone = errors.New("the module is being loaded or unloaded")

// SetFallback gives the module debugging information that counts as long as no file of it has some. It names types, variables
// and functions. name says what it is: "BTF of the kernel's memory". open is called when something is first looked for, and
// returns the name of what it was found in; it is called again after an error if the module may be unloaded. [ErrGone] leaves the module without.
func (m *Module) SetFallback(name string, open func() (info debugdata.Info, name string, err error)) {
	m.keeps.info.Store(newFallback(name, open))
	m.set.changed()
}

func newFallback(name string, open func() (info debugdata.Info, name string, err error)) *fallback {
	f := &fallback{again: func() *fallback { return newFallback(name, open) }}
	f.name.Store(&name)
	f.opening = newOpening(nil, func(func(done, total uint64)) (debugdata.Info, error) {
		info, name, err := open()
		if err == nil {
			f.name.Store(&name)
		}
		return info, err
	})
	return f
}

// renewed reports whether what has failed to open is to be opened anew by the next call: it is what the kernel keeps of a module that may be
// unloaded, which is there again when the module is loaded again where it was.
func (m *Module) renewed(o *opening) bool {
	f := m.keeps.info.Load()
	if f == nil || !f.opening.ready() || m.set.Stays(m.id) {
		return false
	}
	if f.opening == o {
		m.keeps.info.CompareAndSwap(f, f.again())
	}
	return true
}

// Fallback returns the name of the debugging information that is in use because no file has some; "" if none is.
func (m *Module) Fallback() string {
	if f := m.files.Load(); f != nil && (f.closed || f.has != 0) {
		return ""
	}
	if b := m.keeps.info.Load(); b != nil {
		return *b.name.Load()
	}
	return ""
}
