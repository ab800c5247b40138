package module

import (
	"iter"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

// Informed walks the modules that have debugging information, the main module first; an error is the last pair. What the main module
// lacks may be anywhere: the debugging information of the others is read several at once.
func (s *Set) Informed() iter.Seq2[*Module, error] {
	return func(yield func(*Module, error) bool) {
		if s.closed.Load() {
			yield(nil, failure.ErrClosed)
			return
		}
		all := s.All()
		for i, m := range all {
			if i == 1 {
				defer ReadAhead(all[i:])()
			}
			info, err := m.Info()
			if info == nil && err == nil {
				continue
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// FindType returns the first type of one of the kinds that has a name or tag, in debugging information of any module, and is defined
// in a file whose path ends in filename; nil when there is none.
func (s *Set) FindType(kinds types.KindSet, name, filename string) (*types.Type, error) {
	for m, err := range s.Informed() {
		if err != nil {
			return nil, err
		}
		info, err := m.Info()
		if err != nil {
			return nil, err
		}
		if info == nil {
			continue // the module was unloaded meanwhile
		}
		if t, err := info.FindType(kinds, name, filename); t != nil || err != nil {
			return t, err
		}
	}
	return nil, nil
}

// FindEntity returns what of the first of some kinds has a name at the top level of a module with debugging information, in a file
// whose path ends in filename; of several it is what the module's symbols are for. ok is false when there is none.
func (m *Module) FindEntity(kinds []debugdata.Kind, name, filename string) (e debugdata.Entity, ok bool, err error) {
	info, err := m.Info()
	if info == nil || err != nil {
		return debugdata.Entity{}, false, err
	}
	for _, kind := range kinds {
		if e, ok, err = info.FindEntity(kind, name, filename, m.SymbolRank(name)); ok || err != nil {
			return e, ok, err
		}
	}
	return debugdata.Entity{}, false, nil
}
