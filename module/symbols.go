package module

import (
	"iter"

	"github.com/godrgn/drgn/internal/symtab"
)

// A SymbolQuery asks for symbols. Name and Address are constraints where the Has fields say so; One asks for the best one
// only.
type SymbolQuery struct {
	Name       string
	Address    uint64
	HasName    bool
	HasAddress bool
	One        bool
}

// A Symbol is an entry of a module's symbol table.
type Symbol struct {
	Name    string
	Address uint64
	Size    uint64 // 0: not known
	Bind    uint8  // STB_…
	Type    uint8  // STT_…
}

func symbol(s symtab.Symbol) Symbol { return Symbol{s.Name, s.Address, s.Size, s.Bind(), s.Type()} }

// Symbols walks the symbols of a query in the modules' symbol tables: modules come in their order, the symbols of a name in
// each with the best first.
func (s *Set) Symbols(q SymbolQuery) iter.Seq[Symbol] {
	all := func(yield func(Symbol) bool) {
		for _, m := range s.All() {
			if f := m.Files(); f != nil && !m.symbols(f.Symbols, q, yield) {
				return
			}
		}
	}
	if !q.One {
		return all
	}
	return func(yield func(Symbol) bool) {
		var best Symbol
		found := false
		for s := range all {
			// Of a name another module may have a better one; of those that are as good the first counts.
			if !found || symtab.Rank(s.Bind) < symtab.Rank(best.Bind) {
				best, found = s, true
			}
			if !q.HasName {
				break
			}
		}
		if found {
			yield(best)
		}
	}
}

// symbols gives the symbols of a query in a module's table to yield until that does not want more.
func (m *Module) symbols(t *symtab.Table, q SymbolQuery, yield func(Symbol) bool) bool {
	switch {
	case q.HasName:
		for _, s := range t.Named(q.Name) {
			if (!q.HasAddress || s.Address == q.Address || q.Address-s.Address < s.Size) && !yield(symbol(s)) {
				return false
			}
		}
	case q.HasAddress && q.One:
		if s, ok := t.At(q.Address); ok && m.MayHold(q.Address, s.Address) {
			return yield(symbol(s))
		}
	case q.HasAddress:
		for _, s := range t.AllAt(q.Address) {
			if !yield(symbol(s)) {
				return false
			}
		}
	default:
		for s := range t.All() {
			if !yield(symbol(s)) {
				return false
			}
		}
	}
	return true
}

// SymbolCount returns how many symbols a query may find at most, if it asks for all there are, else 0.
func (s *Set) SymbolCount(q SymbolQuery) (n int) {
	if q.HasName || q.HasAddress || q.One {
		return 0
	}
	for _, m := range s.All() {
		if f := m.Files(); f != nil {
			n += f.Symbols.Len()
		}
	}
	return n
}
