package drgn

import (
	"cmp"
	"slices"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/symtab"
)

// symbolsOf finds symbols in the modules' symbol tables.
func symbolsOf(p *Program, q SymbolQuery) ([]Symbol, error) {
	var out []Symbol
	add := func(s symtab.Symbol) {
		out = append(out, Symbol{s.Name, s.Address, s.Size, bindingOf(s.Bind()), kindOf(s.Type())})
	}
	for _, m := range p.modules.all() {
		d := m.files.Load()
		if d == nil {
			continue
		}
		switch {
		case q.HasName:
			for _, s := range d.symbols.Named(q.Name) {
				if !q.HasAddress || s.Address == q.Address || q.Address-s.Address < s.Size {
					add(s)
				}
			}
			continue // another module may have a better one
		case q.HasAddress && q.One:
			if s, ok := d.symbols.At(q.Address); ok && m.mayHold(q.Address, s.Address) {
				add(s)
			}
		case q.HasAddress:
			for _, s := range d.symbols.AllAt(q.Address) {
				add(s)
			}
		default:
			for _, s := range d.symbols.All() {
				add(s)
			}
		}
		if q.One && len(out) > 0 {
			return out[:1], nil
		}
	}
	if q.One && len(out) > 1 {
		// The first of the best: modules come in their order, the symbols of each with the best first.
		slices.SortStableFunc(out, func(a, b Symbol) int { return cmp.Compare(a.rank(), b.rank()) })
		out = out[:1]
	}
	return out, nil
}

// rank orders symbols of one name, the best first.
func (s Symbol) rank() int {
	switch s.Binding {
	case BindGlobal, BindUnique:
		return 0
	case BindWeak:
		return 1
	}
	return 2
}

// mayHold says whether a symbol can be the one for an address: one without a size ends where its module does.
func (m *Module) mayHold(address, start uint64) bool {
	ranges, _ := m.Ranges()
	for _, r := range ranges {
		if r.Min <= address && address <= r.Max {
			return true
		}
	}
	return address == start || len(ranges) == 0
}

// kindOf returns what a symbol stands for by its type; those that no kind is known for are of an unknown one.
func kindOf(stt uint8) SymbolKind {
	if k := SymbolKind(stt); k <= SymbolTLS || k == SymbolIFunc {
		return k
	}
	return SymbolUnknown
}

func bindingOf(stb uint8) SymbolBinding {
	switch stb {
	case elf.STB_LOCAL:
		return BindLocal
	case elf.STB_GLOBAL:
		return BindGlobal
	case elf.STB_WEAK:
		return BindWeak
	case 10: // STB_GNU_UNIQUE
		return BindUnique
	}
	return BindUnknown
}
